"""Three servers on one file, which are killed and started in turns under load: nothing is lost."""

import asyncio
import contextlib
import os
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient, HTTPError

from gatherlog.bootstrap import VIEWS, start
from gatherlog.core import Recorded, Store
from gatherlog.core.subscriptions.log_counts import LOGS
from gatherlog.engines import open_store
from gatherlog.settings import Settings
from tests.contracts.commits import streams_of, whole_feed, whole_stream
from tests.core.subscriptions.followers import bodies
from tests.stores import eventually

SERVE = """
import os
from gatherlog.entrypoints.asgi import serve
from gatherlog.settings import Settings
serve(Settings.from_environment(os.environ), ready=lambda url: print(url, flush=True))
"""
SERVERS = 3
KILLS = 12
LIFE = 1.2
"""Seconds between two kills: a server lives for less than the length of a lease."""
CALLERS = 12
COPIES = {
    "name": "copy",
    "pattern": {"type": ["tests.said"]},
    "targets": [{"to": {"kind": "append", "stream": "copies-1"}}],
}


class Server:
    """A server process on the file, at an address that changes with each start."""

    def __init__(self, store: str, key: str) -> None:
        self._environment = {
            **os.environ,
            "GATHERLOG_STORE": store,
            "GATHERLOG_PORT": "0",
            "GATHERLOG_RATE_LIMITS": "off",
        }
        self._headers = {"Authorization": f"Bearer {key}"}
        self._process: asyncio.subprocess.Process | None = None
        self.api: AsyncClient | None = None
        """A client of the server; None while it does not run."""

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SERVE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._environment,
        )
        assert self._process.stdout is not None
        url = (await self._process.stdout.readline()).decode().strip()
        assert url.startswith("http://"), "the server did not start"
        self.api = AsyncClient(base_url=url, headers=self._headers, timeout=10)

    async def kill(self) -> None:
        """kill -9, in the middle of whatever it does."""
        client, self.api = self.api, None
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if client is not None:
            await client.aclose()


class Load:
    """Callers who append, and repeat with the same key, at any server, until it is acknowledged."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers
        self._is_over = False
        self.acknowledged: dict[str, tuple[str, int]] = {}
        """By the id of the event: its stream, and the version that the caller was told."""
        self.statuses: Counter[int] = Counter()

    async def call(self, caller: int) -> None:
        number = 0
        while not self._is_over:
            number += 1
            await self._say(f"e{caller}-{number}", f"card-{caller % 5}")

    def end(self) -> None:
        """Every caller ends once what it said last is acknowledged."""
        self._is_over = True

    async def _say(self, id: str, stream: str) -> None:
        body = {"events": [{"type": "tests.said", "id": id, "data": {"id": id}}]}
        while True:
            api = random.choice(self._servers).api
            if api is None:
                await asyncio.sleep(0.01)
                continue
            with contextlib.suppress(HTTPError, RuntimeError):  # killed, or its client closed
                answer = await api.post(
                    f"/streams/{stream}", json=body, headers={"Idempotency-Key": id}
                )
                self.statuses[answer.status_code] += 1
                if answer.status_code == 201:
                    self.acknowledged[id] = (stream, answer.json()["version"])
                    return


@contextlib.asynccontextmanager
async def running(store: str, key: str) -> AsyncIterator[list[Server]]:
    servers = [Server(store, key) for _ in range(SERVERS)]
    try:
        await asyncio.gather(*[server.start() for server in servers])
        yield servers
    finally:
        await asyncio.gather(*[server.kill() for server in servers])


async def kill_in_turns(servers: list[Server], file: Path) -> None:
    """Kill one after the other and start it again, while an outside SQLite looks at the file."""
    for turn in range(KILLS):
        await asyncio.sleep(LIFE)
        victim = servers[turn % SERVERS]
        await victim.kill()
        await asyncio.to_thread(look_outside, file)
        await victim.start()


def look_outside(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file, timeout=10)) as database:
        assert database.execute("SELECT count(*) FROM event").fetchone()[0] > 0


async def prepared(store: str) -> str:
    """Make the store and the rule that copies; an operator's key."""
    platform = await start(Settings(store=store))
    key = await platform.keys.create("operator", None, "", actor="test")
    await platform.stop()
    return key.secret


async def said(store: Store) -> dict[str, tuple[str, int]]:
    """What is in the log: by the id of the event, its stream and version."""
    events: list[Recorded] = []
    for head in await streams_of(store, "card"):
        its_own = await whole_stream(store, head.stream)
        assert [event.version for event in its_own] == list(range(1, head.version + 1))
        events += its_own
    assert len({event.id for event in events}) == len(events)
    return {event.id: (event.stream, event.version) for event in events}


@pytest.mark.heavy
@pytest.mark.timeout(180)
async def test_three_servers_killed_in_turns_under_load_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "gatherlog.db"
    url = f"sqlite:///{file}"
    key = await prepared(url)
    async with running(url, key) as servers:
        assert servers[0].api is not None
        assert (await servers[0].api.post("/rules", json=COPIES)).status_code == 201
        load = Load(servers)
        async with asyncio.TaskGroup() as callers:
            for caller in range(CALLERS):
                callers.create_task(load.call(caller))
            await kill_in_turns(servers, file)
            load.end()
        await asyncio.gather(*[server.kill() for server in servers[1:]])

        store = await open_store(url, views=VIEWS)
        expected = load.acknowledged

        async def counted() -> int:
            heads: dict[str, Any] = await bodies(store, LOGS)
            return sum(head.events for head in heads.values() if head.log == "card")

        async def copied() -> set[str]:
            copies = await whole_stream(store, "copies-1")
            return {event.data.decode() for event in copies}

        await eventually(counted, len(expected), 40)
        await eventually(copied, {f'{{"id":"{id}"}}' for id in expected}, 40)
        assert await said(store) == expected
        positions = [event.position for event in await whole_feed(store)]
        assert positions == sorted(set(positions))
        await store.close()
    assert set(load.statuses) <= {201, 503}
    print(f"{len(expected)} events, {KILLS} kills, {dict(load.statuses)}")
