"""Rules and the live feed: events per second to targets, and the delay to 1,000 followers."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import msgspec

from benchmarks import servers
from benchmarks.following import filled_store, run_worker
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
from benchmarks.serving import Filled, fill
from gatherlog.bootstrap import VIEWS
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.routing.bus import Bus
from gatherlog.core.routing.rule_service import NewRule, RuleService
from gatherlog.core.routing.rules import HandlerSpec, Rule, RuleTarget
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.delivery import Target as DeliveryTarget
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.engines import open_store

FOLLOWERS = 1_000
PAGE = 200
"""Events per append over HTTP."""
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


async def make_rules(folder: Path, number: int) -> None:
    """Rules for one event type. All but the first also demand a subject that no event has."""
    store = await open_store(f"sqlite:///{folder / 'ours.db'}", views=VIEWS)
    service = RuleService(store, clock=system_clock, ids=lambda: str(uuid4()))
    for n in range(number):
        pattern: dict[str, list[str]] = {"type": ["bench.rsvp_submitted"]}
        if n:
            pattern["subject"] = [f"no subject {n}"]
        target = RuleTarget(to=HandlerSpec(handler="h"))
        await service.create(NewRule(name=f"r{n}", pattern=pattern, targets=(target,)), by="bench")
    await store.close()


def to_handler(events: int, rules: int) -> Measure:
    """Events per second through the bus to a coroutine, if one of `rules` rules matches."""

    async def measure(folder: Path) -> Figures:
        await make_rules(folder, rules)
        store = await filled_store(folder, events)
        left, done = events, asyncio.Event()

        async def handle(delivery: Delivery) -> None:
            nonlocal left
            left -= 1
            if not left:
                done.set()

        async def opened(rule: Rule, target: RuleTarget) -> DeliveryTarget:
            return HandlerTarget(handle)

        with Stopwatch() as watch:
            await run_worker(store, Bus(opened), done.wait)
        await store.close()
        return watch.figures(events)

    return measure


def to_webhook(events: int, prepared: Filled) -> Measure:
    """Signed webhooks per second from a whole server to a receiver on this machine."""

    async def measure(folder: Path) -> Figures:
        file = Path(shutil.copy(prepared.file, folder))
        async with receiving() as (port, count):
            environ = {"GATHERLOG_WEBHOOK_ALLOW": "127.0.0.1"}
            async with servers.gatherlog(file, environ) as server:
                key, url = prepared.key, f"http://127.0.0.1:{port}/"
                rule = {
                    "name": "hook",
                    "pattern": {"log": ["bench"]},
                    "targets": [{"to": {"kind": "webhook", "url": url}}],
                }
                await servers.ask(server.port, "POST", "/rules", msgspec.json.encode(rule), key)
                for start in range(0, events, PAGE):
                    body = {"events": [{"type": "bench", "subject": str(n)} for n in range(PAGE)]}
                    path = f"/streams/bench-{start}"
                    await servers.ask(server.port, "POST", path, msgspec.json.encode(body), key)
                begun, first = perf_counter(), count()
                while count() < events:
                    await asyncio.sleep(0.01)
                taken = perf_counter() - begun
        return {"rate": (events - first) / taken}

    return measure


@asynccontextmanager
async def receiving() -> AsyncIterator[tuple[int, Callable[[], int]]]:
    """A receiver that accepts every request: its port, and a function that counts the requests."""
    received = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        while head := await read_head(reader):
            length = next(
                int(line[15:]) for line in head if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)
            received += 1
            writer.write(NO_CONTENT)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], lambda: received


async def read_head(reader: asyncio.StreamReader) -> list[bytes]:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    except asyncio.IncompleteReadError:
        return []


def feed_delay(size: Size, followers: int, prepared: Filled) -> Measure:
    """The time from the acknowledgement of an append until the last follower has the event."""

    async def measure(folder: Path) -> Figures:
        file = Path(shutil.copy(prepared.file, folder))
        async with servers.gatherlog(file) as server:
            found = await follow_all(server.port, prepared.key, followers, max(2, size.wakes // 20))
            memory = server.memory()
        return {**found, "rss_mb": memory["rss_mb"]}

    return measure


async def follow_all(port: int, key: str, followers: int, events: int) -> Figures:
    """Delays; raises RuntimeError if a follower misses an event or gets one twice."""
    ready = asyncio.Semaphore(0)
    arrived: dict[str, list[float]] = {}
    all_there = asyncio.Event()

    async def follow() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ask = f"GET /feed/live?log=bench HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
        writer.write(ask.encode())
        try:
            while line := await reader.readline():
                if line.startswith(b"retry:"):
                    ready.release()
                elif line.startswith(b"id:"):
                    arrived.setdefault(line.decode(), []).append(perf_counter())
                    if len(arrived[line.decode()]) == followers:
                        all_there.set()
        finally:
            writer.close()

    following = [asyncio.create_task(follow()) for _ in range(followers)]
    for _ in range(followers):
        await ready.acquire()
    times = []
    for number in range(events):
        all_there.clear()
        body = msgspec.json.encode({"events": [{"type": "bench"}]})
        await servers.ask(port, "POST", f"/streams/bench-{number}", body, key)
        begun = perf_counter()
        async with asyncio.timeout(30):
            await all_there.wait()
        times.append((perf_counter() - begun) * 1e6)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    if [len(times_of_one) for times_of_one in arrived.values()] != [followers] * events:
        raise RuntimeError("a follower missed an event, or got one twice")
    return {"p50_us": percentile(times, 0.5), "p99_us": percentile(times, 0.99)}


async def prepare_bus(size: Size, _: Path) -> Plan:
    events = size.replay // 4
    return Plan(
        [
            Contender("1 rule", "the bus, checkpoints, a coroutine", to_handler(events, 1)),
            Contender("1,000 rules", "one of which matches the events", to_handler(events, 1_000)),
        ],
        [
            Target("1 rule", "rate", at_least=20_000),
            Target("1,000 rules", "rate", "1 rule", at_least=1 / 3),
        ],
    )


async def prepare_webhook(size: Size, folder: Path) -> Plan:
    events = max(PAGE, size.concurrent // 4 // PAGE * PAGE)
    prepared = await fill(folder, 1)
    return Plan(
        [Contender("webhook", "signed POST, 8 at once", to_webhook(events, prepared))],
        [Target("webhook", "rate", at_least=1_000)],
    )


async def prepare_feed(size: Size, folder: Path) -> Plan:
    prepared = await fill(folder, 1)
    followers = min(FOLLOWERS, size.concurrent)
    return Plan(
        [Contender("followers", f"{followers:,} at once", feed_delay(size, followers, prepared))],
        [
            Target("followers", "p50_us", at_most=250_000),
            Target("followers", "rss_mb", at_most=150),
        ],
    )


BENCHMARKS = [
    Benchmark("bus", "a rule to a coroutine, through the bus", prepare_bus),
    Benchmark("webhook", "a rule to a webhook, through a whole server", prepare_webhook),
    Benchmark(
        "feed", "live followers of one server, until the last of them has an event", prepare_feed
    ),
]
