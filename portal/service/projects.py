"""The projects that the first environment made: repositories, roles, versions, endpoints. The portal only looks."""

from operations import project_inventory
from operations.project_inventory import ProjectRow, ProjectView
from operations.session import Access
from portal.access.roles import Action, Actor, ForbiddenError
from portal.service.errors import ServiceError
from portal.service.stack_access import StackAccess, told


class Projects:
    """The inventory of projects, as the stack that makes them keeps it."""

    def __init__(self, *, access: StackAccess) -> None:
        self._access = access

    def listed(self, actor: Actor, stack: str, *, archived: bool = False) -> tuple[ProjectRow, ...]:
        """Return every project by name; those that were archived only where asked for."""
        actor.require(Action.VIEW, stack)
        access = self._access.reading(actor, stack)
        with told(actor, stack, Action.VIEW):
            return project_inventory.listed(access, archived=archived)

    def show(self, actor: Actor, stack: str, name: str) -> ProjectView:
        """Return everything about a project: its endpoints too, in the environments that the person may look at."""
        actor.require(Action.VIEW, stack)
        access = self._access.reading(actor, stack)
        with told(actor, stack, Action.VIEW):
            return project_inventory.show(access, name, elsewhere=self._elsewhere(actor, stack))

    def _elsewhere(self, actor: Actor, stack: str) -> dict[str, Access]:
        found = {}
        for other in actor.visible(self._access.stacks()):
            if other == stack:
                continue
            try:
                found[self._access.environment_of(other)] = self._access.reading(actor, other)
            except (ServiceError, ForbiddenError):  # the view then says which environment was not looked at
                continue
        return found
