"""Subscriptions: a worker that passes events to a handler, or folds them into documents.

Both write checkpoints as in production. The raw contender reads pages and calls the handler,
without checkpoints, retries or any order but that of the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any
from uuid import uuid4

import msgspec

from benchmarks.measuring import (
    Benchmark,
    Contender,
    Figures,
    Measure,
    Plan,
    Size,
    Stopwatch,
    Target,
)
from benchmarks.waking import PAUSE, Times, append_paced, latencies
from benchmarks.workload import CODEC, RsvpSubmitted, payload, places, to_event
from gatherlog.core import Append, Change, Commit, Recorded, Ref, Store, View
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.core.subscriptions.worker import VIEWS, Worker
from gatherlog.engines import open_store

PAGE = 1_000


class Answers(msgspec.Struct, frozen=True, gc=False):
    """The document that the projection writes for each gathering."""

    answers: int = 0
    guests: int = 0


ANSWERS = View("bench_answers", Answers)


class AnswersFold:
    """Counts the answers of each stream in one document."""

    views: tuple[View[Any], ...] = (ANSWERS,)

    def keys(self, event: Recorded) -> Iterable[Ref]:
        return (ANSWERS.ref(event.stream),) if event.type == "bench.rsvp_submitted" else ()

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        said: RsvpSubmitted = CODEC.decode(event)
        before = documents[ANSWERS.ref(event.stream)] or Answers()
        after = Answers(before.answers + 1, before.guests + said.num_guests)
        return (Change(ANSWERS, event.stream, after),)


async def filled_store(folder: Path, events: int) -> Store:
    """A store with `events` events, in streams of 20."""
    store = await open_store(f"sqlite:///{folder / 'ours.db'}", views=[*VIEWS, ANSWERS])
    place = places()
    for start in range(0, events, PAGE):
        appends: dict[str, list[Any]] = {}
        for number in range(start, min(start + PAGE, events)):
            appends.setdefault(next(place)[0], []).append(to_event(payload(number)))
        await store.commit(Commit(appends=[Append(s, e) for s, e in appends.items()]))
    return store


def processing_rate(
    events: int, subscribe: Callable[[Callable[[], None]], Subscription | None]
) -> Measure:
    """Measures from the start of the worker until it has processed the last event.

    `subscribe` gets a function to call for each event. It returns None for the raw contender.
    """

    async def measure(folder: Path) -> Figures:
        store = await filled_store(folder, events)
        left, done = events, asyncio.Event()

        def seen() -> None:
            nonlocal left
            left -= 1
            if not left:
                done.set()

        with Stopwatch() as watch:
            subscription = subscribe(seen)
            if subscription is None:
                await read_raw(store, events, seen)
            else:
                await run_worker(store, subscription, done.wait)
        await store.close()
        return watch.figures(events)

    return measure


async def read_raw(store: Store, events: int, seen: Callable[[], None]) -> None:
    async def handle(event: Recorded) -> None:
        CODEC.decode(event)
        seen()

    after = 0
    while page := await store.read_feed(0, after=after, limit=PAGE):
        for event in page:
            await handle(event)
        after = page[-1].position


async def run_worker(
    store: Store, subscription: Subscription, until: Callable[[], Awaitable[object]]
) -> None:
    """Run a worker until `until()` returns, then stop it as a server does."""

    def fail(name: str, error: BaseException) -> None:
        raise error

    worker = Worker(
        store, [subscription], clock=system_clock, ids=lambda: str(uuid4()), report=fail
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        await until()
        worker.stop()


def to_handler(seen: Callable[[], None]) -> Subscription:
    async def handle(delivery: Delivery) -> None:
        CODEC.decode(delivery.event)
        seen()

    return Handlers("bench", {"bench.rsvp_submitted": handle})


def to_projection(seen: Callable[[], None]) -> Subscription:
    class ReportingFold(AnswersFold):
        def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
            seen()
            return super().evolve(documents, event)

    return Projection("bench", ReportingFold())


def handler_latency(size: Size) -> Measure:
    """The time from the acknowledgement of an append to the handler, one event at a time."""

    async def measure(folder: Path) -> Figures:
        store = await filled_store(folder, 0)
        seen: Times = {}
        is_ready, done = asyncio.Event(), asyncio.Event()

        async def handle(delivery: Delivery) -> None:
            CODEC.decode(delivery.event)
            seen[delivery.event.position] = perf_counter_ns()
            is_ready.set()
            if len(seen) > size.wakes:
                done.set()

        async def append_all() -> None:
            await append_paced(store, 1)
            await is_ready.wait()
            await asyncio.sleep(10 * PAUSE)
            acknowledged.update(await append_paced(store, size.wakes))
            await done.wait()

        acknowledged: Times = {}
        await run_worker(store, Handlers("bench", {"bench.rsvp_submitted": handle}), append_all)
        await store.close()
        return latencies(acknowledged, seen)

    return measure


async def prepare_following(size: Size, _: Path) -> Plan:
    events = size.replay // 2
    return Plan(
        [
            Contender(
                "raw", "read pages, decode, call", processing_rate(events, lambda seen: None)
            ),
            Contender(
                "handler", "worker, checkpoints, decode", processing_rate(events, to_handler)
            ),
            Contender(
                "projection",
                "documents and checkpoint together",
                processing_rate(events, to_projection),
            ),
        ],
        [
            Target("handler", "rate", at_least=20_000),
            Target("projection", "rate", at_least=20_000),
        ],
    )


async def prepare_latency(size: Size, _: Path) -> Plan:
    return Plan(
        [Contender("handler", "idle worker, one event at a time", handler_latency(size))],
        [Target("handler", "p50_us", at_most=300)],
    )


BENCHMARKS = [
    Benchmark("follow", "a log followed from its beginning", prepare_following),
    Benchmark("handle", "append to handler, after the acknowledgement", prepare_latency),
]
