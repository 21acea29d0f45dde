"""The service of the things app: all commands and questions about things to do."""

from contextlib import suppress

from gatherlog.apps.things.events import ReindexRequested
from gatherlog.apps.things.refusals import WrongState
from gatherlog.apps.things.service_families import FamilyCommands
from gatherlog.apps.things.service_organisers import OrganiserCommands
from gatherlog.apps.things.service_reviewers import ReviewerCommands
from gatherlog.apps.things.service_rosters import BookingQuestions
from gatherlog.apps.things.service_visitors import VisitorCommands
from gatherlog.apps.things.views import FAVOURITES
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.service import run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.projections.paging import bodies

__all__ = ["ThingService"]

INDEX_STREAM = "things-index"


class ThingService(
    OrganiserCommands, ReviewerCommands, FamilyCommands, BookingQuestions, VisitorCommands
):
    """Commands and questions about things, bookings, families and reviews.

    People are named by the ids of their accounts. What belongs to another account is NotFound, as
    if it did not exist: `organiser_id`, `reviewer_id` and `account_id` say for whom a command or a
    question is; whether that person may do such a thing at all, the policy decides before. `actor`
    (`key:<id>`, `account:<id>`, `cli`) is named in the meta of every event. A command that changes
    nothing records nothing. `expects` is the version that the caller saw: Conflict if the document
    has another one by now. A command that is repeated with the key of `once` raises Repeated, which
    holds what was answered the first time.
    """

    async def request_reindex(self, *, actor: str) -> None:
        """Have every process build its index for searching anew; the old one is used meanwhile."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return [Decided(ReindexRequested())]

        await run(self._index, INDEX_STREAM, attempt, actor=actor)

    async def forget_account(self, account_id: str, *, actor: str) -> None:
        """Remove the children and favourites of an account, and cancel its coming bookings.

        For an account that was removed. Repeating it does what is left to do.
        """
        for booking in await self._coming_bookings(account_id):
            with suppress(WrongState):
                await self._cancel(booking, "parent", None, actor, None)
        query = FAVOURITES.query("by_account", account_id, limit=1000)
        for favourite in [one async for one in bodies(self._store, FAVOURITES, query)]:
            with suppress(NotFound):
                await self.remove_favourite(favourite.thing_id, account_id, actor=actor)
        for child in await self.children(account_id):
            with suppress(NotFound):
                await self._remove_child(child.id, account_id, actor)
