"""Rules as events and documents, and the bus that follows them."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import ANY, Append, Commit, Limits, Store
from gatherlog.core.routing.bus import Bus, causes
from gatherlog.core.routing.rule_service import NewRule, RuleExists, RulePatch, RuleService
from gatherlog.core.routing.rules import (
    CODEC,
    RULES,
    AppendSpec,
    HandlerSpec,
    InputSpec,
    Rule,
    RuleChanged,
    RuleCreated,
    RuleRemoved,
    RuleTarget,
    WebhookSpec,
)
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy, Target
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock

GOLDEN = Path(__file__).parents[1] / "golden"
TARGETS = (
    RuleTarget(
        id="partner",
        to=WebhookSpec(url="https://example.org/hook", format="bus"),
        input=InputSpec(template='{"who": <who>}', paths={"who": "$.data.name"}),
        retry=RetryPolicy(attempts=5, age=3600.0, first_pause=0.5, longest_pause=60.0),
        holds=True,
    ),
    RuleTarget(id="copy", to=AppendSpec(stream="audit-all", type="audit.copied")),
)
EXAMPLES: dict[str, msgspec.Struct] = {
    "rules.rule_created": RuleCreated(
        pattern={"type": ["user.added"]},
        targets=TARGETS,
        description="for our partner",
        enabled=True,
        after=(7, 0),
        by="key:k1",
    ),
    "rules.rule_changed": RuleChanged(
        pattern={"data": {"age": [{"numeric": [">", 17.5]}]}},
        targets=TARGETS[1:],
        description="",
        enabled=False,
        secret=2,
        by="cli",
    ),
    "rules.rule_removed": RuleRemoved(by="cli"),
}
TO_HANDLER = (RuleTarget(to=HandlerSpec(handler="h")),)


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("rules.*.json"))

    assert files == sorted(f"{type}.1.json" for type in EXAMPLES)


@pytest.mark.parametrize("type", EXAMPLES)
def test_what_is_stored_is_what_its_golden_file_says(type: str) -> None:
    golden = (GOLDEN / f"{type}.1.json").read_bytes().removesuffix(b"\n")

    assert CODEC.decode(Event("id", type, 1, 1, golden)) == EXAMPLES[type]
    assert CODEC.encode(EXAMPLES[type]) == (type, 1, golden)


@pytest.fixture
async def store() -> Store:
    return await open_store("memory:", views=[RULES], limits=Limits(partitions=2))


@pytest.fixture
def rules(store: Store) -> RuleService:
    return RuleService(store, clock=StandingClock(), ids=CountingIds(), owned=["owned"])


def new(name: str = "r", **more: Any) -> NewRule:
    pattern = more.pop("pattern", {"type": ["x"]})
    return NewRule(name=name, pattern=pattern, targets=more.pop("targets", TO_HANDLER), **more)


async def append(store: Store, stream: str, type: str = "x", **more: Any) -> Recorded:
    event = Event(CountingIds()(), type, 1, 1, more.pop("data", b"{}"), 1, **more)
    committed = await store.commit(Commit(appends=[Append(stream, [event], ANY)]))
    version = committed.streams[stream]
    return (await store.read_stream(stream, after=version - 1))[0]


class Opened:
    """Notes which targets were opened, and which of them closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []

    async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
        name = f"{rule.name}/{target.id}"
        self.opened.append(name)
        if target.id == "broken":
            raise Invalid()
        opened = self

        class Noting(HandlerTarget):
            async def close(self) -> None:
                opened.closed.append(name)

        async def nothing(delivery: Delivery) -> None: ...

        return Noting(nothing)


def names(bus: Bus, event: Recorded) -> list[str]:
    return [destination.name for destination in bus.route(event)]


async def test_a_rule_takes_what_lies_beyond_the_heads_when_it_was_made(
    store: Store, rules: RuleService
) -> None:
    early = await append(store, "user-1")
    heads = await store.heads()
    rule = await rules.create(new(), by="test")
    late = await append(store, "user-1")
    bus = Bus(Opened())
    await bus.refresh(store)

    assert rule.after == heads
    assert (names(bus, early), names(bus, late)) == ([], ["r/target"])


async def test_the_bus_follows_rules_as_they_change(store: Store, rules: RuleService) -> None:
    opened = Opened()
    bus = Bus(opened)
    first = await bus.refresh(store)
    await rules.create(new(), by="test")
    second = await bus.refresh(store)
    event = await append(store, "user-1", data=b'{"n": 2}')

    assert names(bus, event) == ["r/target"]
    await rules.change("r", RulePatch(pattern={"data": {"n": [1]}}), by="test")
    third = await bus.refresh(store)
    assert names(bus, event) == []
    await rules.change("r", RulePatch(pattern={"data": {"n": [2]}}, enabled=False), by="test")
    await bus.refresh(store)
    assert names(bus, event) == []
    assert [one.name for one in bus.destinations()] == ["r/target"]
    await rules.remove("r", by="test")
    await bus.refresh(store)

    assert bus.destinations() == []
    assert len({first, second, third}) == 3
    assert len(opened.closed) == len(opened.opened) == 3


