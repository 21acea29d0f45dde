"""What is put in is there, once, and is given as it was put in."""

import asyncio

import msgspec
import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Flaw, Invalid, LimitExceeded
from gatherlog.core.queues import MOST_BYTES, VIEWS, Outgoing, Queues, check_queue
from gatherlog.testing import StandingClock
from tests.contracts.engines import Place
from tests.core.queues.messages import check_lines, drain, ids, in_line, message, named


async def test_a_message_is_given_as_it_was_put_in(queues: Queues, clock: StandingClock) -> None:
    content = b'{"name": "Zo\xc3\xab", "exact": 0.1000000000000000000001, "n": [1, null]}'
    sent = Outgoing(id="d1", stream="thing-7", subject="zoe", version=42, content=content)

    await queues.send("letters", [sent])

    [got] = await queues.receive("letters")
    assert (got.id, got.stream, got.subject, got.version) == ("d1", "thing-7", "zoe", 42)
    assert (got.content, got.attempt, got.sent_at) == (content, 1, clock())


async def test_a_message_that_comes_again_is_put_in_once(queues: Queues, store: Store) -> None:
    await queues.send("letters", in_line("ada", 3))
    await queues.send("letters", [*in_line("ada", 4), *in_line("ada", 4)])

    await check_lines(store)
    assert named(await drain(queues, "letters")) == ["ada-1", "ada-2", "ada-3", "ada-4"]


async def test_a_message_that_was_acknowledged_does_not_come_again(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 2))
    await drain(queues, "letters")

    await queues.send("letters", in_line("ada", 3))

    assert named(await drain(queues, "letters")) == ["ada-3"]


async def test_a_message_that_is_out_is_not_put_in_again(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 1))
    [out] = await queues.receive("letters")

    await queues.send("letters", in_line("ada", 1))

    assert await queues.receive("letters") == []
    await queues.ack("letters", [out.receipt])
    assert await queues.receive("letters") == []


async def test_what_is_done_with_is_forgotten_after_a_day(
    queues: Queues, store: Store, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 20))
    await drain(queues, "letters")
    clock.advance(days=1, seconds=1)

    await queues.send("letters", in_line("bob", 10))

    left = [document.id for document in await store.scan("queue_message")]
    assert sorted(left) == sorted(f"letters/bob-{n}" for n in range(1, 11))


async def test_many_who_send_the_same_at_once_put_it_in_once(store: Store, queues: Queues) -> None:
    others = [Queues(store, clock=StandingClock(), ids=ids) for _ in range(8)]

    await asyncio.gather(*(one.send("letters", in_line("ada", 5)) for one in others))

    assert named(await drain(queues, "letters")) == [f"ada-{n}" for n in range(1, 6)]


async def test_more_messages_than_one_commit_takes_keep_their_order(
    queues: Queues, store: Store
) -> None:
    sent = [
        one for pair in zip(in_line("ada", 150), in_line("bob", 150), strict=True) for one in pair
    ]

    await queues.send("letters", sent)

    await check_lines(store)
    taken = named(await drain(queues, "letters"))
    assert [id for id in taken if id.startswith("ada")] == [f"ada-{n}" for n in range(1, 151)]
    assert [id for id in taken if id.startswith("bob")] == [f"bob-{n}" for n in range(1, 151)]


async def test_more_bytes_than_one_commit_takes_come_in_several_calls(queues: Queues) -> None:
    sent = [message(f"m-{n:02}", f"line-{n}", text="x" * 255_000) for n in range(24)]

    await queues.send("letters", sent)

    first = await queues.receive("letters", most=24)
    assert 0 < sum(len(one.content) for one in first) <= 1024 * 1024
    rest = await drain(queues, "letters", most=24)
    assert sorted(named([*first, *rest])) == [f"m-{n:02}" for n in range(24)]


async def test_a_queue_outlives_its_process(shared: Place, clock: StandingClock) -> None:
    store = await shared.open(*VIEWS)
    await Queues(store, clock=clock, ids=ids).send("letters", in_line("ada", 2))
    await store.close()

    again = Queues(await shared.open(*VIEWS), clock=clock, ids=ids)

    assert named(await drain(again, "letters")) == ["ada-1", "ada-2"]


async def test_queues_know_nothing_of_each_other(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 1))
    await queues.send("letters.2", in_line("ada", 1))

    assert named(await drain(queues, "letters")) == ["ada-1"]
    assert named(await drain(queues, "letters.2")) == ["ada-1"]


async def test_content_that_is_too_large_is_refused(queues: Queues) -> None:
    content = msgspec.json.encode("x" * MOST_BYTES)
    sent = msgspec.structs.replace(message("d1"), content=content)

    with pytest.raises(LimitExceeded, match=r"a message's bytes is limited to 262,144"):
        await queues.send("letters", [message("d0"), sent])

    assert await queues.receive("letters") == []


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"content": b"{"}, "/content"),
        ({"content": b'"\xff"'}, "/content"),
        ({"content": b"[" * 5000 + b"]" * 5000}, "/content"),
        ({"content": b"[" * 200 + b"]" * 200}, "/content"),
        ({"id": ""}, "/id"),
        ({"id": "é"}, "/id"),
        ({"id": "x" * 65}, "/id"),
    ],
)
async def test_what_is_no_message_is_refused(changed: dict[str, bytes], pointer: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await _without_store().send("letters", [msgspec.structs.replace(message("d1"), **changed)])

    assert [flaw.pointer for flaw in refusal.value.flaws] == [pointer]


@pytest.mark.parametrize("name", ["a", "0", "letters", "a.b-c_d", "a" * 63])
def test_names_that_a_queue_may_have(name: str) -> None:
    check_queue(name)


@pytest.mark.parametrize("name", ["", ".a", "-a", "A", "ä", "a b", "a/b", "a" * 64, "a\n"])
def test_names_that_a_queue_may_not_have(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_queue(name)

    detail = "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit"
    assert list(refusal.value.flaws) == [Flaw("/queue", detail)]


def _without_store() -> Queues:
    from gatherlog.engines.memory import MemoryStore

    return Queues(MemoryStore(VIEWS), clock=StandingClock(), ids=ids)
