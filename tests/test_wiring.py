"""What every resource gets costs little and hides nothing."""

import sys
import traceback

import pytest

from wiring import SOURCE_FRAMES, short_source_positions


def deep(levels):
    return deep(levels - 1) if levels else traceback.extract_stack()


def test_the_stack_is_noted_from_the_innermost_call_and_only_while_it_is_asked_for():
    with short_source_positions():
        found = deep(50)
    assert len(found) == SOURCE_FRAMES
    assert found[-1].name == "deep", "the outermost frames are left out: the innermost say which line it was"
    assert len(deep(50)) > 50


def test_an_error_keeps_its_whole_trace():
    with pytest.raises(ValueError, match="broken") as caught, short_source_positions():
        raise ValueError("broken")
    assert not hasattr(sys, "tracebacklimit")
    assert traceback.format_tb(caught.tb)
