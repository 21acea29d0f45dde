"""The server as a process: real sockets, its log, and its shutdown."""

import asyncio
import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import sys
import termios
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import start
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.entrypoints.asgi import app
from gatherlog.settings import Settings

SERVE = """
import os
from gatherlog.entrypoints.asgi import serve
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.entrypoints.asgi import app
from gatherlog.settings import Settings
serve(Settings.from_environment(os.environ), ready=lambda url: print(url, flush=True))
"""


class Server:
    """A server process, its URL, and its output."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def ended(self) -> tuple[int, bytes]:
        """Its exit code, and what it wrote to stderr."""
        _, log = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, log


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/gatherlog.db"


@pytest.fixture
async def key(store: str) -> str:
    platform = await start(Settings(store=store))
    created = await platform.keys.create("operator", None, "", actor="test")
    await platform.stop()
    return created.secret


@pytest.fixture
async def server(store: str, key: str) -> AsyncIterator[Server]:
    async with _serving(store) as server:
        yield server


@contextlib.asynccontextmanager
async def _serving(store: str) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            "GATHERLOG_WORK": "here",
            **os.environ,
            "GATHERLOG_STORE": store,
            "GATHERLOG_PORT": "0",
        },
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        yield Server(process, url)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def api(server: Server, key: str) -> AsyncIterator[AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"}
    async with AsyncClient(base_url=server.url, headers=headers) as client:
        yield client


async def test_an_rsvp_over_a_real_socket(server: Server, api: AsyncClient) -> None:
    guest = await api.post("/guests", json={"first_name": "Ada", "last_name": "Lovelace"})
    id = guest.json()["id"]
    link = await api.post(f"/guests/{id}/link")
    answer = await api.post(f"/guests/{id}/rsvp", json={"attending": True, "num_guests": 2})

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
    assert (answer.status_code, answer.json()["num_guests"]) == (200, 2)
    assert link.json()["url"].startswith(f"{server.url}/r/")
    assert "server" not in answer.headers
    assert (await api.head("/guests")).headers["content-length"] != "0"


async def test_the_log_is_json_and_nothing_else(server: Server, api: AsyncClient) -> None:
    await api.get("/healthz")
    await api.get("/nowhere")
    await api.aclose()
    server.process.send_signal(signal.SIGTERM)

    code, log = await server.ended()

    lines = [json.loads(line) for line in log.splitlines()]
    assert (code, [(line["path"], line["status"]) for line in lines]) == (
        0,
        [("/healthz", 200), ("/…", 404)],
    )


async def test_accepted_requests_are_finished_before_the_server_ends(
    server: Server, key: str
) -> None:
    reader, writer = await _begun(server, key)

    server.process.send_signal(signal.SIGTERM)
    await _refusing(server)
    writer.write(NEW)
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"connection: close" in answer.lower()
    assert (await server.ended())[0] == 0


async def test_a_second_signal_ends_the_server_at_once(server: Server, key: str) -> None:
    _, writer = await _begun(server, key)
    server.process.send_signal(signal.SIGTERM)
    await _refusing(server)
    assert server.process.returncode is None

    server.process.send_signal(signal.SIGTERM)

    code, _ = await asyncio.wait_for(server.ended(), 10)
    assert code == 128 + signal.SIGTERM
    writer.close()


async def test_a_live_stream_does_not_delay_the_shutdown(server: Server, key: str) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET /admin/stats/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"data: ")

    server.process.send_signal(signal.SIGTERM)
    rest = await asyncio.wait_for(reader.read(), 5)
    writer.close()

    assert rest.endswith(b"0\r\n\r\n")
    assert (await asyncio.wait_for(server.ended(), 5))[0] == 0


async def test_a_long_poll_whose_connection_was_closed_takes_no_message(
    server: Server, api: AsyncClient, key: str
) -> None:
    target = {"to": {"kind": "queue", "queue": "orders"}}
    rule = {"name": "r", "pattern": {"log": ["orders"]}, "targets": [target]}
    assert (await api.post("/rules", json=rule)).status_code == 201
    for _ in range(3):
        _, writer = await _begun(server, key, "/queues/orders/receive", LONG_POLL)
        writer.write(LONG_POLL)
        await writer.drain()
        writer.transport.abort()

    await api.post("/logs/orders", json={"type": "placed", "payload": {"id": "7"}})
    [received] = (await api.post("/queues/orders/receive", json={"wait": 20})).json()

    assert (received["stream"], received["attempt"]) == ("orders-7", 1)


async def test_a_stream_that_nobody_reads_does_not_delay_the_shutdown(
    server: Server, api: AsyncClient, key: str
) -> None:
    event = {"type": "large", "data": {"text": "x" * 250_000}}
    for number in range(20):
        sent = await api.post(f"/streams/large-{number}", json={"events": [event] * 3})
        assert sent.status_code == 201
    host, port = server.url.removeprefix("http://").split(":")
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
    head = f"GET /feed/live?cursor=start HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(head.encode())
    await reader.readuntil(b"retry")
    await _stalled(narrow)

    server.process.send_signal(signal.SIGTERM)

    assert (await asyncio.wait_for(server.ended(), 15))[0] == 0
    writer.close()


async def _stalled(client: socket.socket) -> None:
    """Return once the system takes no more bytes for this client, which reads none."""
    seen, arrived = -1, 0
    async with asyncio.timeout(10):
        while seen != arrived or not arrived:
            seen = arrived
            await asyncio.sleep(0.3)
            arrived = int.from_bytes(fcntl.ioctl(client, termios.FIONREAD, bytes(4)), sys.byteorder)


async def test_a_wait_for_messages_does_not_delay_the_shutdown(
    server: Server, api: AsyncClient
) -> None:
    polls = [
        asyncio.create_task(api.post("/queues/orders/receive", json={"wait": 20}, timeout=30))
        for _ in range(3)
    ]
    await asyncio.wait(polls, timeout=1)
    assert not any(poll.done() for poll in polls)

    server.process.send_signal(signal.SIGTERM)

    answers = await asyncio.wait_for(asyncio.gather(*polls), 10)
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, [])] * 3
    await api.aclose()
    assert (await asyncio.wait_for(server.ended(), 10))[0] == 0


LONG_POLL = b'{"wait": 20}'
NEW = b'{"first_name": "Ada", "last_name": "Lovelace"}'


async def _begun(
    server: Server, key: str, path: str = "/guests", body: bytes = NEW
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request that the server has begun to handle: it waits for the body."""
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += "Content-Type: application/json\r\nExpect: 100-continue\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    return reader, writer


