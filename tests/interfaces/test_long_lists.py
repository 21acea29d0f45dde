"""Long lists hold the event loop for short steps only, and end when their clients leave.

Each list is asked for once with few guests and once with many, giving way at every occasion. What
is counted are the calls of functions in the longest step of the loop: they may not grow with the
list.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore import giving_way
from gatherlog.interfaces.http import PART, Http, _Exchange
from gatherlog.interfaces.long_work import MOST_AT_ONCE, MOST_EACH, LongWork
from gatherlog.interfaces.problems import TooMany
from gatherlog.interfaces.rest.endpoint import Reply
from gatherlog.settings import Settings
from tests.made_up import lettered
from tests.stores import eventually

FEW, MANY = 300, 1200
_imports = count(1)
SLACK = 400
"""Calls by which two steps may differ that do the same, such as the first one after a start."""
Ask = Callable[..., Awaitable[tuple[int, bytes]]]


def sheet(start: int, end: int) -> bytes:
    lines = [
        f"Ada,Lo {lettered(n)},ada{n}@example.org,Byron {n // 3},{'vegan' if n % 4 == 3 else ''}"
        for n in range(start, end)
    ]
    return "\n".join(["First name,Last name,Email,Household,Diet", *lines]).encode()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/g.db", rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def ask(app: Http, platform: Platform) -> Ask:
    """Calls the application as a server does: a request with an operator's key, as a whole."""
    key = (await platform.keys.create("operator", None, "tests", actor="test")).secret

    async def ask(
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = "",
        leaves: asyncio.Event | None = None,
        reads: asyncio.Event | None = None,
    ) -> tuple[int, bytes]:
        name, _, query = path.partition("?")
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            if not waiting:
                await (leaves or asyncio.Event()).wait()
                return {"type": "http.disconnect"}
            return waiting.pop()

        async def send(message: Any) -> None:
            sent.append(message)
            if reads is not None:
                await reads.wait()

        headers = {"authorization": f"Bearer {key}", "content-type": kind}
        if name.startswith("/host"):
            headers = {"cookie": f"gatherlog={key}", "origin": "http://test", "host": "test"}
            headers |= {"accept": "text/html", "content-type": kind}
        scope = {
            "type": "http",
            "method": method,
            "path": name,
            "raw_path": name.encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in headers.items() if v],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "scheme": "http",
        }
        await app(scope, receive, send)
        if not sent:
            return 499, b""
        return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])

    return ask


