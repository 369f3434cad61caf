"""A token of the GitHub App for one operation: in its engine's environment, nowhere else, and worthless afterwards."""

import copy
import logging
from dataclasses import replace

import pytest
import yaml
from botocore.exceptions import ClientError

from local.github.faults import Fault
from portal.outcomes import Reason, RepairStep, State
from portal.redaction import HIDDEN, Redactor, secrets_of_environment
from portal.service.recorder import StoppedError
from portal.service.starts import start
from tests.portal.service.github_world import PUBLISHES, REVOKED, GitHubPortal, local_github
from tests.portal.world import QUICK

STANDS = "preview-plan-vpc"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with local_github(tmp_path / "github", monkeypatch) as made:
        yield made


@pytest.fixture
def world(tmp_path, hub):
    with GitHubPortal(tmp_path / "portal", hub) as made:
        yield made


def everything(world):
    """All that the portal has on disk: database, journals, workspaces."""
    return b"".join(file.read_bytes() for file in world.folder.rglob("*") if file.is_file())


def draft(**github):
    settings = copy.deepcopy(PUBLISHES)
    settings["github"].update(github)
    settings["projects"]["organization"] = settings["github"]["organization"]
    return yaml.safe_dump({"config": {"mlops:settings": settings}}, sort_keys=False)


# who gets one
def test_every_operation_that_may_touch_github_gets_a_token_of_its_own_which_is_revoked(world):
    operations = world.portal.operations
    up = world.deploy("dev")
    kinds = {"preview": world.get(up.preview), "up": up}
    for ask in (operations.refresh, operations.check_drift):
        record = world.ended(ask(world.admin, "dev"), State.SUCCEEDED)
        kinds[record.kind.value] = record
    preview = world.ended(operations.preview_destroy(world.admin, "dev", "over"), State.SUCCEEDED)
    kinds["preview_destroy"] = preview
    kinds["destroy"] = world.ended(operations.up(world.admin, preview.id, "over"), State.SUCCEEDED)
    assert {kind: world.given(each) for kind, each in kinds.items()} == dict.fromkeys(
        ("preview", "up", "refresh", "drift", "preview_destroy", "destroy"), True
    )
    assert world.minted() == 6, "one each"
    world.none_left()


@pytest.mark.parametrize(("step", "needs"), [(RepairStep.REFRESH, True), (RepairStep.UNLOCK, False)])
def test_a_repair_gets_one_where_it_reads_what_is_there(world, step, needs):
    repair = world.ended(world.portal.operations.repair(world.admin, "dev", step, confirmed=True))
    assert world.given(repair) is needs


def test_a_stack_that_publishes_no_templates_gets_none(world):
    world.settle_small()
    record = world.preview("dev")
    assert not world.given(record)
    assert world.aws.credentials == [], "neither AWS nor GitHub was asked"
    assert world.hub.requests == []


def test_settings_that_are_wrong_are_the_engine_s_to_refuse(world):
    world.settle({"unit": "nothing else"})
    record = world.ended(world.portal.operations.preview(world.developer, "dev"))
    assert record.outcome.reason is Reason.SETTINGS
    assert world.hub.requests == []


def test_without_the_provider_s_plugin_there_is_nobody_to_give_one_to(tmp_path, hub):
    with GitHubPortal(tmp_path / "other", hub, plugins=("aws",)) as world:
        assert not world.given(world.preview("dev"))
        assert hub.requests == []


# how long it is good, and where it is
def test_it_is_good_while_the_operation_runs_and_stands_nowhere_but_in_its_environment(world, caplog):
    caplog.set_level(logging.DEBUG)
    world.scenario.stop("dev", STANDS)
    preview = world.portal.operations.preview(world.developer, "dev", "look")
    world.scenario.reached("dev", STANDS)
    (token,) = world.tokens
    held = everything(world)
    world.scenario.go("dev")
    world.ended(preview, State.SUCCEEDED)
    world.none_left()
    for content in (held, everything(world), caplog.text.encode(), repr(world.events(preview)).encode()):
        assert content
        assert token.encode() not in content
    assert "GitHub token" in caplog.text


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED, State.LOST])
def test_it_is_revoked_whatever_the_end(world, end):
    preview = world.preview("dev")
    world.none_left()
    world.scenario.set("dev", fails={"data": "no room"}, crashes=["up-data"] if end is State.LOST else [])
    world.scenario.stop("dev", "up-vpc")
    up = world.portal.operations.up(world.developer, preview.id)
    world.scenario.reached("dev", "up-vpc")
    assert len(world.tokens) == 1, "while it runs the token is good"
    if end is State.CANCELLED:
        world.portal.operations.cancel(world.developer, up.id)
    else:
        world.scenario.go("dev")
    world.ended(up, end)
    world.none_left()


def test_a_token_that_github_does_not_revoke_delays_nobody_and_is_told(world, caplog, monkeypatch):
    monkeypatch.setattr("portal.service.github_tokens.REVOKING_SECONDS", 0.1)
    world.hub.faults.add(REVOKED, Fault.SERVER_ERROR, times=99, after=1)
    record = world.preview("dev")
    world.until(lambda: "was not revoked and is good until" in caplog.text, "the warning")
    (token,) = world.tokens
    assert record.outcome.state is State.SUCCEEDED
    assert token not in caplog.text


def test_a_service_that_stops_revokes_first(world):
    world.preview("dev")
    world.portal.stop()
    assert world.tokens == []


