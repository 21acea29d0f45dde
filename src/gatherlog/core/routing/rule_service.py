"""The service for rules: create, change, remove and read them, and try patterns on past events."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.commands.handler import CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.service import done_now, no_such
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import DocumentUndecodable, Flaw, Invalid, Refused
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import latest_events
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import Document, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.paging import documents
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import compile_pattern
from gatherlog.core.routing.rule_checks import RuleChecker, TargetCheck
from gatherlog.core.routing.rules import (
    CODEC,
    FOLD,
    RULES,
    STREAM,
    Description,
    PatternJson,
    Rule,
    RuleChanged,
    RuleCreated,
    RuleName,
    RuleRemoved,
    Targets,
)
from gatherlog.core.routing.stored_rules import RuleUnreadable, readable

__all__ = [
    "NewRule",
    "PatternTrial",
    "RuleExists",
    "RulePatch",
    "RuleService",
    "TooManyRules",
]

MAX_RULES: Final = 10_000
MAX_TRIED: Final = 10_000
"""Events on which a pattern may be tried."""


class NewRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The input for a new rule."""

    name: RuleName
    pattern: PatternJson
    targets: Targets
    description: Description = ""
    enabled: bool = True


class RulePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of a rule that are to change; those that are left out stay."""

    pattern: PatternJson | UnsetType = UNSET
    targets: Targets | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class RuleExists(Refused):
    """There is a rule of this name already."""

    code = "rule_exists"


class TooManyRules(Refused):
    """The store has the maximum number of rules."""

    code = "too_many_rules"


class PatternTrial(msgspec.Struct, frozen=True):
    """On how many events a pattern was tried, and which of them it matches."""

    tried: int
    matching: int
    """How many match."""
    matched: list[Recorded]
    """Those that match, newest first: the first ones, as many as a page of the store has bytes."""


class RuleService:
    """The rules of one store.

    `owned` are the categories of streams that only apps may write: no rule may append to them.
    `by`, an argument of every command, is the actor; it is kept with the event.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        check: TargetCheck = lambda spec: (),
        owned: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._ids = ids
        self._checker = RuleChecker(check, frozenset(owned) | INTERNAL)
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)

    async def create(self, new: NewRule, *, by: str, once: Once | None = None) -> Rule:
        """Create a rule for events that are appended from now on.

        It takes every event that is appended after this returns, and none that could be read in the
        feed before. Where the feed lags, it may also take events that were appended within that
        moment before; not in the partition of the rules, which is the only one on many engines.

        Raises Invalid with every flaw; RuleExists if the name is taken, and RuleUnreadable if it is
        taken by a rule that cannot be read; TooManyRules; and Repeated
        if it was created before with the key of `once`. Rules that are created at the same moment
        may exceed the maximum by a few.
        """
        self._checker.check(new, name=new.name)
        if len(await self.rules(limit=MAX_RULES)) >= MAX_RULES:
            raise TooManyRules(f"there are {MAX_RULES:,} rules already: that is the most")
        await self._check_readable(new.name)
        after, series = await self._store.heads(), self._ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.get(RULES, new.name) is not None:
                raise RuleExists(f"there is a rule {new.name!r} already: change or remove it")
            created = RuleCreated(
                pattern=new.pattern,
                targets=new.targets,
                description=new.description,
                enabled=new.enabled,
                after=tuple(after),
                by=by,
                series=series,
            )
            return [Decided(created, subject=new.name)]

        handled = await self._handler.handle(STREAM, attempt, once=once)
        return self._rule(done_now(handled), new.name)

    async def change(self, name: str, patch: RulePatch, *, by: str) -> Rule:
        """Change the fields that the patch names. Deliveries that wait go on with the changed rule.

        A patch that changes nothing records nothing. Raises NotFound, RuleUnreadable, and Invalid
        with every flaw; where a target is not changed, it is not checked again whether it is
        permitted, so that a rule can always be disabled.
        """

        def decide(rule: Rule, created: int) -> list[Decided]:
            given = {
                field: value
                for field in patch.__struct_fields__
                if (value := getattr(patch, field)) is not UNSET
            }
            changed = msgspec.structs.replace(rule, **given)
            self._checker.check(changed, known=rule.targets)
            return [] if changed == rule else [_changed(changed, created, by)]

        return await self._change(name, decide)

    async def rotate_secret(self, name: str, *, by: str) -> Rule:
        """Sign with a new secret from now on, and also with the one before.

        Raises NotFound and RuleUnreadable.
        """

        def decide(rule: Rule, created: int) -> list[Decided]:
            rotated = msgspec.structs.replace(rule, secret=rule.secret + 1)
            return [_changed(rotated, created, by)]

        return await self._change(name, decide)

    async def remove(self, name: str, *, by: str, once: Once | None = None) -> None:
        """Remove a rule with all deliveries that wait for its targets; its dead letters stay.

        Raises NotFound, and Repeated if it was removed before with the key of `once`.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if not await _is_there(unit, name):
                raise no_such("rule", name)
            return [Decided(RuleRemoved(by=by), subject=name)]

        done_now(await self._handler.handle(STREAM, attempt, once=once))

    async def rule(self, name: str) -> Rule:
        """The rule of this name; raises NotFound and RuleUnreadable."""
        rule = await self._check_readable(name)
        if rule is None:
            raise no_such("rule", name)
        return rule

    async def rules(self, *, limit: int = 1000) -> list[Rule]:
        """Rules in the order of their names, without those that cannot be read."""
        rules: list[Rule] = []
        async for found in self._documents(limit):
            with contextlib.suppress(RuleUnreadable):
                rules += [rule for rule in [readable(found)] if rule is not None]
            if len(rules) == limit:
                break
        return rules

    async def unreadable(self) -> list[str]:
        """Of each rule that cannot be read, in the order of their names, why, and what to do."""
        reasons = []
        async for found in self._documents(MAX_RULES):
            try:
                readable(found)
            except RuleUnreadable as unreadable:
                reasons.append(str(unreadable))
        return reasons

    def _documents(self, limit: int) -> AsyncIterator[Document]:
        return documents(self._store, RULES.query("by_all", "all", limit=limit))

    async def try_pattern(self, pattern: dict[str, Any] | str, *, last: int = 1000) -> PatternTrial:
        """Which of the `last` events a rule with this pattern would have matched.

        Raises InvalidPattern, and Invalid if `last` is not from 1 to 10,000.
        """
        if not 1 <= last <= MAX_TRIED:
            raise Invalid(Flaw("/last", f"from 1 to {MAX_TRIED:,}"))
        compiled = compile_pattern(pattern)
        tried, matching, matched, room = 0, 0, list[Recorded](), self._store.limits.page_bytes
        async for event in latest_events(self._store, limit=last, wanted=_is_seen_by_rules):
            tried += 1
            if compiled.matches(document(event)):
                matching += 1
                room -= event_bytes(event)
                if room >= 0:
                    matched.append(event)
        return PatternTrial(tried, matching, matched)

    async def _change(self, name: str, decide: Callable[[Rule, int], list[Decided]]) -> Rule:
        """Decide with the rule, and the version in the stream at which it was created."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            rule = await unit.get(RULES, name)
            if rule is None:
                raise no_such("rule", name)
            return decide(rule, rule.created or unit.version(RULES, name))

        await self._check_readable(name)

        return self._rule(await self._handler.handle(STREAM, attempt), name)

    async def _check_readable(self, name: str) -> Rule | None:
        """The rule of this name, if there is one; raises RuleUnreadable."""
        [found] = await self._store.get([RULES.ref(name)])
        return readable(found)

    def _rule(self, handled: Handled, name: str) -> Rule:
        rule: Rule = handled.bodies[RULES.ref(name)]
        return rule


def _is_seen_by_rules(event: Recorded) -> bool:
    """No rule sees events about deliveries."""
    return category_of(event.stream) not in INTERNAL


async def _is_there(unit: UnitOfWork, name: str) -> bool:
    """Load a rule; whether there is one, be it readable or not."""
    try:
        return await unit.get(RULES, name) is not None
    except DocumentUndecodable:
        unit.bodies[RULES.ref(name)] = Rule(name=name, pattern={}, targets=())  # to be removed
        return True


def _changed(rule: Rule, created: int, by: str) -> Decided:
    changed = RuleChanged(
        pattern=rule.pattern,
        targets=rule.targets,
        description=rule.description,
        enabled=rule.enabled,
        secret=rule.secret,
        by=by,
        created=created,
    )
    return Decided(changed, subject=rule.name)
