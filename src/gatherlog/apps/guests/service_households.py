"""Commands and questions about households, whose members answer together."""

from collections.abc import Mapping, Sequence

from gatherlog.apps.guests.answers import GroupSize, Household
from gatherlog.apps.guests.households import household_from, household_of
from gatherlog.apps.guests.inputs import HouseholdAnswer, OwnAnswer
from gatherlog.apps.guests.service_guests import GuestCommands
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUESTS,
    WAITING_LISTS,
    Group,
    Guest,
    group_document,
)
from gatherlog.core.commands.handler import Decided, Handled, Once
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.commands.service import (
    Listing,
    Stored,
    check_version,
    listing,
    no_such,
    stored,
)
from gatherlog.core.commands.unit_of_work import UnitOfWork

__all__ = ["HouseholdCommands"]


class HouseholdCommands(GuestCommands):
    """Part of `GuestService`; what all of its commands have in common is documented there."""

    async def groups(
        self, gathering_id: str, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[GroupSize]:
        """A page of households by group_id."""
        await self._present(gathering_id)
        query = GROUPS.query("by_gathering", gathering_id, limit=limit, cursor=cursor)
        groups = await listing(self._store, GROUPS, query)
        sizes = [GroupSize(group.body.group_id, len(group.body.members)) for group in groups.items]
        return Listing(sizes, groups.cursor)

    async def group(self, gathering_id: str, group_id: str) -> list[Stored[Guest]]:
        """The members of a household in the order in which they joined. Raises NotFound."""
        refs = [GATHERINGS.ref(gathering_id), GROUPS.ref(group_document(gathering_id, group_id))]
        found, document = await self._store.get(refs)
        gathering, group = GATHERINGS.recall(found), GROUPS.recall(document)
        if gathering is None or gathering.gone:
            raise no_such("gathering", gathering_id)
        if group is None:
            raise no_such("group", group_id)
        return await self._members(group, group.members)

    async def _members(self, group: Group, ids: Sequence[str]) -> list[Stored[Guest]]:
        """Those of these guests who are members of the household now."""
        if not ids:
            return []
        found = stored(GUESTS, await self._store.get([GUESTS.ref(id) for id in ids]))
        return [member for member in found if member.body.group_id == group.group_id]

    async def household(self, gathering_id: str, guest_id: str) -> Household:
        """A guest with the household, and what to ask its members."""
        document, gathering, guest = await self._present_guest(gathering_id, guest_id)
        group_id, group, waiting = guest.body.group_id, None, None
        refs = [] if group_id is None else [GROUPS.ref(group_document(gathering_id, group_id))]
        if document.counters.get("queued", 0):
            refs.append(WAITING_LISTS.ref(gathering_id))
        for found in await self._store.get(refs) if refs else ():
            if found is not None and found.view == GROUPS.name:
                group = GROUPS.recall(found)
            else:
                waiting = WAITING_LISTS.read(found)
        members: list[Stored[Guest]] = []
        if group is not None:
            members = await self._members(group, [id for id in group.members if id != guest_id])
        return household_from(
            gathering,
            guest,
            members,
            waiting,
            now=self._handler.clock(),
            most_answers=self._joint.most,
        )

    async def answer_household(
        self,
        gathering_id: str,
        guest_id: str,
        answers: Mapping[str, HouseholdAnswer],
        *,
        actor: str,
        once: Once | None = None,
    ) -> Household:
        """A guest answers for the members whose ids are in `answers`, in one commit.

        Those who newly say yes come together or wait together. Raises what `rsvp` raises, Invalid
        with pointers `/answers/<guest id>/…`, AnswersChanged where a member is not at the version
        that the answer expects, and NotFound for a guest who is not in the household.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            return await self._joint.answer(unit, gathering_id, guest_id, answers)

        handled = await self._run(gathering_id, attempt, actor, once)
        return await self._after(handled, gathering_id, guest_id)

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
        """A guest's own answer, and one for the members who have not answered yet.

        Those who newly say yes come together or wait together. Raises what `rsvp` raises.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            decided = await self._joint.respond(unit, gathering_id, guest_id, given)
            check_version(unit, GUESTS, guest_id, expects)
            return decided

        handled = await self._run(gathering_id, attempt, actor, once)
        return await self._after(handled, gathering_id, guest_id)

    async def _after(self, handled: Handled, gathering_id: str, guest_id: str) -> Household:
        """The household after a joint answer.

        Where anybody still waits it is read again, because guests may have moved up since.
        """
        waiting: WaitingList | None = handled.bodies.get(WAITING_LISTS.ref(gathering_id))
        if waiting is not None and waiting.units:
            return await self.household(gathering_id, guest_id)
        now = self._handler.clock()
        return household_of(handled, gathering_id, guest_id, now, self._joint.most)
