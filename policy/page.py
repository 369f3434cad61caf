"""The page on the rules, from the rules: `python -m policy.page > docs/policy.md`."""

import sys

from policy.registry import RULES

HEAD = """# Policy rules

Generated from `policy/rules/` by `python -m policy.page > docs/policy.md`; do not edit.

Every rule blocks: `pulumi preview --policy-pack policy` and `mlops preview` end with an error where one is broken, and
a test holds all stacks to them. `make policy` prints the verdict on the three stacks. So that no `pulumi preview` or
`pulumi up` goes without the pack, set `PULUMI_OPTION_POLICY_PACK=policy` where deployments run.

An exception is an entry in `policy/suppressions.yaml` with resource, reason, owner and last day. One that has expired,
or that no stack needs, is itself a finding. A value that is not known at preview is not judged there, which is said;
the engine judges the resource during the update, just before it is created. Rules marked * look at several resources
together: the engine runs them at the end of the preview, and again when the update is over.

| rule | forbids | why | fix |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = [
        f"| `{rule.id}`{' *' if rule.needs_stack else ''} | no {rule.forbids} | {rule.why} | {rule.fix} |\n"
        for rule in RULES
    ]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
