"""Property paths as Pulumi writes them, and inputs put together again from what changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.events import PropertyChange
from portal.plan.paths import PathError, format_path, old_inputs, parse_path
from portal.translation import at

KEYS = st.text("ab.[]\" '$_0é", min_size=1, max_size=6)
PATHS = st.lists(KEYS | st.integers(0, 12), min_size=1, max_size=5).map(tuple)
LEAVES = st.integers(0, 3) | st.sampled_from(["x", "y", ""]) | st.booleans() | st.none()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
INPUTS = st.dictionaries(KEYS, VALUES, max_size=4)


def differs(one, other):
    """JSON's own difference: true is not 1, which Python's == would say."""
    if type(one) is not type(other):
        return True
    if isinstance(one, dict):
        return one.keys() != other.keys() or any(differs(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) != len(other) or any(map(differs, one, other))
    return one != other


def compared(old, new, path=()):
    """The changes between two values as the engine finds them: place by place, the smallest parts that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        places = [(key, key in old, key in new) for key in sorted(old.keys() | new.keys())]
    elif isinstance(old, list) and isinstance(new, list):
        places = [(i, i < len(old), i < len(new)) for i in range(max(len(old), len(new)))]
    else:
        if differs(old, new):
            yield PropertyChange(path=format_path(path), kind="update", old=old, new=new)
        return
    for place, before, after in places:
        here = (*path, place)
        if before and after:
            yield from compared(old[place], new[place], here)
        elif after:
            yield PropertyChange(path=format_path(here), kind="add", new=new[place])
        else:
            yield PropertyChange(path=format_path(here), kind="delete", old=old[place])


@settings(max_examples=50, deadline=None)
@given(PATHS)
def test_a_path_survives_being_written_and_read(path):
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ('a.b[0]["x y"]', ("a", "b", 0, "x y")),
        ('["a.b"].c', ("a.b", "c")),
        ('tags["say \\"hi\\""]', ("tags", 'say "hi"')),
        ("tags.cost-center", ("tags", "cost-center")),
        ("root[2][3]", ("root", 2, 3)),
    ],
)
def test_paths_are_read_as_pulumi_writes_them(text, parts):
    assert parse_path(text) == parts


@pytest.mark.parametrize("text", ["", ".a", "a..b", "a[", "a[x]", 'a["x', "a]b", "a[0]b", 'a"b"'])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(PathError):
        parse_path(text)


@settings(max_examples=100, deadline=None)
@given(INPUTS, INPUTS, st.randoms(use_true_random=False))
def test_old_inputs_come_back_from_the_new_ones_and_the_changes(old, new, random):
    changes = list(compared(old, new))
    random.shuffle(changes)
    assert not differs(old_inputs(new, changes), old), "in whatever order the engine names the changes"


@settings(max_examples=30, deadline=None)
@given(INPUTS, INPUTS)
def test_the_inputs_given_are_left_as_they_are(old, new):
    copy = repr(new)
    old_inputs(new, compared(old, new))
    assert repr(new) == copy


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (["a", "b"], ["b"], [("rules[0]", "delete")]),
        (["b"], ["a", "b"], [("rules[0]", "add")]),
        (["a", "b", "c"], ["b", "x", "y"], [("rules[0]", "delete"), ("rules[2]", "update"), ("rules[1]", "add")]),
    ],
)
def test_a_provider_s_diff_of_sets_names_added_places_in_the_new_list_and_deleted_ones_in_the_old(old, new, changes):
    named = [PropertyChange(path=path, kind=kind, old=at({"rules": old}, path)) for path, kind in changes]
    assert old_inputs({"rules": new}, named) == {"rules": old}


@pytest.mark.parametrize(
    ("new", "path"),
    [({"a": 1}, "a.b"), ({"a": {}}, "a[0]"), ({"a": [1]}, "a.b"), ({}, "[0]"), ({}, "a[")],
)
def test_changes_that_do_not_fit_the_inputs_are_refused(new, path):
    with pytest.raises(PathError):
        old_inputs(new, [PropertyChange(path=path, kind="update", old=1)])
