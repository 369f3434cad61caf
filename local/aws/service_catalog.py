"""Service Catalog's products in portfolios, their constraints and principals.

moto 5.2.5 has portfolios with their shares, and products that nobody can ask for. What is deleted or taken out of a
portfolio while something depends on it is refused, as the API reference says of `ResourceInUseException`.
"""

import json
import uuid
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.servicecatalog.exceptions import ResourceNotFoundException
from moto.servicecatalog.responses import ServiceCatalogResponse

_delete_portfolio = ServiceCatalogResponse.delete_portfolio
_delete_product = ServiceCatalogResponse.delete_product
Asked = dict[str, Any]


def describe_product_as_admin(self: ServiceCatalogResponse) -> ActionResult:
    """DescribeProductAsAdmin, by id."""
    product = _product(self, _asked(self)["Id"])
    first = product.provisioning_artifact_parameters
    return ActionResult(
        {
            "ProductViewDetail": {
                "ProductViewSummary": product.to_dict(),
                "Status": "AVAILABLE",
                "ProductARN": product.arn,
                "CreatedTime": product.created_time,
            },
            "ProvisioningArtifactSummaries": [
                {
                    "Id": f"pa-{product.id}",
                    "Name": first.get("Name"),
                    "Description": first.get("Description"),
                    "CreatedTime": product.created_time,
                }
            ],
            "Tags": product.tags,
        }
    )


def delete_product(self: ServiceCatalogResponse) -> ActionResult:
    """DeleteProduct; refused while it is in a portfolio."""
    product = _product(self, _asked(self)["Id"])
    if _portfolios_of(self, product.id):
        raise _in_use(f"Product {product.id} is associated with a portfolio.")
    return _delete_product(self)


def delete_portfolio(self: ServiceCatalogResponse) -> ActionResult:
    """DeletePortfolio; refused while it holds products, constraints, principals or shares."""
    portfolio = _portfolio(self, _asked(self)["Id"])
    shared = self.servicecatalog_backend.portfolio_access.get(portfolio.id)
    if shared or any(entry["PortfolioId"] == portfolio.id for kind in _KINDS for entry in _entries(self, kind)):
        raise _in_use(f"Portfolio {portfolio.id} is not empty.")
    return _delete_portfolio(self)


def associate_product_with_portfolio(self: ServiceCatalogResponse) -> ActionResult:
    """AssociateProductWithPortfolio; doing it again changes nothing."""
    asked = _asked(self)
    return _associate(
        self, "products", PortfolioId=asked["PortfolioId"], ProductId=_product(self, asked["ProductId"]).id
    )


def disassociate_product_from_portfolio(self: ServiceCatalogResponse) -> ActionResult:
    """DisassociateProductFromPortfolio; refused while a constraint is on the product there."""
    asked = _asked(self)
    key = {name: asked[name] for name in ("PortfolioId", "ProductId")}
    if any(key.items() <= constraint.items() for constraint in _entries(self, "constraints")):
        raise _in_use(f"A constraint is on product {asked['ProductId']} in portfolio {asked['PortfolioId']}.")
    return _remove(self, "products", key)


def list_portfolios_for_product(self: ServiceCatalogResponse) -> ActionResult:
    """ListPortfoliosForProduct."""
    product = _product(self, _asked(self)["ProductId"])
    found = [_portfolio(self, each).to_dict() for each in _portfolios_of(self, product.id)]
    return ActionResult({"PortfolioDetails": found})


def associate_principal_with_portfolio(self: ServiceCatalogResponse) -> ActionResult:
    """AssociatePrincipalWithPortfolio; doing it again changes nothing."""
    asked = _asked(self)
    return _associate(self, "principals", **{name: asked[name] for name in ("PortfolioId", *_PRINCIPAL)})


def disassociate_principal_from_portfolio(self: ServiceCatalogResponse) -> ActionResult:
    """DisassociatePrincipalFromPortfolio."""
    asked = _asked(self)
    return _remove(self, "principals", {name: asked[name] for name in ("PortfolioId", "PrincipalARN")})


def list_principals_for_portfolio(self: ServiceCatalogResponse) -> ActionResult:
    """ListPrincipalsForPortfolio."""
    portfolio = _portfolio(self, _asked(self)["PortfolioId"])
    found = [entry for entry in _entries(self, "principals") if entry["PortfolioId"] == portfolio.id]
    return ActionResult({"Principals": [{name: entry[name] for name in _PRINCIPAL} for entry in found]})


