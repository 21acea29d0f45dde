"""How far the events of a rule of retention have expired, in each partition.

These documents do not follow from events. Whoever expires events writes them, each only if it is at
the version that was read; so of two processes that expire the same events one ends.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.store import Commit, Store, Write
from gatherlog.core.projections.views import View
from gatherlog.core.retention.rules import STREAM, Expiring, RetentionRule

__all__ = ["EXPIRIES", "Expired", "Progress", "expired_events", "save", "stored_progress"]


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """All events of one partition up to `position` that a rule concerns have expired, but those
    that are recorded at a time that has not come yet. They were `events`."""

    rule: str
    partition: int
    log: str
    type: str | None
    subject: str | None
    position: int = 0
    events: int = 0

    def is_of(self, expiring: Expiring) -> bool:
        """Whether it is about these events; the days of a rule do not matter."""
        mine = (self.log, self.type, self.subject)
        return mine == (expiring.log, expiring.type, expiring.subject)


class Progress(msgspec.Struct, frozen=True):
    """What is stored, and the version of its document; 0 if nothing is stored yet."""

    expired: Expired
    version: int


EXPIRIES: Final = View("retention_progress", Expired)


def _id(rule: str, partition: int) -> str:
    return f"{rule}/{partition}"


async def stored_progress(store: Store, rule: RetentionRule) -> list[Progress]:
    """How far a rule is in each partition. It begins anew if it concerns other events now."""
    partitions, of = range(store.limits.partitions), rule.expiring
    found = await store.get([EXPIRIES.ref(_id(rule.name, one)) for one in partitions])
    progress = []
    for partition, document in zip(partitions, found, strict=True):
        stored = EXPIRIES.read(document)
        if stored is None or not stored.is_of(of):
            stored = Expired(
                rule=rule.name, partition=partition, log=of.log, type=of.type, subject=of.subject
            )
        progress.append(Progress(stored, 0 if document is None else document.version))
    return progress


async def save(store: Store, before: Progress, after: Expired) -> Progress:
    """Store how far a rule is. Raises Conflict if somebody else has done so since."""
    await store.commit(Commit(writes=[_write(before, after)]))
    return Progress(after, before.version + 1)


def _write(before: Progress, after: Expired) -> Write:
    version, id = before.version, _id(after.rule, after.partition)
    return EXPIRIES.write(id, STREAM, after, expects=version, at=version + 1)


async def expired_events(store: Store, rules: Sequence[RetentionRule]) -> dict[str, int]:
    """By name of the rule, how many events have expired since it concerns the events it does."""
    return {
        rule.name: sum(one.expired.events for one in await stored_progress(store, rule))
        for rule in rules
    }