def test_what_outlives_its_service_keeps_its_token_and_the_next_one_records_the_end(world, caplog):
    world.portal.stop()
    world.portal = world.another(timing=replace(QUICK, grace=0.05))
    world.scenario.set("dev", deaf=True)
    world.scenario.stop("dev", STANDS)
    preview = world.portal.operations.preview(world.developer, "dev")
    world.scenario.reached("dev", STANDS)
    world.portal.stop()
    assert len(world.tokens) == 1, "the engine still needs it"
    assert "ends by itself, within the hour" in caplog.text
    world.portal = world.another()
    world.scenario.go("dev")
    world.ended(preview)
    assert world.minted() == 1, "taken up again, and not begun again"


def test_a_service_that_may_not_begin_any_more_revokes_what_it_minted(world):
    with world.portal.store.reading() as unit:
        record = replace(unit.operations.get(world.preview("dev").id), id="20260302T090000-000000000000")
    world.none_left()

    def still():
        assert len(world.tokens) == 1
        raise StoppedError

    with pytest.raises(StoppedError):
        start(world.portal.engines, world.portal.github_tokens, record, {}, None, still)
    world.none_left()
    assert not world.portal.engines.journal(record.id).exists(), "the engine was not asked"


def test_what_a_service_mints_for_while_it_stops_is_begun_by_the_next_one(world):
    sign = world.aws.kms.sign

    def at_the_end(**asked):
        world.portal.runner._stopping.set()
        return sign(**asked)

    world.aws.kms.sign = at_the_end
    preview = world.portal.operations.preview(world.developer, "dev")
    world.until(world.minted, "a token to be minted")
    world.portal.stop()
    assert world.tokens == []
    assert not world.portal.engines.journal(preview.id).exists(), "on a stop nothing new begins"
    world.aws.kms.sign = sign
    world.portal = world.another()
    world.ended(preview, State.SUCCEEDED)


# where there is none
def refused_by_kms(world):
    def sign(**_):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Sign")

    world.aws.kms.sign = sign
    return "github.ci_role_arn"


def refused_by_github(world):
    world.hub.faults.add("POST /app/installations/4242/access_tokens", Fault.UNAUTHORIZED)
    return "github.app_id"


def other_account(world):
    world.aws.account = "999999999999"
    return "these credentials"


def no_credentials(world):
    rules = world.settings.stacks["dev"].credentials.environment
    rules["AWS_PROFILE"] = "NOBODY_SET_THIS"
    return "NOBODY_SET_THIS"


@pytest.mark.parametrize("fault", [refused_by_kms, refused_by_github, other_account, no_credentials])
def test_without_a_token_the_operation_fails_and_the_engine_is_not_asked(world, fault):
    words = fault(world)
    record = world.ended(world.portal.operations.preview(world.developer, "dev"))
    assert (record.outcome.state, record.outcome.reason) == (State.FAILED, Reason.CREDENTIALS)
    assert words in record.outcome.message
    assert "the engine was not asked" in record.outcome.message
    assert not world.portal.engines.journal(record.id).exists()
    assert world.tokens == []
    ended = world.audited("operation.ended")[-1]
    assert ended.details["reason"] == "credentials"


def test_the_key_signs_by_the_credentials_that_the_engine_gets(tmp_path, hub):
    rules = {"dev": {"credentials": {"environment": {"AWS_PROFILE": "DEV_PROFILE"}}}}
    with GitHubPortal(tmp_path / "other", hub, stacks=rules) as world:
        world.environment["DEV_PROFILE"] = "deploy-dev"
        world.preview("dev")
        assert world.aws.credentials == [{"profile_name": "deploy-dev"}]


# drafts
def test_a_draft_that_begins_to_publish_gets_one(world):
    world.settle({**PUBLISHES, "github": {**PUBLISHES["github"], "publish_templates": False}})
    assert world.given(world.ended(world.portal.operations.preview(world.developer, "dev", "try", draft())))


def test_a_draft_has_the_key_sign_for_nothing_that_is_not_saved(world):
    text = draft(organization="elsewhere")
    record = world.ended(world.portal.operations.preview(world.developer, "dev", "try", text))
    assert record.outcome.reason is Reason.CREDENTIALS
    assert "Save the section `github`, then preview." in record.outcome.message
    assert world.aws.kms.calls == []


# what the engine's worker makes of it
def test_the_worker_takes_it_for_a_secret():
    token = "unlike-any-form-of-token-0123456789"
    redactor = Redactor(secrets_of_environment({"GITHUB_TOKEN": token, "HOME": "/home/someone"}))
    assert redactor.text(f"401 for {token} at /home/someone") == f"401 for {HIDDEN} at /home/someone"


@pytest.mark.stories
def test_what_the_real_worker_says_of_it_is_hidden(tmp_path, hub):
    with GitHubPortal(tmp_path / "other", hub, processes=True) as world:
        world.portal.stop()
        world.portal = world.another(worker="tests.portal.service.telling_worker")
        record = world.ended(world.portal.operations.preview(world.developer, "dev"))
        assert record.outcome.reason is Reason.INTERNAL
        assert f"RuntimeError: the token is {HIDDEN}, of 1" in record.outcome.message
        assert b"ghs_" not in everything(world)
        world.none_left()


@pytest.mark.stories
def test_a_killed_worker_s_token_is_revoked(tmp_path, hub):
    with GitHubPortal(tmp_path / "other", hub, processes=True) as world:
        world.scenario.set("dev", crashes=[STANDS])
        world.ended(world.portal.operations.preview(world.developer, "dev"), State.LOST)
        world.none_left()


def test_a_deadline_is_as_configured(world):
    world.settings = world.settings.model_copy(update={"deadline_minutes": 7})
    engine = world.another(start=False, patience=None).engines.of("dev")
    assert engine._patience.deadline == 7 * 60
