"""What people write is kept for ever, so a token in it is refused before it is anywhere."""

import pytest

from portal.service.errors import InvalidError
from tests.portal.world import PortalWorld

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def world(tmp_path):
    with PortalWorld(tmp_path) as made:
        yield made


def kept(world):
    """Everything that the portal has on disk, the scenario aside."""
    files = [world.folder / "portal.db", world.folder / "portal.db-wal", *world.work.rglob("*")]
    return b"".join(file.read_bytes() for file in files if file.is_file())


def drafted(world):
    return (world.project / "Pulumi.dev.yaml").read_text().replace("cost_center: risk-ml", f"cost_center: {TOKEN}")


@pytest.mark.parametrize(
    "write",
    [
        lambda w, p: w.portal.operations.preview(w.developer, "dev", f"with {TOKEN}"),
        lambda w, p: w.portal.operations.preview(w.developer, "dev", "look", drafted(w)),
        lambda w, p: w.portal.operations.approve(w.approver, p.id, TOKEN),
        lambda w, p: w.portal.operations.reject(w.approver, p.id, f"no: {TOKEN}"),
        lambda w, p: w.portal.operations.up(w.developer, p.id, TOKEN),
        lambda w, p: w.portal.reviews.create(w.developer, "main", 1, TOKEN),
        lambda w, p: w.portal.settings_files.save(
            w.developer, "dev", "x: 1", w.portal.settings_files.read(w.developer, "dev").base_hash, TOKEN
        ),
    ],
    ids=["why", "draft", "approval", "rejection", "deployment", "review", "save"],
)
def test_a_token_in_what_people_write_is_refused_and_kept_nowhere(world, write):
    preview = world.ended(world.portal.operations.preview(world.developer, "dev", "fine"))
    with pytest.raises(InvalidError, match="form of a token or key"):
        write(world, preview)
    assert TOKEN.encode() not in kept(world)
