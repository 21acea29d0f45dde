"""The guests app as its callers see it: every command and every question about gatherings."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from gatherlog.apps.guests import rules
from gatherlog.apps.guests.answers import (
    GroupSize,
    Imported,
    LinkHolder,
    Listing,
    Stats,
    Stored,
    stats_of,
)
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import FOLD, stream_of
from gatherlog.apps.guests.importing import Import
from gatherlog.apps.guests.inputs import (
    GROUP_LENGTH,
    GatheringDetails,
    GuestPatch,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.text import forbidden
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUEST_LINKS,
    GUESTS,
    Gathering,
    Group,
    Guest,
    group_document,
)
from gatherlog.core.clock import Clock, Ids
from gatherlog.core.decider import CommandHandler, Decided, Handled, UnitOfWork
from gatherlog.core.errors import Conflict, NotFound
from gatherlog.core.store import Document, Query, Store
from gatherlog.core.views import View

__all__ = ["DEFAULT", "GuestService"]

DEFAULT = "default"
"""The gathering that paths without a gathering mean."""
TOKEN_BYTES = 32

B = TypeVar("B", bound=msgspec.Struct)
Attempt = Callable[[UnitOfWork], Awaitable[list[msgspec.Struct]]]


class GuestService:
    """Commands and questions. `gathering_id` is `default` or a UUID.

    Whatever does not exist, is removed, or belongs to another gathering is NotFound. `actor`
    (`key:<id>`, `guest:<id>`, `cli`, `demo`) goes into the meta of every event as `{"actor": …}`.
    A command that changes nothing records nothing. `expects` is the version that the caller saw:
    Conflict if the document has another one by now.
    """

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)

    # Gatherings.

    async def create_gathering(
        self, details: GatheringDetails, *, actor: str, id: str | None = None
    ) -> Stored[Gathering]:
        """Raises Invalid, and Conflict where the id is taken, be it by one that is gone."""
        gathering_id = self._ids() if id is None else id

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            await unit.get(GATHERINGS, gathering_id)
            _check_version(unit, GATHERINGS, gathering_id, 0)
            return rules.create_gathering(details)

        handled = await self._run(gathering_id, "", attempt, actor)
        return _outcome(handled, GATHERINGS, gathering_id)

    async def ensure_default(self, actor: str) -> None:
        """Make the gathering `default` if it never was; one that was removed stays so."""

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            if await unit.get(GATHERINGS, DEFAULT) is not None:
                return []
            return rules.create_gathering(GatheringDetails(event_name="Our gathering"))

        await self._run(DEFAULT, "", attempt, actor)

    async def gathering(self, gathering_id: str) -> Stored[Gathering]:
        document, gathering = await self._present(gathering_id)
        return Stored(gathering, document.version)

    async def gatherings(
        self, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[Stored[Gathering]]:
        """All gatherings that are there, oldest first, `default` last."""
        query = GATHERINGS.query("by_all", "all", limit=self._page(limit), cursor=cursor)
        return await self._listing(GATHERINGS, query)

    async def change_settings(
        self, gathering_id: str, patch: SettingsPatch, *, actor: str, expects: int | None = None
    ) -> Stored[Gathering]:
        """Raises Invalid. Lowering max_guests below what is taken removes nobody."""

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            gathering = await _gathering(unit, gathering_id)
            _check_version(unit, GATHERINGS, gathering_id, expects)
            return rules.change_settings(gathering, patch)

        handled = await self._run(gathering_id, "", attempt, actor)
        return _outcome(handled, GATHERINGS, gathering_id)

    async def remove_gathering(
        self, gathering_id: str, *, actor: str, expects: int | None = None
    ) -> None:
        """From now on everything under it is NotFound. Its events stay."""

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            gathering = await _gathering(unit, gathering_id)
            _check_version(unit, GATHERINGS, gathering_id, expects)
            return rules.remove_gathering(gathering)

        await self._run(gathering_id, "", attempt, actor)

    async def stats(self, gathering_id: str) -> Stats:
        """Exact as of one moment: one document is read."""
        document, gathering = await self._present(gathering_id)
        return stats_of(gathering, document.counters)

    # Guests.

    async def add_guest(self, gathering_id: str, new: NewGuest, *, actor: str) -> Stored[Guest]:
        """Raises Invalid. Naming a household makes it, or joins it."""
        guest_id = self._ids()

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            await _gathering(unit, gathering_id)
            household = await _household(unit, gathering_id, new.group_id)
            return rules.add_guest(new, household)

        handled = await self._run(gathering_id, guest_id, attempt, actor)
        return _outcome(handled, GUESTS, guest_id)

    async def guest(self, gathering_id: str, guest_id: str) -> Stored[Guest]:
        await self._present(gathering_id)
        [document] = await self._store.get(GUESTS.name, [guest_id])
        guest = GUESTS.read(document)
        if document is None or guest is None or guest.gathering_id != gathering_id:
            raise _no_guest(guest_id)
        return Stored(guest, document.version)

    async def guests(
        self, gathering_id: str, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[Stored[Guest]]:
        """By last name, then first name, without case and accents."""
        await self._present(gathering_id)
        query = GUESTS.query("by_gathering", gathering_id, limit=self._page(limit), cursor=cursor)
        return await self._listing(GUESTS, query)

    async def change_guest(
        self,
        gathering_id: str,
        guest_id: str,
        patch: GuestPatch,
        *,
        actor: str,
        expects: int | None = None,
    ) -> Stored[Guest]:
        """The host's way to change a guest, or answer for one, also after the deadline.

        Raises Invalid, and GatheringFull where the places do not suffice.
        """

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            gathering = await _gathering(unit, gathering_id)
            guest = await _guest(unit, gathering_id, guest_id, expects)
            household = None
            if patch.group_id is not msgspec.UNSET and patch.group_id != guest.group_id:
                household = await _household(unit, gathering_id, patch.group_id)
            taken = _taken(unit, gathering_id)
            decided = rules.change_guest(gathering, guest, patch, taken=taken, household=household)
            _guard_places(unit, gathering, guest, decided)
            return decided

        handled = await self._run(gathering_id, guest_id, attempt, actor)
        return _outcome(handled, GUESTS, guest_id)

    async def remove_guest(
        self, gathering_id: str, guest_id: str, *, actor: str, expects: int | None = None
    ) -> None:
        """Frees the places, leaves the household, ends the link. The guest's events stay."""

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            await _gathering(unit, gathering_id)
            guest = await _guest(unit, gathering_id, guest_id, expects)
            return rules.remove_guest(guest)

        await self._run(gathering_id, guest_id, attempt, actor)

    async def rsvp(
        self,
        gathering_id: str,
        guest_id: str,
        answer: Rsvp,
        *,
        actor: str,
        expects: int | None = None,
    ) -> Stored[Guest]:
        """Raises Invalid, RsvpClosed past the deadline, and GatheringFull; the old answer stays."""

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            gathering = await _gathering(unit, gathering_id)
            guest = await _guest(unit, gathering_id, guest_id, expects)
            taken = _taken(unit, gathering_id)
            decided = rules.answer(gathering, guest, answer, now=unit.now, taken=taken)
            _guard_places(unit, gathering, guest, decided)
            return decided

        handled = await self._run(gathering_id, guest_id, attempt, actor)
        return _outcome(handled, GUESTS, guest_id)

    # Households.

    async def groups(
        self, gathering_id: str, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[GroupSize]:
        """Households by group_id."""
        await self._present(gathering_id)
        query = GROUPS.query("by_gathering", gathering_id, limit=self._page(limit), cursor=cursor)
        groups = await self._listing(GROUPS, query)
        sizes = [GroupSize(group.body.group_id, len(group.body.members)) for group in groups.items]
        return Listing(sizes, groups.cursor)

    async def group(self, gathering_id: str, group_id: str) -> list[Stored[Guest]]:
        """The members of a household in the order they joined; NotFound if there is none."""
        await self._present(gathering_id)
        [document] = await self._store.get(GROUPS.name, [group_document(gathering_id, group_id)])
        group = GROUPS.read(document)
        if group is None:
            raise NotFound(f"there is no group {group_id!r}")
        members = _stored(GUESTS, await self._store.get(GUESTS.name, group.members))
        return [member for member in members if member.body.group_id == group_id]

    # Links.

    async def issue_link(self, gathering_id: str, guest_id: str, *, actor: str) -> str:
        """A new secret token for the guest's link; the one before, if any, ends.

        256 random bits, URL-safe. Only its hash is kept: it cannot be shown again.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)

        async def attempt(unit: UnitOfWork) -> list[msgspec.Struct]:
            await _gathering(unit, gathering_id)
            guest = await _guest(unit, gathering_id, guest_id)
            return rules.issue_link(guest, _hash(token))

        await self._run(gathering_id, guest_id, attempt, actor)
        return token

    async def guest_by_link(self, token: str) -> LinkHolder:
        """Whom the token lets in; NotFound if unknown, replaced, or guest or gathering are gone."""
        [document] = await self._store.get(GUEST_LINKS.name, [_hash(token)])
        link = GUEST_LINKS.read(document)
        if link is None:
            raise NotFound("this link is unknown, or was replaced by a newer one")
        await self._present(link.gathering_id)
        return LinkHolder(link.gathering_id, link.guest_id)

    # Sheets.

    async def import_guests(
        self,
        gathering_id: str,
        rows: Sequence[SheetRow],
        *,
        actor: str,
        file_hash: str,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Imported:
        """Take in a sheet; `progress` is told, chunk by chunk, how many rows are done.

        All rows are checked before anything is written: Invalid names them as `/lines/<line>/…`.
        A chunk is written whole or not at all; importing a sheet again changes only what changed.
        `file_hash` goes into the meta of the events, to tell later where they came from.
        """
        meta = msgspec.json.encode({"actor": actor, "import": file_hash})
        return await Import(self._handler, gathering_id, rows).run(meta=meta, progress=progress)

    async def preview_import(self, gathering_id: str, rows: Sequence[SheetRow]) -> Imported:
        """What `import_guests` would do now, without writing; raises the same."""
        return await Import(self._handler, gathering_id, rows).preview()

    async def _run(self, gathering_id: str, subject: str, attempt: Attempt, actor: str) -> Handled:
        async def decide(unit: UnitOfWork) -> list[Decided]:
            return [Decided(payload, subject) for payload in await attempt(unit)]

        meta = msgspec.json.encode({"actor": actor})
        return await self._handler.handle(stream_of(gathering_id), decide, meta=meta)

    async def _present(self, gathering_id: str) -> tuple[Document, Gathering]:
        [document] = await self._store.get(GATHERINGS.name, [gathering_id])
        gathering = GATHERINGS.read(document)
        if document is None or gathering is None or gathering.gone:
            raise _no_gathering(gathering_id)
        return document, gathering

    async def _listing(self, view: View[B], query: Query) -> Listing[Stored[B]]:
        page = await self._store.query(query)
        return Listing(_stored(view, page.documents), page.cursor)

    def _page(self, limit: int) -> int:
        return min(limit, self._store.limits.page)


def _outcome(handled: Handled, view: View[B], id: str) -> Stored[B]:
    ref = view.ref(id)
    return Stored(handled.bodies[ref], handled.versions[ref])


async def _gathering(unit: UnitOfWork, gathering_id: str) -> Gathering:
    gathering = await unit.get(GATHERINGS, gathering_id)
    if gathering is None or gathering.gone:
        raise _no_gathering(gathering_id)
    return gathering


async def _guest(
    unit: UnitOfWork, gathering_id: str, guest_id: str, expects: int | None = None
) -> Guest:
    guest = await unit.get(GUESTS, guest_id)
    if guest is None or guest.gathering_id != gathering_id:
        raise _no_guest(guest_id)
    _check_version(unit, GUESTS, guest_id, expects)
    return guest


async def _household(unit: UnitOfWork, gathering_id: str, group_id: str | None) -> Group | None:
    """The group as it is; none where the name is none, or cannot be one and will be refused."""
    if group_id is None or len(group_id) > GROUP_LENGTH or forbidden(group_id):
        return None
    return await unit.get(GROUPS, group_document(gathering_id, group_id))


def _taken(unit: UnitOfWork, gathering_id: str) -> int:
    return unit.counters(GATHERINGS, gathering_id).get("seats", 0)


def _guard_places(
    unit: UnitOfWork, gathering: Gathering, guest: Guest, decided: list[msgspec.Struct]
) -> None:
    """Whoever takes more places demands that they are still there when it counts."""
    if gathering.max_guests is not None and rules.asks_for_places(guest, decided):
        unit.demand(GATHERINGS, gathering.id, at_most={"seats": gathering.max_guests})


def _check_version(unit: UnitOfWork, view: View[Any], id: str, expects: int | None) -> None:
    if expects is not None and (actual := unit.version(view, id)) != expects:
        raise Conflict("document", f"{view.name}/{id}", expects, actual)


def _stored(view: View[B], documents: Iterable[Document | None]) -> list[Stored[B]]:
    return [
        Stored(body, document.version)
        for document in documents
        if document is not None and (body := view.read(document)) is not None
    ]


def _hash(token: str) -> str:
    """The id under which a token's link is kept; the token itself is kept nowhere."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def _no_gathering(gathering_id: str) -> NotFound:
    return NotFound(f"there is no gathering {gathering_id!r}")


def _no_guest(guest_id: str) -> NotFound:
    return NotFound(f"there is no guest {guest_id!r}")
