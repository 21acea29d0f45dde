"""The bus: the subscription that delivers events to the targets of the rules that match them.

There is one subscription for all rules, so each event is read once. Each target of a rule is a
destination of its own: a target that fails or is slow delays no other.

Rules that append events cannot cause endless loops. An event that a rule appended is not delivered
to that rule again, nor is any event that it causes in turn; and an event that has three rules in
its chain of causes is delivered to none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.commands.event_meta import causing_rules
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

__all__ = ["BUS", "Bus", "OpenTarget", "subscription_or_bus"]

BUS: Final = "bus"
"""The name of the subscription."""
MAX_CHAIN: Final = 3
"""An event with so many rules in its chain of causes is not delivered.

Without a limit, seven rules that append to each other would make thousands of events of one."""
_PAGE: Final = 1000
_TIMEOUT: Final = 30.0
_AT_ONCE: Final[Mapping[type, int]] = {WebhookSpec: 8, MailSpec: 4}
"""How many attempts at one target may run concurrently, for kinds where that is more than one."""

OpenTarget = Callable[[Rule, RuleTarget], Awaitable[Target]]
"""Opens a target of a rule. May raise a GatherlogError."""


class Bus:
    """The subscription `bus`. It follows rules as they are created, changed and removed."""

    name = BUS
    gather = 0.0
    fold: EventFold | None = None

    def __init__(self, open_target: OpenTarget) -> None:
        self._open = open_target
        self._version = 0
        """Of the stream of rules: events up to it are applied."""
        self._refreshing = asyncio.Lock()
        self._asked = self._answered = 0
        """How often a refresh was asked for, and up to which one they were done."""
        self._rules: dict[str, Rule] = {}
        self._patterns: dict[str, Pattern] = {}
        self._created_at: dict[str, str] = {}
        """Per rule, the version at which it was created last."""
        self._index = RuleIndex()
        """The rules that are enabled."""
        self._destinations: dict[str, tuple[Destination, ...]] = {}
        self._last_document: tuple[Recorded, dict[str, Any]] | None = None

    async def begin(self, store: Store) -> Heads:
        """Begin with the first event that any rule may match.

        No rule matches events from before it was created.
        """
        await self.refresh(store)
        heads = await store.heads()
        after = [rule.after for rule in self._rules.values()]
        return tuple(min(positions) for positions in zip(heads, *after, strict=True))

    async def refresh(self, store: Store) -> int:
        """Apply the events of rules since the last refresh.

        Calls that wait for another one share the next read, which begins after all of them.
        """
        self._asked += 1
        asked = self._asked
        async with self._refreshing:
            if asked <= self._answered:
                return self._version
            answered = self._asked
            while events := await store.read_stream(STREAM, after=self._version, limit=_PAGE):
                for event in events:
                    await self._apply(event)
                    self._version = event.version
            self._answered = answered
        return self._version

    def destinations(self) -> Sequence[Destination]:
        """Also those of disabled rules, to which events that wait are still delivered."""
        return [one for several in self._destinations.values() for one in several]

    def route(self, event: Recorded) -> Sequence[Destination]:
        if not self._rules or category_of(event.stream) in INTERNAL:
            return ()
        names = self._index.match(self._document(event))
        if not names:
            return ()
        chain = causing_rules(event) if event.meta else ()
        if len(chain) >= MAX_CHAIN:
            return ()
        return [
            destination
            for name in names
            if name not in chain and event.position > self._rules[name].after[event.partition]
            for destination in self._destinations[name]
        ]

    def routes_to(self, destination: str, event: Recorded) -> bool:
        """Whether the rule of the destination still matches, also if the rule is disabled."""
        name, _, _ = destination.partition("/")
        rule, chain = self._rules.get(name), causing_rules(event)
        return (
            rule is not None
            and category_of(event.stream) not in INTERNAL
            and len(chain) < MAX_CHAIN
            and name not in chain
            and event.position > rule.after[event.partition]
            and self._patterns[name].matches(self._document(event))
        )

    async def close(self) -> None:
        """Close all targets and forget all rules."""
        for destinations in self._destinations.values():
            for destination in destinations:
                await destination.target.close()
        self._destinations.clear()
        self._rules.clear()
        self._index = RuleIndex()

    async def _apply(self, event: Recorded) -> None:
        name = event.subject
        happened = Happened(event.stream, name, event.time, CODEC.decode(event))
        if isinstance(happened.payload, RuleCreated):
            self._created_at[name] = str(event.version)
        before = {RULES.ref(name): self._rules.get(name)}
        for change in FOLD.evolve(before, happened):
            rule = change.body if isinstance(change.body, Rule) else None
            if rule is not None and isinstance(happened.payload, RuleCreated):
                rule = _not_before(rule, event)
            await self._replace(name, rule)

    async def _replace(self, name: str, rule: Rule | None) -> None:
        """Put a rule in the place of the one of this name, and open its targets; None removes it.

        The rule before stays in force until all targets are open, because `route` and `routes_to`
        are called meanwhile.
        """
        opened: list[Destination] = []
        if rule is not None:
            opened = [await self._destination(rule, target) for target in rule.targets]
        before = self._destinations.pop(name, ())
        self._patterns.pop(name, None)
        if self._rules.pop(name, None) is not None and name in self._index:
            self._index.remove(name)
        if rule is not None:
            self._rules[name], self._destinations[name] = rule, tuple(opened)
            self._patterns[name] = compile_pattern(rule.pattern)
            if rule.enabled:
                self._index.add(name, self._patterns[name])
        for destination in before:
            await destination.target.close()

    async def _destination(self, rule: Rule, target: RuleTarget) -> Destination:
        return Destination(
            name=f"{rule.name}/{target.id}",
            target=await self._open_target(rule, target),
            retry=target.retry,
            timeout=_TIMEOUT,
            at_once=_AT_ONCE.get(type(target.to), 1),
            holds=target.holds,
            generation=self._created_at.get(rule.name, ""),
            transform=None if target.input is None else self._transform(rule, target.input),
        )

    async def _open_target(self, rule: Rule, target: RuleTarget) -> Target:
        try:
            return await self._open(rule, target)
        except GatherlogError as error:  # other rules go on; each delivery of this one says why
            return _UnopenedTarget(str(error))

    def _transform(self, rule: Rule, given: InputSpec) -> Callable[[Recorded], Any]:
        transform = compile_transform(given.paths, given.template, rule=rule.name)
        return lambda event: transform.apply(self._document(event))

    def _document(self, event: Recorded) -> dict[str, Any]:
        """The document of an event. The last one is cached, since it is often asked for again."""
        if self._last_document is None or self._last_document[0] is not event:
            self._last_document = (event, document(event))
        return self._last_document[1]


def _not_before(rule: Rule, created: Recorded) -> Rule:
    """The rule, which takes nothing that stands in the log before its own creation.

    The heads that it was created with may have lagged. In the partition of its creation it is known
    what came before; positions of other partitions say nothing about that.
    """
    after = list(rule.after)
    after[created.partition] = max(after[created.partition], created.position)
    return msgspec.structs.replace(rule, after=tuple(after))


class _UnopenedTarget:
    """Stands for a target that could not be opened, such as mail where there is no mail server.

    Every delivery to it fails, and the failure says why it could not be opened.
    """

    batch = 1

    def __init__(self, why: str) -> None:
        self._why = why

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        raise DeliveryFailed("not_opened", f"the target cannot be opened: {self._why}")

    async def close(self) -> None:
        """Nothing is open."""


def subscription_or_bus(subscription: str | None, destination: str | None) -> str | None:
    """The subscription whose dead letters are meant.

    Where only a destination is named it is the bus: `RULE/TARGET` is a destination of the bus.
    """
    return BUS if subscription is None and destination is not None else subscription
