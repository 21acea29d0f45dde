"""Clients of whole lists, in a process of their own: each asks for the same list again and again.

Reads a `Reading` as JSON from standard input. A line `begun` on standard output says that all of
them have been answered once; after the end of its standard input it stops, and writes a `Read`.
"""

import asyncio
import re
import sys
from time import perf_counter
from urllib.parse import urlencode

import msgspec
import uvloop

from benchmarks.hosting import Connection, connected, sheet

HOST = "/host/default"
IMPORTED = 2_000


class Reading(msgspec.Struct, frozen=True):
    """What is asked for, by how many clients."""

    port: int
    key: str
    kind: str
    clients: int
    guests: int


class Read(msgspec.Struct, frozen=True):
    """How many lists were answered, in how many seconds, and how long the longest took."""

    lists: int
    seconds: float


async def ask(connection: Connection, reading: Reading, turn: int) -> None:
    """Ask once. Raises RuntimeError unless the answer is 2xx."""
    key = f"Authorization: Bearer {reading.key}\r\n"
    cookie = f"Cookie: gatherlog={reading.key}\r\nOrigin: http://127.0.0.1\r\nAccept: text/html\r\n"
    match reading.kind:
        case "list":
            await connection.ask("GET", "/guests?limit=1000", key)
        case "search":
            await connection.ask("GET", "/guests?q=nobody+has+this+name", key)
        case "export":
            await connection.ask("GET", f"{HOST}/guests.csv", cookie)
        case "print":
            await connection.ask("GET", f"{HOST}/print", cookie)
        case "links":
            await links(connection, cookie)
        case "trial":
            body = msgspec.json.encode({"pattern": {"detail": {"x": [1]}}, "last": 10_000})
            await connection.ask("POST", "/rules/try", key + JSON, body)
        case "import":
            await imported(connection, key, min(IMPORTED, reading.guests))


JSON = "Content-Type: application/json\r\n"


async def links(connection: Connection, cookie: str) -> None:
    """New links for all, as the page makes them."""
    page = await connection.answer("GET", f"{HOST}/links", cookie)
    found = re.search(rb'name="(\w+)" value="([^"]+)"', page)
    assert found is not None
    form = urlencode({found[1]: found[2], "which": "all"}).encode()
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    await connection.ask("POST", f"{HOST}/links", cookie + kind, form)


async def imported(connection: Connection, key: str, guests: int) -> None:
    """A sheet of new guests, into a new gathering."""
    made = await connection.answer("POST", "/gatherings", key + JSON, b'{"event_name": "Party"}')
    path = f"/gatherings/{msgspec.json.decode(made)['id']}/guests/import"
    await connection.ask("POST", path, f"{key}Content-Type: text/csv\r\n", sheet(guests))


async def main() -> None:
    line = await asyncio.to_thread(sys.stdin.readline)
    reading = msgspec.json.decode(line, type=Reading)
    stopping = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    answered, begun = 0, 0.0
    started = asyncio.Barrier(reading.clients + 1)

    async def read() -> None:
        nonlocal answered
        async with connected(reading.port) as connection:
            await ask(connection, reading, 0)
            await started.wait()
            turn = 1
            while not stopping.done():
                await ask(connection, reading, turn)
                answered += 1
                turn += 1

    readers = [asyncio.create_task(read()) for _ in range(reading.clients)]
    begins = asyncio.create_task(started.wait())
    await asyncio.wait([begins, *readers], return_when=asyncio.FIRST_COMPLETED)
    begun = perf_counter()
    print("begun", flush=True)
    await asyncio.gather(*readers)
    print(msgspec.json.encode(Read(answered, perf_counter() - begun)).decode(), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
