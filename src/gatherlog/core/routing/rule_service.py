"""Commands and questions about rules: made, changed, removed, and tried on what has happened."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.commands.appending import stream_flaws
from gatherlog.core.commands.handler import CommandHandler, Decided, Handled, Once
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound, Refused
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.paging import bodies
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import compile_pattern
from gatherlog.core.routing.rules import (
    CODEC,
    FOLD,
    MOST_TARGETS,
    RULES,
    STREAM,
    AppendSpec,
    Rule,
    RuleChanged,
    RuleCreated,
    RuleRemoved,
    RuleTarget,
    TargetSpec,
)
from gatherlog.core.routing.transformers import compile_transform
from gatherlog.core.subscriptions.delivery import RetryPolicy

__all__ = [
    "NewRule",
    "RuleDraft",
    "RuleExists",
    "RulePatch",
    "RuleService",
    "TooManyRules",
    "Tried",
]

MOST_RULES: Final = 10_000
MOST_TRIED: Final = 10_000
"""Events on which a pattern is tried at most."""
_LONGEST_DESCRIPTION: Final = 500
_RESERVED: Final = frozenset({"try"})
"""What a path of the interface already means."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_LONGEST_NAME: Final = 255

Check = Callable[[TargetSpec], Sequence[Flaw]]
"""What is wrong with where a target points to, beyond what a rule itself can tell."""


class NewRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is given to make a rule."""

    name: str
    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str = ""
    enabled: bool = True


class RulePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different about a rule; what is left out stays."""

    pattern: dict[str, Any] | UnsetType = UNSET
    targets: tuple[RuleTarget, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class RuleDraft(Protocol):
    """What a rule is judged by before it is one."""

    @property
    def pattern(self) -> dict[str, Any]: ...
    @property
    def targets(self) -> tuple[RuleTarget, ...]: ...
    @property
    def description(self) -> str: ...


class RuleExists(Refused):
    """Another rule has this name."""

    code = "rule_exists"


class TooManyRules(Refused):
    """There are as many rules as there may be."""

    code = "too_many_rules"


class Tried(msgspec.Struct, frozen=True):
    """How a pattern did: on how many of the latest events it was tried, and which it takes."""

    tried: int
    matched: list[Recorded]


class RuleService:
    """Rules of one store. `by` says who commands; `check` judges where targets point to.

    `owned` are the categories of streams that apps write themselves: no rule appends to them.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        check: Check = lambda spec: (),
        owned: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._check = check
        self._owned = frozenset(owned) | INTERNAL
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)

    async def create(self, new: NewRule, *, by: str, once: Once | None = None) -> Rule:
        """Make a rule that takes what is appended from now on.

        Raises Invalid, naming every place; RuleExists where the name is taken; TooManyRules.
        """
        self._judge(new, name=new.name)
        if len(await self.rules(limit=MOST_RULES)) >= MOST_RULES:
            raise TooManyRules(f"there are {MOST_RULES:,} rules already: that is the most")
        after = await self._store.heads()

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
            )
            return [Decided(created, subject=new.name)]

        return self._rule(await self._handler.handle(STREAM, attempt, once=once), new.name)

    async def change(self, name: str, patch: RulePatch, *, by: str) -> Rule:
        """Change what the patch names; waiting deliveries go on under what is new. NotFound."""

        def decide(rule: Rule) -> list[Decided]:
            given = {
                field: value
                for field in patch.__struct_fields__
                if (value := getattr(patch, field)) is not UNSET
            }
            changed = msgspec.structs.replace(rule, **given)
            self._judge(changed)
            return [] if changed == rule else [_changed(changed, by)]

        return await self._decide(name, decide)

    async def rotate_secret(self, name: str, *, by: str) -> Rule:
        """Sign with a new secret from now on, and with the one before as well. NotFound."""

        def decide(rule: Rule) -> list[Decided]:
            return [_changed(msgspec.structs.replace(rule, secret=rule.secret + 1), by)]

        return await self._decide(name, decide)

    async def remove(self, name: str, *, by: str, once: Once | None = None) -> None:
        """End a rule and forget what waits for its targets; its dead letters stay. NotFound."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.get(RULES, name) is None:
                raise NotFound(f"there is no rule {name!r}")
            return [Decided(RuleRemoved(by=by), subject=name)]

        await self._handler.handle(STREAM, attempt, once=once)

    async def rule(self, name: str) -> Rule:
        """NotFound if there is none."""
        [document] = await self._store.get(RULES.name, [name])
        rule = RULES.read(document)
        if rule is None:
            raise NotFound(f"there is no rule {name!r}")
        return rule

    async def rules(self, *, limit: int = 1000) -> list[Rule]:
        """Rules by name."""
        rules: list[Rule] = []
        async for rule in bodies(self._store, RULES, RULES.query("by_all", "all", limit=limit)):
            rules.append(rule)
            if len(rules) == limit:
                break
        return rules

    async def try_pattern(self, pattern: dict[str, Any] | str, *, last: int = 1000) -> Tried:
        """Which of the `last` events a rule with this pattern would have taken, newest first.

        Raises InvalidPattern, and Invalid where `last` is not from 1 to 10,000.
        """
        if not 1 <= last <= MOST_TRIED:
            raise Invalid(Flaw("/last", f"from 1 to {MOST_TRIED:,}"))
        compiled = compile_pattern(pattern)
        events = await self._latest(last)
        return Tried(len(events), [one for one in events if compiled.matches(document(one))])

    async def _latest(self, number: int) -> list[Recorded]:
        """The latest events that rules are shown, newest first."""
        latest: list[Recorded] = []
        for partition, head in enumerate(await self._store.heads()):
            at, found = max(0, head - number), 0
            while at < head:
                size = min(number, self._store.limits.page)
                page = await self._store.read_feed(partition, after=at, limit=size)
                if not page:
                    break
                found += len(page)
                latest += [event for event in page if category_of(event.stream) not in INTERNAL]
                at = page[-1].position
        latest.sort(key=lambda event: (event.recorded, event.partition, event.position))
        return latest[: -number - 1 : -1]

    async def _decide(self, name: str, decide: Callable[[Rule], list[Decided]]) -> Rule:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            rule = await unit.get(RULES, name)
            if rule is None:
                raise NotFound(f"there is no rule {name!r}")
            return decide(rule)

        return self._rule(await self._handler.handle(STREAM, attempt), name)

    def _rule(self, handled: Handled, name: str) -> Rule:
        rule: Rule = handled.bodies[RULES.ref(name)]
        return rule

    def _judge(self, draft: RuleDraft, *, name: str | None = None) -> None:
        """Raise Invalid with every flaw of a rule that is to be."""
        flaws = []
        if name is not None and (not _NAME.fullmatch(name) or name in _RESERVED):
            detail = "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit"
            flaws.append(Flaw("/name", detail))
        if len(draft.description) > _LONGEST_DESCRIPTION:
            flaws.append(Flaw("/description", f"at most {_LONGEST_DESCRIPTION} characters"))
        flaws += _below("/pattern", lambda: compile_pattern(draft.pattern))
        if not 1 <= len(draft.targets) <= MOST_TARGETS:
            flaws.append(Flaw("/targets", f"from 1 to {MOST_TARGETS} targets"))
        if len({target.id for target in draft.targets}) < len(draft.targets):
            flaws.append(Flaw("/targets", "each target needs an id of its own"))
        for number, target in enumerate(draft.targets):
            flaws += _placed(f"/targets/{number}", self._target_flaws(target))
        if flaws:
            raise Invalid(*flaws)

    def _target_flaws(self, target: RuleTarget) -> list[Flaw]:
        flaws = []
        if not _NAME.fullmatch(target.id):
            flaws.append(Flaw("/id", "use up to 63 of a-z, 0-9, _, . and -"))
        given = target.input
        if given is not None:
            flaws += _below("/input", lambda: compile_transform(given.paths, given.template))
        flaws += _placed("/retry", _retry_flaws(target.retry))
        if isinstance(target.to, AppendSpec):
            flaws += _placed("/to", self._append_flaws(target.to))
        flaws += _placed("/to", self._check(target.to))
        return flaws

    def _append_flaws(self, to: AppendSpec) -> list[Flaw]:
        flaws = stream_flaws(to.stream, self._owned)
        if to.type is not None and not 0 < len(to.type) <= _LONGEST_NAME:
            flaws.append(Flaw("/type", f"1 to {_LONGEST_NAME} characters"))
        return flaws


def _changed(rule: Rule, by: str) -> Decided:
    changed = RuleChanged(
        pattern=rule.pattern,
        targets=rule.targets,
        description=rule.description,
        enabled=rule.enabled,
        secret=rule.secret,
        by=by,
    )
    return Decided(changed, subject=rule.name)


def _retry_flaws(retry: RetryPolicy) -> list[Flaw]:
    flaws = []
    if retry.attempts is None and retry.age is None:
        flaws.append(Flaw("", "a rule gives up some time: give attempts, age, or both"))
    if retry.attempts is not None and not 1 <= retry.attempts <= 1000:
        flaws.append(Flaw("/attempts", "from 1 to 1,000"))
    bounds: Mapping[str, tuple[float | None, float, float]] = {
        "age": (retry.age, 1.0, 30 * 86_400.0),
        "first_pause": (retry.first_pause, 0.01, 3_600.0),
        "longest_pause": (retry.longest_pause, 0.01, 86_400.0),
    }
    for field, (value, least, most) in bounds.items():
        if value is not None and not least <= value <= most:
            flaws.append(Flaw(f"/{field}", f"from {least:g} to {most:,.0f} seconds"))
    return flaws


def _below(place: str, compile: Callable[[], object]) -> list[Flaw]:
    """The flaws that `compile` raises, as seen from the rule."""
    try:
        compile()
    except Invalid as invalid:
        return _placed(place, invalid.flaws)
    return []


def _placed(place: str, flaws: Sequence[Flaw]) -> list[Flaw]:
    return [Flaw(place + flaw.pointer, flaw.detail) for flaw in flaws]
