"""What nobody acknowledges dies with a reason, and an operator decides what becomes of it."""

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.queues import Queues
from gatherlog.core.queues.administration import QueueStatus
from gatherlog.testing import StandingClock
from tests.core.queues.messages import check_lines, drain, in_line, named


async def lapse(queues: Queues, clock: StandingClock, times: int) -> None:
    for _ in range(times):
        assert len(await queues.receive("letters", visible_after=30)) == 1
        clock.advance(seconds=30)


@pytest.fixture
async def dead(queues: Queues, clock: StandingClock) -> str:
    """The id of a dead message with two others behind it in its line."""
    await queues.send("letters", in_line("ada", 3))
    await queues.change_queue("letters", most_attempts=2, by="key:1")
    await lapse(queues, clock, 2)
    assert named(await queues.receive("letters", visible_after=30)) == ["ada-2"]
    clock.advance(seconds=30)
    return "ada-1"


async def test_a_message_dies_after_ten_attempts_unless_the_queue_says_otherwise(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 2))
    await lapse(queues, clock, 10)

    assert named(await queues.receive("letters")) == ["ada-2"]

    [dead] = (await queues.dead("letters")).messages
    assert (dead.id, dead.reason, dead.attempts) == ("ada-1", "not acknowledged", 10)
    assert bytes(dead.content) == b'{"text":"ada-1"}'


async def test_a_message_that_is_given_back_too_often_dies(queues: Queues, store: Store) -> None:
    await queues.change_queue("letters", most_attempts=3, by="key:1")
    await queues.send("letters", in_line("ada", 2))

    for _ in range(3):
        [out] = await queues.receive("letters")
        await queues.release("letters", out.receipt, after=0)

    await check_lines(store)
    assert named((await queues.dead("letters")).messages) == ["ada-1"]
    assert named(await drain(queues, "letters")) == ["ada-2"]


async def test_many_dead_ones_in_front_are_passed_in_one_call(
    queues: Queues, clock: StandingClock
) -> None:
    await queues.send("letters", in_line("ada", 1))
    await queues.change_queue("letters", most_attempts=1, by="key:1")
    await queues.send("letters", [one for n in range(20) for one in in_line(f"line{n}", 2)])
    assert len(await queues.receive("letters", most=100)) == 21
    clock.advance(seconds=30)

    taken = await queues.receive("letters", most=20)

    assert sorted(named(taken)) == sorted(f"line{n}-2" for n in range(20))
    assert len((await queues.dead("letters")).messages) == 21


async def test_a_dead_message_is_not_put_in_again(queues: Queues, dead: str) -> None:
    await queues.send("letters", in_line("ada", 3))

    assert named(await drain(queues, "letters")) == ["ada-2", "ada-3"]
    assert named((await queues.dead("letters")).messages) == [dead]


async def test_a_redriven_message_goes_to_the_end_of_its_line(
    queues: Queues, store: Store, dead: str
) -> None:
    await queues.redrive("letters", dead, by="key:1")

    await check_lines(store)
    again = await drain(queues, "letters")
    assert [(one.id, one.attempt) for one in again] == [("ada-2", 2), ("ada-3", 1), ("ada-1", 1)]
    assert (await queues.dead("letters")).messages == []


async def test_a_message_that_is_discarded_does_not_come_again(queues: Queues, dead: str) -> None:
    await queues.discard("letters", dead, "  the  guest\nis gone ", by="key:1")

    await queues.send("letters", in_line("ada", 1))
    assert named(await drain(queues, "letters")) == ["ada-2", "ada-3"]
    with pytest.raises(NotFound):
        await queues.discard("letters", dead, "again", by="key:1")


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
async def test_a_reason_is_asked_for(queues: Queues, dead: str, reason: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await queues.discard("letters", dead, reason, by="key:1")

    assert list(refusal.value.flaws) == [Flaw("/reason", "say why, in up to 500 characters")]


@pytest.mark.parametrize("id", ["ada-2", "nobody"])
async def test_what_is_not_dead_cannot_be_redriven(queues: Queues, dead: str, id: str) -> None:
    with pytest.raises(NotFound, match=rf"no dead message '{id}' in the queue 'letters'"):
        await queues.redrive("letters", id, by="key:1")


async def test_what_was_decided_stands_in_the_log_and_no_content_does(
    queues: Queues, store: Store, dead: str
) -> None:
    await queues.redrive("letters", dead, by="key:1")
    await drain(queues, "letters")

    told = [
        (event.type, event.subject, event.data)
        for event in await store.read_stream("queue-letters")
    ]
    assert told == [
        ("queue.messages_sent", "", b'{"messages":3}'),
        ("queue.changed", "", b'{"most_attempts":2,"by":"key:1"}'),
        ("queue.message_died", "ada-1", b'{"reason":"not acknowledged","attempts":2}'),
        ("queue.message_redriven", "ada-1", b'{"by":"key:1"}'),
    ]


async def test_the_status_of_a_queue(queues: Queues, clock: StandingClock, dead: str) -> None:
    await queues.send("letters", [*in_line("bob", 3), *in_line("cid", 2), *in_line("dan", 1)])
    taken = {one.id: one for one in await queues.receive("letters", most=3)}
    await queues.release("letters", taken["bob-1"].receipt, after=60)
    clock.advance(seconds=5)

    status = await queues.status("letters")
    assert status.oldest == pytest.approx(95, abs=0.001)
    assert status == QueueStatus(
        name="letters",
        most_attempts=2,
        ready=1,
        in_flight=2,
        waiting=5,
        dead=1,
        oldest=status.oldest,
    )


async def test_looking_takes_nothing(queues: Queues) -> None:
    await queues.send("letters", [*in_line("ada", 2), *in_line("bob", 1)])
    await queues.receive("letters", most=1)

    assert named(await queues.peek("letters")) == ["bob-1"]
    assert named(await queues.receive("letters")) == ["bob-1"]


async def test_queues_are_listed_by_name(queues: Queues) -> None:
    await queues.send("b", in_line("ada", 1))
    await queues.change_queue("a", most_attempts=3, by="key:1")

    assert [(one.name, one.most_attempts) for one in await queues.queues()] == [("a", 3), ("b", 10)]


async def test_a_queue_that_nothing_was_put_into_is_not_found_but_empty(queues: Queues) -> None:
    assert await queues.receive("letters") == []
    assert await queues.peek("letters") == []
    with pytest.raises(NotFound, match="there is no queue 'letters'"):
        await queues.status("letters")


@pytest.mark.parametrize("most", [0, 1001])
async def test_attempts_have_bounds(queues: Queues, most: int) -> None:
    with pytest.raises(Invalid):
        await queues.change_queue("letters", most_attempts=most, by="key:1")


async def test_dead_messages_come_in_pages(queues: Queues, clock: StandingClock) -> None:
    await queues.change_queue("letters", most_attempts=1, by="key:1")
    for n in range(5):
        await queues.send("letters", in_line(f"line{n}", 1))
        await lapse(queues, clock, 1)
        assert await queues.receive("letters") == []

    first = await queues.dead("letters", limit=3)
    rest = await queues.dead("letters", limit=3, cursor=first.cursor)

    assert named(first.messages) == ["line0-1", "line1-1", "line2-1"]
    assert (named(rest.messages), rest.cursor) == (["line3-1", "line4-1"], None)
