"""The workflows, as they land in GitHub: linted, pinned, without secrets, reading exactly what the platform sets."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.template_content import available, rendered
from contracts.publication import REQUIRED_CHECK
from contracts.variables import Level, of_template

PINNED = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "pulumi/actions": ("8e5e406f4007fca908480587cb9893c07090f58d", "v7.0.0"),
}
"""Commit of each release, as the action's own repository tags it. Change both together."""
SHARED = "acme/mlops-workflows/"
MOST_MINUTES = 60
"""Credentials last an hour; a runner that waits longer waits for something that announces itself."""


def documents(name):
    """The workflows of a template, by path."""
    files = rendered(name, "acme").items()
    return {place: yaml.safe_load(text) for place, text in files if place.startswith(".github/workflows/")}


WORKFLOWS = {
    (name, place): document for name in [*available(), "workflows"] for place, document in documents(name).items()
}
CALLED = {place: document for (name, place), document in WORKFLOWS.items() if name == "workflows"}
JOBS = [
    (name, place, job, WORKFLOWS[name, place]["jobs"][job])
    for name, place in WORKFLOWS
    for job in WORKFLOWS[name, place]["jobs"]
]
STEPS = [(place, job, step) for _, place, job, stated in JOBS for step in stated.get("steps", [])]
ACTION = yaml.safe_load(rendered("workflows", "acme")["actions/mlops-package/action.yml"])
every_template = pytest.mark.parametrize("name", [*available(), "workflows"])
every_job = pytest.mark.parametrize(
    ("name", "place", "stated"),
    [(n, p, s) for n, p, _, s in JOBS],
    ids=[f"{n}:{Path(p).stem}:{j}" for n, p, j, _ in JOBS],
)


def trigger(document):
    return document[True]  # YAML 1.1 reads the key `on` so


def called(stated):
    """The shared workflow that a job calls."""
    return CALLED[stated["uses"].removeprefix(SHARED).partition("@")[0]]


