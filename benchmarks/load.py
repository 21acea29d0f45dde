"""A load generator in its own process: keep-alive connections, one request at a time on each.

Reads a `Load` as JSON from standard input and writes a `LoadResult` as JSON to standard output. It
does very little work per request, so that the figures show the speed of the server.
"""

import asyncio
import math
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import cast

import msgspec
import uvloop

from benchmarks.measuring import percentile

ROOT = Path(__file__).parent.parent
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
GRACE = 30.0
"""Seconds to wait, after the measured time, for responses that are still missing."""


class Load(msgspec.Struct, frozen=True):
    """Which guests answer, on how many connections, and for how many seconds.

    With a `query`, things to do are asked for over GraphQL instead: each request names one of
    `guests` as its variable `id`. With `keys`, messages are sent instead: each of `guests` is a
    conversation, into which the owner of the key at the same place writes.
    """

    port: int
    clients: int
    guests: list[str]
    seconds: float
    warm_up: float
    key: str = ""
    path: str = ""
    query: str = ""
    keys: list[str] = []


class LoadResult(msgspec.Struct, frozen=True):
    """The responses within the measured time; latencies in microseconds."""

    answers: int
    """All responses, those of the warm-up included."""
    rate: float
    p50_us: float
    p99_us: float
    refused: dict[int, int]
    """By status, the number of responses other than 200."""


class Client(asyncio.Protocol):
    """One connection, which sends one request after the other once `start` is called.

    Before that, it sends a single request; `accepted` is done when the server has answered it.
    """

    def __init__(self, next_request: Callable[[], bytes | None], answers: "Answers") -> None:
        self._next_request = next_request
        self._answers = answers
        self._buffer = b""
        loop = asyncio.get_running_loop()
        self.accepted: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()

    def start(self) -> None:
        self._send()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = CONTENT_LENGTH.search(self._buffer, 0, end)
        if length is None:
            self._fail(RuntimeError(f"an answer without a length: {self._buffer[:200]!r}"))
            return
        if len(self._buffer) < end + 4 + int(length.group(1)):
            return
        self._answers.add(self._begun, int(self._buffer[9:12]))
        self._buffer = b""
        if self.accepted.done():
            self._send()
        else:
            self.accepted.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or ConnectionError("the server closed the connection"))

    def _fail(self, error: Exception) -> None:
        for future in (self.accepted, self.done):
            if not future.done():
                future.set_exception(error)

    def _send(self) -> None:
        request = self._next_request()
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._begun = perf_counter()
        self._transport.write(request)


class Answers:
    """Counts the responses, and keeps the latencies of those within the measured time.

    The measured time lasts from `begin` to `end`, or longer: until there is a response per client.
    """

    def __init__(self, clients: int) -> None:
        self._clients = clients
        self.begin = self.end = self._last = math.inf
        self.count = 0
        self.latencies: list[float] = []
        self.refused: dict[int, int] = {}

    def add(self, begun: float, status: int) -> None:
        now = perf_counter()
        self.count += 1
        if status != 200:
            self.refused[status] = self.refused.get(status, 0) + 1
        if now >= self.begin and not self.are_complete(now):
            self.latencies.append(now - begun)
            self._last = now

    def are_complete(self, now: float) -> bool:
        return now >= self.end and len(self.latencies) >= self._clients

    @property
    def rate(self) -> float:
        return len(self.latencies) / (max(self._last, self.end) - self.begin)


async def run(load: Load) -> LoadResult:
    """Make all connections, then measure: a busy server would accept new ones only slowly."""
    loop = asyncio.get_running_loop()
    answers = Answers(load.clients)
    clients = []
    for number in range(load.clients):
        make = partial(Client, requests(load, number, answers), answers)
        _, client = await loop.create_connection(make, "127.0.0.1", load.port)
        await client.accepted
        clients.append(client)
    answers.begin = perf_counter() + load.warm_up
    answers.end = answers.begin + load.seconds
    for client in clients:
        client.start()
    async with asyncio.timeout(load.warm_up + load.seconds + GRACE):
        await asyncio.gather(*(client.done for client in clients))
    return LoadResult(
        answers.count,
        answers.rate,
        percentile(answers.latencies, 0.5) * 1e6,
        percentile(answers.latencies, 0.99) * 1e6,
        answers.refused,
    )


def requests(load: Load, client: int, answers: Answers) -> Callable[[], bytes | None]:
    """One guest after the other. Each answer differs from the last: a repeat records nothing."""
    count = len(load.guests)
    own = range(client, count, load.clients) or [client % count]
    turn = 0
    ready = [[request(load, client, place, people) for place in own] for people in range(1, 8)]

    def next_request() -> bytes | None:
        nonlocal turn
        if answers.are_complete(perf_counter()):
            return None
        people, place = divmod(turn, len(own))
        turn += 1
        return ready[people % len(ready)][place]

    return next_request


def request(load: Load, client: int, place: int, people: int) -> bytes:
    guest, key = load.guests[place], load.keys[place] if load.keys else load.key
    path = load.path or f"/guests/{guest}/rsvp"
    body = b'{"attending":true,"num_guests":%d,"dietary":"no nuts at %d"}' % (people, client)
    if load.query:
        body = msgspec.json.encode({"query": load.query, "variables": {"id": guest}})
    if load.keys:
        text = f"no nuts at {client}, for {people}"
        body = msgspec.json.encode({"message": text, "message_group_uuid": guest})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def generate(load: Load) -> LoadResult:
    """Run a load in a separate process. Raises RuntimeError if that process fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    stdout, _ = await process.communicate(msgspec.json.encode(load))
    if process.returncode:
        raise RuntimeError("the load generator failed; see above")
    return msgspec.json.decode(stdout, type=LoadResult)


def main() -> None:
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(msgspec.json.encode(runner.run(run(load))))


if __name__ == "__main__":
    main()