async def test_a_rule_is_there_while_its_changed_target_is_being_opened(
    store: Store, rules: RuleService
) -> None:
    class Slow(Opened):
        gate: asyncio.Event | None = None

        async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
            if self.gate is not None:
                await self.gate.wait()
            return await super().__call__(rule, target)

    opened = Slow()
    bus = Bus(opened)
    await rules.create(new(), by="test")
    await bus.refresh(store)
    event = await append(store, "user-1")
    await rules.change("r", RulePatch(description="another"), by="test")
    opened.gate = asyncio.Event()
    refreshing = asyncio.create_task(bus.refresh(store))
    await asyncio.sleep(0)

    assert (bus.takes("r/target", event), names(bus, event)) == (True, ["r/target"])
    opened.gate.set()
    await refreshing
    assert bus.takes("r/target", event)


async def test_another_bus_that_begins_later_knows_the_same_rules(
    store: Store, rules: RuleService
) -> None:
    for name in ("a", "b", "c"):
        await rules.create(new(name), by="test")
    await rules.remove("b", by="test")
    bus = Bus(Opened())
    await bus.refresh(store)

    assert names(bus, await append(store, "user-1")) == ["a/target", "c/target"]


async def test_what_a_rule_caused_is_not_brought_to_it_again(
    store: Store, rules: RuleService
) -> None:
    for name in ("a", "b"):
        await rules.create(new(name), by="test")
    bus = Bus(Opened())
    await bus.refresh(store)
    meta = msgspec.json.encode({"rules": ["a"], "cause": "user-1@1"})
    event = await append(store, "user-2", meta=meta)

    assert causes(event) == ("a",)
    assert names(bus, event) == ["b/target"]


@pytest.mark.parametrize(
    "meta", [b"", b"rules", b'\xff"rules"', b'{"rules": 7}', b'["rules"]', b'{"rules": [1]}']
)
async def test_a_strange_meta_is_no_cause(store: Store, meta: bytes) -> None:
    assert causes(await append(store, "user-1", meta=meta)) == ()


@pytest.mark.parametrize("stream", ["rules-bus", "subscription-bus"])
async def test_what_tells_of_delivering_is_brought_to_nobody(
    store: Store, rules: RuleService, stream: str
) -> None:
    await rules.create(new(pattern={"version": [{"exists": True}]}), by="test")
    bus = Bus(Opened())
    await bus.refresh(store)
    event = (await store.read_stream("rules-bus"))[0]

    assert names(bus, msgspec.structs.replace(event, stream=stream, position=99)) == []


async def test_a_target_that_cannot_be_opened_fails_alone(store: Store, rules: RuleService) -> None:
    broken = RuleTarget(id="broken", to=HandlerSpec(handler="h"))
    await rules.create(new(targets=(broken, *TO_HANDLER)), by="test")
    bus = Bus(Opened())
    await bus.refresh(store)
    [bad, good] = bus.route(await append(store, "user-1"))

    assert (bad.name, good.name) == ("r/broken", "r/target")
    with pytest.raises(Exception, match="the target cannot be opened"):
        await bad.target.deliver([])
    await good.target.deliver([])


async def test_a_name_is_given_once_and_again_after_removal(rules: RuleService) -> None:
    await rules.create(new(), by="test")
    with pytest.raises(RuleExists):
        await rules.create(new(), by="test")
    await rules.remove("r", by="test")

    assert (await rules.create(new(), by="test")).name == "r"


async def test_a_rule_that_is_not_there_is_not_changed(rules: RuleService) -> None:
    for attempt in (
        rules.change("no", RulePatch(), by="test"),
        rules.remove("no", by="test"),
        rules.rotate_secret("no", by="test"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_change_that_changes_nothing_records_nothing(
    store: Store, rules: RuleService
) -> None:
    await rules.create(new(), by="test")
    before = await store.heads()

    await rules.change("r", RulePatch(enabled=True), by="test")

    assert await store.heads() == before


@pytest.mark.parametrize("patch", [{"pattern": {}}, {"targets": ()}, {"description": "x" * 501}])
async def test_a_change_is_judged_like_a_new_rule(
    store: Store, rules: RuleService, patch: dict[str, Any]
) -> None:
    await rules.create(new(), by="test")
    before = await store.heads()

    with pytest.raises(Invalid):
        await rules.change("r", RulePatch(**patch), by="test")
    assert await store.heads() == before


async def test_rules_do_not_append_to_what_apps_own(rules: RuleService) -> None:
    for stream in ("owned-1", "rules-bus", "subscription-x", "Nonsense"):
        target = RuleTarget(to=AppendSpec(stream=stream))
        with pytest.raises(Invalid) as refused:
            await rules.create(new(targets=(target,)), by="test")
        assert [flaw.pointer for flaw in refused.value.flaws] == ["/targets/0/to/stream"]


async def test_a_pattern_is_tried_on_the_latest_of_all_partitions(
    store: Store, rules: RuleService
) -> None:
    for number in range(20):
        await append(store, f"user-{number}", data=b'{"n": %d}' % number)
    tried = await rules.try_pattern({"data": {"n": [{"numeric": [">=", 15]}]}}, last=10)

    assert tried.tried == 10
    assert {msgspec.json.decode(event.data)["n"] for event in tried.matched} <= set(range(15, 20))
    with pytest.raises(Invalid):
        await rules.try_pattern({"type": ["x"]}, last=0)
