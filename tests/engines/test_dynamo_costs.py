"""What commits and reads cost on DynamoDB: no more than docs/engines.md says, and AWS documents.

A write in a transaction costs 2 units for each KB of its item, and each index that has the item 1
for each KB. A consistent read costs 1 unit for each 4 KB, one of an index half of that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatherlog.apps.guests import DEFAULT, VIEWS, GuestService, NewGuest, Rsvp
from gatherlog.bootstrap import start
from gatherlog.core import DELETE, Commit, Query, Store, Write
from gatherlog.engines import open_store
from gatherlog.settings import Settings
from gatherlog.testing import CountingIds, StandingClock
from tests.contracts.commits import append, commit, count, event, put, writing
from tests.contracts.engines import Place
from tests.dynamo_units import metered

KB = 1000
"""Bytes that leave room for names in a unit of 1,024."""
MOST_OF_AN_RSVP = 14
"""Write units: its event, the guest, who is in two indexes, and the places taken."""
LISTED = {"by_name": ("all", "a"), "by_table": ("1", "a")}

COMMITS: dict[str, tuple[Commit, float]] = {
    "one event": (commit("card-1"), 2 + 2 + 2 + 1),
    "five events to one stream": (commit("card-1", events=5), 2 + 2 + 2 + 1),
    "an event of 4 KB": (
        Commit(appends=[append("card-1", event(b"x" * 3 * KB))]),
        2 + 2 + 3 * 2 + 3 * 1 + 3,
    ),
    "two streams of two partitions": (commit("card-1", "card-2"), 2 * (2 + 2 + 2 + 1)),
    "an event and a key": (commit("card-1", key="k"), 7 + 2),
    "a key alone": (Commit(key="k"), 2),
    "a document that nothing lists": (writing(put("a", b"x" * 500)), 7 + 2),
    "a document in two indexes": (writing(put("a", b"x" * 500, index_keys=LISTED)), 7 + 2 + 2),
    "counters of a document that has some": (writing(count("hall", n=1)), 7 + 2),
    "the first counters of a document": (writing(count("new", n=1)), 7 + 2 + 2),
}


@pytest.mark.parametrize("what", COMMITS)
async def test_a_commit_costs_no_more_than_is_documented(dynamo: Place, what: str) -> None:
    asked, most = COMMITS[what]
    store = await dynamo.open()
    await store.commit(writing(count("hall", n=1), put("other", b"", index_keys=LISTED)))
    await store.commit(commit("card-2"))

    with metered(store) as units:
        await store.commit(asked)

    assert units.written <= most
    assert units.requests.count("TransactWriteItems") == 1


async def test_a_document_that_keeps_its_keys_costs_one_unit_for_each_index(dynamo: Place) -> None:
    store = await dynamo.open()
    await store.commit(writing(put("a", b"1", index_keys=LISTED)))
    with metered(store) as kept:
        await store.commit(writing(put("a", b"2", index_keys=LISTED)))
    with metered(store) as moved:
        await store.commit(writing(put("a", b"3", index_keys={**LISTED, "by_name": ("all", "b")})))
    with metered(store) as counted:
        await store.commit(writing(count("a", n=1)))
    with metered(store) as counted_again:
        await store.commit(writing(count("a", n=1)))

    assert (kept.written, moved.written) == (7 + 2 + 2, 7 + 2 + 3)
    assert (counted.written, counted_again.written) == (7 + 2 + 2 + 2, 7 + 2)


async def test_counters_are_asked_for_after_the_body_only_once(dynamo: Place) -> None:
    store = await dynamo.open()
    await store.commit(writing(count("a", n=1), put("b", b"")))
    other = await dynamo.open()

    with metered(other) as first:
        found = await other.get([("card", "a"), ("card", "b")])
    with metered(other) as again:
        assert await other.get([("card", "a"), ("card", "b")]) == found

    assert (first.requests, first.read) == (["BatchGetItem"] * 2, 3)
    assert (again.requests, again.read) == (["BatchGetItem"], 4)


async def test_what_many_ask_for_at_the_same_time_is_one_request(dynamo: Place) -> None:
    store = await dynamo.open()
    await store.commit(writing(put("a", b""), put("b", b"")))

    with metered(store) as units:
        found = await asyncio.gather(*[store.get([("card", id)]) for id in "abcab" * 10])

    assert [one[0] is not None for one in found] == [True, True, False, True, True] * 10
    assert (units.requests, units.read) == (["BatchGetItem"], 3)


READS: dict[str, tuple[Callable[[Store], Awaitable[object]], float]] = {
    "heads": (lambda store: store.heads(), 1),
    "a document": (lambda store: store.get([("card", "0")]), 1),
    "ten documents": (lambda store: store.get([("card", f"{n}") for n in range(10)]), 10),
    "a key": (lambda store: store.recall("k"), 1),
    "twenty events of a stream": (lambda store: store.read_stream("card-1", limit=20), 2),
    "the last event of a stream": (
        lambda store: store.read_stream("card-1", limit=1, backwards=True),
        1,
    ),
    "twenty events of the feed": (lambda store: store.read_feed(4, after=0, limit=20), 1),
    "a list of ten documents": (
        lambda store: store.query(Query(view="card", index="by_name", partition="all", limit=10)),
        0.5,
    ),
}


@pytest.mark.parametrize("what", READS)
async def test_a_read_costs_no_more_than_is_documented(dynamo: Place, what: str) -> None:
    read, most = READS[what]
    store = await dynamo.open()
    for number in range(20):
        keys = {"by_name": ("all", f"{number}")}
        await store.commit(writing(put(f"{number}", b"x" * 50, index_keys=keys)))
    await store.query(Query(view="card", index="by_name", partition="none"))

    with metered(store) as units:
        await read(store)

    assert 0 < units.read <= most


async def test_an_rsvp_waits_for_few_requests_and_costs_few_units(dynamo: Place) -> None:
    store = await open_store(dynamo.url, views=VIEWS)
    service = GuestService(store, clock=StandingClock("2026-05-01T12:00:00Z"), ids=CountingIds())
    await service.ensure_default("cli")
    guests = [
        (await service.add_guest(DEFAULT, NewGuest(first_name="A", last_name="X"), actor="cli"))
        for _ in range(2)
    ]
    yes = Rsvp(attending=True, num_guests=2)
    await service.rsvp(DEFAULT, guests[0].body.id, yes, actor="cli")

    with metered(store) as units:
        await service.rsvp(DEFAULT, guests[1].body.id, yes, actor="cli")
    await store.close()

    assert units.requests[-1] == "TransactWriteItems"
    assert len(units.requests) <= 2
    assert units.written <= MOST_OF_AN_RSVP
    assert units.read <= 3


async def test_a_process_that_waits_costs_half_a_unit_a_second_in_the_end(dynamo: Place) -> None:
    store = await dynamo.open()
    await store.commit(commit("card-1"))
    beyond = await store.heads()
    await store.wait(beyond, 12)  # until it looks at the store every two seconds

    with metered(store) as units:
        await store.wait(beyond, 6)

    assert units.read <= 2 * 6 / 2


async def test_another_process_hears_of_a_commit_within_a_second_and_five_after_a_quiet_time(
    dynamo: Place,
) -> None:
    here, there = await dynamo.open(), await dynamo.open()
    loop = asyncio.get_running_loop()
    delays = []
    for quiet in (0.0, 0.3, 8.0):
        beyond = await there.heads()
        waiting = asyncio.ensure_future(there.wait(beyond, 20))
        await asyncio.wait([waiting], timeout=quiet)
        await here.commit(commit("card-1"))
        start = loop.time()
        assert (await waiting) != beyond
        delays.append(loop.time() - start)

    assert delays[0] < 1
    assert delays[1] < 1
    assert delays[2] < 5


@pytest.mark.heavy
async def test_a_site_on_which_nothing_happens_reads_two_units_a_second_at_most(
    dynamo: Place, tmp_path: Path
) -> None:
    settings = Settings(store=dynamo.url, rate_limits="off", key_file=f"{tmp_path}/site.key")
    platform = await start(settings)
    async with platform.working():
        await asyncio.sleep(30)
        with metered(platform.store) as units:
            await asyncio.sleep(20)
    await platform.stop()

    assert (units.written, units.read <= 2 * 20) == (0, True)


async def test_deleting_what_is_not_there_takes_no_more_actions_than_are_counted(
    dynamo: Place,
) -> None:
    store = await dynamo.open()
    gone = [
        Write(view="card", id=f"gone-{number}", stream="card-1", body=DELETE)
        for number in range(store.limits.commit_actions - 3)
    ]

    assert (await store.commit(writing(*gone))).streams == {"card-1": 1}
