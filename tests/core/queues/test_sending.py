"""Messages are sent once per id, durably, and are received as they were sent."""

import asyncio

import msgspec
import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Flaw, Invalid, LimitExceeded
from gatherlog.core.projections.paging import documents
from gatherlog.core.queues import MOST_BYTES, VIEWS, Outgoing, Queues, check_queue
from gatherlog.core.queues.documents import MESSAGES
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import StandingClock
from tests.contracts.engines import Place
from tests.core.queues.messages import SOON, check_lines, drain, ids, ids_of, in_line, message
from tests.stores import eventually, scanned


async def test_a_message_is_received_as_it_was_sent(queues: Queues, clock: StandingClock) -> None:
    content = b'{"name": "Zo\xc3\xab", "exact": 0.1000000000000000000001, "n": [1, null]}'
    sent = Outgoing(id="d1", stream="thing-7", subject="zoe", version=42, content=content)

    await queues.send("orders", [sent])

    [received] = await queues.receive("orders", wait=SOON)
    assert (received.id, received.stream) == ("d1", "thing-7")
    assert (received.subject, received.version) == ("zoe", 42)
    assert (received.content, received.attempt, received.sent_at) == (content, 1, clock())


async def test_a_message_that_is_sent_again_is_ignored(queues: Queues, store: Store) -> None:
    await queues.send("orders", in_line("ada", 3))
    await queues.send("orders", [*in_line("ada", 4), *in_line("ada", 4)])

    await check_lines(store)
    assert ids_of(await drain(queues, "orders")) == ["ada-1", "ada-2", "ada-3", "ada-4"]


async def test_an_acknowledged_message_that_is_sent_again_is_ignored(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 2))
    await drain(queues, "orders")

    await queues.send("orders", in_line("ada", 3))

    assert ids_of(await drain(queues, "orders")) == ["ada-3"]


async def test_a_message_in_flight_that_is_sent_again_is_ignored(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 1))
    [first] = await queues.receive("orders", wait=SOON)

    await queues.send("orders", in_line("ada", 1))

    assert await queues.receive("orders") == []
    await queues.ack("orders", [first.receipt])
    assert await queues.receive("orders") == []


async def test_messages_that_are_done_are_deleted_after_a_day(
    queues: Queues, store: Store, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 120))  # more than one commit may delete
    await drain(queues, "orders")
    await eventually(lambda: done_messages(store), 120)
    clock.advance(days=1, seconds=1)

    await queues.send("orders", in_line("bob", 60))

    left = [document.id for document in await scanned(store, MESSAGES.name)]
    assert sorted(left) == sorted(f"orders/bob-{n}" for n in range(1, 61))


async def done_messages(store: Store) -> int:
    """How many messages that are done a query shows."""
    return len([one async for one in documents(store, MESSAGES.query("by_done", "orders"))])


async def test_messages_that_many_send_at_once_are_in_the_queue_once(
    store: Store, queues: Queues
) -> None:
    others = [Queues(store, clock=StandingClock(), ids=ids) for _ in range(8)]

    await asyncio.gather(*(one.send("orders", in_line("ada", 5)) for one in others))

    assert ids_of(await drain(queues, "orders")) == [f"ada-{n}" for n in range(1, 6)]


async def test_more_messages_than_fit_into_one_commit_keep_their_order(
    queues: Queues, store: Store
) -> None:
    sent = [
        one for pair in zip(in_line("ada", 150), in_line("bob", 150), strict=True) for one in pair
    ]

    await queues.send("orders", sent)

    await check_lines(store)
    received = ids_of(await drain(queues, "orders"))
    assert [id for id in received if id.startswith("ada")] == [f"ada-{n}" for n in range(1, 151)]
    assert [id for id in received if id.startswith("bob")] == [f"bob-{n}" for n in range(1, 151)]


async def test_more_bytes_than_one_call_returns_are_received_in_several(queues: Queues) -> None:
    sent = [message(f"m-{n:02}", f"line-{n}", text="x" * 255_000) for n in range(24)]

    await queues.send("orders", sent)

    first = await queues.receive("orders", most=24, wait=SOON)
    assert 0 < sum(len(one.content) for one in first) <= 1024 * 1024
    rest = await drain(queues, "orders", most=24)
    assert sorted(ids_of([*first, *rest])) == [f"m-{n:02}" for n in range(24)]


async def test_a_queue_outlives_its_process(shared: Place, clock: StandingClock) -> None:
    store = await shared.open(*VIEWS)
    await Queues(store, clock=clock, ids=ids).send("orders", in_line("ada", 2))
    await store.close()

    again = Queues(await shared.open(*VIEWS), clock=clock, ids=ids)

    assert ids_of(await drain(again, "orders")) == ["ada-1", "ada-2"]


async def test_the_same_message_may_be_in_two_queues(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 1))
    await queues.send("orders.2", in_line("ada", 1))

    assert ids_of(await drain(queues, "orders")) == ["ada-1"]
    assert ids_of(await drain(queues, "orders.2")) == ["ada-1"]


async def test_content_that_is_too_large_is_refused(queues: Queues) -> None:
    content = msgspec.json.encode("x" * MOST_BYTES)
    sent = msgspec.structs.replace(message("d1"), content=content)

    with pytest.raises(LimitExceeded, match=r"a message has [0-9,]+ bytes; at most 262,144"):
        await queues.send("orders", [message("d0"), sent])

    assert await queues.receive("orders") == []


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
async def test_a_malformed_message_is_refused(changed: dict[str, bytes], pointer: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await _in_memory().send("orders", [msgspec.structs.replace(message("d1"), **changed)])

    assert [flaw.pointer for flaw in refusal.value.flaws] == [pointer]


@pytest.mark.parametrize("name", ["a", "0", "orders", "a.b-c_d", "a" * 63])
def test_names_that_a_queue_may_have(name: str) -> None:
    check_queue(name)


@pytest.mark.parametrize("name", ["", ".a", "-a", "A", "ä", "a b", "a/b", "a" * 64, "a\n"])
def test_names_that_a_queue_may_not_have(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_queue(name)

    detail = "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit"
    assert list(refusal.value.flaws) == [Flaw("/queue", detail)]


def _in_memory() -> Queues:
    return Queues(MemoryStore(VIEWS), clock=StandingClock(), ids=ids)
