"""The page docs/reference/personas.md: `python -m components.personas_page` prints it, a test keeps it current."""

import sys
from collections.abc import Iterator

from components.personas_table import COMMANDS, PERSONAS, ROWS, Row
from components.project_table import COLUMNS, PROJECT_ROWS

HEAD = """\
# What people may do

Generated from `components/personas_table.py` and `components/project_table.py` by `python -m components.personas_page`;
do not edit. `test_every_row_of_the_table_holds` and `test_every_row_of_the_project_table_holds` evaluate each row on
the policies and boundaries as rendered.

Everybody below is called ada, and `dev` means in dev only. A data scientist and a lead work in Studio and exist where
the stack has one. An approver and a viewer exist in every stack.

## How people get there

- **Studio** assumes `data-scientist` and `lead` itself and names the profile as source identity. There is no condition
  on a second factor, because SageMaker has none: the factor belongs to the sign-in before Studio.
- **The approver** assumes the role with their own name as source identity, so that the registry and CloudTrail show a
  person. Without it the role cannot be assumed, and no decision passes. The console's role switch cannot set it:

  ```sh
  aws sts assume-role --role-arn ROLE --role-session-name ada --source-identity ada
  ```

- An **IAM user** needs `people.trusted.account`, in prod a second factor (`--serial-number`, `--token-code`), and as
  source identity the user's name.
- **Identity Center** asks for the second factor itself; its sessions never carry `aws:MultiFactorAuthPresent`. Its
  attributes for access control must send the attribute that `people.identity_attribute` names, with the value
  `${path:userName}`. The source identity must equal it.
- Both need `sts:AssumeRole` and `sts:SetSourceIdentity` on the role in their own policy or permission set. Name
  permission sets or users under `people.approvers`, so that no other set with a broad policy will do.
- **A job** of one's own is called `ada--NAME` (`base_job_name` in the SDK), runs as the role `experiment`, and writes
  below `people/`. The pipelines' own job roles stay closed: with them a person's code could replace a model that awaits
  its approval.
- **A viewer** sees metrics, plots, model cards and manifests, and no row of data, no model file, no log.
- **A lead makes projects** in dev, in one of three ways that end in the same function: a product of the catalog, an S3
  project template on Studio's page for projects (as Role ARN name the role `launch`), or `mlops project create`.
- **Replaying** failed events is left to platform engineers: it invokes functions.
"""
NOTES = """
## What stays open

- A project's pipeline runs as the stack's pipeline role, as all models of a stack do. Its definition can name another
  model's group or output. Who may change the definition is decided by the repository's review.
- Who may invoke the function that makes projects may ask it to archive any of them: IAM does not look into a request.
- Logs of all pipelines of the account are readable to data scientists: SageMaker names their streams after runs.
- IAM knows no key for a version's image and files: who approves could change them in the same request. CloudTrail
  shows it.
- Scaling of other endpoints of the account can be deregistered by a project's role; its service makes up the ids.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "".join([HEAD, *_table(), *_commands(), *_projects(), NOTES])


def _table() -> Iterator[str]:
    section = ""
    for row in ROWS:
        if row.section != section:
            section = row.section
            yield f"\n## {section}\n\n| what | {' | '.join(PERSONAS)} |\n|---|{'---|' * len(PERSONAS)}\n"
        yield f"| {row.what} (`{row.action}`) | {' | '.join(_answer(row, persona) for persona in PERSONAS)} |\n"


def _answer(row: Row, persona: str) -> str:
    if persona not in row.may:
        return "no"
    return "dev" if row.dev_alone or (row.dev_only and persona == "lead") else "yes"


def _commands() -> Iterator[str]:
    yield f"\n## Commands\n\n| `mlops` | {' | '.join(PERSONAS)} |\n|---|{'---|' * len(PERSONAS)}\n"
    deciding = ("models approve", "models reject", "rollback")
    for command, may in COMMANDS.items():
        answers = ["no" if p not in may else "dev" if p == "lead" and command in deciding else "yes" for p in PERSONAS]
        yield f"| {command} | {' | '.join(answers)} |\n"


def _projects() -> Iterator[str]:
    yield "\n## Deploy roles of a project's repositories\n\nThe project is called churn; training deploys to dev,"
    yield f" inference to preprod and prod.\n\n| what | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}\n"
    for row in PROJECT_ROWS:
        answers = ["yes" if column in row.may else "no" for column in COLUMNS]
        yield f"| {row.what} (`{row.action}`) | {' | '.join(answers)} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
