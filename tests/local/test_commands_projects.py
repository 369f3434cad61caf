"""`mlops project` and `mlops verify` on the command line, on one machine: real functions, a local GitHub."""

import json
import shutil
from contextlib import nullcontext

import pytest
from typer.testing import CliRunner

from local import commands_verify, verify_plan
from local.aws.server import EmbeddedAws
from local.cli import app
from local.github.server import STATE
from operations import verification
from operations.verification import Expected
from operations.verification.results import failed
from settings import read_stack_file
from tests.harness import ROOT

pytestmark = pytest.mark.stories  # a whole world of accounts, functions and GitHub per test
WIDTH = 80
CREATE = (
    "project",
    "create",
    "churn",
    "--product",
    "model-training",
    "--owner",
    "kate-ml",
    "--team",
    "risk",
    "--local",
)


def mlops(*words, code=0, **options):
    result = CliRunner().invoke(app, list(words), **options)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with dev's stack file, in which a project was made."""
    folder = tmp_path_factory.mktemp("here")
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLUMNS", str(WIDTH))
        (folder / "created.json").write_text(mlops(*CREATE, "--json"))
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    return folder


def test_creating_prints_one_document_and_makes_the_repository(here):
    created = json.loads((here / "created.json").read_text())
    assert created["repositories"] == ["https://github.com/acme-ml/risk-churn-training"]
    assert (created["continued"], created["notices"]) == (False, [])
    state = json.loads((here / ".mlops" / STATE).read_text())
    repository = next(r for r in state["repositories"].values() if r["name"] == "risk-churn-training")
    assert repository["private"]
    assert repository["teams"] == {"mlops-platform": "admin", "risk": "push"}
    assert set(repository["environments"]) == {"dev"}


LOOKS = [
    ("project", "list", "--local"),
    ("project", "list", "--all", "--local"),
    ("project", "show", "churn", "--local"),
]


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_looking_fits_80_columns_and_its_json_is_one_document(here, words):
    text = mlops(*words)
    assert "churn" in text
    assert max(len(line) for line in text.splitlines()) <= WIDTH, text
    assert json.loads(mlops(*words, "--json"))


def test_a_project_shows_its_role_its_data_and_who_made_it(here):
    found = json.loads(mlops("project", "show", "churn", "--local", "--json"))
    assert found["roles"]["dev/model-training"].endswith("churn.model-training")
    assert found["created_by"].startswith("cli/")
    assert (found["status"], found["versions"], found["endpoints"]) == ("Ready", [], [])


def test_a_projects_version_is_approved_by_its_name_and_the_local_github_is_asked(here):
    settings = read_stack_file(ROOT / "Pulumi.dev.yaml")
    with EmbeddedAws(here / ".mlops") as aws:
        aws.client("sagemaker", settings.account, settings.region).create_model_package(
            ModelPackageGroupName=settings.names.model_package_group("churn"),
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": "i"}],
                "SupportedContentTypes": ["a/b"],
                "SupportedResponseMIMETypes": ["a/b"],
            },
        )
    assert "churn" in mlops("models", "list", "dev", "--local")
    words = ("models", "approve", "dev", "churn", "1", "--reason", "good", "--local", "--json")
    told = json.loads(mlops(*words))
    assert (told["version"]["status"], told["changed"]) == ("Approved", True)
    assert told["heard"] == ["trigger in dev: ignored, project churn has no deployment repository"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("project", "show", "ledger", "--local"), "There are: churn"),
        (("project", "show", "churn", "--profile", "prod", "--local"), "write ENVIRONMENT=PROFILE"),
        (("project", "archive", "churn", "--local", "--json"), "say --yes"),
    ],
)
def test_a_call_that_cannot_work_says_what_would(here, words, said):
    assert said in mlops(*words, code=2)


def test_a_folder_without_projects_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "mlops project create" in mlops("project", "list", "--local", code=2)


def test_the_wrong_name_does_not_archive(here):
    said = mlops("project", "archive", "churn", "--local", code=2, input="chrun\n")
    assert "nothing was changed" in " ".join(said.split())


def test_verifying_says_of_every_part_how_it_is(here):
    found = json.loads(mlops("verify", "dev", "--local", "--json"))["results"]
    assert [result for result in found if result["state"] == "failed"] == []
    states = {result["what"]: result["state"] for result in found}
    assert states["risk-churn-training"] == states["mlops-workflows"] == states["provision"] == "ok"
    assert states["studio"] == "not checked", "a machine without Studio says so"


def test_a_failed_check_is_exit_code_1_and_names_what_mends_it(here, monkeypatch):
    found = failed("github", "mlops-workflows", "it has no tag v1", "pulumi up --stack dev")
    monkeypatch.setattr(verification, "CHECKS", {"github": lambda _: [found]})
    monkeypatch.setattr(verify_plan, "expected", lambda *_: Expected())
    monkeypatch.setattr(commands_verify, "_access", lambda *_, **__: nullcontext((None, None, "no token")))
    text = mlops("verify", "dev", "--local", code=1)
    assert "it has no tag v1" in text
    assert "pulumi up --stack dev" in text
