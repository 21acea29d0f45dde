"""Processes that expire events and erase entities, killed at random moments again and again."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from gatherlog.core import Append, Commit, Event, Recorded, Store
from gatherlog.core.retention import Expiring
from gatherlog.core.retention.rules import DAY
from gatherlog.engines import open_store
from tests.contracts.engines import POSTGRES_URL, address
from tests.core.retention.killed_child import START, VIEWS, eraser_of, expiry_of
from tests.postgres import tables_with
from tests.stores import events_of

ROOT = Path(__file__).parents[3]
STREAMS, EVENTS = 6, 1000
"""So many streams in each of two logs, each with as many events that are due."""
ROUNDS = 30


@pytest.fixture(params=["sqlite:///{path}/store.db", POSTGRES_URL], ids=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with address(request.param, tmp_path) as url:
        yield url


async def killed(work: str, url: str, number: int, seconds: float) -> bool:
    """Let a child work and kill it so many seconds after it has begun; whether it was done."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.retention.killed_child", work, url, str(number),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begins\n"
    await asyncio.sleep(seconds)
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGKILL)
    told = await child.stdout.read()
    await child.wait()
    return told == b"done\n"


async def opened(url: str) -> Store:
    return await open_store(url, views=VIEWS, create=True)


def event(number: int, at: int, text: str) -> Event:
    data = b'{"n":%d,"name":"%s"}' % (number, text.encode())
    return Event(f"e{number}", "tests.said", at, at, data, meta=b'{"actor":"test"}')


async def fill(store: Store) -> None:
    """Events that are due, then as many that are too young, in streams of the same logs."""
    for stream in range(STREAMS):
        for log in ("note", "memo"):
            old = [event(n, START, f"old{n}") for n in range(EVENTS)]
            await store.commit(Commit(appends=[Append(f"{log}-{stream}", old)]))
    for stream in range(STREAMS):
        new = [event(n, START + 10 * DAY, f"new{n}") for n in range(10)]
        await store.commit(Commit(appends=[Append(f"note-{stream}", new)]))


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_every_event_expires_once_however_often_it_is_killed(url: str) -> None:
    chance = random.Random(1)
    store = await opened(url)
    await fill(store)
    before = {n: await events_of(store, f"memo-{n}") for n in range(STREAMS)}
    await expiry_of(store)[0].set("short", Expiring(log="note", days=5), by="test")
    await store.close()

    done = [await killed("expire", url, n, chance.uniform(0, 0.06)) for n in range(ROUNDS)]
    assert not all(done)

    store = await opened(url)
    rules, expiry = expiry_of(store)
    await expiry.go_round()
    for stream in range(STREAMS):
        found = [one.is_blank for one in await events_of(store, f"note-{stream}")]
        assert found == [True] * EVENTS + [False] * 10
    assert {n: await events_of(store, f"memo-{n}") for n in range(STREAMS)} == before
    assert await rules.expired() == {"short": STREAMS * EVENTS}
    await store.close()


def holding(url: str, text: str) -> list[str]:
    """The files or tables of a store in which a text stands."""
    if url.startswith("postgresql:"):
        return tables_with(url, text)
    files = [one for one in Path(url.removeprefix("sqlite:///")).parent.iterdir() if one.is_file()]
    return [one.name for one in files if text.encode() in one.read_bytes()]


@pytest.mark.heavy
@pytest.mark.timeout(300)
async def test_an_erasure_is_whole_however_often_it_is_killed(url: str) -> None:
    chance = random.Random(2)
    store = await opened(url)
    for number in range(ROUNDS + 1):
        some = [event(n, START, f"secret{number}.") for n in range(60)]
        appends = [Append(f"{log}-e{number}", some) for log in ("doors", "lamps")]
        answer = Commit(key=f"k{number}", answer=b"e%d secret%d." % (number, number))
        await store.commit(Commit(appends=appends))
        await store.commit(answer)
    kept = await events_of(store, f"doors-e{ROUNDS}")
    await store.close()

    for number in range(ROUNDS):
        if await killed("erase", url, number, chance.uniform(0, 0.15)):
            assert holding(url, f"secret{number}.") == []

    store = await opened(url)
    await eraser_of(store).finish()
    for number in range(ROUNDS):
        await check_whole(store, url, number)
    assert await events_of(store, f"doors-e{ROUNDS}") == kept
    assert await store.recall(f"k{ROUNDS}") is not None
    await store.close()


async def check_whole(store: Store, url: str, number: int) -> None:
    """An erasure that was begun is whole by now; one that was not has left everything."""
    events: list[Recorded] = []
    for log in ("doors", "lamps"):
        events += await events_of(store, f"{log}-e{number}")
    blank = {one.is_blank for one in events}
    assert len(blank) == 1
    if blank == {True}:
        assert holding(url, f"secret{number}.") == []
        again = await eraser_of(store).erase("entity", f"e{number}", by="test")
        assert again.events == 0
