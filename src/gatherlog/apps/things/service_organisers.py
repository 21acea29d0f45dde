"""Commands and questions of organisers: profile, drafts, new versions, dates."""

from collections.abc import Sequence

from gatherlog.apps.things import decisions
from gatherlog.apps.things.checks import NAME_LENGTH, Checks
from gatherlog.apps.things.commands import load_thing
from gatherlog.apps.things.content import Content
from gatherlog.apps.things.events import ProfileSaved
from gatherlog.apps.things.occurrences import Occurrence, occurrence_on
from gatherlog.apps.things.settling import Settling
from gatherlog.apps.things.views import ORGANISERS, THINGS, Organiser, Thing, ThingStatus
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import Stored, outcome, read, run
from gatherlog.core.commands.slices import Slice, Window, count, sliced
from gatherlog.core.commands.unit_of_work import UnitOfWork

__all__ = ["OrganiserCommands"]


class OrganiserCommands(Settling):
    """Part of `ThingService`; what all of its commands have in common is documented there."""

    # The profile.

    async def save_profile(
        self, organiser_id: str, name: str, *, actor: str, once: Once | None = None
    ) -> Organiser:
        """Set the name under which an account publishes. Raises Invalid."""
        check = Checks()
        stored = check.line("name", name.strip(), NAME_LENGTH)
        check.done()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            before = await unit.get(ORGANISERS, organiser_id)
            is_same = before is not None and before.name == stored
            return [] if is_same else [Decided(ProfileSaved(stored))]

        stream = f"organiser-{organiser_id}"
        handled = await run(self._organisers, stream, attempt, actor=actor, once=once)
        return outcome(handled, ORGANISERS, organiser_id).body

    async def profile(self, organiser_id: str) -> Organiser | None:
        """None as long as the account has saved none."""
        return await read(self._store, ORGANISERS, organiser_id)

    async def profiles(self, organiser_ids: Sequence[str]) -> list[Organiser | None]:
        """Those of several accounts, in their order, in one round trip."""
        found = await self._store.get([ORGANISERS.ref(id) for id in organiser_ids])
        return [ORGANISERS.recall(document) for document in found]

    # Things of one's own.

    async def create_thing(
        self, content: Content, organiser_id: str, *, actor: str, once: Once | None = None
    ) -> Stored[Thing]:
        """Begin a draft. Raises Invalid."""
        thing_id = self._ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return decisions.create(content, organiser_id)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def own_thing(self, thing_id: str, organiser_id: str) -> Stored[Thing]:
        """One of the organiser's things in any state."""
        return await self._own_thing(thing_id, organiser_id)

    async def own_things(
        self, organiser_id: str, window: Window, *, status: ThingStatus | None = None
    ) -> Slice[Thing]:
        """A slice of the organiser's things, the newest first, without those that are removed."""
        index, partition = _own(organiser_id, status)
        return await sliced(self._store, THINGS, index, partition, window, newest_first=True)

    async def count_own_things(self, organiser_id: str, status: ThingStatus | None = None) -> int:
        """How many things `own_things` lists."""
        return await count(self._store, THINGS, *_own(organiser_id, status))

    async def change_thing(
        self,
        thing_id: str,
        content: Content,
        organiser_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Change what is not published; what waits for review goes on waiting.

        Raises Invalid and WrongState.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id, expects=expects)
            return decisions.change(thing, content)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def submit_thing(
        self,
        thing_id: str,
        organiser_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Ask for publication of a draft, or of what was rejected.

        Raises WrongState, and Invalid without a profile, or if nothing of it is still to come.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((THINGS, thing_id), (ORGANISERS, organiser_id))
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id, expects=expects)
            organiser = await unit.get(ORGANISERS, organiser_id)
            return decisions.submit(thing, organiser, now=unit.now)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def make_new_version(
        self, thing_id: str, organiser_id: str, *, actor: str, once: Once | None = None
    ) -> Stored[Thing]:
        """A new draft with the content of a published thing, which it replaces once approved.

        Raises WrongState, also if there is one already that is not decided.
        """
        version = self._ids()

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id)
            return decisions.make_new_version(thing, version)

        stream = decisions.stream_of(thing_id)
        handled = await run(self._things, stream, attempt, actor=actor, once=once)
        return outcome(handled, THINGS, version)

    async def remove_thing(
        self, thing_id: str, organiser_id: str, *, actor: str, once: Once | None = None
    ) -> Stored[Thing]:
        """Remove what is not published. Raises WrongState."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id)
            live = None if thing.replaces is None else await unit.get(THINGS, thing.replaces)
            return decisions.remove(thing, live)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def withdraw_thing(
        self,
        thing_id: str,
        reason: str,
        organiser_id: str,
        *,
        actor: str,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Take a published thing down, which cancels its bookings. Raises Invalid, WrongState."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id)
            return decisions.withdraw(thing, reason, "organiser", organiser_id)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def cancel_occurrence(
        self,
        thing_id: str,
        date: str,
        reason: str,
        organiser_id: str,
        *,
        start: str | None = None,
        actor: str,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Cancel one coming occurrence and its bookings.

        `date` and `start` name it as for a booking. Raises Invalid and WrongState.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id)
            one = _meant(thing, date, start, unit.now)
            return decisions.cancel_occurrence(thing, one, reason)

        return await self._run_thing(thing_id, attempt, actor, once)

    async def move_occurrence(
        self,
        thing_id: str,
        date: str,
        to: str,
        organiser_id: str,
        *,
        start: str | None = None,
        actor: str,
        once: Once | None = None,
    ) -> Stored[Thing]:
        """Move one coming occurrence to another time; its bookings stay.

        `to` is a date, which keeps the time of day, or a date-time, local to the thing's zone or
        with an offset. Raises Invalid and WrongState.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            thing = await load_thing(unit, thing_id, organiser_id=organiser_id)
            one = _meant(thing, date, start, unit.now)
            return decisions.move_occurrence(thing, one, to, now=unit.now)

        return await self._run_thing(thing_id, attempt, actor, once)


def _meant(thing: Thing, date: str, start: str | None, now: int) -> Occurrence:
    """The coming occurrence on a date, however far it is."""
    return occurrence_on(thing.content, thing.altered, date, start, now=now, ahead=None)


def _own(organiser_id: str, status: ThingStatus | None) -> tuple[str, str]:
    """The index and the partition that list an organiser's things."""
    if status is None:
        return "by_organiser", organiser_id
    return "by_organiser_and_status", f"{organiser_id}/{status}"
