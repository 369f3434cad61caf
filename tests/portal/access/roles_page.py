"""Prints the tables of docs/portal-access.md: `python -m tests.portal.access.roles_page`."""

import sys

from portal.access.roles import PERMISSIONS, Reach, Role

WHERE = {Reach.STACK: "the stack", Reach.ANY: "any stack", Reach.ALL: "all stacks"}


def table() -> str:
    """Actions, the roles that may, and the scope that a token needs."""
    rows = [
        f"| action | {' | '.join(Role)} | on | scope of a token |",
        f"|---|{':-:|' * len(Role)}---|---|",
    ]
    for action, needs in PERMISSIONS.items():
        marks = " | ".join("✓" if role >= needs.role else "" for role in Role)
        scope = f"`{needs.scope}`" if needs.scope else "none: by a person only"
        rows.append(f"| `{action}`: {needs.does} | {marks} | {WHERE[needs.reach]} | {scope} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
