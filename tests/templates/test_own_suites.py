"""Each repository's own checks, run in it as it lands in GitHub."""

import pytest

from components.template_content import available
from tests.templates.conftest import python

pytestmark = pytest.mark.templates
every_template = pytest.mark.parametrize("name", available())
SHARED = "tests/library"
"""The same files in every repository; once is enough."""


@every_template
def test_its_tests_pass(name, repository):
    left_out = [] if name == "realtime-inference" else [f"--ignore={SHARED}"]
    done = python(repository(name), "-m", "pytest", "-q", "-x", *left_out)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout, done.stdout[-500:]


@every_template
@pytest.mark.parametrize("words", [("check", "."), ("format", "--check", ".")], ids=lambda words: words[0])
def test_its_style_is_clean(name, words, repository):
    done = python(repository(name), "-m", "ruff", words[0], "--no-cache", *words[1:])
    assert done.returncode == 0, done.stdout + done.stderr
