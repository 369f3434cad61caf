"""The image's files hold together: pins, hashes, and what the Dockerfile copies."""

import re
from importlib.metadata import version

from tests.steps.running import REPOSITORY

IMAGE = REPOSITORY / "images" / "tabular"


def _pins(name):
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", (IMAGE / name).read_text(), re.MULTILINE))


def test_the_image_has_the_versions_with_which_models_are_trained_here():
    pins = _pins("requirements.in")
    for name in ("scikit-learn", "numpy", "joblib", "matplotlib"):
        assert pins[name] == version(name), f"{name}: the local runner stands in for the image, so both move together"


def test_every_requirement_is_pinned_with_a_hash():
    text = (IMAGE / "requirements.txt").read_text()
    locked = _pins("requirements.txt")
    assert _pins("requirements.in").items() <= locked.items(), "run the command at the top of requirements.txt again"
    assert not re.findall(r"^(?:--|https?:)", text, re.MULTILINE), "a lock names no index and no host"
    for block in re.split(r"\n(?=[a-z])", text)[1:]:
        assert "--hash=sha256:" in block, f"no hash: {block.splitlines()[0]}"


def test_everything_that_the_dockerfile_copies_exists_and_reaches_the_build():
    dockerfile = (IMAGE / "Dockerfile").read_text()
    allowed = (IMAGE / "Dockerfile.dockerignore").read_text()
    sources = [
        part
        for line in re.findall(r"^COPY (.*)$", dockerfile, re.MULTILINE)
        for part in line.split()[:-1]
        if not part.startswith("--")
    ]
    assert len(sources) == 5
    for source in sources:
        assert (REPOSITORY / source).exists(), f"{source} is copied and does not exist"
        assert f"!{source}" in allowed, f"{source} is kept out of the build context"


def test_the_image_takes_wheels_with_hashes_only_and_can_demand_a_digest():
    dockerfile = (IMAGE / "Dockerfile").read_text()
    for flag in ("--require-hashes", "--only-binary :all:", "--no-cache-dir"):
        assert flag in dockerfile
    assert "REQUIRE_DIGEST" in dockerfile, "a release build refuses a base image that moves"


def test_serve_drops_root_before_it_opens_the_port():
    script = (IMAGE / "serve.sh").read_text()
    assert "setpriv --reuid=model" in script
    assert script.rstrip().endswith('exec "$@"'), "gunicorn has to get SageMaker's SIGTERM itself"
