"""The bus: one subscription that matches every event against all rules, and brings it to targets.

Each target of a rule is a destination of its own: one that fails, or is slow, holds nobody else
up. An event that a rule appended is not brought to that rule again, nor is one that it caused
further on, so rules cannot go round in circles; and what is three rules away from where it began
is brought to none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.folds import EventFold, Happened
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import Pattern, compile_pattern
from gatherlog.core.routing.rule_index import RuleIndex
from gatherlog.core.routing.rules import (
    CODEC,
    FOLD,
    RULES,
    STREAM,
    InputSpec,
    MailSpec,
    Rule,
    RuleCreated,
    RuleTarget,
    WebhookSpec,
)
from gatherlog.core.routing.transformers import compile_transform
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, Target
from gatherlog.core.subscriptions.subscription import Destination

__all__ = ["BUS", "Bus", "OpenTarget", "causes"]

BUS: Final = "bus"
MOST_CAUSES: Final = 3
"""Rules that may lead from one event to another: else seven that append would make thousands."""
_PAGE: Final = 1000
_TIMEOUT: Final = 30.0
_AT_ONCE: Final[Mapping[type, int]] = {WebhookSpec: 8, MailSpec: 4}
"""How many attempts one target may have under way, where that is more than one."""

OpenTarget = Callable[[Rule, RuleTarget], Awaitable[Target]]
"""Makes what brings events to where a rule's target points; may raise a GatherlogError."""


class Bus:
    """The subscription `bus`. Rules are followed as they are made, changed and removed."""

    name = BUS
    gather = 0.0
    fold: EventFold | None = None

    def __init__(self, open_target: OpenTarget) -> None:
        self._open = open_target
        self._version = 0
        self._refreshing = asyncio.Lock()
        self._rules: dict[str, Rule] = {}
        self._patterns: dict[str, Pattern] = {}
        self._made: dict[str, str] = {}
        self._set = RuleIndex()
        self._destinations: dict[str, tuple[Destination, ...]] = {}
        self._shown: tuple[Recorded, dict[str, Any]] | None = None

    async def begin(self, store: Store) -> Heads:
        """With the first event that any rule takes; none takes what lies before it was made."""
        await self.refresh(store)
        heads = await store.heads()
        after = [rule.after for rule in self._rules.values()]
        return tuple(min(positions) for positions in zip(heads, *after, strict=True))

    async def refresh(self, store: Store) -> int:
        """Fold what has happened to rules since the last look."""
        async with self._refreshing:
            while events := await store.read_stream(STREAM, after=self._version, limit=_PAGE):
                for event in events:
                    await self._take(event)
                    self._version = event.version
        return self._version

    def destinations(self) -> Sequence[Destination]:
        """Those of rules that are switched off, too: what waits for them is brought."""
        return [one for several in self._destinations.values() for one in several]

    def route(self, event: Recorded) -> Sequence[Destination]:
        if not self._rules or category_of(event.stream) in INTERNAL:
            return ()
        names = self._set.match(self._document(event))
        if not names:
            return ()
        past = causes(event) if event.meta else ()
        if len(past) >= MOST_CAUSES:
            return ()
        return [
            destination
            for name in names
            if name not in past and event.position > self._rules[name].after[event.partition]
            for destination in self._destinations[name]
        ]

    def takes(self, destination: str, event: Recorded) -> bool:
        """By the rule's own pattern, also while the rule is switched off."""
        name, _, _ = destination.partition("/")
        rule, past = self._rules.get(name), causes(event)
        return (
            rule is not None
            and category_of(event.stream) not in INTERNAL
            and len(past) < MOST_CAUSES
            and name not in past
            and event.position > rule.after[event.partition]
            and self._patterns[name].matches(self._document(event))
        )

    async def close(self) -> None:
        """Let go of all targets."""
        for destinations in self._destinations.values():
            for destination in destinations:
                await destination.target.close()
        self._destinations.clear()
        self._rules.clear()
        self._set = RuleIndex()

    async def _take(self, event: Recorded) -> None:
        name = event.subject
        happened = Happened(event.stream, name, event.time, CODEC.decode(event))
        if isinstance(happened.payload, RuleCreated):
            self._made[name] = str(event.version)
        known = {RULES.ref(name): self._rules.get(name)}
        for change in FOLD.evolve(known, happened):
            rule = change.body if isinstance(change.body, Rule) else None
            await self._put(name, rule)

    async def _put(self, name: str, rule: Rule | None) -> None:
        """Have a rule as it is now, with its targets opened; None: have it no more.

        Until it is there as it is, it is there as it was: what waits for it may ask meanwhile.
        """
        opened: list[Destination] = []
        if rule is not None:
            opened = [await self._destination(rule, target) for target in rule.targets]
        before = self._destinations.pop(name, ())
        self._patterns.pop(name, None)
        if self._rules.pop(name, None) is not None and name in self._set:
            self._set.remove(name)
        if rule is not None:
            self._rules[name], self._destinations[name] = rule, tuple(opened)
            self._patterns[name] = compile_pattern(rule.pattern)
            if rule.enabled:
                self._set.add(name, self._patterns[name])
        for destination in before:
            await destination.target.close()

    async def _destination(self, rule: Rule, target: RuleTarget) -> Destination:
        return Destination(
            name=f"{rule.name}/{target.id}",
            target=await self._opened(rule, target),
            retry=target.retry,
            timeout=_TIMEOUT,
            at_once=_AT_ONCE.get(type(target.to), 1),
            holds=target.holds,
            generation=self._made.get(rule.name, ""),
            transform=None if target.input is None else self._transform(rule, target.input),
        )

    async def _opened(self, rule: Rule, target: RuleTarget) -> Target:
        try:
            return await self._open(rule, target)
        except GatherlogError as error:  # other rules go on; each delivery of this one says why
            return _Unopened(str(error))

    def _transform(self, rule: Rule, given: InputSpec) -> Callable[[Recorded], Any]:
        transform = compile_transform(given.paths, given.template, rule=rule.name)
        return lambda event: transform.apply(self._document(event))

    def _document(self, event: Recorded) -> dict[str, Any]:
        """The document of an event; that of the last one is kept, since it is asked for again."""
        if self._shown is None or self._shown[0] is not event:
            self._shown = (event, document(event))
        return self._shown[1]


class _Unopened:
    """Stands for a target that could not be opened, as of a mail where there is no mail server."""

    batch = 1

    def __init__(self, why: str) -> None:
        self._why = why

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        raise DeliveryFailed("not_opened", f"the target cannot be opened: {self._why}")

    async def close(self) -> None:
        """There is nothing to let go of."""


class _Meta(msgspec.Struct, frozen=True):
    rules: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(_Meta).decode


def causes(event: Recorded) -> tuple[str, ...]:
    """The rules by which an event came to be, the first one first; as `meta` has them."""
    if b'"rules"' not in event.meta:
        return ()
    try:
        return _decode(event.meta).rules
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
