"""Receivers that hang, are slow, break off, send too much, or do not speak HTTP."""

import asyncio
import errno
import os
import socket

import pytest

from gatherlog.targets import webhook_client
from gatherlog.targets.webhook_connection import MOST_READ
from tests.targets.webhook_receiver import (
    TAKEN,
    Behaviour,
    Receiver,
    answering,
    delivery,
    failure_of,
    sending,
    serving,
    target_at,
)

SOON = 0.3
"""Seconds of a timeout that a test waits for."""
GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def writing(text: bytes, *, then: Behaviour | None = None) -> Behaviour:
    """Writes data, then behaves like `then`, or closes."""

    async def write(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(text)
        await writer.drain()
        if then is None:
            writer.close()
        else:
            await then(receiver, reader, writer)

    return write


async def hang(
    receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.read()  # until the other side ends it
    await receiver.notice()


async def drip(
    receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(SOON / 20)


@pytest.mark.parametrize(
    "behaviour",
    [
        hang,
        writing(b"HTTP/1.1 200 OK\r\nx: ", then=drip),
        writing(b"HTTP/1.1 100 Continue\r\n\r\n", then=hang),
    ],
    ids=["hangs", "drips its head", "says that it will"],
)
async def test_an_answer_that_takes_too_long_is_a_timeout(behaviour: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    async with sending(behaviour, timeout=SOON) as (receiver, target):
        began = loop.time()
        failed = await failure_of(target)

        assert loop.time() - began < SOON + 5
    assert (failed.kind, failed.final, failed.status) == ("timeout", False, None)
    assert str(failed) == f"http://127.0.0.1:{receiver.port}: no answer within 0.3 s"


async def test_a_request_that_is_given_up_is_closed() -> None:
    closed: list[bool] = []

    async def hanging(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        closed.append(await reader.read() == b"")
        await receiver.notice()

    async with sending(hanging) as (receiver, target):
        sent = asyncio.create_task(target.deliver([delivery()]))
        await receiver.until(lambda: len(receiver.requests) == 1)
        sent.cancel()
        await receiver.until(lambda: closed == [True])

        with pytest.raises(asyncio.CancelledError):
            await sent


@pytest.mark.parametrize(
    "behaviour",
    [
        writing(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", then=drip),
        writing(b"HTTP/1.1 200 OK\r\n\r\nx", then=hang),
        writing(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\nx"),
        writing(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno length\r\n"),
        writing(b"HTTP/1.0 200 OK\r\n\r\nan old server"),
    ],
    ids=["drips", "no end", "breaks off", "bad chunks", "HTTP/1.0"],
)
async def test_the_status_decides_whatever_becomes_of_the_body(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_client, "BODY_SECONDS", SOON)
    loop = asyncio.get_running_loop()
    async with sending(behaviour) as (receiver, target):
        began = loop.time()
        await target.deliver([delivery(1)])
        await target.deliver([delivery(2)])

        assert loop.time() - began < 2 * SOON + 5
    assert [(one.connection, one.headers["webhook-id"]) for one in receiver.requests] == [
        (1, "d-1"),
        (2, "d-2"),
    ]


async def test_an_answer_may_come_byte_by_byte() -> None:
    async def slowly(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for byte in b"HTTP/1.1 429 No\r\nRetry-After: 12\r\ncontent-length: 2\r\n\r\nno":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    async with sending(slowly) as (receiver, target):
        first = await failure_of(target)
        second = await failure_of(target)

    assert (first.status, first.retry_after, second.retry_after) == (429, 12.0, 12.0)
    assert (receiver.connections, len(receiver.requests)) == (1, 2)


async def test_an_interim_answer_is_not_the_answer() -> None:
    said = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + GOOD
    async with sending(answering(said)) as (receiver, target):
        await target.deliver([delivery(1)])
        await target.deliver([delivery(2)])

    assert (receiver.connections, len(receiver.requests)) == (1, 2)


async def test_an_answer_of_10_mb_is_not_read() -> None:
    size = 10_000_000
    broken: list[bool] = []

    async def flood(
        receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 500 Oops\r\ncontent-length: %d\r\n\r\n" % size)
        try:
            writer.write(b"x" * size)
            await writer.drain()
        except ConnectionError:
            broken.append(True)
        await receiver.notice()

    async with sending(flood) as (receiver, target):
        failed = await failure_of(target)
        await receiver.until(lambda: broken == [True])
        failed_again = await failure_of(target)

    assert (failed.status, failed_again.status) == (500, 500)
    assert [request.connection for request in receiver.requests] == [1, 2]


async def test_a_head_without_end_is_not_read() -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + b"x: %s\r\n" % (b"y" * 1000) * (MOST_READ // 1000 + 1)
    async with sending(writing(endless, then=hang)) as (receiver, target):
        failed = await failure_of(target)

    assert (failed.kind, failed.final) == ("not_http", False)
    assert str(failed) == (
        f"http://127.0.0.1:{receiver.port}: its answer is not HTTP: "
        "its head is longer than 65,536 bytes"
    )


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 twelve\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
    ],
)
async def test_an_answer_that_is_no_http_is_a_failure(said: bytes) -> None:
    async with sending(writing(said, then=hang)) as (_, target):
        failed = await failure_of(target)

    assert (failed.kind, failed.final) == ("not_http", False)


@pytest.mark.parametrize(
    ("banner", "kinds"),
    [(b"220 mail.example ESMTP\r\n", {"not_http"}), (b"", {"connection"})],
)
async def test_a_server_that_speaks_first_or_hangs_up_at_once_is_a_failure(
    banner: bytes, kinds: set[str]
) -> None:
    """Whether that arrives before or after our request was sent makes no difference."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)

    async with serving(speak) as (host, port), target_at(f"http://{host}:{port}/") as target:
        assert {(await failure_of(target)).kind for _ in range(20)} == kinds


async def test_a_switch_of_protocols_is_no_answer_to_a_webhook() -> None:
    said = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    async with sending(writing(said, then=hang)) as (_, target):
        failed = await failure_of(target)

    assert (failed.kind, failed.status, failed.final) == ("status", 101, False)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 O"])
async def test_a_connection_that_breaks_off_is_a_failure(said: bytes) -> None:
    async with sending(writing(said)) as (receiver, target):
        failed = await failure_of(target)

    assert (failed.kind, failed.final) == ("connection", False)
    assert str(failed) == f"http://127.0.0.1:{receiver.port}: the connection broke off"
    assert len(receiver.requests) == 1


async def test_a_refused_connection_is_a_failure_that_says_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with target_at(f"http://127.0.0.1:{port}/T0K3N?key=s3cret") as target:
            failed = await failure_of(target)

    assert (failed.kind, failed.final) == ("connection", False)
    assert str(failed) == f"http://127.0.0.1:{port}: {os.strerror(errno.ECONNREFUSED)}"


async def test_after_failures_the_same_target_works() -> None:
    async with sending(hang, timeout=1.0) as (receiver, target):
        await failure_of(target)
        receiver.behaviour = writing(b"nonsense\r\n\r\n", then=hang)
        await failure_of(target)
        receiver.behaviour = answering(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", TAKEN)
        await failure_of(target)
        await target.deliver([delivery()])

    assert [request.connection for request in receiver.requests] == [1, 2, 3, 3]
