"""The bus: where it routes events, and how it follows changes of rules."""

import asyncio
from typing import Any

import msgspec
import pytest

from gatherlog.core.commands.event_meta import event_meta, meta_with_given
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Store
from gatherlog.core.routing import (
    RULES,
    Bus,
    HandlerSpec,
    Rule,
    RulePatch,
    RuleService,
    RuleTarget,
    causing_rules,
    subscription_or_bus,
)
from gatherlog.core.subscriptions.delivery import Delivery, Target
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.engines.hostile import LIMITS, HostileStore, Hostility
from gatherlog.testing import CountingIds, StandingClock
from tests.core.routing.rule_samples import TO_HANDLER, appended, new_rule, shown


class Opener:
    """Opens targets that do nothing, and records which were opened and closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []

    async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
        name = f"{rule.name}/{target.id}"
        self.opened.append(name)
        if target.id == "broken":
            raise Invalid()
        opener = self

        class Recording(HandlerTarget):
            async def close(self) -> None:
                opener.closed.append(name)

        async def nothing(delivery: Delivery) -> None: ...

        return Recording(nothing)


def routed(bus: Bus, event: Recorded) -> list[str]:
    """The names of the destinations of an event."""
    return [destination.name for destination in bus.route(event)]


async def test_a_rule_matches_only_events_after_it_was_created(
    store: Store, rules: RuleService
) -> None:
    early = await shown(store, await appended(store, "user-1"))
    heads = await store.heads()
    rule = await rules.create(new_rule(), by="test")
    late = await appended(store, "user-1")
    bus = Bus(Opener())
    await bus.refresh(store)

    assert rule.after == heads
    assert (routed(bus, early), routed(bus, late)) == ([], ["r/target"])


async def test_in_its_own_partition_a_rule_takes_no_earlier_event_though_the_feed_lags() -> None:
    limits = msgspec.structs.replace(LIMITS, partitions=1)
    store = HostileStore([RULES], limits=limits, hostility=Hostility(lag=3600.0))
    early = await appended(store, "user-1")
    rules = RuleService(store, clock=StandingClock(), ids=CountingIds())
    rule = await rules.create(new_rule(), by="test")
    await rules.change("r", RulePatch(description="still"), by="test")
    late = await appended(store, "user-1")
    bus = Bus(Opener())
    await bus.refresh(store)

    assert rule.after == (0,), "the feed shows nothing yet"
    assert (routed(bus, early), routed(bus, late)) == ([], ["r/target"])
    assert (bus.routes_to("r/target", early), bus.routes_to("r/target", late)) == (False, True)


async def test_refreshes_at_the_same_time_share_their_reads(
    store: Store, rules: RuleService
) -> None:
    counting: Any = CountingReads(store)
    bus = Bus(Opener())
    await rules.create(new_rule("a"), by="test")
    first = asyncio.create_task(bus.refresh(counting))
    await asyncio.sleep(0)
    await rules.create(new_rule("b"), by="test")

    versions = await asyncio.gather(first, *(bus.refresh(counting) for _ in range(50)))

    assert [one.name for one in bus.destinations()] == ["a/target", "b/target"]
    assert set(versions[1:]) == {2}
    assert counting.reads < 10, "two refreshes, each of which reads until there is no more"


class CountingReads:
    """A store that counts how often a stream is read, which takes it a moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read_stream(self, *args: Any, **options: Any) -> list[Recorded]:
        self.reads += 1
        await asyncio.sleep(0.01)
        return await self._store.read_stream(*args, **options)


async def test_the_bus_follows_rules_as_they_change(store: Store, rules: RuleService) -> None:
    opener = Opener()
    bus = Bus(opener)
    first = await bus.refresh(store)
    await rules.create(new_rule(), by="test")
    second = await bus.refresh(store)
    event = await appended(store, "user-1", data=b'{"n": 2}')

    assert routed(bus, event) == ["r/target"]
    await rules.change("r", RulePatch(pattern={"data": {"n": [1]}}), by="test")
    third = await bus.refresh(store)
    assert routed(bus, event) == []
    await rules.change("r", RulePatch(pattern={"data": {"n": [2]}}, enabled=False), by="test")
    await bus.refresh(store)
    assert routed(bus, event) == []
    assert [one.name for one in bus.destinations()] == ["r/target"]
    await rules.remove("r", by="test")
    await bus.refresh(store)

    assert bus.destinations() == []
    assert len({first, second, third}) == 3
    assert len(opener.closed) == len(opener.opened) == 3


