"""Verifying and rebuilding hold a page of events and the documents of one stream, and no more."""

import tracemalloc
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core import Append, Change, Codec, Commit, Event, Happened, Ref, Store, View
from gatherlog.core.eventstore.events import event_type
from gatherlog.core.projections.folds import Category
from gatherlog.core.projections.rebuild import rebuild, verify
from gatherlog.engines import open_store

MIB = 1024 * 1024
EVENTS = 200
NOON = 1_790_000_000_000_000


@event_type("tests.page_written")
class PageWritten(msgspec.Struct, frozen=True):
    text: str


class Letter(msgspec.Struct, frozen=True):
    text: str


LETTERS = View("letter", Letter)


class Last:
    """A document per stream: what its last event said."""

    views: tuple[View[Any], ...] = (LETTERS,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [LETTERS.ref(happened.stream)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        return [Change(LETTERS, happened.stream, Letter(happened.payload.text))]


CATEGORY = Category("paper", Codec([PageWritten]), Last())


async def fill(store: Store, streams: int) -> None:
    data = b'{"text": "%b"}' % (b"x" * (MIB // 2))
    for number in range(EVENTS):
        event = Event(f"e-{number}", "tests.page_written", NOON, NOON, data)
        await store.commit(Commit(appends=[Append(f"paper-{number % streams}", [event])]))


@pytest.mark.parametrize("streams", [1, EVENTS])
@pytest.mark.parametrize("read", [verify, rebuild])
async def test_100_mib_of_events_are_folded_in_a_part_of_that(
    tmp_path: Path, streams: int, read: Any
) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/log.db", views=[LETTERS], create=True)
    await fill(store, streams)
    tracemalloc.start()
    try:
        found = [difference.what async for difference in read(store, [CATEGORY])]
        peak = tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()
    await store.close()

    assert found == ["missing"] * streams
    assert peak < 60
