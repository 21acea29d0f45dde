"""Values of a wrong type or range, in any field of a commit: refused, and no other is harmed.

Promise 10: a mistake of one caller does not affect other callers, whose commits are written with
the same write.
"""

import asyncio
from typing import Any, TypeVar

import msgspec
import pytest

from gatherlog.core import Append, Commit, Committed, Event, Store, Write
from gatherlog.core.eventstore.errors import StoreError, StoreFailed
from tests.contracts.commits import CARDS, Card, commit, event, whole_stream
from tests.stores import scanned, streams_of

S = TypeVar("S", bound=msgspec.Struct)
WRONG: list[Any] = [
    None, True, -1, -5, 1.5, 2**70, "", "x", "x" * 500, "\ud800", b"", b"x", [], ["x"], (), ("x",),
    ("all", 5), ("all", b"x"), ("all", None), {}, {"n": "x"}, {"n": None}, {"n": 1.5}, {"n": 2**70},
    {"n" * 60: 1}, {5: 1}, {b"n": 1}, {"by_name": ()}, {"by_name": "all"}, {"by_name": ("all", 5)},
    {"by_name": ["all"]}, {"by_name": None}, {"by_name" * 9: ("a",)}, object(), event(), Commit(),
]  # fmt: skip


def whole(number: int) -> Commit:
    """A commit with everything that a commit may have, on a stream and documents of its own."""
    stream = f"card-{number}"
    card = CARDS.write(
        f"a{number}", stream, Card("Ada"), expects=0, adds={"n": 1}, at_most={"n": 5}
    )
    counters = CARDS.write(f"b{number}", stream, adds={"n": 1}, at_least={"n": 1})
    return Commit(
        appends=[Append(stream, [event()], 0)],
        writes=[card, counters],
        key=f"key-{number}",
        fingerprint=b"print",
        answer=b"answer",
        versioned=("card", card.id),
    )


def replaced(commit: Commit, part: str, field: str, value: Any) -> Commit:
    """The commit with another value in a field of one of its parts."""
    [append], [first, second] = commit.appends, commit.writes
    match part:
        case "Event":
            events = [changed(append.events[0], field, value)]
            return changed(commit, "appends", [changed(append, "events", events)])
        case "Append":
            return changed(commit, "appends", [changed(append, field, value)])
        case "Write":
            return changed(commit, "writes", [changed(first, field, value), second])
        case "Write without a body":
            return changed(commit, "writes", [first, changed(second, field, value)])
    return changed(commit, field, value)


def changed(part: S, field: str, value: Any) -> S:
    return msgspec.structs.replace(part, **{field: value})


PARTS: dict[str, type[msgspec.Struct]] = {
    "Event": Event,
    "Append": Append,
    "Write": Write,
    "Write without a body": Write,
    "Commit": Commit,
}
FIELDS = [(part, name) for part, kind in PARTS.items() for name in kind.__struct_fields__]


@pytest.mark.parametrize(("part", "field"), FIELDS)
async def test_no_value_of_any_field_harms_the_commits_of_others(
    store: Store, part: str, field: str
) -> None:
    for number, value in enumerate([*WRONG, iter([event()])]):
        neighbours = [f"card-{number}x", f"card-{number}y"]
        wrong = replaced(whole(number), part, field, value)
        asked = [commit(neighbours[0]), wrong, commit(neighbours[1])]

        done = await asyncio.gather(*map(store.commit, asked), return_exceptions=True)

        assert isinstance(done[0], Committed), value
        assert isinstance(done[2], Committed), value
        assert isinstance(done[1], Committed | ValueError | StoreError), value
        assert not isinstance(done[1], StoreFailed), value

    await everything_is_readable(store)


async def test_the_commit_that_is_spoilt_is_taken_as_it_is(store: Store) -> None:
    done = await store.commit(whole(1))

    assert (done.streams, done.documents) == ({"card-1": 1}, {("card", "a1"): 1})


async def everything_is_readable(store: Store) -> None:
    for head in await streams_of(store, "card"):
        assert len(await whole_stream(store, head.stream)) == head.version
    for document in await scanned(store, "card"):
        assert await store.get([(document.view, document.id)]) == [document]


@pytest.mark.parametrize("wrong", ["commit", None, 5, [whole(1)], whole(1).appends[0]])
async def test_what_is_no_commit_is_a_mistake_of_its_caller_alone(store: Store, wrong: Any) -> None:
    done = await asyncio.gather(
        store.commit(commit("card-1")), store.commit(wrong), return_exceptions=True
    )

    assert isinstance(done[0], Committed)
    assert isinstance(done[1], ValueError)
