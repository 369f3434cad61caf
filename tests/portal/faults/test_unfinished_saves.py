"""What a note of an unfinished save leads to; that a killed service leaves it is shown by `test_settings_killed`."""

import pytest

from portal.service.audited import AuditedChanges
from portal.service.git_checkout import Person
from portal.service.settings_checks import hash_of
from tests.portal.world import PortalWorld

AUTHOR = Person(name="Dan", email="dan@example.com")
NAME = "Pulumi.dev.yaml"


@pytest.mark.parametrize("audited", [True, False])
@pytest.mark.parametrize("written", [True, False])
def test_it_is_told_what_became_of_it_and_the_note_is_gone(tmp_path, audited, written):
    with PortalWorld(tmp_path, start=False) as world:
        file, files = world.project / NAME, world.portal.settings_files
        new = file.read_bytes() + b"# another line\n"
        left = world.project / f".{NAME}.0123456789abcdef"
        left.write_bytes(new)
        unfinished = files._unfinished
        with unfinished.turn():
            unfinished.begin(world.developer, AUTHOR, stack="dev", file=NAME, after=hash_of(new), message="a change")
        if audited:
            changes = AuditedChanges(store=world.portal.store, clock=world.clock)
            with changes.of(world.developer, "settings.save", "stack:dev", {}):
                file.write_bytes(new if written else file.read_bytes())
        files.recover()
        actions = [entry.action for entry in world.audited("settings.*")]
        assert (
            actions
            == {
                (True, True): ["settings.save"],
                (True, False): ["settings.save", "settings.save_failed"],
                (False, True): [],
                (False, False): [],
            }[audited, written]
        )
        assert not left.exists(), "it would be a part of the program"
        files.recover()
        assert len(world.audited("settings.*")) == len(actions), "it is told once"