@every_template
def test_zizmor_finds_nothing_even_where_it_is_unsure(name, repository):
    command = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--no-progress", "--strict-collection"]
    done = subprocess.run(
        [*command, "--persona=auditor", str(repository(name))], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout, "nothing suppressed, nothing ignored"


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not on PATH")
@every_template
def test_actionlint_finds_nothing(name, repository):
    files = [str(path) for path in sorted((repository(name) / ".github" / "workflows").iterdir())]
    done = subprocess.run(["actionlint", *files], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@every_template
def test_every_action_is_pinned_by_the_commit_of_a_release_and_ours_by_version_tag(name):
    shared = rendered("workflows", "acme")
    for place, content in rendered(name, "acme").items():
        if not place.startswith(".github/workflows/"):
            continue
        for line in re.findall(r"uses: (.*)", content.decode()):
            action, _, rest = line.partition("@")
            if action.startswith(SHARED):
                target = action.removeprefix(SHARED)
                assert rest == "v1", line
                assert target in shared or f"{target}/action.yml" in shared, f"{place}: {target} does not exist"
            else:
                commit, version = PINNED[action]
                assert rest == f"{commit} # {version}", line


def test_nothing_moves_under_us():
    for name, place in WORKFLOWS:
        text = rendered(name, "acme")[place].decode()
        assert "latest" not in text, f"{place}: a label or tag that moves"


@every_job
def test_a_job_has_a_time_limit_and_no_more_permissions_than_it_states(name, place, stated):
    assert WORKFLOWS[name, place]["permissions"] == {}, "what a job does not ask for it does not get"
    permissions = stated["permissions"]
    assert set(permissions.items()) <= {("contents", "read"), ("id-token", "write")}, permissions
    if "uses" in stated:
        (inner,) = called(stated)["jobs"].values()
        assert permissions == inner["permissions"], "a called job gets at most what the caller has"
    else:
        assert 1 <= stated["timeout-minutes"] <= MOST_MINUTES


@every_job
def test_credentials_are_for_jobs_of_an_environment_only_and_never_for_a_pull_request(name, place, stated):
    if "id-token" not in stated["permissions"]:
        assert "environment" not in stated, "an environment without credentials guards nothing"
        return
    assert not {"pull_request", "pull_request_target"} & set(trigger(WORKFLOWS[name, place])), "unreviewed code"
    if "uses" in stated:
        assert stated["with"]["environment"] in ("dev", "preprod", "prod")
    else:
        assert stated["environment"] == "${{ inputs.environment }}"
        assert stated["concurrency"] == {"group": stated["concurrency"]["group"], "cancel-in-progress": False}
        words = [step.get("uses", step.get("run", "")) for step in stated["steps"]]
        first = next(index for index, text in enumerate(words) if text.startswith("aws-actions/"))
        installs = [index for index, text in enumerate(words) if "install" in text or "mlops-package" in text]
        assert max(installs) < first, "an installed package must not see the credentials"


def test_the_account_of_the_credentials_is_checked():
    for _, _, step in STEPS:
        if step.get("uses", "").startswith("aws-actions/"):
            assert step["with"]["allowed-account-ids"] == "${{ vars.AWS_ACCOUNT }}"
            assert step["with"]["role-to-assume"] == "${{ vars.AWS_DEPLOY_ROLE_ARN }}"


def test_no_script_holds_an_expression_and_no_step_prints_its_environment():
    for place, job, step in [*STEPS, *(("action.yml", "", step) for step in ACTION["runs"]["steps"])]:
        script = step.get("run", "")
        assert "${{" not in script, f"{place} {job}: a value that somebody chose would become part of the script"
        assert not re.search(r"(?m)^\s*(env|printenv|set)\s*$", script), f"{place} {job}"


def test_a_checkout_leaves_no_token_behind():
    checkouts = [step for _, _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_there_are_no_secrets():
    for name, place in WORKFLOWS:
        assert "secrets" not in rendered(name, "acme")[place].decode(), place


@every_job
def test_a_caller_gives_exactly_the_inputs_that_the_workflow_takes(name, place, stated):
    if "uses" not in stated:
        return
    inputs = trigger(called(stated))["workflow_call"].get("inputs", {})
    given = set(stated.get("with", {}))
    assert given <= set(inputs)
    assert {key for key, value in inputs.items() if value.get("required")} <= given


@pytest.mark.parametrize("name", available())
def test_workflows_read_exactly_the_variables_that_the_platform_sets(name):
    own = {place: document for (template, place), document in WORKFLOWS.items() if template == name}
    calls = {
        stated["uses"].removeprefix(SHARED).partition("@")[0] for d in own.values() for stated in d["jobs"].values()
    }
    texts = [rendered(name, "acme")[place] for place in own] + [rendered("workflows", "acme")[place] for place in calls]
    read = set(re.findall(r"\bvars\.([A-Z_]+)", b"\n".join(texts).decode()))
    assert read == set(of_template(name, Level.REPOSITORY)) | set(of_template(name, Level.ENVIRONMENT))


@every_job
def test_variables_of_an_environment_are_read_by_jobs_of_an_environment(name, place, stated):
    read = set(re.findall(r"\bvars\.([A-Z_]+)", yaml.safe_dump(stated)))
    of_environment = {found for template in available() for found in of_template(template, Level.ENVIRONMENT)}
    assert not read & of_environment or "environment" in stated, "they are empty in any other job"


@pytest.mark.parametrize("name", available())
def test_the_check_that_a_pull_request_needs_is_one_that_runs(name):
    job = WORKFLOWS[name, ".github/workflows/ci.yml"]["jobs"]["check"]
    (inner,) = called(job)["jobs"].values()
    assert f"{job['name']} / {inner['name']}" == REQUIRED_CHECK, "GitHub would wait for another one for ever"


@pytest.mark.parametrize("name", available())
def test_work_with_credentials_waits_until_the_project_is_set_up(name):
    for (template, place), document in WORKFLOWS.items():
        if template == name:
            firsts = [s for s in document["jobs"].values() if "id-token" in s["permissions"]]
            assert all(s.get("if") == "vars.PROJECT != ''" or "preprod" in str(s.get("needs")) for s in firsts), place


def test_a_deployment_takes_one_version_first_to_preprod_and_then_to_prod():
    document = WORKFLOWS["realtime-inference", ".github/workflows/deploy.yml"]
    assert list(trigger(document)["workflow_dispatch"]["inputs"]) == ["version_arn"]
    assert set(trigger(document)) == {"workflow_dispatch"}, "only an approval or a person deploys"
    assert document["jobs"]["prod"]["needs"] == "preprod"
    versions = {job["with"]["version_arn"] for job in document["jobs"].values()}
    assert versions == {"${{ inputs.version_arn }}"}, "what was tested is what prod gets"


@pytest.mark.parametrize("name", available())
def test_every_command_of_a_workflow_exists_in_the_repositories_that_call_it(name):
    files = rendered(name, "acme")
    targets = set(re.findall(r"(?m)^([a-z-]+):", files["Makefile"].decode()))
    steps = set(re.findall(r'"(\w+)": \(_\w+, "', files["mlops_project/__main__.py"].decode()))
    calls = [called(job) for (template, _), d in WORKFLOWS.items() if template == name for job in d["jobs"].values()]
    scripts = [
        step["run"] for document in calls for job in document["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert {word for text in scripts for word in re.findall(r"make (\w+)", text)} <= targets
    assert {word for text in scripts for word in re.findall(r"-m mlops_project (\w+)", text)} <= steps


def test_the_cli_is_of_the_version_that_the_repository_pins():
    lock = rendered("realtime-inference", "acme")["requirements.txt"].decode()
    (pinned,) = re.findall(r"(?m)^pulumi==(\S+)", lock)
    stated = {
        inputs["pulumi-version"]["default"]
        for document in CALLED.values()
        if "pulumi-version" in (inputs := trigger(document)["workflow_call"]["inputs"])
    }
    assert stated == {pinned}


BY_RUNNER = {"AWS_REGION", "GITHUB_SHA"}
"""What the credentials' action and the runner themselves put into a job's environment."""


@pytest.mark.parametrize(
    ("workflow", "command", "file"),
    [
        ("train.yml", "make publish", "model-training:src/training/settings.py"),
        ("deploy-endpoint.yml", "prepare", "realtime-inference:mlops_project/facts.py"),
        ("deploy-endpoint.yml", "mlops_project up", "realtime-inference:mlops_project/stack.py"),
    ],
)
def test_a_step_gets_exactly_the_variables_that_its_code_reads(workflow, command, file):
    (job,) = CALLED[f".github/workflows/{workflow}"]["jobs"].values()
    (step,) = [step for step in job["steps"] if command in step.get("run", "")]
    name, _, place = file.partition(":")
    read = set(re.findall(r"variable\([\"']([A-Z_]+)", rendered(name, "acme")[place].decode()))
    read |= {"AWS_ACCOUNT", "VERSION_ARN"} if command == "prepare" else set()  # read in a loop, and by the command
    assert set(step["env"]) == read - BY_RUNNER
