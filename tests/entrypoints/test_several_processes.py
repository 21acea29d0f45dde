"""Several servers on one port, and the reader beside them: real processes, which are killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from httpx2 import AsyncClient, HTTPError, Response

from gatherlog.interfaces.siblings import PUBLISH_SECONDS
from tests.apps.intake.made_up import record
from tests.entrypoints.terminal import PATIENCE, Running, gatherlog, running
from tests.stores import eventually

STORE = "sqlite:///site.db"
SERVE = ("serve", "--port", "0", "--store", STORE)
LONG = PATIENCE


class Site:
    """A running site, its operator's key, and its processes."""

    def __init__(self, server: Running, url: str, key: str) -> None:
        self.server = server
        self.url = url
        self.headers = {"Authorization": f"Bearer {key}"}

    def children(self) -> list[int]:
        """The ids of the processes that the first one has started, in the order of their start."""
        return children_of(self.server.process.pid)

    async def ask(self, method: str, path: str, **sent: object) -> Response:
        """The answer of whichever process accepts a new connection."""
        async with AsyncClient(base_url=self.url, headers=self.headers, timeout=LONG) as api:
            return await api.request(method, path, **sent)  # type: ignore[arg-type]

    async def readiness(self) -> int:
        return (await self.ask("GET", "/readyz")).status_code

    async def counted(self, name: str) -> float:
        """The sum of all series of a metric."""
        lines = (await self.ask("GET", "/metrics")).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + "{"))


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    gatherlog("init", "--store", STORE, cwd=folder)
    made = gatherlog("key", "create", "--role", "operator", "--store", STORE, cwd=folder)
    return made.out.strip()


def started(*options: str, cwd: Path, key: str, **variables: str) -> Iterator[Site]:
    with running(*SERVE, *options, cwd=cwd, GATHERLOG_WORK="beside", **variables) as server:
        url = server.read_until("Gatherlog serves").rpartition(" ")[2]
        site = Site(server, url, key)
        children = site.children()
        server.read_on()
        yield site
        server.process.kill()
        asyncio.run(eventually(lambda: alive_among(children), [], LONG))


@pytest.fixture(scope="module")
def shared(folder: Path, key: str) -> Iterator[Site]:
    """A site of two servers and a reader that several tests use; each leaves it running."""
    yield from started("--workers", "2", cwd=folder, key=key, GATHERLOG_RATE_LIMITS="off")


@pytest.fixture(params=["1", "2"])
def own(request: pytest.FixtureRequest, folder: Path, key: str) -> Iterator[Site]:
    """A site of one server or two, and a reader, that a test may end."""
    yield from started("--workers", request.param, cwd=folder, key=key)


async def alive_among(pids: list[int]) -> list[int]:
    return [pid for pid in pids if is_alive(pid)]


async def test_it_says_at_start_who_serves_and_who_reads(shared: Site) -> None:
    assert shared.server.lines[:2] == [
        "Subscriptions are read in a process beside the server (GATHERLOG_WORK=beside).",
        "2 processes serve; rate limits count in each of them.",
    ]
    assert len(shared.children()) == 3
    await eventually(shared.readiness, 200, LONG)


async def test_guests_are_answered_while_a_server_dies(shared: Site) -> None:
    guests = [
        (await shared.ask("POST", "/guests", json={"first_name": name, "last_name": "Nash"})).json()
        for name in ("Ada", "Bob", "Cyd", "Dan")
    ]
    before = shared.children()
    is_over = asyncio.Event()

    async def answer(id: str) -> int:
        """Answer again and again, as a browser does whose connection broke off."""
        people = 0
        while not is_over.is_set():
            sent = {"attending": True, "num_guests": 1 + people % 9}
            try:
                given = await shared.ask("POST", f"/guests/{id}/rsvp", json=sent)
            except HTTPError:
                continue
            assert given.status_code == 200, given.text
            people += 1
        return people

    answering = [asyncio.create_task(answer(guest["id"])) for guest in guests]
    await asyncio.sleep(0)
    os.kill(before[0], signal.SIGKILL)
    await eventually(lambda: new_ones(shared, before), 1, LONG)
    is_over.set()
    counts = await asyncio.gather(*answering)

    kept = [(await shared.ask("GET", f"/guests/{guest['id']}")).json() for guest in guests]
    assert [one["num_guests"] for one in kept] == [1 + (count - 1) % 9 for count in counts]
    assert min(counts) > 0


