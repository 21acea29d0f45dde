"""Rules whose receivers are down: what a thousand of them cost the one whose receiver is not."""

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from math import inf

import pytest

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.routing import RULES, Bus, Rule, RuleTarget
from gatherlog.core.routing.rules import CODEC, RuleCreated
from gatherlog.core.subscriptions import VIEWS, Worker
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, Target
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import CountingIds, run_instantly
from tests.core.routing.rule_samples import TO_HANDLER

EVENTS = 2_000
USUAL = 0.03
"""Seconds for a million squares on the machine whose seconds are meant, when it is idle."""
IDS = CountingIds()


class Receiver:
    """Takes everything, refuses everything at once or after a while, or hangs."""

    batch = 1

    def __init__(self, how: str) -> None:
        self.how = how
        self.taken = 0
        self.has_all = asyncio.Event()

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        if self.how == "hangs":
            await asyncio.sleep(1e9)
        if self.how == "is slow to refuse":
            await asyncio.sleep(0.3)
        if self.how != "takes":
            raise DeliveryFailed("status", "it answered 503")
        self.taken += len(deliveries)
        if self.taken == EVENTS:
            self.has_all.set()

    async def close(self) -> None: ...


def slowness() -> float:
    """How many times as long as USUAL this processor takes at this moment; at least 1."""
    began = time.process_time()
    sum(number * number for number in range(1_000_000))
    return max(1.0, (time.process_time() - began) / USUAL)


async def create_rules(store: Store, names: Sequence[str]) -> None:
    """Rules for all events, without the checks of the service, which take longer than the rest."""
    created = RuleCreated(
        pattern={"type": ["x"]},
        targets=TO_HANDLER,
        description="",
        enabled=True,
        after=(0,),
        by="test",
    )
    type, schema, data = CODEC.encode(created)
    for version, name in enumerate(names, 1):
        event = Event(IDS(), type, 1, 1, data, schema, name)
        rule = Rule(name=name, pattern={"type": ["x"]}, targets=TO_HANDLER, after=(0,))
        write = RULES.write(name, "rules-bus", rule)
        done = await store.commit(Commit(appends=[Append("rules-bus", [event])], writes=[write]))
        assert done.streams["rules-bus"] == version


async def cost(how: str, dead: int, subjects: int) -> tuple[float, int]:
    """Seconds until a healthy receiver has all events, and how many destinations fail then.

    Seconds are those of the processor, and those of waiting, which do not pass but are counted.
    """
    store, healthy = MemoryStore([*VIEWS, RULES]), Receiver("takes")
    await create_rules(store, [*(f"dead-{n}" for n in range(dead)), "healthy"])
    events = [Event(IDS(), "x", 1, 1, b"{}", 1, f"s{n % subjects}") for n in range(EVENTS)]
    for start in range(0, EVENTS, 100):
        stream = f"card-{start % 5}"
        await store.commit(Commit(appends=[Append(stream, events[start : start + 100])]))

    async def opened(rule: Rule, target: RuleTarget) -> Target:
        return healthy if rule.name == "healthy" else Receiver(how)

    bus, loop = Bus(opened), asyncio.get_running_loop()
    await bus.refresh(store)
    worker = Worker(store, [bus], clock=system_clock, ids=IDS)
    began = time.process_time() + loop.time()
    running = asyncio.create_task(worker.run())
    await healthy.has_all.wait()
    seconds = time.process_time() + loop.time() - began
    await asyncio.sleep(200)
    admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
    failing = (await admin.status("bus")).failing
    running.cancel()
    await asyncio.wait([running])
    return seconds, failing


@pytest.fixture
def no_old_objects() -> Iterator[None]:
    """The collector of garbage passes over what earlier tests have left, as in a new process."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("no_old_objects")
@pytest.mark.parametrize("subjects", [200, 2])
@pytest.mark.parametrize("how", ["refuses", "is slow to refuse", "hangs"])
def test_a_thousand_rules_for_dead_receivers_cost_a_healthy_one_less_than_a_second(
    how: str, subjects: int
) -> None:
    """The least of several runs counts, because other programs of the machine only add to it."""
    alone, _ = run_instantly(cost(how, 0, subjects))
    seconds = inf
    for _ in range(5):
        if seconds - alone < 1.0:
            break
        before = slowness()
        took, failing = run_instantly(cost(how, 1_000, subjects))
        assert failing == 1_000
        seconds = min(seconds, took / min(before, slowness()))

    assert seconds - alone < 1.0
