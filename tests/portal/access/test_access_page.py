"""docs/portal-access.md says what the code does."""

import tomllib

import pytest

from portal.access.errors import Reason
from portal.access.role_mapping import RoleMapping
from portal.access.tokens import PATTERN
from portal.configuration import Login, PortalSettings
from tests.harness import ROOT
from tests.portal.access.roles_page import table

TEXT = (ROOT / "docs" / "portal-access.md").read_text()


def test_the_table_of_roles_is_that_of_the_code():
    shown = TEXT.partition("roles_page -->\n")[2].partition("\n<!-- end of roles")[0]
    assert shown == table(), "run: python -m tests.portal.access.roles_page, and put its output into the page"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_a_failed_login_is_explained(reason):
    assert f"`{reason}`" in TEXT.partition("| reason in the log |")[2].partition("##")[0]


@pytest.mark.parametrize("field", Login.model_fields)
def test_every_field_of_the_configuration_is_explained(field):
    assert f"`{field}`" in TEXT.partition("| field of `[login]` |")[2].partition("`[[roles.role]]`")[0]


def test_the_example_is_understood_by_the_configuration():
    example = tomllib.loads(TEXT.partition("```toml\n")[2].partition("```")[0])
    assert set(example) <= set(PortalSettings.model_fields)
    assert Login.model_validate(example["login"]).oidc({"PORTAL_CLIENT_SECRET": "x"}).client_id == "portal"
    assert RoleMapping.model_validate(example["roles"]).roles({"groups": ["ml-approvers"]}) == {"prod": "approver"}


def test_the_pattern_for_secret_scanners_is_that_of_the_tokens():
    shown = TEXT.partition("your own scanner: `")[2].partition("`")[0]
    assert shown.replace("{49}", "{43}[0-9A-Za-z]{6}") == rf"\b{PATTERN.pattern}\b".replace("(", "").replace(")", "")
