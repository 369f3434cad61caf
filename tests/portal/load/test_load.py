"""Four stacks operated at once, with fifty people watching each: all see everything, once and in order."""

import asyncio
import time

import httpx
import pytest

from tests.portal.load.server import world_of
from tests.portal.load.watching import Watcher, portal_process
from tests.portal.world import STACKS

PEOPLE = 50


def in_a_loop(coroutine):
    """`asyncio.run`, which besides takes the thread's own loop away: pulumi, in other tests, asks for that."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def in_order_without_gaps(seen, of):
    assert len(seen) == len(set(seen)), "an event came twice"
    assert list(seen) == sorted(seen), "an event came late"
    assert list(seen) == list(of), f"{len(seen)} of {len(of)} events came"


def test_fifty_people_see_every_event_of_four_stacks_once_and_in_order(tmp_path):
    """On the feed itself; `test_fifty_people_over_http` does it over connections."""
    count = 30
    with world_of(tmp_path, count, processes=False) as world:
        for stack in STACKS:
            world.scenario.stop(stack, "preview-plan-topic-15")
        world.portal.start()
        asked = [world.portal.operations.preview(world.developer, stack) for stack in STACKS]
        for stack in STACKS:
            world.scenario.reached(stack, "preview-plan-topic-15")
        seen = in_a_loop(watch_all(world, [record.id for record in asked]))
        for record in asked:
            world.ended(record)
            with world.portal.store.reading() as unit:
                recorded = [each["sequence"] for each in unit.events.after(record.id, 0, 1000)]
            assert len(recorded) >= count
            assert len(seen[record.id]) == PEOPLE
            for each in seen[record.id]:
                in_order_without_gaps(each, recorded)
        assert world.portal.feed.held == 0, "nothing is kept in memory of what has ended"


async def watch_all(world, operations):
    """Fifty per operation; every second one leaves in the middle and comes back, every fifth reads when all is over."""
    over = asyncio.Event()
    feed = world.portal.feed

    async def person(operation, number):
        seen = []
        async for event in feed.events(operation):
            seen.append(event["sequence"])
            if number % 2 and len(seen) == 10 + number // 2:
                break
            if number % 5 == 0 and len(seen) == 5:
                await over.wait()
        seen += [event["sequence"] async for event in feed.events(operation, seen[-1])]
        return seen

    people = {each: [asyncio.create_task(person(each, n)) for n in range(PEOPLE)] for each in operations}
    await asyncio.to_thread(lambda: [world.scenario.go(stack) for stack in STACKS])
    quick = [task for tasks in people.values() for n, task in enumerate(tasks) if n % 5]
    await asyncio.wait(quick, timeout=20)
    over.set()
    return {each: await asyncio.gather(*tasks) for each, tasks in people.items()}


@pytest.mark.faults
def test_fifty_people_over_http(tmp_path):
    """Each stack: preview, approval, and an `up` of 700 resources, 2,100 events; some people are slow."""
    with portal_process(tmp_path, 700) as portal:
        previews = [portal.start(kind="preview", stack=stack) for stack in STACKS]
        in_a_loop(everybody(portal, previews, people=2))
        ups = []
        for stack, preview in zip(STACKS, previews, strict=True):
            if stack in {"preprod", "prod"}:
                portal.approve(preview)
            ups.append(portal.start(kind="up", preview=preview))
        idle, threads = portal.megabytes, portal.threads
        watchers, answers, most = in_a_loop(everybody(portal, ups, people=PEOPLE))
        for up in ups:
            last = portal.api.get(f"/api/v1/operations/{up}").json()
            assert last["outcome"]["state"] == "succeeded", last
            mine = [each for each in watchers if each.operation == up]
            assert len(mine) == PEOPLE
            whole = mine[0].seen
            assert len(whole) >= 2000
            assert whole[0] == 1
            for each in mine:
                in_order_without_gaps(each.seen, whole)
                assert each.names.index("ended") == len(each.names) - 1
            assert sum(each.connections == 2 for each in mine) == PEOPLE // 2, "half of them came back once"
        print(f"{len(watchers)} watchers, {sum(len(w.seen) for w in watchers)} events; "
              f"{len(answers)} requests meanwhile, slowest {max(answers):.2f} s; "
              f"memory {idle:.0f} -> {most['megabytes']:.0f} MB; threads {threads} -> {most['threads']}")  # fmt: skip
        assert len(answers) > 10
        assert max(answers) < 20, "pages answer while everybody watches"
        assert most["megabytes"] < idle + 200, "watchers share what they watch"
        assert most["threads"] < threads + 70, "40 for requests, some for each operation, and none per watcher"


async def everybody(portal, operations, *, people):
    """Watch to the end. Returns the watchers, seconds of the requests meanwhile, and the most memory and threads."""
    over = asyncio.Event()
    watchers = [
        Watcher(portal, each, leave_after=700 + n if n % 2 else None, until=over if n % 10 == 0 and n else None)
        for each in operations
        for n in range(people)
    ]
    answers, most = [], {"megabytes": 0.0, "threads": 0}
    done = asyncio.Event()
    asking = asyncio.create_task(ask(portal, operations[0], answers, most, done))
    tasks = [asyncio.create_task(each.watch()) for each in watchers]
    quick = [task for each, task in zip(watchers, tasks, strict=True) if each.until is None]
    await asyncio.wait_for(asyncio.gather(*quick), 300)
    over.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 120)
    done.set()
    await asking
    return watchers, answers, most


async def ask(portal, operation, seconds, most, done):
    """Open pages and ask the API, one after the other, until all is over."""
    paths = ["/", "/readyz", f"/operations/{operation}", "/api/v1/stacks", f"/api/v1/operations/{operation}",
             "/api/v1/operations?limit=20", "/history"]  # fmt: skip
    base, cookies = f"http://127.0.0.1:{portal.address[1]}", {"mlops-session": portal.about["cookie"]}
    async with httpx.AsyncClient(base_url=base, cookies=cookies, timeout=60) as client:
        turn = 0
        while not done.is_set():
            before = time.monotonic()
            answer = await client.get(paths[turn % len(paths)])
            assert answer.status_code == 200, (paths[turn % len(paths)], answer.status_code, answer.text[:300])
            seconds.append(time.monotonic() - before)
            most["megabytes"] = max(most["megabytes"], portal.megabytes)
            most["threads"] = max(most["threads"], portal.threads)
            turn += 1


def test_who_reads_much_at_once_lets_others_have_their_turn(tmp_path):
    with world_of(tmp_path, 1, processes=False) as world:
        feed = world.portal.feed
        events = [{"event": "diagnostic", "sequence": n, "time": 0.0} for n in range(1, 201)]
        feed.publish("an operation", events)

        async def story():
            turns, seen = 0, []

            async def other():
                nonlocal turns
                while len(seen) < len(events):
                    turns += 1
                    await asyncio.sleep(0)

            waiting = asyncio.create_task(other())
            async for event in feed.events("an operation"):
                seen.append(event["sequence"])
                if len(seen) == len(events):
                    break
            await waiting
            return turns

        assert in_a_loop(story()) >= len(events) / 10, "else one who is behind holds up everybody, and every page"