async def test_a_changed_rule_stays_in_force_while_its_target_is_being_opened(
    store: Store, rules: RuleService
) -> None:
    class SlowOpener(Opener):
        gate: asyncio.Event | None = None

        async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
            if self.gate is not None:
                await self.gate.wait()
            return await super().__call__(rule, target)

    opener = SlowOpener()
    bus = Bus(opener)
    await rules.create(new_rule(), by="test")
    await bus.refresh(store)
    event = await appended(store, "user-1")
    await rules.change("r", RulePatch(description="another"), by="test")
    opener.gate = asyncio.Event()
    refreshing = asyncio.create_task(bus.refresh(store))
    await asyncio.sleep(0)

    assert (bus.routes_to("r/target", event), routed(bus, event)) == (True, ["r/target"])
    opener.gate.set()
    await refreshing
    assert bus.routes_to("r/target", event)


async def test_a_bus_that_starts_later_has_the_same_rules(store: Store, rules: RuleService) -> None:
    for name in ("a", "b", "c"):
        await rules.create(new_rule(name), by="test")
    await rules.remove("b", by="test")
    bus = Bus(Opener())
    await bus.refresh(store)

    assert routed(bus, await appended(store, "user-1")) == ["a/target", "c/target"]


async def test_an_event_that_a_rule_caused_is_not_routed_to_it_again(
    store: Store, rules: RuleService
) -> None:
    for name in ("a", "b"):
        await rules.create(new_rule(name), by="test")
    bus = Bus(Opener())
    await bus.refresh(store)
    meta = msgspec.json.encode({"rules": ["a"], "cause": "user-1@1"})
    event = await appended(store, "user-2", meta=meta)

    assert causing_rules(event) == ("a",)
    assert routed(bus, event) == ["b/target"]


@pytest.mark.parametrize(
    "meta",
    [
        event_meta("key:1", {"rules": ["a"]}),  # as older versions kept what a caller gave
        meta_with_given("key:1", {"rules": ["a"]}),
    ],
)
async def test_rules_that_a_caller_names_are_no_causing_rules(store: Store, meta: bytes) -> None:
    assert causing_rules(await appended(store, "user-1", meta=meta)) == ()


@pytest.mark.parametrize(
    "meta", [b"", b"rules", b'\xff"rules"', b'{"rules": 7}', b'["rules"]', b'{"rules": [1]}']
)
async def test_malformed_meta_names_no_causing_rules(store: Store, meta: bytes) -> None:
    assert causing_rules(await appended(store, "user-1", meta=meta)) == ()


@pytest.mark.parametrize("stream", ["rules-bus", "subscription-bus"])
async def test_events_about_deliveries_are_routed_to_no_destination(
    store: Store, rules: RuleService, stream: str
) -> None:
    await rules.create(new_rule(pattern={"version": [{"exists": True}]}), by="test")
    bus = Bus(Opener())
    await bus.refresh(store)
    event = (await store.read_stream("rules-bus"))[0]

    assert routed(bus, msgspec.structs.replace(event, stream=stream, position=99)) == []


async def test_a_target_that_cannot_be_opened_fails_alone(store: Store, rules: RuleService) -> None:
    broken = RuleTarget(id="broken", to=HandlerSpec(handler="h"))
    await rules.create(new_rule(targets=(broken, *TO_HANDLER)), by="test")
    bus = Bus(Opener())
    await bus.refresh(store)
    [bad, good] = bus.route(await appended(store, "user-1"))

    assert (bad.name, good.name) == ("r/broken", "r/target")
    with pytest.raises(Exception, match="the target cannot be opened"):
        await bad.target.deliver([])
    await good.target.deliver([])


@pytest.mark.parametrize(
    ("subscription", "destination", "meant"),
    [
        (None, None, None),
        (None, "r/target", "bus"),
        ("mails", None, "mails"),
        ("mails", "r/target", "mails"),
    ],
)
def test_a_destination_without_a_subscription_is_one_of_the_bus(
    subscription: str | None, destination: str | None, meant: str | None
) -> None:
    assert subscription_or_bus(subscription, destination) == meant
