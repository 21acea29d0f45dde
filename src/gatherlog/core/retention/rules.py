"""Rules of retention: which events expire, and after how many days. Events of one stream.

An event that has expired keeps its place and its envelope, and says nothing any more. Its age is
counted from its recorded time: no producer's clock decides when it expires.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gatherlog.core.commands.appending import EventType, Subject
from gatherlog.core.eventstore.events import Codec, Recorded, event_type
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "CATEGORY",
    "CODEC",
    "DAY",
    "FOLD",
    "MOST_DAYS",
    "NAME_PATTERN",
    "RETENTION",
    "STREAM",
    "Expiring",
    "RetentionRemoved",
    "RetentionRule",
    "RetentionSet",
]

DAY: Final = 24 * 3600 * 1_000_000
"""Microseconds."""
MOST_DAYS: Final = 36_500
NAME_PATTERN: Final = r"[a-z0-9][a-z0-9_.-]{0,62}"
LOG_PATTERN: Final = r"[a-z][a-z0-9_]*"
STREAM: Final = "retention-rules"
"""The stream of all rules of retention."""
_LOG: Final = {"pattern": f"^{LOG_PATTERN}$", "maxLength": 400}


class Expiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events expire, and after how many days."""

    log: Annotated[str, Meta(extra_json_schema=_LOG)]
    """The log, as `GET /logs` names it: the part of a stream's name before the first `-`."""
    type: EventType | None = None
    """Only events of this type; None: of all types."""
    subject: Subject | None = None
    """Only events about this subject; None: about any."""
    days: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MOST_DAYS})]
    """From the recorded time on."""

    def concerns(self, event: Recorded) -> bool:
        """Whether the event is among those that expire some day."""
        return (
            category_of(event.stream) == self.log
            and self.type in (None, event.type)
            and self.subject in (None, event.subject)
        )

    def due_by(self, now: int) -> int:
        """The recorded time, in microseconds, up to which events have expired at the time `now`."""
        return now - self.days * DAY


class RetentionRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in its present state. Times are in microseconds since the epoch."""

    name: str
    expiring: Expiring
    created_at: int
    updated_at: int


@event_type("retention.rule_set", schema=1)
class RetentionSet(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of retention was made or changed to this. The subject of the event is its name."""

    log: str
    type: str | None
    subject: str | None
    days: int
    by: str


@event_type("retention.rule_removed", schema=1)
class RetentionRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of retention was removed; what has expired stays so."""

    by: str


CODEC = Codec([RetentionSet, RetentionRemoved])
RETENTION = View("retention_rule", RetentionRule, by_all=lambda rule: ("all", rule.name))


class _Fold:
    views: tuple[View[Any], ...] = (RETENTION,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [RETENTION.ref(happened.subject)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        name, time = happened.subject, happened.time
        before: RetentionRule | None = documents[RETENTION.ref(name)]
        match happened.payload:
            case RetentionSet(log=log, type=type, subject=subject, days=days):
                created = time if before is None else before.created_at
                expiring = Expiring(log=log, type=type, subject=subject, days=days)
                rule = RetentionRule(
                    name=name, expiring=expiring, created_at=created, updated_at=time
                )
                return [Change(RETENTION, name, rule)]
            case RetentionRemoved() if before is not None:
                return [Change(RETENTION, name, DELETE)]
        return []


FOLD = _Fold()
CATEGORY = Category(name="retention", codec=CODEC, fold=FOLD)
