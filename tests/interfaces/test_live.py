"""Live figures: sent when they change, to clients that may see them, until the stream ends."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces import live_streams
from gatherlog.interfaces.http import Http
from gatherlog.settings import Settings
from tests.stores import HOSTILE_URL


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param.format(folder=tmp_path), rate_limits="off"))
    yield platform
    await platform.stop()


PATH = "/admin/stats/live"
ADA = NewGuest(first_name="Ada", last_name="Lovelace")


class Reader:
    """An ASGI client of the stream: what it has received, and how it disconnects."""

    def __init__(self) -> None:
        self.head: MutableMapping[str, Any] = {}
        self.text = b""
        self.is_over = False
        self._came = asyncio.Condition()
        self._gone = asyncio.Event()

    async def receive(self) -> MutableMapping[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        async with self._came:
            if message["type"] == "http.response.start":
                self.head = message
            else:
                self.text += message["body"]
                self.is_over = not message.get("more_body", False)
            self._came.notify_all()

    async def figures(self, count: int) -> list[dict[str, Any]]:
        """The first `count` figures, as soon as they have come."""
        async with self._came:
            await self._came.wait_for(lambda: self.text.count(b"data: ") >= count or self.is_over)
        return [
            json.loads(line.removeprefix(b"data: "))
            for line in self.text.splitlines()
            if line.startswith(b"data: ")
        ]

    def leave(self) -> None:
        self._gone.set()


@asynccontextmanager
async def _watching(app: Http, credential: str, path: str = PATH) -> AsyncIterator[Reader]:
    """A reader; at the end it is checked that its request has ended."""
    reader = Reader()
    headers = [(b"authorization", credential.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
    scope = {**scope, "raw_path": path.encode(), "headers": headers, "client": ("::1", 1)}
    request = asyncio.ensure_future(app(scope, reader.receive, reader.send))
    try:
        yield reader
    finally:
        reader.leave()
        await asyncio.wait_for(request, 10)


@pytest.fixture
def credential(api: AsyncClient) -> str:
    text: str = api.headers["authorization"]
    return text


async def test_figures_are_sent_now_and_whenever_they_change(
    app: Http, api: AsyncClient, credential: str, platform: Platform
) -> None:
    async with _watching(app, credential) as reader:
        [now] = await reader.figures(1)
        await platform.guests.add_guest("default", ADA, actor="test")
        _, then = await reader.figures(2)

    headers = dict(reader.head["headers"])
    assert (now["total_guests"], then["total_guests"]) == (0, 1)
    assert then == (await api.get("/admin/stats")).json()
    assert (reader.head["status"], headers[b"content-type"]) == (200, b"text/event-stream")
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"


async def test_changes_of_other_gatherings_are_not_sent(
    app: Http, api: AsyncClient, credential: str, platform: Platform
) -> None:
    other = (await api.post("/gatherings", json={"event_name": "Another"})).json()["id"]
    async with _watching(app, credential) as reader:
        await reader.figures(1)
        await platform.guests.add_guest(other, ADA, actor="test")
        await asyncio.sleep(3 * live_streams.PAUSE)
        await platform.guests.add_guest("default", ADA, actor="test")
        shown = await reader.figures(2)

    assert [figures["total_guests"] for figures in shown] == [0, 1]


async def test_a_stream_ends_with_the_server(app: Http, credential: str) -> None:
    async with _watching(app, credential) as reader:
        await reader.figures(1)
        app.stop()
        await asyncio.wait_for(reader.figures(99), 5)

    assert reader.is_over


async def test_a_stream_ends_with_its_credential(
    app: Http, platform: Platform, credential: str
) -> None:
    key = await platform.keys.create("host", "default", "", actor="test")
    async with _watching(app, f"Bearer {key.secret}") as reader:
        await reader.figures(1)
        await platform.keys.revoke(key.id, actor="test")
        shown = await asyncio.wait_for(reader.figures(99), 5)

    assert (len(shown), reader.is_over) == (1, True)


async def test_a_stream_ends_with_its_gathering(
    app: Http, credential: str, platform: Platform
) -> None:
    async with _watching(app, credential) as reader:
        await reader.figures(1)
        await platform.guests.remove_gathering("default", actor="test")
        shown = await asyncio.wait_for(reader.figures(99), 5)

    assert (len(shown), reader.is_over) == (1, True)


async def test_a_credential_may_have_only_so_many_streams_open(
    app: Http, api: AsyncClient, nobody: AsyncClient, platform: Platform, credential: str
) -> None:
    other = await platform.keys.create("operator", None, "", actor="test")
    readers = [_watching(app, credential) for _ in range(live_streams.MOST_STREAMS)]
    for reader in readers:
        await (await reader.__aenter__()).figures(1)

    refused = await api.get(PATH)
    async with _watching(app, f"Bearer {other.secret}") as another:
        of_another = await another.figures(1)
    for reader in readers:
        await reader.__aexit__(None, None, None)
    async with _watching(app, credential) as again:
        once_they_left = await again.figures(1)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert refused.headers["retry-after"] == "5"
    assert [len(of_another), len(once_they_left)] == [1, 1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/gatherings/0198f3c2-0000-7000-8000-000000000000" + PATH, 404),
        ("/gatherings/nonsense" + PATH, 404),
    ],
)
async def test_a_missing_gathering_has_no_stream(api: AsyncClient, path: str, status: int) -> None:
    assert (await api.get(path)).status_code == status


async def test_head_has_no_figures(app: Http, api: AsyncClient) -> None:
    head = await api.head(PATH)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "text/event-stream"
