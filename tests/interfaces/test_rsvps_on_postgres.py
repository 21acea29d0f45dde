"""RSVPs through two servers on one database, while connections and servers are killed."""

import asyncio
import contextlib
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient, HTTPError

from gatherlog.bootstrap import start
from gatherlog.settings import Settings
from tests.contracts.engines import POSTGRES, Place, empty_place
from tests.interfaces.servers import Server, running
from tests.postgres import LONG, fetch

VERIFY = "from gatherlog.entrypoints.cli import main; main()"
CLIENTS = 32
CAPACITY = 40
"""Fewer than all clients might bring, so that places are given up, waited for and given."""
END_SOME = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'gatherlog' AND random() < 0.3"
)


class Client:
    """One guest, who answers again and again; each answer until it is acknowledged."""

    def __init__(self, guest_id: str) -> None:
        self._path = f"/guests/{guest_id}/rsvp"
        self._guest = guest_id
        self._number = 0
        self.last: dict[str, Any] = {}
        self.statuses: Counter[int] = Counter()

    async def run(self, servers: list[Server], done: asyncio.Event) -> None:
        while not done.is_set():
            self._number += 1
            is_coming = random.random() < 0.7
            answer = {"attending": is_coming, "num_guests": random.randint(1, 3) * is_coming}
            if await self._send(servers, answer):
                self.last = answer

    async def _send(self, servers: list[Server], answer: dict[str, Any]) -> bool:
        """Send an answer until it is acknowledged, or refused because there is no place."""
        key = {"Idempotency-Key": f"{self._guest}/{self._number}"}
        while True:
            api = random.choice(servers).api
            if api is None:
                await asyncio.sleep(0.01)
                continue
            with contextlib.suppress(HTTPError, RuntimeError):  # killed, or its client closed
                given = await api.post(self._path, json=answer, headers=key)
                self.statuses[given.status_code] += 1
                if given.status_code in (200, 409):
                    return given.status_code == 200


async def prepared(url: str) -> tuple[str, list[str]]:
    """Make a gathering with a few places and many guests; an operator's key, and the guests."""
    platform = await start(Settings(store=url))
    key = await platform.keys.create("operator", None, "", actor="test")
    await platform.stop()
    async with running(url, key.secret, 1) as [server]:
        assert server.api is not None
        await server.api.put("/admin/settings", json={"max_guests": CAPACITY})
        guests = [await _new_guest(server.api, n) for n in range(CLIENTS)]
    return key.secret, guests


async def _new_guest(api: AsyncClient, number: int) -> str:
    answer = await api.post("/guests", json={"first_name": "Guest", "last_name": f"{number}"})
    return str(answer.json()["id"])


async def kill_for_a_while(servers: list[Server], url: str, seconds: float) -> None:
    """End connections at random all the time, and in the middle a server, which starts again."""
    loop = asyncio.get_running_loop()
    end, is_killed = loop.time() + seconds, False
    while loop.time() < end:
        await asyncio.sleep(random.uniform(0.1, 0.5))
        await asyncio.to_thread(fetch, url, END_SOME)
        if not is_killed and loop.time() > end - seconds / 2:
            is_killed = True
            await servers[1].kill()
            await servers[1].start()


async def answer_while_killing(place: Place, seconds: float) -> None:
    key, guests = await prepared(place.url)
    clients, done = [Client(guest) for guest in guests], asyncio.Event()
    async with running(place.url, key, 2) as servers:
        async with asyncio.TaskGroup() as answering:
            for client in clients:
                answering.create_task(client.run(servers, done))
            await kill_for_a_while(servers, place.url, seconds)
            done.set()
        api = servers[0].api
        assert api is not None
        coming = 0
        for guest, client in zip(guests, clients, strict=True):
            found = (await api.get(f"/guests/{guest}")).json()
            if found["waiting_since"] is not None:
                found["attending"] = True  # as was asked for
            assert {name: found[name] for name in client.last} == client.last, found
            coming += found["num_guests"] * (found["status"] == "coming")
        stats = (await api.get("/admin/stats")).json()
    statuses = sum([client.statuses for client in clients], Counter[int]())
    assert statuses[200] > 10 * seconds
    assert set(statuses) <= {200, 409, 503}
    assert await verified(place.url) == 0
    assert coming == stats["people"] <= CAPACITY
    print(f"answers: {dict(statuses)}")


async def verified(url: str) -> int:
    """The exit status of `gatherlog verify`."""
    command = [sys.executable, "-c", VERIFY, "verify", "--store", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    return await process.wait()


async def test_no_acknowledged_answer_is_lost_while_connections_and_a_server_are_killed(
    postgres: Place,
) -> None:
    await answer_while_killing(postgres, 4.0)


@pytest.mark.heavy
@pytest.mark.timeout(180)
async def test_no_answer_is_lost_in_a_long_time_of_killed_connections(postgres: Place) -> None:
    await answer_while_killing(postgres, LONG)


@pytest.fixture
async def postgres(tmp_path: Path) -> Any:
    async with empty_place(POSTGRES, tmp_path) as place:
        yield place
