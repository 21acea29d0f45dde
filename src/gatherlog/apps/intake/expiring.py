"""What is kept of records whose events have become blank: that they were taken.

Their identities lose the digest of what they said, so a record that is sent again is still not
taken twice. Their entries go, and nobody finds them any more.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from gatherlog.apps.intake.fold import SUBSCRIPTION
from gatherlog.apps.intake.views import ENTRIES, GONE, IDENTITIES, LOGS, Identity, entry_id
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import NEW, Commit, Document, Limits, Store, Write
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.subscriptions.taking_back import taken_back

__all__ = ["BlankRecords"]

_MOST: Final = 100
"""Events whose documents one commit changes, so that other commits need not wait long."""
_EMPTY: Final = Identity("")


class BlankRecords:
    """An `OnBlanked`: brings the documents of the intake up to date with events that are blank."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._most = _most(store.limits)
        self._known: set[str] = set()

    async def __call__(self, events: Sequence[Recorded]) -> None:
        logs = await self._record_logs({category_of(event.stream) for event in events})
        mine = [event for event in events if category_of(event.stream) in logs]
        for start in range(0, len(mine), self._most):
            some = {_id(event): event for event in mine[start : start + self._most]}

            async def forget(some: Mapping[str, Recorded] = some) -> None:
                writes = await self._writes(some)
                if writes:
                    await self._store.commit(Commit(writes=writes))

            await until_no_conflict(forget)

    async def _record_logs(self, names: set[str]) -> set[str]:
        """Those of the logs that records were taken into."""
        unsure = sorted(names - self._known)
        if unsure:
            found = await self._store.get([LOGS.ref(name) for name in unsure])
            self._known |= {document.id for document in found if document is not None}
        return self._known & names

    async def _writes(self, events: Mapping[str, Recorded]) -> list[Write]:
        found = await self._store.get([IDENTITIES.ref(id) for id in events])
        identities = dict(zip(events, found, strict=True))
        its = {id: one for id, one in events.items() if _is_its(one, identities[id])}
        emptied = [
            _emptied(id, event, identities[id])
            for id, event in its.items()
            if IDENTITIES.read(identities[id]) != _EMPTY
        ]
        return emptied + await taken_back(self._store, SUBSCRIPTION, ENTRIES, its, GONE)


def _id(event: Recorded) -> str:
    return entry_id(category_of(event.stream), event.id)


def _is_its(event: Recorded, document: Document | None) -> bool:
    """Whether an identity is that of the event; False if one of another stream has the same id."""
    return document is None or document.stream == event.stream


def _emptied(id: str, event: Recorded, document: Document | None) -> Write:
    """The identity, at the version that it has: nobody decides by what changes here."""
    expects, at = (NEW, event.version) if document is None else (document.version, document.version)
    return IDENTITIES.write(id, event.stream, _EMPTY, expects=expects, at=at)


def _most(limits: Limits) -> int:
    each = actions_of(limits, views=[IDENTITIES, ENTRIES])
    return min(_MOST, max(1, limits.commit_actions // each))
