"""The provider that answers the engine for the package: Pulumi's own, and mistakes in args without a Python trace."""

import inspect
import json
from typing import Any

from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.schema import generate_schema

from components.packaged import COMPONENTS, NAME, VERSION
from components.packaged.arguments import ArgumentsError, read
from components.packaged.model_endpoint import ModelEndpointArgs, checked


class PackageProvider(ComponentProvider):
    """Hosts the packaged components."""

    def __init__(self) -> None:
        """Infer the schema from the components' annotations."""
        super().__init__(list(COMPONENTS), NAME, version=VERSION)
        for component in self._component_defs.values():
            for given in component.inputs.values():
                _let_elements_wait(given)
        schema = generate_schema(NAME, VERSION, None, self._component_defs, self._type_defs, self._dependencies)
        self.schema = json.dumps(schema.to_json())

    def map_inputs(self, inputs: Any, component_def: ComponentDefinition) -> Any:
        """Return the args by Python name, once a component can be made of them.

        What a constructor raises reaches the user with a trace of our files; a refusal from here arrives as a list of
        the properties that are wrong.
        """
        mapped = super().map_inputs(inputs, component_def)
        schema_names = {python: schema for schema, python in component_def.inputs_mapping.items()}
        kind = inspect.get_annotations(self._components[component_def.name].__init__)["args"]
        try:
            args = read(kind, mapped)
            # The others check themselves as they are made; these args are the platform's own, made from its settings.
            return checked(args) if isinstance(args, ModelEndpointArgs) else args
        except ArgumentsError as error:
            raise InputPropertiesError(
                f"{component_def.name} cannot be made of these inputs",
                [
                    {"property_path": schema_names.get(name, name), "reason": problem}
                    for name, problem in error.problems.items()
                ],
            ) from None
        except ValueError as error:  # a rule between several properties
            raise InputPropertiesError(str(error), []) from None

    @property
    def pretty_schema(self) -> str:
        """The schema that the engine gets, without what is empty, as a file that people can read."""
        return json.dumps(_without_none(json.loads(self.schema or "{}")), indent=2, ensure_ascii=False) + "\n"


def _let_elements_wait(given: PropertyDefinition) -> None:
    """Let the elements of a list or map that may be an Output be Outputs too, as every Pulumi package does.

    The analyzer calls them plain, and a TypeScript program could not put a new security group's id into a list.
    """
    for element in (given.items, given.additional_properties):
        if element is not None and not given.plain:
            element.plain = None
            _let_elements_wait(element)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_none(part) for part in value]
    return value
