"""Whether Studio shows Service Catalog's products: a switch of account and region, which moto 5.2.5 lacks."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse


def get_sagemaker_servicecatalog_portfolio_status(self: SageMakerResponse) -> ActionResult:
    """GetSagemakerServicecatalogPortfolioStatus: Disabled until somebody enables it."""
    backend: Any = self.sagemaker_backend
    return ActionResult({"Status": "Enabled" if getattr(backend, "shows_products", False) else "Disabled"})


def enable_sagemaker_servicecatalog_portfolio(self: SageMakerResponse) -> ActionResult:
    """EnableSagemakerServicecatalogPortfolio."""
    return _show_products(self, shown=True)


def disable_sagemaker_servicecatalog_portfolio(self: SageMakerResponse) -> ActionResult:
    """DisableSagemakerServicecatalogPortfolio."""
    return _show_products(self, shown=False)


def _show_products(response: SageMakerResponse, *, shown: bool) -> ActionResult:
    backend: Any = response.sagemaker_backend
    backend.shows_products = shown
    return EmptyResult()


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        get_sagemaker_servicecatalog_portfolio_status,
        enable_sagemaker_servicecatalog_portfolio,
        disable_sagemaker_servicecatalog_portfolio,
    )
}
