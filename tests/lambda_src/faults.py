"""Put one fault into one call of one scenario, do what Lambda does, and say what came of it."""

import contextlib
import io

from tests.lambda_src.fault_table import ABSORBED, DEAD_LETTER, ONCE, RECORDED, RECOVERS
from tests.lambda_src.scenarios import patched
from tests.lambda_src.world import World, writes

KINDS = (*ONCE, "denied", "not found")
FOR_EVER = 10_000
BAD = ("Failed", "RolledBack", "PromotionRefused")


def happy(scenario):
    """Return the calls as (name, occurrence), the final state, and what was told, without any fault."""
    with _world(scenario) as world:
        event = scenario.prepare(world)
        world.calls.clear()
        world.run(scenario.function, event)
        assert scenario.expect(world), f"{scenario.function}, {scenario.name}: wrong without any fault"
        calls, seen = [], {}
        for call in world.calls:
            calls.append((call.name, seen.setdefault(call.name, 0)))
            seen[call.name] += 1
        return calls, world.fingerprint()


def outcomes(scenario, kind):
    """Yield (call, occurrence, outcome) of the fault in each call.

    What is interrupted after a call that reads is what was interrupted after the write before it, so such a call gets
    each fault once, at its first occurrence, and a call that writes gets the passing ones at every occurrence.
    """
    calls, expected = happy(scenario)
    for call, occurrence in calls:
        if occurrence == 0 or (kind in ("timeout", "died", "twice") and writes(call)):
            with contextlib.redirect_stdout(io.StringIO()):
                outcome = _outcome(scenario, kind, call, occurrence, expected)
            yield call, occurrence, outcome


def _outcome(scenario, kind, call, occurrence, expected):
    with _world(scenario) as world:
        event = scenario.prepare(world)
        told = len(world.outcomes)
        world.calls.clear()
        if kind == "twice":
            again = {**event, "id": "another-id-of-the-same-change"}
            world.fault(call, "do", occurrence=occurrence, action=lambda: _inside(world, scenario.function, again))
        elif kind == "not found" and call == "ssm:GetParameter":
            world.withdraw_config()  # really, or the search through all parameters would find it
        else:
            times = 1 if kind in ONCE else FOR_EVER
            world.fault(call, kind, occurrence=occurrence, times=times)
        answer = world.run(scenario.function, event)
        world.repair()
        world.publish_config(world.delivered)
        lost = answer is None and kind in ONCE
        if lost:
            return f"WRONG: not done after three tries: {world.last_error!r}"
        if answer is None:
            world.run(scenario.function, event)  # the replay, after somebody has mended it
        right = scenario.expect(world) and world.fingerprint() == expected
        if answer is None:
            return DEAD_LETTER if right else f"WRONG after the replay: {_difference(world, expected)}"
        if kind == "not found" and not right and _apart_from_what_is_gone(world, expected):
            return ABSORBED
        if right:
            return RECOVERS if kind in ONCE else ABSORBED
        if kind not in ONCE and any(outcome in BAD for outcome in world.outcomes[told:]):
            return RECORDED
        return f"WRONG: {answer}; {_difference(world, expected)}"


def _apart_from_what_is_gone(world, expected):
    """Whether only that differs which the service said is not there, and which the fake has all the same."""
    return set(_difference(world, expected)) <= {"models", "configs", "versions", "targets", "policies"}


def _inside(world, function, event):
    """Run a whole second event while the first is in the middle of a call."""
    if world.run(function, event) is None:
        world.dead_letters.pop()  # its own tries raised; the first event is still to do the work


def _world(scenario):
    stack = contextlib.ExitStack()
    stack.enter_context(patched(scenario.patches))
    world = stack.enter_context(World(scenario.delivered()))

    @contextlib.contextmanager
    def opened():
        with stack:
            yield world

    return opened()


def _difference(world, expected):
    now = world.fingerprint()
    return {part: (now[part], expected[part]) for part in now if now[part] != expected[part]}
