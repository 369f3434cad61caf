"""The scenes of `make demo-project`, see local/demo_project.py: what is done, and how it is told in 80 columns."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from contracts.github import OIDC_ISSUER
from contracts.projects import repository_name
from local.project_access import local_access
from local.project_jobs import run_pipeline, run_tests, run_train_job
from local.project_world import ProjectWorld
from operations import models, projects
from operations.errors import OperationError
from operations.session import Access

LEAD, OWNER = "kate", "kate-ml"
"""Who leads: as AWS knows her, and her login on GitHub; dev's settings name both."""
OTHER = "ben"
SHOWN = ("AWS_DEPLOY_ROLE_ARN", "ENDPOINT_NAME", "PIPELINE_NAME")
"""Variables whose value is shown; the others are counted."""


class UnexpectedError(Exception):
    """The demonstration did not go as it must."""


class Demo:
    """The scenes, over one world."""

    def __init__(self, world: ProjectWorld, console: Console, *, project: str, product: str) -> None:
        self.world, self.console, self.project, self.product = world, console, project, product
        self._scene = 0

    @property
    def training(self) -> str:
        """Name of the training repository."""
        return repository_name(self.world.settings["dev"].unit, self.project, "model-training")

    @property
    def deployment(self) -> str:
        """Name of the deployment repository."""
        return repository_name(self.world.settings["dev"].unit, self.project, "realtime-inference")

    def scene(self, says: str) -> None:
        """Print a heading."""
        self._scene += 1
        self.console.print()
        self.console.rule(f"[bold]{self._scene}. {says}", align="left")

    def say(self, *words: str | tuple[str, str]) -> None:
        """Print a line of the story."""
        self.console.print(Padding(Text.assemble(*words), (0, 0, 0, 2)))

    def access(self, person: str) -> Access:
        """Return a person's access to dev."""
        return local_access(self.world.aws, self.world.settings["dev"], person)

    def templates(self) -> None:
        """Show what the dev stack keeps in GitHub."""
        for record in self.world.hub.store.repositories.values():
            tags = [ref.removeprefix("refs/tags/") for ref in sorted(record["refs"]) if ref.startswith("refs/tags/")]
            kind = "template" if record["is_template"] else "shared workflows"
            self.say(
                (record["name"], "bold"), f"  {kind}, {len(self.world.hub.files(record['name']))} files, {tags[-1]}"
            )

    def create(self) -> projects.Created:
        """Make the project as the lead."""
        before = len(self.world.delivery.functions.log)
        self.say((LEAD, "bold"), f" runs mlops project create {self.project} --product {self.product}")
        made = projects.create(self.access(LEAD), self.project, product=self.product, owner=OWNER)
        accounts = {settings.account: name for name, settings in self.world.settings.items()}
        for run in self.world.delivery.functions.log[before:]:
            where = accounts[run.arn.split(":")[4]]
            result = run.result if isinstance(run.result, dict) else {}
            self.say((f"{run.function:<10}", "cyan"), f"in {where:<8} {result.get('outcome', run.error)}")
        for url in made.repositories:
            self.say(url)
        return made

    def repository(self, name: str) -> None:
        """Show how GitHub holds a repository: who is let in, what protects it, what each environment knows."""
        record = self.world.hub.repository(name)
        teams = ", ".join(f"{team} ({may})" for team, may in sorted(record["teams"].items()))
        people = ", ".join(f"{login} ({may})" for login, may in sorted(record["collaborators"].items()))
        self.say((name, "bold"), f"  {'private' if record['private'] else 'public'}; {teams}; {people}")
        for ruleset in record["rulesets"]:
            self.say(f"  ruleset {ruleset['name']}: {', '.join(rule['type'] for rule in ruleset['rules'])}")
        logins = {number: login for login, number in self.world.hub.store.users.items()}
        for environment, found in sorted(record["environments"].items()):
            reviewers = [str(logins.get(each["id"], each["id"])) for each in found["reviewers"]]
            branches = ", ".join(str(branch["name"]) for branch in found["branches"]) or "any branch"
            asks = f"asks {', '.join(reviewers)}" if reviewers else "asks nobody"
            self.say(f"  environment {environment}: from {branches}; {asks}; {len(found['variables'])} variables:")
            for variable in SHOWN:
                if variable in found["variables"]:
                    self.say(
                        (f"    {variable}  ", "dim"), str(found["variables"][variable]["value"]).rsplit("/", 1)[-1]
                    )

    def trust(self, environment: str, template: str) -> None:
        """Show whom a deploy role trusts."""
        names = self.world.settings[environment].names
        role = self.world.delivery.client("iam", environment).get_role(
            RoleName=names.project_role(self.project, template)
        )["Role"]
        (statement,) = _document(role["AssumeRolePolicyDocument"])["Statement"]
        self.say((role["RoleName"], "bold"), " trusts a job of GitHub with all of:")
        for conditions in statement["Condition"].values():
            for key, value in sorted(conditions.items()):
                values = [value] if isinstance(value, str) else value
                for number, each in enumerate(values):
                    self.say((f"  {key.removeprefix(f'{OIDC_ISSUER}:') if not number else 'or':<17} ", "dim"), each)
        self.say("  boundary          ", role["PermissionsBoundary"]["PermissionsBoundaryArn"].rsplit("/", 1)[-1])

    def test(self, checkout: Path) -> None:
        """Check the training repository out and run its own tests."""
        self.world.hub.checkout(self.training, checkout)
        self.say(f"{sum(file.is_file() for file in checkout.rglob('*'))} files checked out; its tests: ", end_of(
            run_tests(checkout)))  # fmt: skip

    def train(self, checkout: Path) -> None:
        """Do what a merge to main sets off: the train job, then the run."""
        for line in run_train_job(self.world, self.training, checkout, "dev").splitlines():
            self.say(f"the job: {_short(line.removeprefix('- ').replace('`', ''))}")
        run = run_pipeline(self.world, self.project)
        if run.status.value != "Succeeded":
            raise UnexpectedError(f"the pipeline is {run.status.value}: {run.failure_reason}; see {run.file}")
        metrics = next(step.metrics for step in run.steps.values() if step.metrics)
        shown = ", ".join(f"{name} {metrics[name]:.3f}" for name in ("accuracy", "recall") if name in metrics)
        self.say(f"the run: {len(run.steps)} steps in {run.seconds:.0f} s; {shown}; registered, pending approval")

    def approve(self) -> str:
        """Approve the newest version as the lead, let everything happen that follows, and return its ARN."""
        access = self.access(LEAD)
        newest = models.newest(access, self.project)
        decided = models.approve(access, self.project, newest, reason="better than the rules we had")
        arn = decided.version.arn
        self.say((LEAD, "bold"), f" runs mlops models approve dev {self.project} {newest}: {decided.version.status}")
        before, seen = len(self.world.delivery.functions.log), len(self.world.delivery.bridge.log)
        self.world.settle()
        told = [entry for entry in self.world.delivery.bridge.log[seen:] if entry.what in ("sent", "repeated")]
        runs = [run for run in self.world.delivery.functions.log[before:] if run.function == "trigger"]
        self.say(f"{len(told)} events, {len(runs)} calls of trigger:")
        seen_before: set[str] = set()
        for run in runs:
            result = run.result if isinstance(run.result, dict) else {}
            why = "the same event once more: the same answer" if run.request_id in seen_before else result.get("why")
            seen_before.add(run.request_id)
            self.say((f"  {result.get('outcome', 'failed')}  ", "cyan"), _short(str(why or run.error)))
        return arn

    def runs(self) -> list[dict[str, Any]]:
        """Show the workflow runs of the deployment repository."""
        found: list[dict[str, Any]] = self.world.hub.repository(self.deployment)["runs"]
        for run in found:
            self.say((run["path"].rsplit("/", 1)[-1], "bold"), f"  {run['status']}  {_short(run['display_title'])}")
        return found

    def again(self) -> None:
        """Repeat the creation: nothing changes."""
        before = _fingerprint(self.world)
        made = projects.create(self.access(LEAD), self.project, product=self.product, owner=OWNER)
        if not made.continued or _fingerprint(self.world) != before:
            raise UnexpectedError("the repeated creation changed something")
        self.say((LEAD, "bold"), " repeats the command: the same project, and not one thing changed in GitHub.")

    def clash(self) -> None:
        """Let somebody else ask for the name, and the lead for one whose repository is somebody else's."""
        self._refused(OTHER, self.project, "asks for the name too")
        name = repository_name(self.world.settings["dev"].unit, "ledger", "model-training")
        self.world.hub.add_repository(name, {"README.md": b"# Ours since years\n"})
        bystander = json.dumps(self.world.hub.repository(name), sort_keys=True)
        self._refused(LEAD, "ledger", f"asks for ledger; {name} is there, made by hand")
        if json.dumps(self.world.hub.repository(name), sort_keys=True) != bystander:
            raise UnexpectedError(f"{name} was touched")
        self.say(f"{name} is as it was: id, files, teams, settings.")

    def _refused(self, person: str, name: str, what: str) -> None:
        self.say((person, "bold"), f" {what}:")
        try:
            projects.create(self.access(person), name, product=self.product, owner=OWNER)
        except OperationError as error:
            self.console.print(Padding(Text(str(error), "yellow"), (0, 0, 0, 4)))
        else:
            raise UnexpectedError(f"{name} was given to {person}")


def end_of(line: str) -> str:
    """Return what pytest says at its end, without its frame."""
    return line.strip("= ")


def _fingerprint(world: ProjectWorld) -> str:
    repositories = world.hub.store.repositories
    return json.dumps({"repositories": repositories, "teams": world.hub.store.teams}, sort_keys=True)


def _document(policy: Any) -> Any:
    return json.loads(policy) if isinstance(policy, str) else policy


def _short(text: str) -> str:
    words = text.split()
    return " ".join(word.split(":", 5)[-1].partition("/")[2] if word.startswith("arn:") else word for word in words)
