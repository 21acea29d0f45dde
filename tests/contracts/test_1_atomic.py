"""Promise 1: a commit is atomic, and durable before it is acknowledged."""

import asyncio
import random
from collections import Counter

import msgspec
import pytest

from gatherlog.core import ANY, DELETE, NEW, Append, Commit, Committed, Recorded, Store, Write
from gatherlog.core.eventstore.errors import Conflict, CounterOutOfBounds, StoreError
from gatherlog.core.eventstore.planner import partition_of
from tests.contracts.child import (
    Child,
    children,
    crash_commit,
    crash_data,
    crash_names,
    work_together,
)
from tests.contracts.commits import (
    append,
    card,
    cards,
    commit,
    count,
    document,
    event,
    excluding_streams,
    feeds,
    put,
    streams_of,
    whole_feed,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place


async def test_a_commit_returns_the_versions_and_positions_that_it_assigned(store: Store) -> None:
    asked = Commit(
        appends=[append("card-1", event(), event()), append("card-2")],
        writes=[put("a", b"1"), put("b", b"2", stream="card-2"), count("c", n=1)],
        answer=b"done",
    )

    done = await store.commit(asked)

    one, two = (partition_of(s, store.limits.partitions) for s in ("card-1", "card-2"))
    assert done == Committed(
        {"card-1": 2, "card-2": 1},
        {("card", "a"): 2, ("card", "b"): 1},
        {one: 3} if one == two else {one: 2, two: 1},
        False,
        b"done",
    )


async def test_events_get_the_next_versions_of_their_stream(store: Store) -> None:
    await store.commit(commit("card-1", events=3))

    done = await store.commit(commit("card-1", "card-2", events=2))

    assert done.streams == {"card-1": 5, "card-2": 2}
    assert [e.version for e in await whole_stream(store, "card-1")] == [1, 2, 3, 4, 5]


async def test_new_demands_that_the_stream_has_no_events(store: Store) -> None:
    await store.commit(commit("card-1", expected=NEW))

    with pytest.raises(Conflict):
        await store.commit(commit("card-1", expected=NEW))


async def test_an_exact_version_of_a_stream_accepts_no_other_version(store: Store) -> None:
    await store.commit(commit("card-1", events=2))

    for wrong in (1, 3):
        with pytest.raises(Conflict):
            await store.commit(commit("card-1", expected=wrong))
    assert (await store.commit(commit("card-1", expected=2))).streams == {"card-1": 3}


async def test_any_accepts_any_version_of_a_stream(store: Store) -> None:
    for version in (1, 2, 3):
        assert (await store.commit(commit("card-1", expected=ANY))).streams == {"card-1": version}


async def test_a_version_can_be_demanded_of_a_stream_without_appending_to_it(store: Store) -> None:
    await store.commit(commit("card-1", events=2))
    demands = [Append("card-1", (), 2), Append("card-9", (), NEW)]

    done = await store.commit(Commit(appends=[*demands, append("card-2")]))

    assert done.streams == {"card-2": 1}
    assert await store.commit(Commit(appends=demands)) == Committed()
    assert [e.version for e in await whole_stream(store, "card-1")] == [1, 2]
    assert await whole_stream(store, "card-9") == []


@pytest.mark.parametrize("expected", [NEW, 1, 3])
async def test_a_commit_is_refused_if_a_stream_does_not_have_the_demanded_version(
    store: Store, expected: int
) -> None:
    await store.commit(commit("card-1", events=2))

    with pytest.raises(Conflict) as refusal:
        await store.commit(Commit(appends=[append("card-2"), Append("card-1", (), expected)]))

    conflict = refusal.value
    assert (conflict.name, conflict.expected, conflict.actual) == ("card-1", expected, 2)
    assert await whole_stream(store, "card-2") == []


async def test_if_two_commits_each_demand_that_the_others_stream_is_unchanged_one_is_refused(
    store: Store,
) -> None:
    for turn in range(30):
        rivals = [store.commit(excluding_streams(f"{turn}", number)) for number in (0, 1)]
        done = await asyncio.gather(*rivals, return_exceptions=True)

        assert Counter(map(type, done)) == {Committed: 1, Conflict: 1}


async def test_if_two_processes_each_demand_that_the_others_stream_is_unchanged_one_is_refused(
    shared: Place,
) -> None:
    await (await shared.open()).close()

    ours, theirs = await work_together(shared, 2, "exclude_streams", rounds=60)

    assert [mine + other for mine, other in zip(ours, theirs, strict=True)] == [1] * 60


async def test_a_conflict_names_the_stream_and_both_versions(store: Store) -> None:
    await store.commit(commit("card-1", events=2))

    with pytest.raises(Conflict) as refusal:
        await store.commit(commit("card-1", expected=7))

    conflict = refusal.value
    assert (conflict.what, conflict.name, conflict.expected, conflict.actual) == (
        "stream",
        "card-1",
        7,
        2,
    )


def doomed(*more: Write, expected: int = ANY) -> Commit:
    """Appends and writes that would all be well, and something that is not."""
    return Commit(
        appends=[append("card-1", event(), event()), append("card-2", expected=expected)],
        writes=[put("new", b"1"), count("counted", n=1), *more],
        key="doomed",
    )


REFUSED = {
    "by the version of a stream": doomed(expected=9),
    "by the version of a document": doomed(put("seen", b"late", expects=NEW)),
    "by a bound": doomed(count("full", taken=1, at_most={"taken": 1})),
    "by the owner of a document": doomed(put("seen", b"stolen", stream="card-2")),
    "by counters": doomed(Write(view="card", id="full", stream="card-1", body=DELETE)),
}


async def test_a_document_is_never_older_than_an_event_that_was_read_before(store: Store) -> None:
    """Though it was read before as well, and commits are under way."""
    done, late = asyncio.Event(), []

    async def compare() -> None:
        while not done.is_set():
            await card(store, "a")
            events = await store.read_stream("card-1", limit=1, backwards=True)
            found = await card(store, "a")
            if events and (found is None or found.version < events[0].version):
                late.append((events[0].version, found))
            await asyncio.sleep(0)

    reading = [asyncio.create_task(compare()) for _ in range(3)]
    for n in range(60):
        both = Commit(appends=[append("card-1")], writes=[put("a", f"{n}".encode())])
        await asyncio.gather(store.commit(both), store.commit(commit(f"card-{n + 2}")))
    done.set()
    await asyncio.gather(*reading)

    assert late == []


@pytest.mark.parametrize("cause", REFUSED)
async def test_a_refused_commit_leaves_nothing_behind(store: Store, cause: str) -> None:
    await store.commit(writing(put("seen", b"1"), count("full", taken=1)))
    before = await _everything(store)

    with pytest.raises(StoreError):
        await store.commit(REFUSED[cause])

    assert await _everything(store) == before
    assert await store.recall("doomed") is None


async def _everything(store: Store) -> list[object]:
    documents = await cards(store, ["seen", "full", "new", "counted"])
    return [await feeds(store), await store.heads(), documents, await streams_of(store, "card")]


async def test_a_refused_commit_does_not_affect_commits_made_at_the_same_time(store: Store) -> None:
    asked = [commit(f"card-{i}", expected=5 if i % 2 else NEW) for i in range(20)]

    done = await asyncio.gather(*[store.commit(c) for c in asked], return_exceptions=True)

    assert [type(d) for d in done] == [Committed, Conflict] * 10
    assert len(await streams_of(store, "card")) == 10


async def test_of_two_writers_that_demand_the_same_version_exactly_one_succeeds(
    store: Store,
) -> None:
    for version in range(25):
        rivals = [store.commit(commit("card-1", expected=version)) for _ in range(2)]
        done = await asyncio.gather(*rivals, return_exceptions=True)

        assert Counter(map(type, done)) == {Committed: 1, Conflict: 1}


async def test_of_many_writers_that_demand_the_same_version_exactly_one_succeeds(
    store: Store,
) -> None:
    rivals = [store.commit(commit("card-1", expected=NEW)) for _ in range(32)]

    done = await asyncio.gather(*rivals, return_exceptions=True)

    assert Counter(map(type, done)) == {Committed: 1, Conflict: 31}
    assert len(await whole_stream(store, "card-1")) == 1


async def test_an_acknowledged_commit_is_there_when_the_store_is_opened_again(
    durable: Place,
) -> None:
    first = await durable.open()
    asked = writing(put("a", b"\x00body"), count("b", n=3), key="kept")
    await first.commit(msgspec.structs.replace(asked, fingerprint=b"f", answer=b"\xffgiven"))
    events, documents = await whole_feed(first), await cards(first, ["a", "b"])
    told = (first.id, await first.heads(), await first.recall("kept"))
    await first.close()

    again = await durable.open(create=False)

    assert (again.id, await again.heads(), await again.recall("kept")) == told
    assert await whole_feed(again) == events
    assert await cards(again, ["a", "b"]) == documents
    assert (await again.commit(commit("card-1"))).streams == {"card-1": 2}


async def test_eight_processes_that_append_to_one_stream_leave_no_gap_and_lose_nothing(
    shared: Place,
) -> None:
    store = await shared.open()

    said = await work_together(shared, 8, "append_exactly", times=10)

    acknowledged = sorted((version, id) for results in said for version, id in results)
    assert [version for version, _ in acknowledged] == list(range(1, 81))
    assert [(e.version, e.id) for e in await whole_stream(store, "card-1")] == acknowledged


async def test_a_writer_that_is_killed_at_any_moment_loses_no_acknowledged_commit(
    durable: Place,
) -> None:
    await _kill_writers(durable, rounds=8)


@pytest.mark.heavy
@pytest.mark.timeout(600)
async def test_thirty_more_killed_writers_lose_no_acknowledged_commit(durable: Place) -> None:
    await _kill_writers(durable, rounds=30)


async def _kill_writers(place: Place, rounds: int) -> None:
    chance = random.Random(place.engine.name)
    acknowledged: list[tuple[int, ...]] = []
    for run in range(rounds):
        async with children(place, 1, "crash", run=run) as [child]:
            said = await _kill_soon(child, chance)
        acknowledged += [(run, *line) for line in said]
    assert len(acknowledged) > rounds

    store = await place.open()
    streams = {
        head.stream: await whole_stream(store, head.stream)
        for category in ("alpha", "beta")
        for head in await streams_of(store, category)
    }
    _all_acknowledged_is_there(acknowledged, streams)
    _no_commit_is_half_there(streams)
    await _documents_agree(store, streams)
    for run, i, *_ in acknowledged[-3:]:
        again = await store.commit(crash_commit(run, i))
        assert again == Committed(repeated=True, answer=crash_data(run, i))
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 1}


