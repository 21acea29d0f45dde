"""The guests app as its callers see it: every command and every question about gatherings."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import TypeVar

import msgspec

from gatherlog.apps.guests import rules
from gatherlog.apps.guests.answers import (
    GroupSize,
    Household,
    Imported,
    ImportOnce,
    LinkHolder,
    Listing,
    Stats,
    Stored,
    stats_of,
)
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import FOLD, stream_of
from gatherlog.apps.guests.households import household_from
from gatherlog.apps.guests.importing import Import
from gatherlog.apps.guests.inputs import (
    GatheringDetails,
    GuestPatch,
    HouseholdAnswer,
    NewGuest,
    OwnAnswer,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.joint_answers import JointAnswers
from gatherlog.apps.guests.loading import (
    check_version,
    load_gathering,
    load_group,
    load_guest,
    no_gathering,
    no_guest,
    stored,
)
from gatherlog.apps.guests.places import Wish
from gatherlog.apps.guests.refusals import Repeated
from gatherlog.apps.guests.searching import Wanted, search
from gatherlog.apps.guests.seating import Seating
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.turns import Lines, Turn
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUEST_LINKS,
    GUESTS,
    WAITING_LISTS,
    Gathering,
    Guest,
    Status,
    group_document,
)
from gatherlog.core.clock import Clock, Ids
from gatherlog.core.decider import CommandHandler, Decided, Handled, Once, UnitOfWork
from gatherlog.core.errors import NotFound, StoreError
from gatherlog.core.store import Document, Query, Store
from gatherlog.core.views import View

__all__ = ["DEFAULT", "GuestService"]

DEFAULT = "default"
"""The gathering that paths without a gathering mean."""
TOKEN_BYTES = 32

B = TypeVar("B", bound=msgspec.Struct)
Attempt = Callable[[UnitOfWork], Awaitable[Sequence[Decided]]]


class GuestService:
    """Commands and questions. `gathering_id` is `default` or a UUID.

    Whatever does not exist, is removed, or belongs to another gathering is NotFound. `actor`
    (`key:<id>`, `guest:<id>`, `cli`, `demo`) goes into the meta of every event as `{"actor": …}`.
    A command that changes nothing records nothing. `expects` is the version that the caller saw:
    Conflict if the document has another one by now. A command that comes again with the key of
    `once` raises Repeated, which holds what was answered then.

    Who says yes where there is no room waits for it; whoever is first and fits moves up in the
    commit that makes room.
    """

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._ids = ids
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)
        self._seating = Seating(store.limits, ids)
        self._joint = JointAnswers(store, self._seating)
        self._lines = Lines()

    # Gatherings.

    async def create_gathering(
        self,
        details: GatheringDetails,
        *,
        actor: str,
        id: str | None = None,
        host: str | None = None,
        once: Once | None = None,
    ) -> Stored[Gathering]:
        """`host` is the account whose gathering it will be.

        Raises Invalid, and Conflict where the id is taken, be it by one that is gone.
        """
        gathering_id = self._ids() if id is None else id

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.get(GATHERINGS, gathering_id)
            check_version(unit, GATHERINGS, gathering_id, 0)
            return _about("", rules.create_gathering(details, host))

        handled = await self._run(gathering_id, attempt, actor, once)
        return _outcome(handled, GATHERINGS, gathering_id)

    async def ensure_default(self, actor: str) -> None:
        """Make the gathering `default` if it never was; one that was removed stays so."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.get(GATHERINGS, DEFAULT) is not None:
                return []
            return _about("", rules.create_gathering(GatheringDetails(event_name="Our gathering")))

        await self._run(DEFAULT, attempt, actor)

    async def gathering(self, gathering_id: str) -> Stored[Gathering]:
        document, gathering = await self._present(gathering_id)
        return Stored(gathering, document.version)

    async def gatherings(
        self, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[Stored[Gathering]]:
        """All gatherings that are there, oldest first, `default` last."""
        query = GATHERINGS.query("by_all", "all", limit=self._page(limit), cursor=cursor)
        return await self._listing(GATHERINGS, query)

    async def gatherings_of(
        self, account_id: str, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[Stored[Gathering]]:
        """Those whose host is the account, oldest first."""
        query = GATHERINGS.query("by_host", account_id, limit=self._page(limit), cursor=cursor)
        return await self._listing(GATHERINGS, query)

    async def change_settings(
        self,
        gathering_id: str,
        patch: SettingsPatch,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Gathering]:
        """Raises Invalid. With more places those who wait move up; with fewer nobody goes."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            gathering = await load_gathering(unit, gathering_id)
            check_version(unit, GATHERINGS, gathering_id, expects)
            decided = rules.change_settings(gathering, patch)
            changed = rules.with_settings(gathering, decided)
            if changed.max_guests == gathering.max_guests:
                return _about("", decided)
            return [*_about("", decided), *await self._seating.move_up(unit, changed)]

        handled = await self._run(gathering_id, attempt, actor, once)
        return _outcome(handled, GATHERINGS, gathering_id)

    async def remove_gathering(
        self,
        gathering_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> None:
        """From now on everything under it is NotFound. Its events stay."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            gathering = await load_gathering(unit, gathering_id)
            check_version(unit, GATHERINGS, gathering_id, expects)
            return _about("", rules.remove_gathering(gathering))

        await self._run(gathering_id, attempt, actor, once)

    async def promote(self, gathering_id: str, *, actor: str) -> int:
        """Let everybody move up who waits and fits; how many guests did.

        Commands see to this by themselves. It is for what a crash between two commits has left.
        """
        promoted = 0
        while moved := await self._promote_some(gathering_id, actor):
            promoted += moved
        return promoted

    async def stats(self, gathering_id: str) -> Stats:
        """Exact as of one moment: one document is read."""
        document, gathering = await self._present(gathering_id)
        return stats_of(gathering, document.counters)

    # Guests.

    async def add_guest(
        self, gathering_id: str, new: NewGuest, *, actor: str, once: Once | None = None
    ) -> Stored[Guest]:
        """Raises Invalid. Naming a household makes it, or joins it."""
        guest_id = self._ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await load_gathering(unit, gathering_id)
            household = await load_group(unit, gathering_id, new.group_id)
            return _about(guest_id, rules.add_guest(new, household))

        handled = await self._run(gathering_id, attempt, actor, once)
        return _outcome(handled, GUESTS, guest_id)

    async def guest(self, gathering_id: str, guest_id: str) -> Stored[Guest]:
        await self._present(gathering_id)
        found = stored(GUESTS, await self._store.get(GUESTS.name, [guest_id]))
        if not found or found[0].body.gathering_id != gathering_id:
            raise no_guest(guest_id)
        return found[0]

    async def guests(
        self,
        gathering_id: str,
        *,
        q: str | None = None,
        status: Status | None = None,
        group_id: str | None = None,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Listing[Stored[Guest]]:
        """By last name, then first name, without case and accents.

        `q` is a part of the name or address, without case and accents; only those who fit all that
        is given are listed, `limit` at a time, until the cursor is None.
        """
        await self._present(gathering_id)
        wanted = Wanted(q, status, group_id)
        return await search(self._store, gathering_id, wanted, self._page(limit), cursor)

    async def change_guest(
        self,
        gathering_id: str,
        guest_id: str,
        patch: GuestPatch,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Guest]:
        """The host's way to change a guest, or answer for one, also after the deadline.

        Raises Invalid, and GatheringFull where one who comes is to bring more than there is room
        for; one who is to come and finds no room waits.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            gathering, guest = await load_guest(unit, gathering_id, guest_id, expects)
            household = None
            if patch.group_id is not msgspec.UNSET and patch.group_id != guest.group_id:
                household = await load_group(unit, gathering_id, patch.group_id)
            wish = Wish(guest, rules.change_guest(guest, patch, household=household))
            return await self._seating.seat(unit, gathering, [wish])

        handled = await self._run(gathering_id, attempt, actor, once)
        return _outcome(handled, GUESTS, guest_id)

    async def make_co_host(
        self,
        gathering_id: str,
        guest_id: str,
        is_co_host: bool,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Guest]:
        """Give a guest the rights of a host, or take them back."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            _, guest = await load_guest(unit, gathering_id, guest_id, expects)
            return _about(guest_id, rules.make_co_host(guest, is_co_host))

        handled = await self._run(gathering_id, attempt, actor, once)
        return _outcome(handled, GUESTS, guest_id)

    async def remove_guest(
        self,
        gathering_id: str,
        guest_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> None:
        """Frees the places, leaves household and waiting list, ends the link. The events stay."""

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            gathering, guest = await load_guest(unit, gathering_id, guest_id, expects)
            wish = Wish(guest, rules.remove_guest(guest))
            return await self._seating.seat(unit, gathering, [wish])

        await self._run(gathering_id, attempt, actor, once)

    async def rsvp(
        self,
        gathering_id: str,
        guest_id: str,
        answer: Rsvp,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Guest]:
        """Raises Invalid, RsvpClosed past the deadline, and GatheringFull; the old answer stays.

        A yes without room waits; GatheringFull is for more places than are left while coming.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            gathering, guest = await load_guest(unit, gathering_id, guest_id, expects)
            wish = Wish(guest, rules.answer(gathering, guest, answer, now=unit.now))
            return await self._seating.seat(unit, gathering, [wish])

        handled = await self._run(gathering_id, attempt, actor, once)
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
        members = stored(GUESTS, await self._store.get(GUESTS.name, group.members))
        return [member for member in members if member.body.group_id == group_id]

    async def household(self, gathering_id: str, guest_id: str) -> Household:
        """A guest with those who are invited together, and what to ask them; see `Household`."""
        _, gathering = await self._present(gathering_id)
        guest = await self.guest(gathering_id, guest_id)
        members = [guest]
        if guest.body.group_id is not None:
            members = await self.group(gathering_id, guest.body.group_id)
        waiting = None
        if any(member.body.waiting_since is not None for member in members):
            [document] = await self._store.get(WAITING_LISTS.name, [gathering_id])
            waiting = WAITING_LISTS.read(document)
        others = [member for member in members if member.body.id != guest_id]
        return household_from(gathering, guest, others, waiting, now=self._handler.clock())

    async def answer_household(
        self,
        gathering_id: str,
        guest_id: str,
        answers: Mapping[str, HouseholdAnswer],
        *,
        actor: str,
        once: Once | None = None,
    ) -> Household:
        """A guest answers for the members that are named, in one commit; the others stay.

        Those who newly say yes come together or wait together. Raises what `rsvp` raises, Invalid
        with pointers `/answers/<guest id>/…`, AnswersMoved where a named member is not at the
        version that the form showed, and NotFound for one who is not of the household.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            return await self._joint.answer(unit, gathering_id, guest_id, answers)

        await self._run(gathering_id, attempt, actor, once)
        return await self.household(gathering_id, guest_id)

    async def respond(
        self,
        gathering_id: str,
        guest_id: str,
        given: OwnAnswer,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Household:
        """A guest's own answer, and one for the members who have not given any; else as `rsvp`.

        Those who newly say yes come together or wait together.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            decided = await self._joint.respond(unit, gathering_id, guest_id, given)
            check_version(unit, GUESTS, guest_id, expects)
            return decided

        await self._run(gathering_id, attempt, actor, once)
        return await self.household(gathering_id, guest_id)

    # Links.

    async def issue_link(
        self, gathering_id: str, guest_id: str, *, actor: str, once: Once | None = None
    ) -> str:
        """A new secret token for the guest's link; the one before, if any, ends.

        256 random bits, URL-safe. Only its hash is kept: it cannot be shown again.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            _, guest = await load_guest(unit, gathering_id, guest_id)
            return _about(guest_id, rules.issue_link(guest, _hash(token)))

        await self._run(gathering_id, attempt, actor, once)
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
        once: ImportOnce | None = None,
    ) -> Imported:
        """Take in a sheet; `progress` is told, chunk by chunk, how many rows are done.

        All rows are checked before anything is written: Invalid names them as `/lines/<line>/…`.
        A chunk is written whole or not at all; importing a sheet again changes only what changed.
        `file_hash` goes into the meta of the events, to tell later where they came from. The key of
        `once` goes with the last chunk: an import that broke off is not done yet.
        """
        meta = msgspec.json.encode({"actor": actor, "import": file_hash})
        importing = Import(self._handler, gathering_id, rows)
        return await importing.run(meta=meta, progress=progress, once=once)

    async def preview_import(self, gathering_id: str, rows: Sequence[SheetRow]) -> Imported:
        """What `import_guests` would do now, without writing; raises the same."""
        return await Import(self._handler, gathering_id, rows).preview()

    async def _run(
        self, gathering_id: str, attempt: Attempt, actor: str, once: Once | None = None
    ) -> Handled:
        queued = 0
        turn = Turn(self._lines, gathering_id, self._handler.clock)

        async def decide(unit: UnitOfWork) -> Sequence[Decided]:
            nonlocal queued
            decided = await attempt(unit)
            if WAITING_LISTS.ref(gathering_id) in unit.documents and await turn.begin(unit):
                decided = await attempt(unit)
            queued = unit.counters(GATHERINGS, gathering_id).get("queued", 0)
            return decided

        meta = msgspec.json.encode({"actor": actor})
        stream = stream_of(gathering_id)
        try:
            handled = await self._handler.handle(stream, decide, meta=meta, once=once)
        finally:
            turn.end()
        if handled.repeated:
            raise Repeated(handled.answer)
        if queued:
            await self._promote_the_rest(gathering_id, actor)
        return handled

    async def _promote_the_rest(self, gathering_id: str, actor: str) -> None:
        """Those for whom the commit had no room, or whom a crash had left.

        The command is done whatever becomes of this: what fails here, the next command goes on
        with, and so it does where the gathering itself has just been removed.
        """
        try:
            await self.promote(gathering_id, actor=actor)
        except (StoreError, NotFound):
            return

    async def _promote_some(self, gathering_id: str, actor: str) -> int:
        """One commit's worth; 0 once nobody fits."""

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            gathering = await load_gathering(unit, gathering_id)
            return await self._seating.move_up(unit, gathering)

        meta = msgspec.json.encode({"actor": actor})
        handled = await self._handler.handle(stream_of(gathering_id), attempt, meta=meta)
        return len(handled.events)

    async def _present(self, gathering_id: str) -> tuple[Document, Gathering]:
        [document] = await self._store.get(GATHERINGS.name, [gathering_id])
        gathering = GATHERINGS.read(document)
        if document is None or gathering is None or gathering.gone:
            raise no_gathering(gathering_id)
        return document, gathering

    async def _listing(self, view: View[B], query: Query) -> Listing[Stored[B]]:
        page = await self._store.query(query)
        return Listing(stored(view, page.documents), page.cursor)

    def _page(self, limit: int) -> int:
        return min(limit, self._store.limits.page)


def _about(subject: str, payloads: Sequence[msgspec.Struct]) -> list[Decided]:
    return [Decided(payload, subject) for payload in payloads]


def _outcome(handled: Handled, view: View[B], id: str) -> Stored[B]:
    ref = view.ref(id)
    return Stored(handled.bodies[ref], handled.versions[ref])


def _hash(token: str) -> str:
    """The id under which a token's link is kept; the token itself is kept nowhere."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