async def _refusing(server: Server) -> None:
    """Return once the server accepts no new connections."""
    host, port = server.url.removeprefix("http://").split(":")
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.05)


async def test_acknowledged_changes_survive_a_restart(store: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with _serving(store) as first, AsyncClient(base_url=first.url, headers=headers) as api:
        guest = await api.post("/guests", json={"first_name": "Ada", "last_name": "Lovelace"})
        first.process.kill()
        await first.ended()

    async with _serving(store) as second, AsyncClient(base_url=second.url, headers=headers) as api:
        assert (await api.get(guest.headers["location"])).json() == guest.json()


async def test_two_servers_on_one_file_see_each_other(store: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        _serving(store) as first,
        _serving(store) as second,
        AsyncClient(base_url=first.url, headers=headers) as one,
        AsyncClient(base_url=second.url, headers=headers) as two,
    ):
        guest = await one.post("/guests", json={"first_name": "Ada", "last_name": "Lovelace"})
        path = guest.headers["location"]
        await two.post(f"{path}/rsvp", json={"attending": True})

        assert (await one.get(path)).json()["status"] == "coming"


async def test_a_client_that_sends_too_long_a_body_receives_the_answer(
    server: Server, key: str
) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /guests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())

    for _ in range(64):
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")

    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_broken_request_line_is_no_500(server: Server) -> None:
    lines = [
        b"GET /groups/\xff",
        b"GET /%",
        b"OPTIONS *",
        b"GET /guests?\xff",
        b"GET //",
        b"GET http://[",
    ]
    hosts = [b"x", b"[", b"\xff", b""]

    statuses = {
        (line, host): await _status_of(server, line, host) for line in lines for host in hosts
    }

    assert {asked: status for asked, status in statuses.items() if not 400 <= status < 500} == {}


async def _status_of(server: Server, line: bytes, host: bytes) -> int:
    name, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(line + b" HTTP/1.1\r\nHost: " + host + b"\r\nAccept: text/html\r\n\r\n")
    status_line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    return int(status_line.split()[1])


async def test_another_servers_lifespan_opens_and_closes_the_store(
    monkeypatch: pytest.MonkeyPatch, store: str, key: str
) -> None:
    monkeypatch.setenv("GATHERLOG_STORE", store)
    application = app()
    shown: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    living = asyncio.ensure_future(application({"type": "lifespan"}, shown.get, said.put))

    await shown.put({"type": "lifespan.startup"})
    started = await said.get()
    async with AsyncClient(
        transport=ASGITransport(app=application),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key}"},
    ) as api:
        answer = await api.get("/guests")
    await shown.put({"type": "lifespan.shutdown"})
    stopped = await said.get()
    await living

    assert (started["type"], answer.status_code, stopped["type"]) == (
        "lifespan.startup.complete",
        200,
        "lifespan.shutdown.complete",
    )


async def test_a_store_that_cannot_be_opened_is_reported_at_startup(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stranger = tmp_path / "letter.txt"
    stranger.write_text("Dear Ada, " * 1000)
    monkeypatch.setenv("GATHERLOG_STORE", f"sqlite:///{stranger}")
    said: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()

    async def shown() -> MutableMapping[str, Any]:
        return {"type": "lifespan.startup"}

    with pytest.raises(NotAStore):
        await app()({"type": "lifespan"}, shown, said.put)

    assert (await said.get())["type"] == "lifespan.startup.failed"
    assert stranger.read_text() == "Dear Ada, " * 1000
