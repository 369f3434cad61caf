"""The project templates that the catalog can offer, and the template repositories that each one needs."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """One project template: what a lead picks, and what a project then consists of."""

    key: str
    """Name in stack files and requests, `model-training`."""
    title: str
    """What people see in Studio."""
    description: str
    """What a project made of it can do, one sentence."""
    templates: tuple[str, ...]
    """Template repositories, one repository of the project each, in the order in which they are made."""


PRODUCTS: dict[str, Product] = {
    product.key: product
    for product in (
        Product(
            key="model-training",
            title="Model building and training",
            description="A repository that tests, trains, gates and registers a model.",
            templates=("model-training",),
        ),
        Product(
            key="model-training-and-deployment",
            title="Model building, training and real-time deployment",
            description="Training as above, and a repository that deploys approved versions to preprod and prod.",
            templates=("model-training", "realtime-inference"),
        ),
        Product(
            key="llm-training",
            title="LLM training and evaluation",
            description="A repository that fine-tunes, evaluates, gates and registers a language model.",
            templates=("llm-training",),
        ),
        Product(
            key="pipeline-promotion",
            title="Promotion of a whole pipeline",
            description="A repository whose pipeline trains again in every environment.",
            templates=("pipeline-promotion",),
        ),
    )
}

ENVIRONMENTS_OF: dict[str, tuple[str, ...]] = {
    "model-training": ("dev",),
    "realtime-inference": ("preprod", "prod"),
    "batch-inference": ("preprod", "prod"),
    "pipeline-promotion": ("dev", "preprod", "prod"),
    "container-build": ("dev",),
    "llm-training": ("dev",),
}
"""The environments that a repository made from a template deploys to: where it gets a role, and no others."""

DEPLOYMENT_TEMPLATES = ("realtime-inference", "batch-inference")
"""Templates whose repository takes approved versions over; a project has one of them at most."""


def available(templates: set[str]) -> list[str]:
    """Return the keys of the products all of whose template repositories are among `templates`, in their order."""
    return [product.key for product in PRODUCTS.values() if set(product.templates) <= templates]
