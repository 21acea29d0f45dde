"""What a bus reads when it starts: the rules as they are, and none of what they were before."""

import msgspec
import pytest

from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.planner import partition_of
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store
from gatherlog.core.projections.folds import Happened
from gatherlog.core.routing import RULES, Bus, Rule, RulePatch, RuleService, RuleTarget
from gatherlog.core.routing.rules import CODEC, FOLD, RuleChanged
from gatherlog.core.subscriptions.delivery import Delivery, Target
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.engines.hostile import HostileStore, Hostility
from gatherlog.testing import CountingIds, StandingClock
from tests.core.routing.rule_samples import appended, new_rule

CALM = Hostility(collides=0.0, loses_answers=0.0, lag=0.0, page=1000)


class Opener:
    def __init__(self) -> None:
        self.opened: list[str] = []

    async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
        self.opened.append(rule.name)

        async def nothing(delivery: Delivery) -> None: ...

        return HandlerTarget(nothing)


def generations(bus: Bus) -> dict[str, str]:
    return {one.name: one.generation for one in bus.destinations()}


async def cost_of_start(changes: int) -> tuple[int, list[str]]:
    """Round trips and opened targets of the start, after so many changes of three rules."""
    store = HostileStore([RULES], hostility=CALM)
    rules = RuleService(store, clock=StandingClock(), ids=CountingIds())
    for name in ("a", "b", "c"):
        await rules.create(new_rule(name), by="test")
    for n in range(changes):
        await rules.change("abc"[n % 3], RulePatch(description=f"change {n}"), by="test")
    before, opener = store.engine.trips, Opener()
    await Bus(opener).refresh(store)
    return store.engine.trips - before, sorted(opener.opened)


async def test_a_thousand_changes_of_rules_cost_nothing_at_the_start() -> None:
    few, many = await cost_of_start(3), await cost_of_start(1_000)

    assert few == many
    assert many[1] == ["a", "b", "c"]


async def test_the_creations_of_rules_that_were_made_together_are_read_together() -> None:
    trips: list[int] = []
    for number in (2, 60):
        store = HostileStore([RULES], hostility=CALM)
        rules = RuleService(store, clock=StandingClock(), ids=CountingIds())
        for n in range(number):
            await rules.create(new_rule(f"r{n}"), by="test")
        before = store.engine.trips
        await Bus(Opener()).refresh(store)
        trips.append(store.engine.trips - before)

    assert trips[0] == trips[1]


async def test_rules_that_were_made_at_different_times_are_told_by_their_creation(
    store: Store, rules: RuleService
) -> None:
    for name in ("a", "b"):
        await rules.create(new_rule(name), by="test")
        for n in range(20):
            await rules.change(name, RulePatch(description=f"change {n}"), by="test")
    await rules.create(new_rule("c"), by="test")
    bus = Bus(Opener())
    await bus.refresh(store)

    assert generations(bus) == {"a/target": "1", "b/target": "22", "c/target": "43"}


async def test_a_bus_that_starts_has_the_rules_of_one_that_followed_their_changes(
    store: Store, rules: RuleService
) -> None:
    following, starting = Bus(Opener()), Bus(Opener())
    for name in ("a", "b", "c"):
        await rules.create(new_rule(name), by="test")
        await following.refresh(store)
    for name in ("b", "a"):
        await rules.change(name, RulePatch(description="new"), by="test")
        await following.refresh(store)
    await rules.remove("c", by="test")
    await rules.create(new_rule("c"), by="test")
    for bus in (following, starting):
        await bus.refresh(store)
    event = await appended(store, "user-1")
    routed = [[one.name for one in bus.route(event)] for bus in (following, starting)]

    assert generations(starting) == generations(following)
    assert generations(starting) == {"a/target": "1", "b/target": "2", "c/target": "7"}
    assert routed == [["b/target", "a/target", "c/target"]] * 2


async def test_rules_that_an_earlier_release_changed_keep_what_waits_for_them(
    store: Store, rules: RuleService
) -> None:
    """It noted nowhere when they were created, by which a rule is told from an earlier one."""
    for name in ("a", "b"):
        await rules.create(new_rule(name), by="test")
    rule = await rules.rule("b")
    change = RuleChanged(
        pattern=rule.pattern,
        targets=rule.targets,
        description="changed before",
        enabled=True,
        secret=1,
        by="test",
    )
    data = msgspec.json.encode(
        {field: getattr(change, field) for field in change.__struct_fields__ if field != "created"}
    )
    event = Event(CountingIds()(), "rules.rule_changed", 1, 1, data, 1, "b")
    happened = Happened("rules-bus", "b", 1, CODEC.decode(event))
    [body] = [one.body for one in FOLD.evolve({RULES.ref("b"): rule}, happened)]
    assert isinstance(body, Rule)
    await store.commit(
        Commit(
            appends=[Append("rules-bus", [event], ANY)],
            writes=[RULES.write("b", "rules-bus", body)],
        )
    )
    bus = Bus(Opener())
    await bus.refresh(store)

    assert generations(bus) == {"a/target": "1", "b/target": "2"}


@pytest.mark.parametrize("changes", [0, 1, 3])
async def test_after_a_start_too_a_rule_takes_no_event_from_before_its_creation(
    changes: int,
) -> None:
    store = HostileStore([RULES], hostility=Hostility(lag=3600.0), seed=3)
    rules = RuleService(store, clock=StandingClock(), ids=CountingIds())
    home = partition_of("rules-bus", 8)
    stream = next(f"user-{n}" for n in range(99) if partition_of(f"user-{n}", 8) == home)
    early = await appended(store, stream)
    await rules.create(new_rule(), by="test")
    for n in range(changes):
        await rules.change("r", RulePatch(description=f"change {n}"), by="test")
    late = await appended(store, stream)
    bus = Bus(Opener())
    await bus.refresh(store)

    assert early.partition == late.partition == home
    assert [[one.name for one in bus.route(event)] for event in (early, late)] == [[], ["r/target"]]
