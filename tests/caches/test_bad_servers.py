"""Servers that hang, break off, refuse and talk nonsense: nothing is found, nobody waits."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from time import monotonic

import pytest

from gatherlog.caches.careful import PATIENCE, PAUSE
from tests.caches.servers import Answering, careful, made_up_server

NONSENSE = {
    "no protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an error": b"-ERR no\r\n",
    "a number": b":7\r\n",
    "a list": b"*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    "nothing": b"$-1\r\n",
    "a length without an end": b"$999999999999\r\nabc",
    "a negative length": b"$-7\r\n",
    "a length of letters": b"$abc\r\n",
    "lists in lists": b"*1\r\n" * 5_000,
    "many answers": b"$5\r\nvalue\r\n" * 1_000,
    "zeros": bytes(10_000),
}


def talking(text: bytes) -> Answering:
    """A server that answers everything with the same bytes."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                writer.write(text)
                await writer.drain()
        writer.close()

    return answer


async def hang(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(65536):
            pass
    writer.close()


async def break_off(reader: StreamReader, writer: StreamWriter) -> None:
    await reader.read(10)
    writer.write(b"$100\r\nhalf of")
    writer.close()


async def use_all(url: str) -> tuple[float, int]:
    """Get, put and drop, of which none may find anything or raise; how long, and the failures."""
    began = monotonic()
    async with careful(url) as cache:
        assert await cache.get("key") is None
        await cache.put("key", b"value")
        assert await cache.get("key") is None
        await cache.drop("key")
    return monotonic() - began, cache.failures


@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_is_nothing(what: str) -> None:
    async with made_up_server(talking(NONSENSE[what])) as url:
        await use_all(url)


@pytest.mark.parametrize("answer", [hang, break_off], ids=["hangs", "breaks off"])
async def test_a_server_that_does_not_answer_is_asked_once_and_left_alone(
    answer: Answering,
) -> None:
    async with made_up_server(answer) as url:
        _, failures = await use_all(url)
        assert failures == 1


@pytest.mark.parametrize(
    "url",
    ["valkey://127.0.0.1:1/0", "unix:///nowhere/cache.sock", "valkeys://127.0.0.1:1"],
)
async def test_a_server_that_is_not_there_is_nothing(url: str) -> None:
    _, failures = await use_all(url)
    assert failures == 1


async def test_a_server_that_hangs_costs_each_waiting_caller_one_moment() -> None:
    now = [0.0]
    async with (
        made_up_server(hang) as url,
        careful(url, seconds=lambda: now[0]) as cache,
    ):
        began = monotonic()
        assert await asyncio.gather(*[cache.get(f"{n}") for n in range(200)]) == [None] * 200
        assert monotonic() - began < 20 * PATIENCE
        failures = cache.failures
        assert [await cache.get("key") for _ in range(1000)] == [None] * 1000
        assert cache.failures == failures
        now[0] += PAUSE
        assert await cache.get("key") is None
        assert cache.failures == failures + 1
