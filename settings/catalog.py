"""The section `catalog`: which project templates people may launch."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from contracts.products import PRODUCTS, available
from contracts.rules import BrokenRuleError, nearest
from settings.fields import AccountId, Section

REPOSITORIES = Path(__file__).resolve().parent.parent / "templates" / "repositories"
"""One folder per template repository; one that is written has a `template.json`."""


def offered(folder: Path = REPOSITORIES) -> list[str]:
    """Return the products whose template repositories all exist."""
    return available({path.parent.name for path in folder.glob("*/template.json")})


def _check_products(products: list[str]) -> list[str]:
    there = offered()
    for product in products:
        if product not in PRODUCTS:
            meant = nearest(product, there)
            raise BrokenRuleError(
                f"{product} is no project template", f"did you mean {meant}?" if meant else f"write {_listed(there)}"
            )
        if product not in there:
            missing = sorted(set(PRODUCTS[product].templates) - {path.parent.name for path in _written()})
            raise BrokenRuleError(
                f"{product} cannot be launched yet: its repository {', '.join(missing)} is not written",
                f"offer {_listed(there)}",
            )
    if len(set(products)) < len(products):
        raise BrokenRuleError("each product is listed once", "remove the second")
    return products


def _written() -> list[Path]:
    return sorted(REPOSITORIES.glob("*/template.json"))


def _listed(products: list[str]) -> str:
    return " or ".join(products) or "none: no template repository is written"


def _check_accounts(accounts: list[str]) -> list[str]:
    if len(set(accounts)) < len(accounts):
        raise BrokenRuleError("each account is listed once", "remove the second")
    return accounts


class Catalog(Section):
    """The project templates that a lead launches from Studio. In dev only, and only with `github`."""

    products: Annotated[list[str], Field(min_length=1), AfterValidator(_check_products)]
    """Keys of the products on offer: `model-training`, `model-training-and-deployment`."""
    share_with: Annotated[list[AccountId], AfterValidator(_check_accounts)] = Field(default_factory=list)
    """Accounts that the portfolio is offered to."""
