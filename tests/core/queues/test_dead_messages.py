"""A message that is not acknowledged dies; an operator redrives or discards it."""

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.queues import Queues
from gatherlog.testing import StandingClock
from tests.contracts.commits import whole_stream
from tests.core.queues.messages import (
    A_MOMENT,
    SOON,
    check_lines,
    dead_ids,
    drain,
    ids_of,
    in_line,
    let_time_out,
)
from tests.stores import eventually


async def test_a_message_dies_after_ten_attempts_unless_the_queue_says_otherwise(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 2))
    await let_time_out(queues, clock, 10)

    assert ids_of(await queues.receive("orders", wait=SOON)) == ["ada-2"]

    await eventually(lambda: dead_ids(queues), ["ada-1"])
    [dead] = (await queues.admin.dead_messages("orders")).messages
    assert (dead.id, dead.reason, dead.attempts) == ("ada-1", "not acknowledged", 10)
    assert bytes(dead.content) == b'{"text":"ada-1"}'


async def test_a_message_that_is_released_too_often_dies(queues: Queues, store: Store) -> None:
    await queues.admin.change_queue("orders", most_attempts=3, by="key:1")
    await queues.send("orders", in_line("ada", 2))

    for _ in range(3):
        [first] = await queues.receive("orders", wait=SOON)
        await queues.release("orders", first.receipt, after=0)

    await check_lines(store)
    await eventually(lambda: dead_ids(queues), ["ada-1"])
    assert ids_of(await drain(queues, "orders")) == ["ada-2"]


async def test_one_call_receives_the_messages_behind_many_that_die(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("orders", in_line("ada", 1))
    await queues.admin.change_queue("orders", most_attempts=1, by="key:1")
    await queues.send("orders", [one for n in range(20) for one in in_line(f"line{n}", 2)])
    await eventually(lambda: number_peeked(queues), 21)
    assert len(await queues.receive("orders", most=100)) == 21
    clock.advance(seconds=30)

    received = await queues.receive("orders", most=20, wait=SOON)

    assert sorted(ids_of(received)) == sorted(f"line{n}-2" for n in range(20))
    await eventually(lambda: number_dead(queues), 21)


async def number_peeked(queues: Queues) -> int:
    return len(await queues.admin.peek("orders", limit=100))


async def number_dead(queues: Queues) -> int:
    return len(await dead_ids(queues))


async def test_a_dead_message_that_is_sent_again_stays_dead(queues: Queues, dead: str) -> None:
    await queues.send("orders", in_line("ada", 3))

    assert ids_of(await drain(queues, "orders")) == ["ada-2", "ada-3"]
    await eventually(lambda: dead_ids(queues), [dead])


async def test_a_redriven_message_goes_to_the_end_of_its_line(
    queues: Queues, store: Store, dead: str
) -> None:
    await queues.admin.redrive("orders", dead, by="key:1")

    await check_lines(store)
    received = await drain(queues, "orders")
    assert [(one.id, one.attempt) for one in received] == [("ada-2", 2), ("ada-3", 1), ("ada-1", 1)]
    await eventually(lambda: dead_ids(queues), [])


async def test_a_discarded_message_that_is_sent_again_is_ignored(queues: Queues, dead: str) -> None:
    await queues.admin.discard("orders", dead, "  the  guest\nis gone ", by="key:1")

    await queues.send("orders", in_line("ada", 1))
    assert ids_of(await drain(queues, "orders")) == ["ada-2", "ada-3"]
    with pytest.raises(NotFound):
        await queues.admin.discard("orders", dead, "again", by="key:1")


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
async def test_discarding_needs_a_reason(queues: Queues, dead: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await queues.admin.discard("orders", dead, reason, by="key:1")

    assert list(refusal.value.flaws) == [Flaw("/reason", "say why, in up to 500 characters")]


@pytest.mark.parametrize("id", ["ada-2", "nobody"])
async def test_only_dead_messages_can_be_redriven(queues: Queues, dead: str, id: str) -> None:
    with pytest.raises(NotFound, match=rf"no dead message '{id}' in the queue 'orders'"):
        await queues.admin.redrive("orders", id, by="key:1")


async def test_the_log_holds_what_operators_decided_and_no_content_of_messages(
    queues: Queues, store: Store, dead: str
) -> None:
    await queues.admin.redrive("orders", dead, by="key:1")
    await drain(queues, "orders")

    events = [
        (event.type, event.subject, event.data)
        for event in await whole_stream(store, "queue-orders")
    ]
    assert events == [
        ("queue.messages_sent", "", b'{"messages":3}'),
        ("queue.changed", "", b'{"most_attempts":2,"by":"key:1"}'),
        ("queue.message_died", "ada-1", b'{"reason":"not acknowledged","attempts":2}'),
        ("queue.message_redriven", "ada-1", b'{"by":"key:1"}'),
    ]


async def test_dead_messages_come_in_pages(queues: Queues, clock: StandingClock) -> None:
    await queues.admin.change_queue("orders", most_attempts=1, by="key:1")
    for n in range(5):
        await queues.send("orders", in_line(f"line{n}", 1))
        await let_time_out(queues, clock, 1)
        assert await queues.receive("orders", wait=A_MOMENT) == []
    await eventually(lambda: dead_ids(queues), [f"line{n}-1" for n in range(5)])

    page = await queues.admin.dead_messages("orders", limit=3)
    pages = [ids_of(page.messages)]
    while page.cursor is not None:
        page = await queues.admin.dead_messages("orders", limit=3, cursor=page.cursor)
        pages.append(ids_of(page.messages))

    assert max(map(len, pages)) <= 3
    assert [id for ids in pages for id in ids] == [f"line{n}-1" for n in range(5)]
