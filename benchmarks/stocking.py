"""A large store made quickly: streams of 20 events, and one document per ten events."""

from collections.abc import Iterator

import msgspec

from benchmarks.workload import GUESTS, STREAM_LENGTH, Answer, new_id, payload, to_event
from gatherlog.core import Append, Commit, Store, Write

STREAMS_PER_COMMIT = 10
DOCUMENTS_PER_GATHERING = 20


class Stock(msgspec.Struct, frozen=True):
    """What a filled store holds: its streams, and the partitions of its documents' index."""

    streams: list[str]
    gatherings: list[str]


async def stock(store: Store, events: int) -> Stock:
    """Append so many events, in commits of 200 with 20 documents of one gathering."""
    stock = Stock([], [])
    for commit in _commits(events):
        await store.commit(commit)
        stock.streams.extend(append.stream for append in commit.appends)
        stock.gatherings.append(commit.appends[0].stream)
    return stock


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
