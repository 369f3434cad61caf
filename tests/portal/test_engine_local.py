"""`mlops up --local` and `destroy --local` with whatever aws plugin the engine finds, on a program of a few resources.

The plugin is the provider itself: it validates, makes, reads and removes what it is told, and the embedded AWS answers.
"""

import json
import os
import shutil
import sys

import pytest
import yaml
from typer.testing import CliRunner

from local.aws.server import EmbeddedAws
from local.aws.stack_inventory import inventory
from local.cli import app
from portal import plugins
from tests.harness import ROOT

NEEDED = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
if not plugins.is_there("aws", plugins.version_of("aws"), os.environ):
    NEEDED.append("the aws plugin, which the engine looks for on PATH and in its own folder")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.aws_plugin,
    pytest.mark.skipif(bool(NEEDED), reason=f"missing: {', '.join(NEEDED)}"),
]
ACCOUNT, REGION = "111111111111", "us-east-1"
PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

config = pulumi.Config("small")
own = pulumi.ResourceOptions(provider=aws.Provider("own", region="us-east-1", allowed_account_ids=["111111111111"]))
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"Service": "lambda.amazonaws.com"}}]}
role = aws.iam.Role("role", name="small-role", assume_role_policy=json.dumps(trust), opts=own)
key = aws.kms.Key("key", description="small", enable_key_rotation=True, opts=own)
logs = aws.cloudwatch.LogGroup("logs", name="/small", retention_in_days=config.require_int("days"), opts=own)
parameter = aws.ssm.Parameter("parameter", name=config.require("parameter"), type="String", value=role.arn, opts=own)
portfolio = aws.servicecatalog.Portfolio("portfolio", name="small", provider_name="us", opts=own)
product = aws.servicecatalog.Product(
    "product", name="small", owner="us", type="CLOUD_FORMATION_TEMPLATE", opts=own,
    provisioning_artifact_parameters={"name": "1", "type": "CLOUD_FORMATION_TEMPLATE",
                                      "template_url": "https://small.s3.amazonaws.com/template.yaml"})
offer = aws.servicecatalog.ProductPortfolioAssociation(
    "offer", portfolio_id=portfolio.id, product_id=product.id, opts=own)
aws.servicecatalog.Constraint(
    "constraint", portfolio_id=portfolio.id, product_id=product.id, type="LAUNCH",
    parameters=role.arn.apply(lambda arn: json.dumps({"RoleArn": arn})),
    opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[offer])))
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    description = yaml.safe_load((tmp_path / "Pulumi.yaml").read_text())
    description["runtime"]["options"] = {"virtualenv": sys.prefix}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(description))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    configure(tmp_path, days=14, parameter="/small/role")
    return tmp_path


def configure(project, **values):
    document = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    document["config"].update({f"small:{name}": value for name, value in values.items()})
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def run(verb):
    done = CliRunner().invoke(app, [verb, "dev", "--local", "--json"])
    found = json.loads(done.stdout)
    assert (done.exit_code, found["state"]) == (0, "succeeded"), found
    return found


def there(project):
    with EmbeddedAws(project / ".mlops" / "engine", read_only=True):
        return inventory(ACCOUNT, REGION)


def test_a_stack_is_made_stays_changes_is_replaced_and_leaves_nothing(project):
    assert run("up")["counts"] == {"create": 10}
    made = there(project)
    assert {"role small-role", "log group /small", "parameter /small/role"} <= made

    assert run("up")["counts"] == {"same": 10}, "a second run changes nothing"

    configure(project, days=30, parameter="/small/other")
    counts = run("up")["counts"]
    assert (counts["update"], counts["replace"], counts["same"]) == (1, 1, 8), counts
    assert "parameter /small/other" in there(project)
    assert "parameter /small/role" not in there(project), "the one that was replaced is gone"

    gone = run("destroy")
    assert (gone["resources"], gone["counts"]) == (0, {"delete": 10})
    assert there(project) == set(), "destroy leaves nothing"
