"""A view of the valid parts of broken settings, so that one bad value does not hide what another rule finds."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

Location = tuple[str | int, ...]


class PartUnknownError(LookupError):
    """A rule asked for a part that is missing or invalid; the rule is skipped, as that part has its own problem."""


class View:
    """Reads like the settings it stands for, and raises PartUnknownError for a part that has a problem of its own."""

    def __init__(self, known: dict[str, Any]) -> None:
        """Show the known parts of one section."""
        self._known = known

    def __getattr__(self, name: str) -> Any:
        try:
            return self._known[name]
        except KeyError:
            raise PartUnknownError(name) from None


def section_of(annotation: object) -> type[BaseModel] | None:
    """Return the section that a field holds: itself, where it may be absent, or by name in a dictionary."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = get_args(annotation)
    candidates = arguments[1:] if get_origin(annotation) is dict else arguments
    return next((argument for argument in candidates if section_of(argument)), None)


def section_of_list(annotation: object) -> bool:
    """Return whether a field holds a list of sections."""
    return get_origin(annotation) is list and section_of(annotation) is not None


def view_of(model: type[BaseModel], raw: Mapping[str, Any], invalid: set[Location], at: Location = ()) -> View:
    """Return a view of `raw`, an instance of `model` in the making, without the parts at or below `invalid`.

    Fields are strict, so a valid raw value is the validated one (a choice is its own text).
    """
    known: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        location = (*at, name)
        section = section_of(field.annotation)
        in_list = section_of_list(field.annotation)
        if name not in raw:
            if not field.is_required():
                known[name] = field.get_default(call_default_factory=True)
        elif section is None or raw[name] is None:
            if not any(bad[: len(location)] == location for bad in invalid):
                known[name] = raw[name]
        elif isinstance(raw[name], Mapping) and not in_list:
            by_name = get_origin(field.annotation) is dict
            known[name] = (
                {
                    key: view_of(section, part, invalid, (*location, key))
                    for key, part in raw[name].items()
                    if isinstance(part, Mapping)
                }
                if by_name
                else view_of(section, raw[name], invalid, location)
            )
        elif isinstance(raw[name], list) and in_list:
            known[name] = [
                view_of(section, part, invalid, (*location, index))
                for index, part in enumerate(raw[name])
                if isinstance(part, Mapping)
            ]
    return View(known)
