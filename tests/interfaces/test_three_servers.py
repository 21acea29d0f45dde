"""Three servers on one store, which are killed and started in turns under load: nothing is lost."""

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from httpx2 import HTTPError

from gatherlog.bootstrap import VIEWS, start
from gatherlog.core import Recorded, Store
from gatherlog.core.subscriptions.log_counts import LOGS
from gatherlog.engines import open_store
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import read_place
from gatherlog.settings import Settings
from tests.contracts.commits import streams_of, whole_feed, whole_stream
from tests.contracts.engines import POSTGRES, SQLITE, Engine, Place, require
from tests.core.subscriptions.followers import bodies
from tests.interfaces.servers import Server, running
from tests.postgres import fetch
from tests.stores import eventually

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


async def kill_in_turns(servers: list[Server], place: Place) -> None:
    """Kill one after the other and start it again, while others look at the store, too."""
    for turn in range(KILLS):
        await asyncio.sleep(LIFE)
        victim = servers[turn % SERVERS]
        await victim.kill()
        await asyncio.to_thread(look_outside, place)
        await victim.start()


def look_outside(place: Place) -> None:
    if place.engine.postgres is not None:
        sql = script("SELECT count(*) FROM gatherlog.event", read_place(place.url))
        assert fetch(place.url, sql) > [(0,)]
        return
    with contextlib.closing(sqlite3.connect(place.path, timeout=10)) as database:
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
@pytest.mark.parametrize("engine", [SQLITE, POSTGRES], ids=lambda engine: engine.name)
async def test_three_servers_killed_in_turns_under_load_lose_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    require(engine)
    place = Place(engine, tmp_path)
    url = place.url
    key = await prepared(url)
    async with running(url, key, SERVERS) as servers:
        assert servers[0].api is not None
        assert (await servers[0].api.post("/rules", json=COPIES)).status_code == 201
        load = Load(servers)
        async with asyncio.TaskGroup() as callers:
            for caller in range(CALLERS):
                callers.create_task(load.call(caller))
            await kill_in_turns(servers, place)
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
    await place.close()
    print(f"{len(expected)} events, {KILLS} kills, {dict(load.statuses)}")
