"""Fills a large store quickly: streams of 20 events, and one document per ten events."""

from collections.abc import Iterator

import msgspec

from benchmarks.workload import GUESTS, STREAM_LENGTH, Answer, new_id, payload, to_event
from gatherlog.core import Append, Commit, Store, Write

STREAMS_PER_COMMIT = 10
DOCUMENTS_PER_GATHERING = 20


class Contents(msgspec.Struct, frozen=True):
    """The streams of a filled store, and the gatherings by which its documents are indexed."""

    streams: list[str]
    gatherings: list[str]


async def fill(store: Store, events: int) -> Contents:
    """Append `events` events, in commits of 200 events and 20 documents of one gathering."""
    contents = Contents([], [])
    for commit in _commits(events):
        await store.commit(commit)
        contents.streams.extend(append.stream for append in commit.appends)
        contents.gatherings.append(commit.appends[0].stream)
    return contents


def _commits(events: int) -> Iterator[Commit]:
    for _ in range(max(1, events // (STREAM_LENGTH * STREAMS_PER_COMMIT))):
        appends = [
            Append(f"gathering-{new_id()}", [to_event(payload(n)) for n in range(STREAM_LENGTH)])
            for _ in range(STREAMS_PER_COMMIT)
        ]
        yield Commit(appends=appends, writes=list(_documents(appends[0].stream)))


def _documents(gathering: str) -> Iterator[Write]:
    for number in range(DOCUMENTS_PER_GATHERING):
        id = new_id()
        answer = Answer(id, gathering, f"Lovelace {number}", True, 2, "no nuts, please", number)
        yield GUESTS.write(id, gathering, answer)
