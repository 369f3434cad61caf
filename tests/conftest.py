"""Settings of the whole test run, and what it says of tests that did not run."""

import os

# Before pulumi is imported anywhere: an Output inside an f-string raises instead of printing a sentence into a value.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
# No test may find a person's credentials.
for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

import hypothesis  # noqa: E402  # what it loads must find the above
import pytest  # noqa: E402  # what it loads must find the above

hypothesis.settings.register_profile("same-examples", derandomize=True)  # a run finds what the one before found
hypothesis.settings.load_profile("same-examples")

NO_SKIPS = "MLOPS_NO_SKIPS"
"""Environment variable of the make targets that prove something: a test that skips proves nothing, and fails there."""
ELSEWHERE = ("engine", "browser", "faults", "stories", "templates")
"""Markers of the tests that `make test` leaves to targets of their own; the Makefile's ELSEWHERE."""
LEFT_OUT = "left_out"
_left_out = pytest.StashKey[int]()


# A skipped test fails where every test has to run.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    return _ran((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report():
    return _ran((yield))  # a module may skip itself as a whole


def _ran(report):
    """Return the report of a test or module; as a failure where it was skipped and must not be."""
    if os.environ.get(NO_SKIPS) and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\n{NO_SKIPS} is set, so what skips fails: it proved nothing."
    return report


# How many tests the run leaves to other targets. Each worker collects them all, so their numbers are the same one.
def pytest_deselected(items):
    for item in items:
        if _is_elsewhere(item):
            item.config.stash[_left_out] = item.config.stash.get(_left_out, 0) + 1


def pytest_collection_finish(session):
    config = session.config
    if any(_is_elsewhere(item) for item in session.items):  # the run of such a target, not of all the others
        config.stash[_left_out] = 0
    if hasattr(config, "workeroutput"):
        config.workeroutput[LEFT_OUT] = config.stash.get(_left_out, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    told = getattr(node, "workeroutput", {}).get(LEFT_OUT, 0)  # none of a worker that crashed
    node.config.stash[_left_out] = max(told, node.config.stash.get(_left_out, 0))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    if number := config.stash.get(_left_out, 0):
        targets = ", ".join(f"test-{marker}" for marker in ELSEWHERE)
        terminalreporter.write_line(f"left out: {number} tests (make {targets})")


def _is_elsewhere(item):
    return any(item.get_closest_marker(marker) for marker in ELSEWHERE)