def create_constraint(self: ServiceCatalogResponse) -> ActionResult:
    """CreateConstraint on a product of a portfolio; one launch constraint each."""
    asked = _asked(self)
    key = {name: asked[name] for name in ("PortfolioId", "ProductId")}
    if not any(key.items() <= entry.items() for entry in _entries(self, "products")):
        raise ResourceNotFoundException(f"Product {asked['ProductId']} is not in portfolio {asked['PortfolioId']}.")
    one = {**key, "Type": asked["Type"]}
    if asked["Type"] == "LAUNCH" and any(one.items() <= entry.items() for entry in _entries(self, "constraints")):
        raise JsonRESTError("DuplicateResourceException", "The product has a launch constraint in this portfolio.")
    made = {**asked, "ConstraintId": f"cons-{uuid.uuid4().hex[:13]}", "Owner": self.current_account}
    _entries(self, "constraints").append(made)
    return _constraint(made)


def describe_constraint(self: ServiceCatalogResponse) -> ActionResult:
    """DescribeConstraint."""
    return _constraint(_found_constraint(self))


def update_constraint(self: ServiceCatalogResponse) -> ActionResult:
    """UpdateConstraint: description and parameters."""
    asked, found = _asked(self), _found_constraint(self)
    found.update({name: asked[name] for name in ("Description", "Parameters") if name in asked})
    return _constraint(found)


def delete_constraint(self: ServiceCatalogResponse) -> ActionResult:
    """DeleteConstraint."""
    _entries(self, "constraints").remove(_found_constraint(self))
    return EmptyResult()


_KINDS = ("products", "principals", "constraints")
_PRINCIPAL = ("PrincipalARN", "PrincipalType")


def _asked(response: ServiceCatalogResponse) -> Asked:
    asked: Asked = json.loads(response.body)
    return asked


def _product(response: ServiceCatalogResponse, identity: str) -> Any:  # moto's own class
    return response.servicecatalog_backend.describe_product(None, identity, "")


def _portfolio(response: ServiceCatalogResponse, identity: str) -> Any:  # moto's own class
    found = response.servicecatalog_backend.portfolios.get(identity)
    if found is None:
        raise ResourceNotFoundException(f"Portfolio {identity} not found.")
    return found


def _entries(response: ServiceCatalogResponse, kind: str) -> list[Asked]:
    backend: Any = response.servicecatalog_backend
    if not hasattr(backend, "associations"):
        backend.associations = {}
    found: list[Asked] = backend.associations.setdefault(kind, [])
    return found


def _portfolios_of(response: ServiceCatalogResponse, product: str) -> list[str]:
    return [entry["PortfolioId"] for entry in _entries(response, "products") if entry["ProductId"] == product]


def _associate(response: ServiceCatalogResponse, kind: str, **entry: str) -> ActionResult:
    _portfolio(response, entry["PortfolioId"])
    if entry not in _entries(response, kind):
        _entries(response, kind).append(entry)
    return EmptyResult()


def _remove(response: ServiceCatalogResponse, kind: str, key: Asked) -> ActionResult:
    found = [entry for entry in _entries(response, kind) if key.items() <= entry.items()]
    if not found:
        raise ResourceNotFoundException(f"{' '.join(key.values())}: there is no such association.")
    _entries(response, kind).remove(found[0])
    return EmptyResult()


def _found_constraint(response: ServiceCatalogResponse) -> Asked:
    identity = _asked(response)["Id"]
    found = next((each for each in _entries(response, "constraints") if each["ConstraintId"] == identity), None)
    if found is None:
        raise ResourceNotFoundException(f"Constraint {identity} not found.")
    return found


def _constraint(entry: Asked) -> ActionResult:
    detail = {
        name: entry.get(name) for name in ("ConstraintId", "Type", "Description", "Owner", "ProductId", "PortfolioId")
    }
    return ActionResult(
        {"ConstraintDetail": detail, "ConstraintParameters": entry["Parameters"], "Status": "AVAILABLE"}
    )


def _in_use(message: str) -> JsonRESTError:
    return JsonRESTError("ResourceInUseException", message)


_OPERATIONS = (
    describe_product_as_admin,
    delete_product,
    delete_portfolio,
    associate_product_with_portfolio,
    disassociate_product_from_portfolio,
    list_portfolios_for_product,
    associate_principal_with_portfolio,
    disassociate_principal_from_portfolio,
    list_principals_for_portfolio,
    create_constraint,
    describe_constraint,
    update_constraint,
    delete_constraint,
)


def install() -> None:
    """Put the operations in moto's place."""
    for operation in _OPERATIONS:
        setattr(ServiceCatalogResponse, operation.__name__, operation)
