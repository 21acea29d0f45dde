"""The service for rules: commands that are carried out or refused, and trials of patterns."""

from typing import Any

import msgspec
import pytest

from gatherlog.core.commands.handler import Once
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.core.routing import AppendSpec, RuleExists, RulePatch, RuleService, RuleTarget
from gatherlog.testing import CountingIds, StandingClock
from tests.contracts.commits import whole_stream
from tests.core.routing.rule_samples import appended, new_rule, shown


async def test_a_name_is_free_again_after_its_rule_was_removed(rules: RuleService) -> None:
    await rules.create(new_rule(), by="test")
    with pytest.raises(RuleExists):
        await rules.create(new_rule(), by="test")
    await rules.remove("r", by="test")

    assert (await rules.create(new_rule(), by="test")).name == "r"


async def test_a_command_that_was_done_under_its_key_says_so_with_the_stored_answer(
    rules: RuleService,
) -> None:
    created = Once("created", b"f", lambda handled: b"c")
    removed = Once("removed", b"f", lambda handled: b"r")
    await rules.create(new_rule(), by="test", once=created)
    with pytest.raises(Repeated) as again:
        await rules.create(new_rule(), by="test", once=created)
    await rules.remove("r", by="test", once=removed)
    with pytest.raises(Repeated) as gone:
        await rules.remove("r", by="test", once=removed)

    assert (again.value.answer, gone.value.answer) == (b"c", b"r")


async def test_a_missing_rule_cannot_be_changed(rules: RuleService) -> None:
    for attempt in (
        rules.change("no", RulePatch(), by="test"),
        rules.remove("no", by="test"),
        rules.rotate_secret("no", by="test"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_rule_whose_target_is_refused_by_now_can_still_be_disabled(store: Store) -> None:
    flaws: list[Flaw] = []
    rules = RuleService(store, clock=StandingClock(), ids=CountingIds(), check=lambda to: flaws)
    old = await rules.create(new_rule(), by="test")
    flaws.append(Flaw("/stream", "is not permitted any more"))

    disabled = await rules.change("r", RulePatch(enabled=False, targets=old.targets), by="test")

    assert disabled.enabled is False
    other = RuleTarget(to=AppendSpec(stream="copies-2"))
    with pytest.raises(Invalid, match="not permitted any more"):
        await rules.change("r", RulePatch(targets=(other,)), by="test")


async def test_a_rule_that_appends_where_nobody_may_by_now_can_still_be_disabled(
    store: Store,
) -> None:
    clock, ids = StandingClock(), CountingIds()
    place = (RuleTarget(to=AppendSpec(stream="copies-1")),)
    old = await RuleService(store, clock=clock, ids=ids).create(new_rule(targets=place), by="test")
    rules = RuleService(store, clock=clock, ids=ids, owned=["copies"])

    disabled = await rules.change("r", RulePatch(enabled=False, targets=old.targets), by="test")

    assert disabled.enabled is False
    other = RuleTarget(to=AppendSpec(stream="copies-2"))
    with pytest.raises(Invalid, match="written by Gatherlog alone"):
        await rules.change("r", RulePatch(targets=(other,)), by="test")


async def test_a_change_that_changes_nothing_records_nothing(
    store: Store, rules: RuleService
) -> None:
    await rules.create(new_rule(), by="test")

    await rules.change("r", RulePatch(enabled=True), by="test")

    assert len(await whole_stream(store, "rules-bus")) == 1


@pytest.mark.parametrize("patch", [{"pattern": {}}, {"targets": ()}, {"description": "x" * 501}])
async def test_a_change_is_checked_like_a_new_rule(
    store: Store, rules: RuleService, patch: dict[str, Any]
) -> None:
    await rules.create(new_rule(), by="test")

    with pytest.raises(Invalid):
        await rules.change("r", RulePatch(**patch), by="test")
    assert len(await whole_stream(store, "rules-bus")) == 1


async def test_rules_may_not_append_to_streams_of_apps(rules: RuleService) -> None:
    for stream in ("owned-1", "rules-bus", "subscription-x", "Nonsense"):
        target = RuleTarget(to=AppendSpec(stream=stream))
        with pytest.raises(Invalid) as refused:
            await rules.create(new_rule(targets=(target,)), by="test")
        assert [flaw.pointer for flaw in refused.value.flaws] == ["/targets/0/to/stream"]


async def test_a_rule_appends_to_names_of_400_bytes_at_most(rules: RuleService) -> None:
    longest = "n-" + "ü" * 199
    taken = RuleTarget(to=AppendSpec(stream=longest, type=longest))
    long = RuleTarget(to=AppendSpec(stream=longest + "x", type=longest + "x"))

    await rules.create(new_rule(targets=(taken,)), by="test")
    with pytest.raises(Invalid) as refused:
        await rules.create(new_rule(targets=(long,)), by="test")

    assert refused.value.flaws == (
        Flaw("/targets/0/to/stream", "a stream's name has 401 bytes; at most 400 are allowed"),
        Flaw("/targets/0/to/type", "an event's type has 401 bytes; at most 400 are allowed"),
    )


async def test_a_pattern_is_tried_on_the_latest_of_all_partitions(
    store: Store, rules: RuleService
) -> None:
    for number in range(20):
        await shown(store, await appended(store, f"user-{number}", data=b'{"n": %d}' % number))
    tried = await rules.try_pattern({"data": {"n": [{"numeric": [">=", 15]}]}}, last=10)

    assert tried.tried == 10
    assert {msgspec.json.decode(event.data)["n"] for event in tried.matched} <= set(range(15, 20))
    with pytest.raises(Invalid):
        await rules.try_pattern({"type": ["x"]}, last=0)
