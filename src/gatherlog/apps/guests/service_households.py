"""Commands and questions about households, whose members answer together."""

from collections.abc import Mapping, Sequence

from gatherlog.apps.guests.answers import GroupSize, Household
from gatherlog.apps.guests.households import household_from
from gatherlog.apps.guests.inputs import HouseholdAnswer, OwnAnswer
from gatherlog.apps.guests.service_guests import GuestCommands
from gatherlog.apps.guests.views import GROUPS, GUESTS, WAITING_LISTS, Guest, group_document
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import (
    Listing,
    Stored,
    check_version,
    listing,
    no_such,
    read,
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
        await self._present(gathering_id)
        group = await read(self._store, GROUPS, group_document(gathering_id, group_id))
        if group is None:
            raise no_such("group", group_id)
        members = stored(GUESTS, await self._store.get([GUESTS.ref(id) for id in group.members]))
        return [member for member in members if member.body.group_id == group_id]

    async def household(self, gathering_id: str, guest_id: str) -> Household:
        """A guest with the household, and what to ask its members."""
        _, gathering = await self._present(gathering_id)
        guest = await self.guest(gathering_id, guest_id)
        members = [guest]
        if guest.body.group_id is not None:
            members = await self.group(gathering_id, guest.body.group_id)
        waiting = None
        if any(member.body.waiting_since is not None for member in members):
            waiting = await read(self._store, WAITING_LISTS, gathering_id)
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
        """A guest answers for the members whose ids are in `answers`, in one commit.

        Those who newly say yes come together or wait together. Raises what `rsvp` raises, Invalid
        with pointers `/answers/<guest id>/…`, AnswersChanged where a member is not at the version
        that the answer expects, and NotFound for a guest who is not in the household.
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
        """A guest's own answer, and one for the members who have not answered yet.

        Those who newly say yes come together or wait together. Raises what `rsvp` raises.
        """

        async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
            decided = await self._joint.respond(unit, gathering_id, guest_id, given)
            check_version(unit, GUESTS, guest_id, expects)
            return decided

        await self._run(gathering_id, attempt, actor, once)
        return await self.household(gathering_id, guest_id)
