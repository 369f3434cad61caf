"""The tags that every resource and every job of a stack carries."""

from settings import StackSettings


def stack_tags(settings: StackSettings) -> dict[str, str]:
    """Return the stack's tags, sorted by key.

    Coordinates and ownership are the platform's words; `settings.tags` adds to them and cannot change them, so that
    cost reports and policies can rely on these keys.
    """
    own = {
        "organisation": settings.organisation,
        "unit": settings.unit,
        "environment": settings.environment.value,
        "owner": settings.owner,
        "cost-center": settings.cost_center,
        "data-classification": settings.data_classification.value,
        "managed-by": "pulumi",
    }
    return dict(sorted((settings.tags | own).items()))


def model_tags(settings: StackSettings, model: str) -> dict[str, str]:
    """Return the tags of what belongs to one model: the stack's, and the model's name."""
    return dict(sorted((stack_tags(settings) | {"model": model}).items()))