async def _kill_soon(child: Child, chance: random.Random) -> list[list[int]]:
    child.go()
    said = [await child.line() for _ in range(chance.randrange(1, 120))]
    await asyncio.sleep(chance.random() * 0.02)
    return said + await child.kill()


def _all_acknowledged_is_there(
    acknowledged: list[tuple[int, ...]], streams: dict[str, list[Recorded]]
) -> None:
    for run, i, *versions in acknowledged:
        for stream, version in zip(crash_names(i), versions, strict=True):
            found = streams[stream][version - 1]
            assert found.version == version
            assert found.id == f"{run}/{i}/{stream}"
            assert found.data == crash_data(run, i)


def _no_commit_is_half_there(streams: dict[str, list[Recorded]]) -> None:
    ids = [e.id for events in streams.values() for e in events]
    assert len(set(ids)) == len(ids)
    parts = Counter(id.rpartition("/")[0] for id in ids)
    assert set(parts.values()) == {2}
    for events in streams.values():
        assert [e.version for e in events] == list(range(1, len(events) + 1))


async def _documents_agree(store: Store, streams: dict[str, list[Recorded]]) -> None:
    for stream, events in streams.items():
        last = len(events)
        assert await card(store, f"last-{stream}") == document(
            f"last-{stream}", events[-1].data, stream=stream, version=last
        )
        assert await card(store, f"count-{stream}") == document(
            f"count-{stream}", None, stream=stream, version=0, counted=last, events=last
        )


async def test_a_commit_that_breaks_a_bound_does_not_affect_the_others_of_its_group(
    store: Store,
) -> None:
    asked = [writing(count("hall", taken=1, at_most={"taken": 3})) for _ in range(8)]

    done = await asyncio.gather(*[store.commit(c) for c in asked], return_exceptions=True)

    assert Counter(map(type, done)) == {Committed: 3, CounterOutOfBounds: 5}
    assert len(await whole_stream(store, "card-1")) == 3
