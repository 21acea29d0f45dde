"""Which events may expire: those without whose bodies every document stays right."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from gatherlog.core.commands.appending import name_flaws, type_flaws
from gatherlog.core.eventstore.errors import Flaw, Invalid, Refused
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.streams import INTERNAL
from gatherlog.core.projections.folds import Category
from gatherlog.core.retention.rules import LOG_PATTERN, MOST_DAYS, NAME_PATTERN, Expiring
from gatherlog.core.subscriptions.projection import Projection

__all__ = ["BodiesNeeded", "RetentionChecks"]

_NAME: Final = re.compile(NAME_PATTERN)
_LOG: Final = re.compile(LOG_PATTERN)


class BodiesNeeded(Refused):
    """Documents rest on what the events say that would expire."""

    code = "bodies_needed"


class RetentionChecks:
    """Checks of rules of retention, for a program with these categories and projections.

    `owned` are the categories that apps write; of those that are not among `categories`, and of
    those of the core, nothing may expire.
    """

    def __init__(
        self,
        categories: Iterable[Category],
        projections: Iterable[Projection],
        owned: Collection[str],
    ) -> None:
        self._categories = {category.name: category for category in categories}
        self._needs: Mapping[str, Projection] = {one.name: one for one in projections}
        self._owned = frozenset(owned)

    def check(self, name: str, expiring: Expiring) -> None:
        """Raise Invalid with every flaw of a rule; BodiesNeeded if a view needs the bodies."""
        flaws = [*_flaws_of_name(name), *self._flaws(expiring)]
        if flaws:
            raise Invalid(*flaws)
        self._check_category(expiring)
        for projection in self._needs.values():
            if projection.needs is None or expiring.log in projection.needs:
                raise _needed(expiring, projection.fold, projection.name)

    def category(self, log: str) -> Category | None:
        """The category of an app whose documents are folded from the events of this log."""
        return self._categories.get(log)

    def _check_category(self, expiring: Expiring) -> None:
        category = self._categories.get(expiring.log)
        if category is None:
            return
        types = {expiring.type} if expiring.type is not None else _types_of(category)
        if not types <= category.may_expire:
            raise _needed(expiring, category.fold, category.name, category.may_expire)

    def _flaws(self, expiring: Expiring) -> Iterator[Flaw]:
        log = expiring.log
        if not _LOG.fullmatch(log) or len(log) > 400:
            yield Flaw("/log", "is a-z, 0-9 and _, beginning with a letter")
        elif log in INTERNAL:
            yield Flaw("/log", f"{log!r} is Gatherlog's own bookkeeping, which does not expire")
        elif log in self._owned and log not in self._categories:
            yield Flaw("/log", f"events of {log!r} are needed by Gatherlog, and do not expire")
        if expiring.type is not None:
            yield from type_flaws("/type", expiring.type)
        if expiring.subject:
            yield from name_flaws("/subject", "an event's subject", expiring.subject)
        if not 1 <= expiring.days <= MOST_DAYS:
            yield Flaw("/days", f"from 1 to {MOST_DAYS:,} days")


def _flaws_of_name(name: str) -> list[Flaw]:
    if _NAME.fullmatch(name):
        return []
    return [Flaw("/name", "use up to 63 of a-z, 0-9, _, . and -, beginning with a letter or digit")]


def _types_of(category: Category) -> frozenset[str]:
    return frozenset(event_type_of(cls) for cls in category.codec.classes())


def _needed(
    expiring: Expiring, fold: object, name: str, others: Collection[str] = ()
) -> BodiesNeeded:
    names = [repr(view.name) for view in getattr(fold, "views", ())] or [repr(name)]
    views = f"the view{'s' if len(names) > 1 else ''} {', '.join(names)}"
    what = "events" if expiring.type is None else f"events of type {expiring.type!r}"
    return BodiesNeeded(
        f"{what} of the log {expiring.log!r} cannot expire: documents of {views} are made of what"
        " they say, and it is not said what an expired event does to them"
        + (f"; of this log, these types may expire: {', '.join(sorted(others))}" if others else "")
    )
