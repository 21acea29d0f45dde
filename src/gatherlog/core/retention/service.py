"""The service for rules of retention: set, remove and read them, and try them out."""

from typing import Final

import msgspec

from gatherlog.core.commands.handler import CommandHandler, Decided, Once
from gatherlog.core.commands.service import done_now, no_such, read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies
from gatherlog.core.retention.checks import RetentionChecks
from gatherlog.core.retention.progress import expired_events
from gatherlog.core.retention.rules import (
    CODEC,
    FOLD,
    RETENTION,
    STREAM,
    Expiring,
    RetentionRemoved,
    RetentionRule,
    RetentionSet,
)

__all__ = ["Matching", "RetentionService"]

_MOST: Final = 1000
"""Rules that are read at a time."""


class Matching(msgspec.Struct, frozen=True):
    """The events that a rule would let expire now, and when the first and last were recorded."""

    matching: int
    oldest: int | None
    newest: int | None


class RetentionService:
    """The rules of retention of one store. `by`, of every command, is the actor.

    Rules take effect in the background: `Expiry` carries them out.
    """

    def __init__(self, store: Store, checks: RetentionChecks, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._checks = checks
        self._clock = clock
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)

    async def set(self, name: str, expiring: Expiring, *, by: str) -> RetentionRule:
        """Make a rule, or change the one of this name; setting it as it is records nothing.

        What has expired under the rule before stays so. Raises Invalid with every flaw, and
        BodiesNeeded.
        """
        self._checks.check(name, expiring)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            before = await unit.get(RETENTION, name)
            if before is not None and before.expiring == expiring:
                return []
            return [Decided(RetentionSet(by=by, **msgspec.structs.asdict(expiring)), name)]

        handled = await self._handler.handle(STREAM, attempt)
        rule: RetentionRule = handled.bodies[RETENTION.ref(name)]
        return rule

    async def remove(self, name: str, *, by: str, once: Once | None = None) -> None:
        """Remove a rule; what has expired stays so. Raises NotFound, and Repeated."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.get(RETENTION, name) is None:
                raise no_such("rule of retention", name)
            return [Decided(RetentionRemoved(by=by), name)]

        done_now(await self._handler.handle(STREAM, attempt, once=once))

    async def rule(self, name: str) -> RetentionRule:
        """The rule of this name; raises NotFound."""
        rule = await read(self._store, RETENTION, name)
        if rule is None:
            raise no_such("rule of retention", name)
        return rule

    async def rules(self) -> list[RetentionRule]:
        """All rules, in the order of their names."""
        query = RETENTION.query("by_all", "all", limit=_MOST)
        return [rule async for rule in bodies(self._store, RETENTION, query)]

    async def expired(self) -> dict[str, int]:
        """By name of the rule, how many events have expired so far."""
        return await expired_events(self._store, await self.rules())

    async def expired_by(self, rule: RetentionRule) -> int:
        """How many events have expired by one rule so far."""
        return (await expired_events(self._store, [rule]))[rule.name]

    async def try_out(self, name: str, expiring: Expiring) -> Matching:
        """What would expire if this rule were set now; it writes nothing, and reads the whole log.

        Raises what `set` raises.
        """
        self._checks.check(name, expiring)
        times: list[int] = []
        due, count, pace = expiring.due_by(self._clock()), 0, Pace()
        for partition, head in enumerate(await self._store.heads()):
            async for page in feed_events(self._store, partition, 0, head):
                for event in page:
                    if pace.is_over():
                        await pace.give_way()
                    is_due = event.recorded <= due and not event.is_blank
                    if is_due and expiring.concerns(event):
                        count += 1
                        times = [min([event.recorded, *times]), max([event.recorded, *times])]
        return Matching(count, *times) if times else Matching(0, None, None)
