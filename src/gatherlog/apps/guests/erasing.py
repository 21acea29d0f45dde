"""What there is of a guest, and how it is removed: this app's part in erasing a person."""

from typing import Any

from gatherlog.apps.guests.fold import CATEGORY, gathering_of, stream_of
from gatherlog.apps.guests.service import GuestService
from gatherlog.apps.guests.views import GROUPS, GUEST_LINKS, GUESTS, Guest, group_document
from gatherlog.core.commands.service import read
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.store import Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.projections.views import View
from gatherlog.core.retention import Kind, Traces, delete_document, quoted

__all__ = ["GuestErasing"]


class GuestErasing:
    """An `ErasingPart`: guests, also those who were removed from their list before."""

    def __init__(self, store: Store, guests: GuestService) -> None:
        self._store = store
        self._guests = guests

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        """The guest's events, accesses to the guest, and letters, in the streams of the gathering.

        Of a guest who was removed the gathering is found in the log, which takes as long as reading
        it does.
        """
        if kind != "guest":
            return None
        guest = await read(self._store, GUESTS, id)
        gathering_id = await self._gathering_of(id) if guest is None else guest.gathering_id
        if gathering_id is None:
            return None
        streams = (stream_of(gathering_id), f"access-{gathering_id}", f"letters-{gathering_id}")
        return Traces(subjects=tuple((stream, id) for stream in streams), texts=_texts(guest))

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        guest = await read(self._store, GUESTS, id) if kind == "guest" else None
        if guest is None:
            return
        try:
            await self._guests.remove_guest(guest.gathering_id, id, actor=by, names_co_hosts=True)
        except NotFound:
            await self._delete(guest)

    async def _delete(self, guest: Guest) -> None:
        """Delete what there is of a guest of a gathering that was removed: it takes no commands.

        The household and the figures follow when the gathering's events are folded anew.
        """
        views: list[tuple[View[Any], str]] = [(GUESTS, guest.id)]
        if guest.link is not None:
            views.append((GUEST_LINKS, guest.link))
        if guest.group_id is not None:
            views.append((GROUPS, group_document(guest.gathering_id, guest.group_id)))
        found = await self._store.get([view.ref(id) for view, id in views])
        for (view, _), document in zip(views, found, strict=True):
            group = GROUPS.read(document) if view is GROUPS else None
            if document is not None and (group is None or group.members == (guest.id,)):
                await delete_document(self._store, view, document)

    async def _gathering_of(self, guest_id: str) -> str | None:
        """The gathering of a guest who is in no list any more."""
        pace = Pace()
        for partition, head in enumerate(await self._store.heads()):
            async for page in feed_events(self._store, partition, 0, head):
                for event in page:
                    if pace.is_over():
                        await pace.give_way()
                    if event.subject == guest_id and category_of(event.stream) == CATEGORY:
                        return gathering_of(event.stream)
        return None


def _texts(guest: Guest | None) -> tuple[str, ...]:
    """By what an answer that is stored may name the guest: an address, or a last name."""
    if guest is None:
        return ()
    return tuple(quoted(text) for text in (guest.email, guest.last_name) if text)
