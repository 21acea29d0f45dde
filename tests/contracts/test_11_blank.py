"""Promise 11: what an event says can be emptied for good, and its place and envelope stay."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gatherlog.core import Commit, Event, Recorded, Store
from gatherlog.core.eventstore.errors import LimitExceeded
from gatherlog.core.eventstore.store import KeepsFreedSpace
from tests.contracts.commits import append, commit, delete, event, put, whole_stream, writing
from tests.contracts.engines import Place
from tests.stores import eventually

SAID = b'{"name":"Ada Lovelace"}'


def spoken(number: int) -> Event:
    """An event that says something, with a subject and meta."""
    return event(SAID, id=f"said-{number}", subject="ada", meta=b'{"actor":"cli"}')


async def written(store: Store, events: int = 3, stream: str = "card-1") -> list[Recorded]:
    """Append events, all in one stream."""
    await store.commit(Commit(appends=[append(stream, *[spoken(n) for n in range(events)])]))
    return await whole_stream(store, stream)


def answered(key: str, answer: bytes) -> Commit:
    """A commit with a key, and the answer that is stored with it."""
    return msgspec.structs.replace(commit("card-1", key=key), answer=answer)


async def blank(store: Store, *events: Recorded) -> None:
    await store.blank(events[0].partition, [one.position for one in events])


def blanked(event: Recorded) -> Recorded:
    return msgspec.structs.replace(event, data=b"", meta=b"")


async def test_a_blank_event_has_lost_its_data_and_meta_and_nothing_else(store: Store) -> None:
    events = await written(store)

    await blank(store, events[1])

    found = (await whole_stream(store, "card-1"))[1]
    assert (found, found.is_blank, events[1].is_blank) == (blanked(events[1]), True, False)


async def test_other_events_keep_every_byte(store: Store) -> None:
    first, second, third = await written(store)
    others = await written(store, stream="card-2")

    await blank(store, second)

    assert await whole_stream(store, "card-1") == [first, blanked(second), third]
    assert await whole_stream(store, "card-2") == others


async def test_a_blank_event_is_blank_in_its_stream_and_in_the_feed(store: Store) -> None:
    events = await written(store)
    partition = events[0].partition

    async def in_feed() -> list[Recorded]:
        found: list[Recorded] = []
        for _ in range(50):
            after = found[-1].position if found else 0
            found += await store.read_feed(partition, after=after, limit=10)
        return found

    await blank(store, *events)

    await eventually(in_feed, [blanked(one) for one in events])
    assert await whole_stream(store, "card-1") == [blanked(one) for one in events]


async def test_blanking_twice_does_nothing(store: Store) -> None:
    events = await written(store)
    await blank(store, *events)
    before = await whole_stream(store, "card-1")

    await blank(store, *events, *events)

    assert await whole_stream(store, "card-1") == before


async def test_positions_without_an_event_are_passed_over(store: Store) -> None:
    events = await written(store)
    beyond = events[-1].position + 1000

    await store.blank(events[0].partition, [events[0].position, beyond, 2**63 - 1])
    await store.blank(events[0].partition, [])

    assert [one.is_blank for one in await whole_stream(store, "card-1")] == [True, False, False]


async def test_blanking_changes_no_head_and_no_version(store: Store) -> None:
    events = await written(store)
    heads = await store.wait(tuple(0 for _ in range(store.limits.partitions)), 5)

    await blank(store, *events)

    done = await store.commit(commit("card-1", expected=3))
    assert (done.streams, done.positions[events[0].partition]) == (
        {"card-1": 4},
        events[-1].position + 1,
    )
    assert max(heads) <= events[-1].position


async def test_blanking_goes_on_beside_commits(store: Store) -> None:
    events = await written(store, 30)

    await asyncio.gather(
        *[blank(store, one) for one in events],
        *[store.commit(commit("card-1")) for _ in range(30)],
    )

    found = await whole_stream(store, "card-1")
    assert [one.is_blank for one in found] == [True] * 30 + [False] * 30


async def test_blank_events_are_blank_when_the_store_is_opened_again(durable: Place) -> None:
    store = await durable.open()
    events = await written(store)
    await blank(store, *events)
    await store.close()

    found = await whole_stream(await durable.open(), "card-1")

    assert found == [blanked(one) for one in events]


async def test_blank_events_are_blank_for_other_processes(shared: Place) -> None:
    store, other = await shared.open(), await shared.open()
    events = await written(store)
    assert await whole_stream(other, "card-1") == events

    await blank(store, *events)

    assert await whole_stream(other, "card-1") == [blanked(one) for one in events]


async def test_what_cannot_be_blanked_is_refused(store: Store) -> None:
    events = await written(store)

    for partition, positions in ((-1, [1]), (store.limits.partitions, [1]), (0, [0]), (0, [-1])):
        with pytest.raises(ValueError, match=r"partition|positions"):
            await store.blank(partition, positions)
    with pytest.raises(LimitExceeded):
        await store.blank(0, [1] * (store.limits.page + 1))
    with pytest.raises(ValueError, match="text"):
        await store.forget("")
    assert await whole_stream(store, "card-1") == events


async def test_a_key_is_forgotten_if_its_answer_holds_the_text(store: Store) -> None:
    for name in ("Ada", "Bob"):
        await store.commit(answered(name, f'{{"name":"{name} ü%"}}'.encode()))

    await store.forget("Ada ü%")
    await store.forget("Ada ü%")

    assert await store.recall("Ada") is None
    assert (await store.recall("Bob")).answer.startswith(b'{"name":"Bob')  # type: ignore[union-attr]


async def test_a_forgotten_key_is_free_again(store: Store) -> None:
    await store.commit(answered("k", b"Ada"))
    await store.forget("Ada")

    done = await store.commit(answered("k", b"Bob"))

    assert (done.repeated, done.answer) == (False, b"Bob")


async def test_nothing_that_was_blanked_or_deleted_is_left_in_the_files(one_file: Place) -> None:
    store = await one_file.open()
    assert isinstance(store, KeepsFreedSpace)
    for number in range(200):
        await store.commit(writing(put(f"{number}", b'"Lovelace"' * (number % 40 + 1))))
    events = await written(store, 50)
    await store.commit(answered("k", SAID))
    deletions = [delete(f"{number}") for number in range(200)]
    for start in range(0, 200, 20):
        await store.commit(writing(*deletions[start : start + 20]))

    await blank(store, *events)
    await store.forget("Lovelace")
    await store.overwrite_freed(documents=True)

    files = [path for path in Path(one_file.path).parent.iterdir() if path.is_file()]
    assert [path.name for path in files if b"Lovelace" in path.read_bytes()] == []
