"""Commands and questions of parents about their children and favourites."""

from collections.abc import Sequence

import msgspec

from gatherlog.apps.things.booking import MOST_CHILDREN
from gatherlog.apps.things.checks import checked_child
from gatherlog.apps.things.commands import Commands
from gatherlog.apps.things.events import (
    ChildAdded,
    ChildChanged,
    ChildRemoved,
    FavouriteAdded,
    FavouriteRemoved,
)
from gatherlog.apps.things.inputs import ChildDetails
from gatherlog.apps.things.refusals import ChildIsBooked, WrongState
from gatherlog.apps.things.views import (
    CHILDREN,
    FAMILIES,
    FAVOURITES,
    THINGS,
    Child,
    Family,
    Favourite,
    favourite_document,
)
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import Stored, check_version, no_such, outcome, read, run
from gatherlog.core.commands.slices import Slice, Window, sliced
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import to_datetime

__all__ = ["FamilyCommands"]


class FamilyCommands(Commands):
    """Part of `ThingService`; what all of its commands have in common is documented there."""

    # Children.

    async def add_child(
        self, details: ChildDetails, account_id: str, *, actor: str, once: Once | None = None
    ) -> Child:
        """Raises Invalid, and WrongState for more than MOST_CHILDREN."""
        child_id = self._ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            told = checked_child(details, today=to_datetime(unit.now).date())
            family = await unit.get(FAMILIES, account_id) or Family()
            if len(family.children) >= MOST_CHILDREN:
                raise WrongState(f"a family has at most {MOST_CHILDREN} children")
            return [Decided(msgspec.convert(told, ChildAdded), child_id)]

        stream = f"family-{account_id}"
        handled = await run(self._families, stream, attempt, actor=actor, once=once)
        return outcome(handled, CHILDREN, child_id).body

    async def change_child(
        self,
        child_id: str,
        details: ChildDetails,
        account_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Child:
        """Change what is told of a child; what is UNSET stays. Raises Invalid."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            child = await self._load_child(unit, child_id, account_id)
            check_version(unit, CHILDREN, child_id, expects)
            told = checked_child(details, child, today=to_datetime(unit.now).date())
            is_same = all(getattr(child, field) == value for field, value in told.items())
            return [] if is_same else [Decided(msgspec.convert(told, ChildChanged), child_id)]

        stream = f"family-{account_id}"
        handled = await run(self._families, stream, attempt, actor=actor, once=once)
        return outcome(handled, CHILDREN, child_id).body

    async def remove_child(
        self, child_id: str, account_id: str, *, actor: str, once: Once | None = None
    ) -> None:
        """Raises ChildIsBooked where the child has a coming booking.

        A booking that is made at the same moment keeps the child's place and shows no child.
        """
        for booking in await self._coming_bookings(account_id):
            if child_id in booking.children:
                raise ChildIsBooked("the child has a coming booking; cancel that first")
        await self._remove_child(child_id, account_id, actor, once)

    async def child(self, child_id: str, account_id: str) -> Stored[Child]:
        """Raises NotFound for another parent's child, as for none."""
        [document] = await self._store.get([CHILDREN.ref(child_id)])
        child = CHILDREN.recall(document)
        if document is None or child is None or child.account_id != account_id:
            raise no_such("child", child_id)
        return Stored(child, document.version)

    async def children(self, account_id: str) -> list[Child]:
        """All children of a parent, in the order in which they were added."""
        family = await read(self._store, FAMILIES, account_id) or Family()
        found = await self._store.get([CHILDREN.ref(id) for id in family.children])
        return [child for child in map(CHILDREN.recall, found) if child is not None]

    # Favourites.

    async def add_favourite(
        self, thing_id: str, account_id: str, *, actor: str, once: Once | None = None
    ) -> Favourite:
        """Keep a published thing; repeating it does nothing. Raises NotFound."""
        id = favourite_document(account_id, thing_id)

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((FAVOURITES, id), (THINGS, thing_id))
            await self._load_published(unit, thing_id)
            is_new = await unit.get(FAVOURITES, id) is None
            return [Decided(FavouriteAdded(), account_id)] if is_new else []

        stream = f"favourites-{thing_id}"
        handled = await run(self._favourites, stream, attempt, actor=actor, once=once)
        return outcome(handled, FAVOURITES, id).body

    async def remove_favourite(
        self, thing_id: str, account_id: str, *, actor: str, once: Once | None = None
    ) -> None:
        """Keep it no more. Raises NotFound for what is no favourite."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.get(FAVOURITES, favourite_document(account_id, thing_id)) is None:
                raise no_such("favourite", thing_id)
            return [Decided(FavouriteRemoved(), account_id)]

        stream = f"favourites-{thing_id}"
        await run(self._favourites, stream, attempt, actor=actor, once=once)

    async def favourite(self, thing_id: str, account_id: str) -> Favourite:
        """Raises NotFound for what is no favourite of the account."""
        found = await read(self._store, FAVOURITES, favourite_document(account_id, thing_id))
        if found is None:
            raise no_such("favourite", thing_id)
        return found

    async def are_favourites(self, thing_ids: Sequence[str], account_id: str) -> list[bool]:
        """Whether the account keeps each of these things, in one round trip."""
        ids = [favourite_document(account_id, thing_id) for thing_id in thing_ids]
        documents = await self._store.get([FAVOURITES.ref(id) for id in ids])
        return [document is not None for document in documents]

    async def favourites(self, account_id: str, window: Window) -> Slice[Favourite]:
        """A slice of what an account keeps, the newest first, also what is not published now."""
        return await sliced(
            self._store, FAVOURITES, "by_account", account_id, window, newest_first=True
        )

    async def _load_child(self, unit: UnitOfWork, child_id: str, account_id: str) -> Child:
        child = await unit.get(CHILDREN, child_id)
        if child is None or child.account_id != account_id:
            raise no_such("child", child_id)
        return child

    async def _remove_child(
        self, child_id: str, account_id: str, actor: str, once: Once | None = None
    ) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await self._load_child(unit, child_id, account_id)
            return [Decided(ChildRemoved(), child_id)]

        stream = f"family-{account_id}"
        await run(self._families, stream, attempt, actor=actor, once=once)
