"""Listing activities newest first: by the most telling index, and of that only what fits."""

from collections.abc import Iterator

import msgspec

from gatherlog.apps.trail.views import ACTIVITIES, Activity, of_guest
from gatherlog.core.eventstore.store import Document, Query, Store

__all__ = ["Listing", "Wanted", "search"]

_MOST_READ = 10
"""Parts of the list that are read for one page, whatever fits in them."""


class Listing(msgspec.Struct, frozen=True):
    """Part of a list; `cursor` asks for the next part and is None at the end."""

    items: list[Activity]
    cursor: str | None


class Wanted(msgspec.Struct, frozen=True):
    """What an activity must fit to be listed; None is anything."""

    gathering_id: str
    guest_id: str | None = None
    actor: str | None = None
    action: str | None = None

    def query(self, limit: int, cursor: str | None) -> Query:
        """Through the index that leaves the least over."""
        index, partition = "by_gathering", self.gathering_id
        if self.guest_id is not None:
            index, partition = "by_guest", of_guest(self.gathering_id, self.guest_id)
        return ACTIVITIES.query(index, partition, backwards=True, limit=limit, cursor=cursor)

    def fits(self, activity: Activity) -> bool:
        return (
            activity.gathering_id == self.gathering_id
            and self.guest_id in (None, activity.guest_id)
            and self.actor in (None, activity.actor)
            and self.action in (None, activity.action)
        )

    @property
    def is_indexed(self) -> bool:
        """Whether all that an index gives fits."""
        return self.actor is None and self.action is None


async def search(store: Store, wanted: Wanted, limit: int, cursor: str | None) -> Listing:
    """At most `limit` activities, and the cursor behind the last of them.

    Complete, and nothing twice, however many come meanwhile. Where an actor or an action is asked
    for and few fit, a page may hold fewer than `limit` although there are more.
    """
    found: list[Activity] = []
    whole = limit if wanted.is_indexed else max(limit, store.limits.page // 10)
    size = whole = min(whole, store.limits.page)
    for _ in range(_MOST_READ):
        page = await store.query(wanted.query(size, cursor))
        places = list(_fitting(page.documents, wanted))
        if len(places) > limit - len(found):  # read again, only as far as is needed
            size = places[limit - len(found) - 1][0] + 1
            continue
        found += [activity for _, activity in places]
        cursor, size = page.cursor, whole
        if cursor is None or len(found) == limit:
            break
    return Listing(found, cursor)


def _fitting(documents: list[Document], wanted: Wanted) -> Iterator[tuple[int, Activity]]:
    for place, document in enumerate(documents):
        activity = ACTIVITIES.read(document)
        if activity is not None and wanted.fits(activity):
            yield place, activity
