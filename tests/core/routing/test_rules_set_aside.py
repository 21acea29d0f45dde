"""Rules that cannot be read or compiled are set aside with the reason, and all others go on."""

from collections.abc import Callable

import msgspec
import pytest

from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store
from gatherlog.core.routing import (
    RULES,
    Bus,
    HandlerSpec,
    InputSpec,
    Rule,
    RulePatch,
    RuleService,
    RuleTarget,
    RuleUnreadable,
)
from gatherlog.core.subscriptions.delivery import Delivery, Target
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.testing import CountingIds
from tests.core.routing.rule_samples import TO_HANDLER, appended, new_rule


async def opened(rule: Rule, target: RuleTarget) -> Target:
    if target.id == "bursts":
        raise RuntimeError("it bursts")

    async def nothing(delivery: Delivery) -> None: ...

    return HandlerTarget(nothing)


def routed(bus: Bus, event: Recorded) -> list[str]:
    return [destination.name for destination in bus.route(event)]


async def break_rule(store: Store, name: str, body: bytes) -> None:
    """Store a body of a rule, and an event about it, as nothing of this release would do."""
    event = Event(CountingIds()(), "rules.rule_bent", 1, 1, b"{", 9, name)
    write = msgspec.structs.replace(RULES.write(name, "rules-bus"), body=body)
    await store.commit(Commit(appends=[Append("rules-bus", [event], ANY)], writes=[write]))


def changed(**fields: object) -> Callable[[Rule], bytes]:
    return lambda rule: msgspec.json.encode(msgspec.structs.replace(rule, **fields))


BAD_TARGET = RuleTarget(id="bursts", to=HandlerSpec(handler="h"))
BAD_INPUT = RuleTarget(to=HandlerSpec(handler="h"), input=InputSpec(template="<nothing>"))
FAULTS: dict[str, tuple[Callable[[Rule], bytes], str]] = {
    "no JSON": (lambda rule: b"{", "rule 'bad' cannot be read"),
    "no text": (lambda rule: b'{"name": "\xff"}', "rule 'bad' cannot be read"),
    "a target of another release": (
        lambda rule: msgspec.json.encode(rule).replace(b'"kind":"handler"', b'"kind":"carrier"'),
        "rule 'bad' cannot be read",
    ),
    "a pattern of another release": (changed(pattern={"type": [{"rhymes": "x"}]}), "rhymes"),
    "a template of another release": (changed(targets=(BAD_INPUT,)), "nothing"),
    "a log with other partitions": (changed(after=(0,) * 99), "partitions"),
    "a target that bursts": (changed(targets=(*TO_HANDLER, BAD_TARGET)), "it bursts"),
}


@pytest.fixture(params=FAULTS.values(), ids=list(FAULTS))
def fault(request: pytest.FixtureRequest) -> tuple[Callable[[Rule], bytes], str]:
    made: tuple[Callable[[Rule], bytes], str] = request.param
    return made


@pytest.mark.parametrize("runs_already", [True, False])
async def test_a_rule_that_cannot_be_used_is_set_aside_and_all_others_go_on(
    store: Store,
    rules: RuleService,
    fault: tuple[Callable[[Rule], bytes], str],
    runs_already: bool,
) -> None:
    body, reason = fault
    bus = Bus(opened)
    await rules.create(new_rule("before"), by="test")
    bad = await rules.create(new_rule("bad"), by="test")
    if runs_already:
        await bus.refresh(store)
    await break_rule(store, "bad", body(bad))
    await rules.create(new_rule("later"), by="test")
    await bus.refresh(store)

    assert routed(bus, await appended(store, "user-1")) == ["before/target", "later/target"]
    assert [*bus.set_aside()] == ["rule bad"]
    assert reason in bus.set_aside()["rule bad"]
    assert (bus.is_set_aside("bad/target"), bus.is_set_aside("later/target")) == (True, False)
    assert len(await bus.begin(store)) == store.limits.partitions


async def test_a_rule_that_was_mended_is_in_force_again(store: Store, rules: RuleService) -> None:
    bad = await rules.create(new_rule(), by="test")
    await break_rule(store, "r", changed(pattern={"type": [{"rhymes": "x"}]})(bad))
    bus = Bus(opened)
    await bus.refresh(store)
    await rules.change("r", RulePatch(pattern={"type": ["x"]}), by="test")
    await bus.refresh(store)

    assert bus.set_aside() == {}
    assert routed(bus, await appended(store, "user-1")) == ["r/target"]


async def test_an_unreadable_rule_can_be_removed_and_hides_no_other(
    store: Store, rules: RuleService
) -> None:
    for name in ("a", "b"):
        await rules.create(new_rule(name), by="test")
    await break_rule(store, "a", b"{")
    for attempt in (
        rules.rule("a"),
        rules.change("a", RulePatch(), by="test"),
        rules.rotate_secret("a", by="test"),
        rules.create(new_rule("a"), by="test"),
    ):
        with pytest.raises(RuleUnreadable, match="rule 'a' cannot be read"):
            await attempt
    await rules.remove("a", by="test")
    await rules.create(new_rule("a"), by="test")
    bus = Bus(opened)
    await bus.refresh(store)

    assert routed(bus, await appended(store, "user-1")) == ["b/target", "a/target"]
