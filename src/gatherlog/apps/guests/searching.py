"""Finding guests of a gathering: by part of a name or address, by status, by household."""

from collections.abc import Iterator

import msgspec

from gatherlog.apps.guests.answers import Listing, Stored
from gatherlog.apps.guests.loading import stored
from gatherlog.apps.guests.text import folded
from gatherlog.apps.guests.views import GUESTS, Guest, Status
from gatherlog.core.eventstore.store import Document, Store

__all__ = ["Wanted", "search"]


class Wanted(msgspec.Struct, frozen=True):
    """What a guest must fit to be listed; None is anything."""

    q: str | None = None
    """Part of the name or address, without case and accents; blank fits all."""
    status: Status | None = None
    group_id: str | None = None

    def everybody(self) -> bool:
        return not (self.q and self.q.strip()) and self.status is None and self.group_id is None

    def fits(self, guest: Guest) -> bool:
        if self.status is not None and guest.status != self.status:
            return False
        if self.group_id is not None and guest.group_id != self.group_id:
            return False
        return self.q is None or _joined(self.q) in _text(guest)


async def search(
    store: Store, gathering_id: str, wanted: Wanted, limit: int, cursor: str | None
) -> Listing[Stored[Guest]]:
    """At most `limit` guests by name, and the cursor behind the last of them.

    Full pages until the last, complete, and nobody twice: the list is read on in large parts, and a
    part that holds too many is read again only as far as is needed, so that the cursor fits.
    """
    found: list[Stored[Guest]] = []
    size = whole = limit if wanted.everybody() else max(limit, store.limits.page // 10, 1)
    while True:
        query = GUESTS.query("by_gathering", gathering_id, limit=size, cursor=cursor)
        page = await store.query(query)
        places = list(_fitting(page.documents, wanted))
        if len(places) > limit - len(found):
            size = places[limit - len(found) - 1] + 1
            continue
        found += stored(GUESTS, [page.documents[place] for place in places])
        cursor, size = page.cursor, whole
        if cursor is None or len(found) == limit:
            return Listing(found, cursor)


def _fitting(documents: list[Document], wanted: Wanted) -> Iterator[int]:
    for place, document in enumerate(documents):
        guest = GUESTS.read(document)
        if guest is not None and wanted.fits(guest):
            yield place


def _joined(text: str) -> str:
    return " ".join(folded(text).split())


def _text(guest: Guest) -> str:
    """Both orders of the name, and the address."""
    first, last = guest.first_name, guest.last_name
    return _joined(f"{first} {last} {first}") + "\n" + folded(guest.email or "")
