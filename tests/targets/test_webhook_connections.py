"""Connections of a webhook are reused, limited in number, and never mix up answers."""

import asyncio

import pytest

from gatherlog.targets import webhook_client
from gatherlog.targets.webhook_connection import Connection
from tests.targets.webhook_receiver import (
    TAKEN,
    Receiver,
    answering,
    delivery,
    failure_of,
    sending,
    serving,
)

LONG = b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n" + b"x" * 60_000


@pytest.mark.parametrize("said", [TAKEN, LONG])
async def test_one_connection_serves_one_delivery_after_the_other(said: bytes) -> None:
    async with sending(answering(said)) as (receiver, target):
        for number in range(20):
            await target.deliver([delivery(number)])

    assert (receiver.connections, len(receiver.requests)) == (1, 20)


async def test_a_receiver_that_wants_no_second_request_gets_none() -> None:
    said = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    async with sending(answering(said)) as (receiver, target):
        for number in range(3):
            await target.deliver([delivery(number)])

    assert receiver.connections == 3


async def test_no_more_connections_than_allowed_are_open_at_once() -> None:
    going, most = 0, 0
    released = asyncio.Event()

    async def wait(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        await receiver.notice()
        await released.wait()
        going -= 1
        writer.write(TAKEN)

    async with sending(wait, connections=3) as (receiver, target):
        sent = [asyncio.create_task(target.deliver([delivery(n)])) for n in range(30)]
        await receiver.until(lambda: going == 3)
        released.set()
        await asyncio.gather(*sent)

    assert (receiver.connections, most) == (3, 3)
    assert {request.headers["webhook-id"] for request in receiver.requests} == {
        f"d-{n}" for n in range(30)
    }


async def test_waiting_for_a_connection_does_not_count_for_the_timeout() -> None:
    """Ten deliveries over one connection, each of which takes more than a tenth of the timeout."""

    async def slowly(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await asyncio.sleep(0.1)
        writer.write(TAKEN)

    async with sending(slowly, connections=1, timeout=0.9) as (receiver, target):
        await asyncio.gather(*[target.deliver([delivery(n)]) for n in range(10)])

    assert len(receiver.requests) == 10


async def test_a_connection_closed_behind_our_back_is_replaced_at_once() -> None:
    """The receiver closes an idle connection just when the next request is sent."""

    async def twice_is_too_much(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        over_this = [one for one in receiver.requests if one.connection == receiver.connections]
        if len(over_this) == 1:
            writer.write(TAKEN)
        else:
            writer.close()

    async with sending(twice_is_too_much) as (receiver, target):
        await target.deliver([delivery(1)])
        await target.deliver([delivery(2)])

    assert [(one.connection, one.headers["webhook-id"]) for one in receiver.requests] == [
        (1, "d-1"),
        (1, "d-2"),
        (2, "d-2"),
    ]


async def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    async def break_off(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(TAKEN if len(receiver.requests) == 1 else b"HTTP/1.1 2")
        if len(receiver.requests) > 1:
            writer.close()

    async with sending(break_off) as (receiver, target):
        await target.deliver([delivery(1)])
        failed = await failure_of(target, delivery(2))

    assert (failed.kind, len(receiver.requests)) == ("connection", 2)


async def test_a_connection_that_is_idle_for_long_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_client, "IDLE_SECONDS", 0.0)
    async with sending(answering(TAKEN)) as (receiver, target):
        await target.deliver([delivery(1)])
        await target.deliver([delivery(2)])

    assert receiver.connections == 2


@pytest.mark.parametrize("extra", [TAKEN, b"HTTP/1.1 500 Oops\r\n", b"nonsense"])
async def test_an_unsolicited_answer_is_never_that_of_the_next_request(
    extra: bytes,
) -> None:
    """A second answer follows the first, which the next delivery might take for its own."""
    no = b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"
    async with sending(answering(TAKEN + extra, no)) as (receiver, target):
        await target.deliver([delivery(1)])
        failed = await failure_of(target, delivery(2))

    assert failed.status == 500
    assert [request.connection for request in receiver.requests] == [1, 2]


async def test_a_late_answer_is_never_that_of_the_next_request() -> None:
    late = asyncio.Event()

    async def answer(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(receiver.requests) > 1:
            writer.write(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n")
            return
        writer.write(TAKEN)
        await late.wait()
        writer.write(TAKEN)
        await reader.read()  # until we are cut off for it
        late.clear()
        await receiver.notice()

    async with sending(answer) as (receiver, target):
        await target.deliver([delivery(1)])
        late.set()
        await receiver.until(lambda: not late.is_set())
        failed = await failure_of(target, delivery(2))

    assert (failed.status, receiver.connections) == (500, 2)


async def test_a_receiver_on_ipv6_is_reached() -> None:
    async with sending(answering(TAKEN), host="::1", path="/hooks") as (receiver, target):
        await target.deliver([delivery()])

    [request] = receiver.requests
    assert request.headers["host"] == f"[::1]:{receiver.port}"


async def test_closing_closes_connections_and_twice_does_nothing() -> None:
    async with sending(answering(TAKEN)) as (receiver, target):
        await target.deliver([delivery(1)])
        await target.close()
        await target.close()
        await target.deliver([delivery(2)])

    assert receiver.connections == 2


async def test_a_request_under_way_closes_its_connection_after_the_target_was_closed() -> None:
    going, over = asyncio.Event(), asyncio.Event()

    async def wait(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await going.wait()
        writer.write(TAKEN)
        await reader.read()
        over.set()

    async with sending(wait) as (receiver, target):
        sent = asyncio.create_task(target.deliver([delivery()]))
        await receiver.until(lambda: len(receiver.requests) == 1)
        await target.close()
        going.set()
        await sent
        await over.wait()


async def test_a_connection_that_ended_before_it_was_used_says_so_at_once() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pass

    async with serving(hang_up) as (host, port):
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, host, port)
        await connection.ended

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(connection.ask(b"POST / HTTP/1.1\r\n\r\n"), timeout=5)
