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
from gatherlog.core.eventstore.errors import Flaw, GatherlogError, Invalid, StoreError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import Pattern, compile_pattern
from gatherlog.core.routing.rule_index import RuleIndex
from gatherlog.core.routing.rules import (
    STREAM,
    InputSpec,
    MailSpec,
    Rule,
    RuleTarget,
    WebhookSpec,
)
from gatherlog.core.routing.stored_rules import (
    Creation,
    RuleUnreadable,
    StoredRule,
    creations_in,
    read_rules,
    rule_names,
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

MakeInput = Callable[[Recorded], Any]
OpenTarget = Callable[[Rule, RuleTarget], Awaitable[Target]]
"""Opens a target of a rule. May raise a GatherlogError."""


class Bus:
    """The subscription `bus`. It follows rules as they are created, changed and removed."""

    name = BUS
    gather = 0.0
    fold: EventFold | None = None

    def __init__(self, open_target: OpenTarget) -> None:
        self._open = open_target
        self._version: int | None = None
        """Of the stream of rules: changes up to it are in force. None: nothing was read yet."""
        self._partitions = 0
        """Of the log."""
        self._refreshing = asyncio.Lock()
        self._asked = self._answered = 0
        """How often a refresh was asked for, and up to which one they were done."""
        self._stored: dict[str, StoredRule] = {}
        """Per rule, as it was when it was put in force or set aside."""
        self._rules: dict[str, Rule] = {}
        self._patterns: dict[str, Pattern] = {}
        self._index = RuleIndex()
        """The rules that are enabled."""
        self._destinations: dict[str, tuple[Destination, ...]] = {}
        self._set_aside: dict[str, str] = {}
        self._suspended: frozenset[str] = frozenset()
        self._skipped: frozenset[int] = frozenset()
        """The rules of which all destinations are in `_suspended`, as numbers of the index."""
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
        """Read the rules that have changed since the last refresh; at the first one, all rules.

        Calls that wait for another one share the next read, which begins after all of them.
        """
        self._asked += 1
        asked = self._asked
        async with self._refreshing:
            if self._version is not None and asked <= self._answered:
                return self._version
            answered = self._asked
            if self._version is None:
                self._partitions = store.limits.partitions
                self._version = await self._read_all(store)
            size = min(_PAGE, store.limits.page)
            while events := await store.read_stream(STREAM, after=self._version, limit=size):
                changed = list(dict.fromkeys(event.subject for event in events))
                await self._read(store, changed, creations_in(events))
                self._version = events[-1].version
            self._answered = answered
        return self._version

    def set_aside(self) -> Mapping[str, str]:
        """Rules that cannot be read or compiled, with the reason: they match nothing meanwhile."""
        return {f"rule {name}": reason for name, reason in self._set_aside.items()}

    def is_set_aside(self, destination: str) -> bool:
        return destination.partition("/")[0] in self._set_aside

    def destinations(self) -> Sequence[Destination]:
        """Also those of disabled rules, to which events that wait are still delivered."""
        return [one for several in self._destinations.values() for one in several]

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> Sequence[Destination]:
        if not self._rules or category_of(event.stream) in INTERNAL:
            return ()
        if suspended is not self._suspended:
            self._suspend(suspended)
        names = self._index.match(self._document(event), self._skipped)
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

    def _suspend(self, suspended: frozenset[str]) -> None:
        """Do not match rules of which all destinations are suspended."""
        self._suspended = suspended
        rules = {name.partition("/")[0] for name in suspended}
        self._skipped = self._index.numbers(
            name
            for name in rules & self._destinations.keys()
            if all(one.name in suspended for one in self._destinations[name])
        )

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
        for name in list(self._stored):
            self._forget(name)
        self._version = None

    async def _read_all(self, store: Store) -> int:
        """Put all rules in force; returns the version of their stream up to which they are read.

        They may be newer than that: what has changed meanwhile is read once more.
        """
        last = await store.read_stream(STREAM, limit=1, backwards=True)
        await self._read(store, await rule_names(store), {})
        return last[0].version if last else 0

    async def _read(
        self, store: Store, names: Sequence[str], created: Mapping[str, Creation]
    ) -> None:
        """Put the rules of these names in force as they are now; `created` are new ones."""
        earlier = {
            name: one.creation
            for name in names
            if (one := self._stored.get(name)) is not None and one.creation is not None
        }
        found = await read_rules(store, names, {**earlier, **created})
        for name, stored in sorted(found.items(), key=_last_change):
            if stored != self._stored.get(name):
                await self._put(name, stored)

    async def _put(self, name: str, stored: StoredRule | None) -> None:
        """Put a rule in the place of the one of this name; None removes it.

        A rule that cannot be used is set aside, whatever the reason: no other depends on it. The
        rule before stays in force until all targets of the new one are open, because `route` and
        `routes_to` are called meanwhile.
        """
        reason = ""
        try:
            made = None if stored is None else await self._made(stored)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - it is told, and other rules go on
            made, reason = None, f"{error}" or type(error).__name__
        before = self._destinations.get(name, ())
        self._forget(name)
        if stored is not None:
            self._stored[name] = stored
        if made is not None:
            self._enforce(*made)
        elif stored is not None:
            self._set_aside[name] = reason
        for destination in before:
            await destination.target.close()

    async def _made(self, stored: StoredRule) -> tuple[Rule, Pattern, tuple[Destination, ...]]:
        """A rule with its pattern compiled and its targets open; raises whatever is wrong."""
        if stored.rule is None:
            raise RuleUnreadable(stored.unreadable)
        if len(stored.rule.after) != self._partitions:
            raise Invalid(Flaw("/after", f"the log has {self._partitions} partitions"))
        rule = _not_before(stored.rule, stored.creation)
        pattern = compile_pattern(rule.pattern)
        transforms = [self._transform(rule, target.input) for target in rule.targets]
        generation = "" if stored.creation is None else str(stored.creation.version)
        opened: list[Destination] = []
        try:
            for target, transform in zip(rule.targets, transforms, strict=True):
                opened.append(await self._destination(rule, target, transform, generation))
        except BaseException:
            for destination in opened:
                await destination.target.close()
            raise
        return rule, pattern, tuple(opened)

    def _enforce(self, rule: Rule, pattern: Pattern, opened: tuple[Destination, ...]) -> None:
        self._rules[rule.name], self._patterns[rule.name] = rule, pattern
        self._destinations[rule.name] = opened
        if rule.enabled:
            self._index.add(rule.name, pattern)

    def _forget(self, name: str) -> None:
        self._suspended, self._skipped = frozenset(), frozenset()
        for known in (
            self._stored,
            self._rules,
            self._patterns,
            self._destinations,
            self._set_aside,
        ):
            known.pop(name, None)
        if name in self._index:
            self._index.remove(name)

    async def _destination(
        self, rule: Rule, target: RuleTarget, transform: MakeInput | None, generation: str
    ) -> Destination:
        return Destination(
            name=f"{rule.name}/{target.id}",
            target=await self._open_target(rule, target),
            retry=target.retry,
            timeout=_TIMEOUT,
            at_once=_AT_ONCE.get(type(target.to), 1),
            holds=target.holds,
            takes_new=rule.enabled,
            generation=generation,
            transform=transform,
        )

    async def _open_target(self, rule: Rule, target: RuleTarget) -> Target:
        try:
            return await self._open(rule, target)
        except StoreError:
            raise
        except GatherlogError as error:  # other rules go on; each delivery of this one says why
            return _UnopenedTarget(str(error))

    def _transform(self, rule: Rule, given: InputSpec | None) -> MakeInput | None:
        if given is None:
            return None
        transform = compile_transform(given.paths, given.template, rule=rule.name)
        return lambda event: transform.apply(self._document(event))

    def _document(self, event: Recorded) -> dict[str, Any]:
        """The document of an event. The last one is cached, since it is often asked for again."""
        if self._last_document is None or self._last_document[0] is not event:
            self._last_document = (event, document(event))
        return self._last_document[1]


def _last_change(found: tuple[str, StoredRule | None]) -> int:
    """Sorts rules as if each change had been followed: the last one that was changed comes last."""
    _, stored = found
    return 0 if stored is None else stored.version


def _not_before(rule: Rule, created: Creation | None) -> Rule:
    """The rule, which takes nothing that stands in the log before its own creation.

    The heads that it was created with may have lagged. In the partition of its creation it is known
    what came before; positions of other partitions say nothing about that.
    """
    after = list(rule.after)
    if created is not None:
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
