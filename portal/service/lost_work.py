"""For the day on which the work folder is gone for good: `python -m portal.service.lost_work portal.toml "why"`.

Operations that ran are recorded as lost, since nobody can know any more how they end. Look first that none of their
workers lives; afterwards, repair the stacks.
"""

import sys
from pathlib import Path

from portal.access.roles import Actor
from portal.configuration import load
from portal.outcomes import Outcome, State, repairs_for
from portal.records import Progress
from portal.requests import READS_ONLY
from portal.service.errors import ConflictError
from portal.service.leadership import SERVICE, WORK
from portal.service.portal import Portal

OPERATOR = Actor(id="system:operator", name="who runs the portal", via="system")


def give_up(portal: Portal, why: str) -> tuple[str, ...]:
    """End what runs in the record as lost, and let any work folder be the database's from now on; return the ids.

    `portal` is not started. Raises ConflictError while a service leads: it knows how its operations end.
    """
    ended = []
    with portal.store.writing() as unit:
        now = portal.clock()
        if unit.leases.holder(SERVICE, now) is not None:
            raise ConflictError("A service leads.", "Stop it, or wait until its lease is over.")
        for record in unit.operations.unfinished():
            if record.progress is not Progress.RUNNING:
                continue
            message = "its journal is gone with the work folder, so nobody knows how it ended. Look, then repair."
            repairs = () if record.kind in READS_ONLY else repairs_for((), (), may_be_locked=True)
            portal.queue.end(unit, record, Outcome(state=State.LOST, message=message, repairs=repairs))
            about = {"stack": record.stack, "kind": record.kind.value, "why": why}
            portal.queue.audit(unit, OPERATOR, "operation.given_up", f"operation:{record.id}", about)
            ended.append(record.id)
        holder = unit.leases.holder(WORK, now)
        if holder is not None:
            unit.leases.release(WORK, holder)
    return tuple(ended)


def main(file: str, why: str) -> None:
    """Give up what runs, for the portal of a configuration file."""
    portal = Portal(load(Path(file)))
    try:
        for operation in give_up(portal, why):
            sys.stdout.write(f"{operation}: recorded as lost\n")
    finally:
        portal.stop()


if __name__ == "__main__":
    if len(sys.argv) != 3:  # its own name, and the two arguments
        sys.exit('usage: python -m portal.service.lost_work portal.toml "why"')
    main(*sys.argv[1:])
