"""The commands of the runbook wrap a private key so that KMS could unwrap it, and name what really exists."""

import json
import re
import subprocess

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from typer.testing import CliRunner

from components.github_app_key import github_app_key_policy, github_app_signers
from contracts.github import KEY_PURPOSE, app_permissions
from local.cli import app
from tests.github_world import private_key
from tests.harness import ROOT, stack_settings
from tests.settings_errors.changes import changed

RUNBOOK = (ROOT / "docs/runbooks/github-app-key.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL)


def block_with(word):
    (found,) = [block for block in BLOCKS if word in block]
    return found


def test_the_wrapping_commands_give_what_kms_unwraps(tmp_path):
    wrapping = generate_private_key(65537, 2048)
    (tmp_path / "app.pem").write_bytes(
        private_key(0).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    (tmp_path / "wrapping-key.der").write_bytes(
        wrapping.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    try:
        version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("openssl is not on PATH")
    if not version.startswith("OpenSSL 3"):
        pytest.skip(f"the runbook asks for OpenSSL 3, this is {version.strip()}")
    script = "set -e\n" + block_with("id-aes256-wrap-pad")
    subprocess.run(["sh", "-c", script], cwd=tmp_path, check=True, capture_output=True)
    material = (tmp_path / "material.bin").read_bytes()
    size = wrapping.key_size // 8
    aes = wrapping.decrypt(material[:size], OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None))
    unwrapped = load_der_private_key(aes_key_unwrap_with_padding(aes, material[size:]), None)
    assert unwrapped.private_numbers() == private_key(0).private_numbers()


def test_every_file_that_holds_a_key_is_removed_at_the_end():
    made = set(re.findall(r"(?:-out|>) ([\w-]+\.\w+)", "".join(BLOCKS))) | {"app.pem"}
    made -= {"policy.json", "key.txt"}  # no secrets
    assert made <= set(block_with("shred").split()), "a copy of the private key is a second app"


def test_the_alias_is_that_of_the_dev_stack():
    assert f"--key-id {stack_settings('dev').names.key_alias(KEY_PURPOSE)} " in RUNBOOK


def test_the_permissions_are_those_that_the_app_needs():
    table = dict(re.findall(r"\| ([A-Z][a-z ]+) \| (read|write) ", RUNBOOK))
    table["Members"] = "read"
    assert "Members, read" in RUNBOOK
    named = {name.lower().replace(" ", "_").replace("variables", "actions_variables"): a for name, a in table.items()}
    assert named == app_permissions()


def test_the_key_is_made_with_the_policy_that_the_command_prints():
    printed = CliRunner().invoke(app, ["github-key", "dev"])

    assert json.loads(printed.output) == json.loads(github_app_key_policy(stack_settings("dev").names))
    assert "mlops github-key dev > policy.json" in RUNBOOK


def test_the_role_that_runs_pulumi_is_in_the_policy_that_the_command_prints(tmp_path, monkeypatch):
    role = "arn:aws:iam::111111111111:role/ci/deploy"
    raw = changed("dev", github__ci_role_arn=role)
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"mlops:settings": raw}}))
    monkeypatch.chdir(tmp_path)

    printed = CliRunner().invoke(app, ["github-key", "dev"])

    names = stack_settings("dev").names
    assert json.loads(printed.output) == json.loads(github_app_key_policy(names, github_app_signers(names, role)))
    assert role in printed.output


def test_a_stack_without_github_has_no_key():
    refused = CliRunner().invoke(app, ["github-key", "prod"])

    assert refused.exit_code == 2
    assert "GitHub belongs to the dev stack alone" in refused.output
