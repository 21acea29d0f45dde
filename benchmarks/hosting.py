"""How long a host waits over HTTP: to sign in by mail, and for pages of a gathering of 2,000.

Times are from the start of a request to the end of its response, on a connection that stays open.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import msgspec

from benchmarks import servers
from benchmarks.letters import Letters, mail_server
from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Stopwatch,
    Target,
    percentile,
)

CALLERS = 32
ADDRESSES = 4
"""Mail addresses per caller. The first sign-in with an address creates its account."""
MAIL_TIMEOUT = 30.0
"""Seconds to wait for a mail."""
HOST = "/host/default"
PAGES = {
    "page": (HOST, "the host's page: figures, and the first 50 of all guests"),
    "search": (f"{HOST}?q=noe+6", "the same, only guests whose name contains a text"),
    "filter": (f"{HOST}?status=declined", "the same, only guests who do not come"),
    "print": (f"{HOST}/print", "the whole list by household, with meals"),
}
MOST_US = 100_000
"""The highest p99, in microseconds."""
FIRST_NAMES = ("Ada", "Grace", "Noé", "Zoë", "Linus", "Margaret", "Alan", "Edsger", "Barbara")
ANSWERS = (True, True, None, False)


class Connection:
    """A connection that stays open, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, method: str, path: str, headers: str, body: bytes = b"") -> float:
        """Seconds until the response was complete. Raises RuntimeError unless its status is 2xx."""
        begun = perf_counter()
        await self.answer(method, path, headers, body)
        return perf_counter() - begun

    async def answer(self, method: str, path: str, headers: str, body: bytes = b"") -> bytes:
        """The body of the response. Raises RuntimeError unless its status is 2xx."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", answer, re.IGNORECASE)
        found = await self._reader.readexactly(int(length[1]) if length else 0)
        if not 200 <= int(answer[9:12]) < 300:
            raise RuntimeError(f"{method} {path}: {answer.decode()}")
        return found

    async def post(self, path: str, **fields: str) -> float:
        """Like `ask`, with `fields` as a JSON body."""
        json = "Content-Type: application/json\r\n"
        return await self.ask("POST", path, json, msgspec.json.encode(fields))


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


def signing_in(times: int) -> Measure:
    """32 people at once ask for a code, wait for the mail with it, and sign in with it."""

    async def measure(folder: Path) -> Figures:
        codes: list[float] = []
        sessions: list[float] = []

        async def sign_in(caller: int, port: int, letters: Letters) -> None:
            async with connected(port) as connection:
                for turn in range(times):
                    email = f"caller-{caller}-{turn % ADDRESSES}@example.org"
                    letter = letters.next_to(email)
                    codes.append(await connection.post("/auth/code", email=email))
                    code = await asyncio.wait_for(letter, MAIL_TIMEOUT)
                    sessions.append(await connection.post("/auth/session", email=email, code=code))

        async with mail_server() as letters:
            mail = {
                "GATHERLOG_SMTP_URL": f"smtp://127.0.0.1:{letters.port}",
                "GATHERLOG_MAIL_FROM": "party@example.org",
            }
            async with servers.gatherlog(folder / "ours.db", mail) as server:
                # The first sign-in creates the site's key, so it is not measured.
                await sign_in(CALLERS, server.port, letters)
                codes.clear()
                sessions.clear()
                with Stopwatch() as watch:
                    people = range(CALLERS)
                    await asyncio.gather(*(sign_in(n, server.port, letters) for n in people))
        rate = watch.figures(len(sessions))["rate"]
        return {"rate": rate, **_times("code", codes), **_times("session", sessions)}

    return measure


def page_times(file: Path, key: str, path: str, times: int) -> Measure:
    """Requests one page many times, as the browser of a host does."""

    async def measure(folder: Path) -> Figures:
        copy = Path(shutil.copy(file, folder))
        cookie = f"Cookie: gatherlog={key}\r\nAccept: text/html\r\n"
        async with servers.gatherlog(copy) as server, connected(server.port) as connection:
            await connection.ask("GET", path, cookie)
            taken = [await connection.ask("GET", path, cookie) for _ in range(times)]
        return {"p50_us": percentile(taken, 0.5) * 1e6, "p99_us": percentile(taken, 0.99) * 1e6}

    return measure


def _times(name: str, taken: list[float]) -> dict[str, float]:
    return {
        f"{name}_p50_us": percentile(taken, 0.5) * 1e6,
        f"{name}_p99_us": percentile(taken, 0.99) * 1e6,
    }


async def fill(folder: Path, guests: int) -> tuple[Path, str]:
    """A store with guests in households, three in four of whom have answered, and an API key."""
    file = folder / "ours.db"
    create = ("key", "create", "--role", "operator", "--store", f"sqlite:///{file}")
    key = (await servers.output_of(*servers.GATHERLOG, *create)).split()[-1]
    async with servers.gatherlog(file) as server:
        await servers.ask(server.port, "POST", "/guests/import", sheet(guests), key, "text/csv")
        limit = min(guests, 1000)
        listed = await servers.ask(server.port, "GET", f"/guests?limit={limit}", key=key)
        ids = [guest["id"] for guest in msgspec.json.decode(listed)]
        for number, id in enumerate(ids):
            if number % 4 == 2:
                continue
            said = msgspec.json.encode({"attending": ANSWERS[number % 4]})
            await servers.ask(server.port, "POST", f"/guests/{id}/rsvp", said, key)
    return file, key


def sheet(guests: int) -> bytes:
    """A sheet of guests, in CSV, such as a host would keep."""
    lines = ["First name,Last name,Email,Household,Diet"]
    for number in range(guests):
        first = FIRST_NAMES[number % len(FIRST_NAMES)]
        diet = ("", "", "vegan", "vegan and gluten free")[number % 4]
        family = number // 3
        lines.append(f"{first},{family:04} Byron,guest{number}@example.org,Byron {family},{diet}")
    return "\n".join(lines).encode()


async def prepare_signing_in(size: Size, _: Path) -> Plan:
    times = max(size.probes // 50, 1)
    return Plan(
        [Contender("gatherlog", "asks, reads the letter, enters the code", signing_in(times))],
        [
            Target("gatherlog", "code_p99_us", at_most=MOST_US),
            Target("gatherlog", "session_p99_us", at_most=MOST_US),
        ],
    )


async def prepare_pages(size: Size, folder: Path) -> Plan:
    file, key = await fill(folder, 2 * size.guests)
    times = size.probes // 5
    return Plan(
        [
            Contender(name, what, page_times(file, key, path, times))
            for name, (path, what) in PAGES.items()
        ],
        [Target(name, "p99_us", at_most=MOST_US) for name in ("page", "search", "filter")],
    )


BENCHMARKS = [
    Benchmark("sign-in", "signing in over HTTP, 32 people at once", prepare_signing_in),
    Benchmark("host-page", "pages of a host with 2,000 guests", prepare_pages),
]