async def new_ones(site: Site, before: list[int]) -> int:
    return len(set(site.children()) - set(before))


async def test_metrics_are_those_of_all_also_of_servers_that_died(shared: Site) -> None:
    name = "gatherlog_intake_records_total"
    before = await shared.counted(name)
    json = {"content-type": "application/json"}
    for _ in range(12):
        sent = await shared.ask("POST", "/intake?log=meters", content=record(), headers=json)
        assert sent.status_code == 200, sent.text

    async def seen_by_each() -> set[float]:
        return {await shared.counted(name) - before for _ in range(6)}

    await eventually(seen_by_each, {12.0}, LONG)
    await asyncio.sleep(2 * PUBLISH_SECONDS)  # what was counted within the last one may be lost
    old = shared.children()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    await eventually(lambda: new_ones(shared, old), 3, LONG)
    await eventually(seen_by_each, {12.0}, LONG)
    assert await shared.counted("gatherlog_events_read_total") > 0


async def test_whoever_signs_in_with_one_is_known_to_all(shared: Site, folder: Path) -> None:
    said = gatherlog("signin", "ada@example.org", "--store", STORE, cwd=folder).out
    code = next(word for word in said.split() if word.isdigit())
    sent = {"email": "ada@example.org", "code": code}
    session = (await shared.ask("POST", "/auth/session", json=sent)).json()["token"]
    signed = Site(shared.server, shared.url, session)

    found = {(await signed.ask("GET", "/account")).status_code for _ in range(12)}

    assert found == {200}


async def test_live_pages_show_what_others_have_answered(shared: Site) -> None:
    async def total() -> int:
        return int((await shared.ask("GET", "/admin/stats")).json()["total_guests"])

    async with (
        AsyncClient(base_url=shared.url, headers=shared.headers, timeout=LONG) as api,
        api.stream("GET", "/admin/stats/live") as stream,
    ):
        lines = stream.aiter_lines()
        first = await next_data(lines)
        await shared.ask("POST", "/guests", json={"first_name": "Eve", "last_name": "Nash"})
        second = await next_data(lines)

    assert first != second
    assert f'"total_guests":{await total()}' in second


async def next_data(lines: AsyncIterator[str]) -> str:
    async for line in lines:
        if line.startswith("data:"):
            return line
    raise AssertionError("the stream has ended")


async def test_the_reader_is_started_again(own: Site) -> None:
    await eventually(own.readiness, 200, LONG)
    [*_, reader] = own.children()

    os.kill(reader, signal.SIGKILL)

    await eventually(lambda: new_ones(own, [*own.children()[:-1], reader]), 1, LONG)
    await eventually(own.readiness, 200, LONG)
    [line] = [line for line in own.server.lines if '"process":"reader"' in line]
    assert line.endswith('"notice":"was ended by SIGKILL; it is started again"}')


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_all_end_with_the_first(own: Site, sign: signal.Signals) -> None:
    children = own.children()

    status = own.server.stop(sign)

    assert status == (-9 if sign == signal.SIGKILL else 0)
    await eventually(lambda: alive_among(children), [], LONG)


async def test_a_signal_to_all_at_once_lets_requests_finish(own: Site) -> None:
    """As a service manager sends it, which knows all processes of a service."""
    await eventually(own.readiness, 200, LONG)
    children = own.children()

    for pid in (own.server.process.pid, *children):
        os.kill(pid, signal.SIGTERM)

    assert own.server.process.wait(LONG) == 0
    assert await alive_among(children) == []


def test_what_keeps_the_servers_from_starting_is_said_once(folder: Path) -> None:
    (folder / "no.db").write_bytes(b"This is no store, but a text of some length. " * 100)

    found = gatherlog("serve", "--workers", "2", "--store", "sqlite:///no.db", cwd=folder)

    assert (found.status, found.out, len(found.err.splitlines())) == (1, "", 1)


def test_a_store_in_memory_has_one_process(folder: Path) -> None:
    found = gatherlog("serve", "--workers", "2", "--store", "memory:", cwd=folder)

    assert (found.status, found.err) == (
        2,
        "gatherlog: memory: is in one process: --workers needs a store that several can open, such "
        "as --store sqlite:///gatherlog.db\n",
    )