@contextmanager
def longest_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The number of calls in the longest step of the loop, in this thread; in a list of one."""
    longest, calls = [0], 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        if event in {"call", "c_call"}:
            calls += 1

    run = asyncio.Handle._run

    def counted(handle: asyncio.Handle) -> None:
        nonlocal calls
        calls = 0
        run(handle)
        longest[0] = max(longest[0], calls)

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.Handle, "_run", counted)
        patched.setattr(giving_way, "STEP", 0.0)
        patched.setattr(giving_way, "PATIENCE", 0.0)
        sys.setprofile(count)
        try:
            yield longest
        finally:
            sys.setprofile(None)


CSV, FORM, JSON = "text/csv", "application/x-www-form-urlencoded", "application/json"


def doubtful(guests: int) -> bytes:
    """A sheet of guests who are on the list with other addresses."""
    lines = [f"Ada,Lo {lettered(n)},other{n}@example.org" for n in range(guests)]
    return "\n".join(["First name,Last name,Email", *lines]).encode()


async def questions(ask: Ask, guests: int) -> tuple[int, bytes]:
    """The preview of a doubtful sheet on the page."""
    status, page = await ask("GET", "/host/default/import")
    found = re.search(rb'name="(\w+)" value="([^"]+)"', page)
    assert status == 200
    assert found is not None
    field = b'--x\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    form = field % (found[1], found[2]) + field % (b"lines", doubtful(guests)) + b"--x--\r\n"
    return await ask("POST", "/host/default/import", form, "multipart/form-data; boundary=x")


async def import_new(ask: Ask, guests: int) -> tuple[int, bytes]:
    """An import of guests of whom none is on the list, however often it is called."""
    start = MANY * next(_imports)
    return await ask("POST", "/guests/import", sheet(start, start + guests), CSV)


async def links(ask: Ask, guests: int) -> tuple[int, bytes]:
    status, page = await ask("GET", "/host/default/links")
    found = re.search(rb'name="(\w+)" value="([^"]+)"', page)
    assert status == 200
    assert found is not None
    form = urlencode({found[1]: found[2], "which": "all"}).encode()
    return await ask("POST", "/host/default/links", form, FORM)


def get(path: str) -> Callable[[Ask, int], Awaitable[tuple[int, bytes]]]:
    return lambda ask, guests: ask("GET", path)


LISTS: dict[str, Callable[[Ask, int], Awaitable[tuple[int, bytes]]]] = {
    "guests": get("/guests?limit=1000"),
    "guests with visits": get("/admin/guests?limit=1000"),
    "search": get("/guests?q=nobody"),
    "search of a host": get("/host/default?q=nobody"),
    "households": get("/groups?limit=1000"),
    "sheet": get("/guests.csv"),
    "sheet of a host": get("/host/default/guests.csv"),
    "print": get("/host/default/print"),
    "links": links,
    "import": import_new,
    "preview": lambda ask, guests: ask(
        "POST", "/guests/import?preview=true", sheet(0, guests), CSV
    ),
    "questions": lambda ask, guests: ask(
        "POST", "/guests/import?preview=true", doubtful(guests), CSV
    ),
    "questions of a host": questions,
    "trial": lambda ask, guests: ask(
        "POST", "/rules/try", b'{"pattern": {"source": ["x"]}, "last": 10000}', JSON
    ),
    "stream": get("/streams/gathering-default?limit=1000"),
    "log": get("/logs/gathering?limit=1000"),
    "feed": get("/feed?limit=1000"),
    "feed of nothing": get("/feed?limit=1000&type=nothing"),
}


@pytest.mark.parametrize("name", LISTS)
async def test_the_longest_step_does_not_grow_with_the_list(
    name: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def step(guests: int) -> int:
        with longest_step(monkeypatch) as longest:
            status, _ = await LISTS[name](ask, guests)
        assert status == 200
        return longest[0]

    assert (await ask("POST", "/guests/import", sheet(0, FEW), CSV))[0] == 200
    await step(FEW)  # so that templates and caches are filled
    with_few = await step(FEW)
    assert (await ask("POST", "/guests/import", sheet(FEW, MANY), CSV))[0] == 200
    with_many = await step(MANY)

    assert with_many <= with_few + SLACK


@pytest.mark.parametrize("path", ["/guests.csv", "/host/default/print", "/host/default/guests.csv"])
async def test_a_client_who_leaves_ends_the_work(
    path: str, ask: Ask, app: Http, log_lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await ask("POST", "/guests/import", sheet(0, FEW), CSV))[0] == 200
    given = 0
    turn = giving_way._Turns.next

    async def counted(turns: giving_way._Turns) -> None:
        nonlocal given
        given += 1
        if given == 50:
            leaves.set()
        await turn(turns)

    leaves = asyncio.Event()
    monkeypatch.setattr(giving_way._Turns, "next", counted)
    monkeypatch.setattr(giving_way, "STEP", 0.0)
    monkeypatch.setattr(giving_way, "PATIENCE", 0.0)
    assert await ask("GET", path, leaves=leaves) == (499, b"")

    assert given < 60, "the list has 300 guests"
    assert msgspec.json.decode(log_lines[-1])["status"] == 499
    monkeypatch.undo()
    assert (await ask("GET", path))[0] == 200, "its place is free again"


@pytest.mark.parametrize("path", ["/guests.csv", "/host/default/print", "/host/default/guests.csv"])
async def test_clients_who_do_not_read_keep_no_place(path: str, ask: Ask) -> None:
    reads = asyncio.Event()
    slow = [asyncio.ensure_future(ask("GET", path, reads=reads)) for _ in range(MOST_EACH - 1)]

    for _ in range(2):
        assert (await ask("GET", path))[0] == 200
    assert not any(one.done() for one in slow)
    reads.set()
    assert {status for status, _ in await asyncio.gather(*slow)} == {200}


async def test_a_few_are_made_at_once_and_the_others_wait_in_order() -> None:
    places, begun, ends = LongWork(), list[int](), [asyncio.Event() for _ in range(7)]

    async def work(number: int) -> int:
        begun.append(number)
        await ends[number].wait()
        return number

    async def stays() -> None:
        await asyncio.Event().wait()

    asked = [
        asyncio.ensure_future(places.read(f"key:{n}", lambda n=n: work(n), stays))  # type: ignore[misc]
        for n in range(7)
    ]

    async def has_begun() -> list[int]:
        return begun

    await eventually(has_begun, [0, 1, 2, 3])
    ends[2].set()
    await eventually(has_begun, [0, 1, 2, 3, 4])
    for end in ends:
        end.set()
    assert await asyncio.gather(*asked) == [0, 1, 2, 3, 4, 5, 6]


async def test_nobody_asks_for_more_than_a_few_at_once() -> None:
    places = LongWork()
    async with AsyncExitStack() as waiting:
        for _ in range(MOST_AT_ONCE):
            await waiting.enter_async_context(places.place("key:1"))
        more = [asyncio.ensure_future(_hold(places)) for _ in range(MOST_EACH - MOST_AT_ONCE)]
        await asyncio.sleep(0)
        with pytest.raises(TooMany):
            await _hold(places)
    await asyncio.gather(*more)

    await _hold(places)


async def _hold(places: LongWork) -> None:
    async with places.place("key:1"):
        pass


async def test_a_long_body_comes_in_parts_and_whole(app: Http, platform: Platform) -> None:
    body = bytes(range(256)) * 1000
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    exchange = _Exchange(scope, send, [])
    await exchange.reply(Reply(200, body, []))

    start, *parts = sent
    assert start["headers"] == [(b"content-length", b"256000")]
    assert max(len(part["body"]) for part in parts) == PART
    assert [part.get("more_body", False) for part in parts] == [True] * 3 + [False]
    assert b"".join(part["body"] for part in parts) == body
