"""Commands and questions about guests: inviting, finding, changing, removing, answering."""

from collections.abc import Callable, Sequence

import msgspec

from gatherlog.apps.guests import decisions
from gatherlog.apps.guests.commands import Commands
from gatherlog.apps.guests.inputs import GuestPatch, NewGuest, Rsvp, Unsettled
from gatherlog.apps.guests.loading import (
    all_guests,
    group_refs,
    load_gathering,
    load_group,
    load_guest,
)
from gatherlog.apps.guests.places import Wish
from gatherlog.apps.guests.searching import guest_filter
from gatherlog.apps.guests.views import GATHERINGS, GUESTS, Gathering, Guest, Status
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import (
    Listing,
    Stored,
    about,
    listing,
    outcome,
    search,
)
from gatherlog.core.commands.text import folded_email
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.giving_way import Steps, in_turns

__all__ = ["GuestCommands"]


class GuestCommands(Commands):
    """Part of `GuestService`; what all of its commands have in common is documented there."""

    async def add_guest(
        self, gathering_id: str, new: NewGuest, *, actor: str, once: Once | None = None
    ) -> Stored[Guest]:
        """Invite a guest. A household that is named is created or joined.

        Raises Invalid, and QuotaReached where the host has as many guests as a host may have.
        """
        guest_id = self._ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            group = group_refs(gathering_id, new.group_id)
            await unit.load((GATHERINGS, gathering_id), (GUESTS, guest_id), *group)
            gathering = await load_gathering(unit, gathering_id)
            household = await load_group(unit, gathering_id, new.group_id)
            added = about(guest_id, decisions.add_guest(new, household))
            return [*added, *await self._figures.add_guests(unit, gathering, 1)]

        handled = await self._run(gathering_id, attempt, actor, once)
        return outcome(handled, GUESTS, guest_id)

    async def guest(self, gathering_id: str, guest_id: str) -> Stored[Guest]:
        _, _, guest = await self._present_guest(gathering_id, guest_id)
        return guest

    async def guest_and_gathering(
        self, gathering_id: str, guest_id: str
    ) -> tuple[Guest, Gathering]:
        """A guest and the gathering, in one round trip. Raises NotFound."""
        _, gathering, guest = await self._present_guest(gathering_id, guest_id)
        return guest.body, gathering

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
        """A page of guests by last name, then first name, without case and accents.

        Only guests who have all that is given. `q` is a part of the name or the address, without
        case and accents. Every page but the last has `limit` guests, or as many as the store reads
        at once.
        """
        await self._present(gathering_id)
        limit = min(limit, self._store.limits.page)
        query = GUESTS.query("by_gathering", gathering_id, limit=limit, cursor=cursor)
        return await search(self._store, GUESTS, query, guest_filter(q, status, group_id))

    async def is_invited(self, gathering_id: str, email: str) -> bool:
        """Whether a guest of the gathering has this address; it may be late by a moment."""
        query = GUESTS.query("by_email", folded_email(email), prefix=(gathering_id,), limit=1)
        return bool((await listing(self._store, GUESTS, query)).items)

    async def all_guests(
        self,
        gathering_id: str,
        *,
        q: str | None = None,
        status: Status | None = None,
        group_id: str | None = None,
    ) -> list[Guest]:
        """All guests of a gathering who have what is given, as `guests` finds and orders them."""
        await self._present(gathering_id)
        everybody = await all_guests(self._store, gathering_id)
        fits = guest_filter(q, status, group_id)
        return everybody if fits is None else await in_turns(_chosen(everybody, fits))

    async def change_guest(
        self,
        gathering_id: str,
        guest_id: str,
        patch: GuestPatch,
        *,
        actor: str,
        unsettled: Unsettled | None = None,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Guest]:
        """Change a guest or answer for one, as a host, also after the deadline.

        `unsettled` tells which of its two values an `attending` of None stands for in the patch. A
        yes for which there is no room makes the guest wait. Raises Invalid, and GatheringFull where
        a guest who comes already wants more places than are left.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            group_id = None if patch.group_id is msgspec.UNSET else patch.group_id
            await unit.load(
                (GUESTS, guest_id), (GATHERINGS, gathering_id), *group_refs(gathering_id, group_id)
            )
            gathering, guest = await load_guest(unit, gathering_id, guest_id, expects)
            household = None
            if patch.group_id is not msgspec.UNSET and patch.group_id != guest.group_id:
                household = await load_group(unit, gathering_id, patch.group_id)
            decided = decisions.change_guest(guest, patch, household=household, unsettled=unsettled)
            wish = Wish(guest, decided)
            return await self._seating.seat(unit, gathering, [wish])

        handled = await self._run(gathering_id, attempt, actor, once)
        return outcome(handled, GUESTS, guest_id)

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
        """Give a guest the rights of a co-host, or take them back.

        With the rights, the logins end that had them. The link stays, and opens the invitation;
        should the guest be made a co-host again, that takes a new link.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            _, guest = await load_guest(unit, gathering_id, guest_id, expects)
            return about(guest_id, decisions.make_co_host(guest, is_co_host))

        handled = await self._run(gathering_id, attempt, actor, once)
        return outcome(handled, GUESTS, guest_id)

    async def remove_guest(
        self,
        gathering_id: str,
        guest_id: str,
        *,
        actor: str,
        names_co_hosts: bool = False,
        expects: int | None = None,
        once: Once | None = None,
    ) -> None:
        """Remove a guest from the list, the household and the waiting list, and end the link.

        The guest's places are free then. The events stay. Raises IsCoHost for a co-host, unless
        the actor may name co-hosts, which `names_co_hosts` says.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            gathering, guest = await load_guest(unit, gathering_id, guest_id, expects)
            decided = decisions.remove_guest(guest, names_co_hosts=names_co_hosts)
            seated = await self._seating.seat(unit, gathering, [Wish(guest, decided)])
            return [*seated, *await self._figures.remove_guest(unit, gathering)]

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
        """A guest's own answer. A yes for which there is no room makes the guest wait.

        Raises Invalid, RsvpClosed after the deadline, and GatheringFull where a guest who comes
        already wants more places than are left; the answer before then stays.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            gathering, guest = await load_guest(unit, gathering_id, guest_id, expects)
            wish = Wish(guest, decisions.answer(gathering, guest, answer, now=unit.now))
            return await self._seating.seat(unit, gathering, [wish])

        handled = await self._run(gathering_id, attempt, actor, once)
        return outcome(handled, GUESTS, guest_id)


def _chosen(guests: Sequence[Guest], fits: Callable[[Guest], bool]) -> Steps[list[Guest]]:
    found = []
    for guest in guests:
        if fits(guest):
            found.append(guest)
        yield
    return found
