"""Commands and questions about gatherings themselves: settings, figures, hosts."""

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests import decisions
from gatherlog.apps.guests.answers import Letters, Stats, stats_of
from gatherlog.apps.guests.commands import Commands
from gatherlog.apps.guests.inputs import GatheringDetails, SettingsPatch
from gatherlog.apps.guests.letter_counts import (
    COUNTER,
    HELD_LETTERS,
    LETTER_COUNTS,
    HeldLetters,
    day_stream,
    of_gathering,
)
from gatherlog.apps.guests.letter_events import Reason
from gatherlog.apps.guests.letter_quotas import check_letters_left
from gatherlog.apps.guests.loading import load_gathering
from gatherlog.apps.guests.views import GATHERINGS, WAITING_LISTS, Gathering
from gatherlog.core.commands.handler import Decided, Once
from gatherlog.core.commands.service import (
    Listing,
    Stored,
    about,
    check_version,
    listing,
    no_such,
    outcome,
    read,
)
from gatherlog.core.commands.unit_of_work import UnitOfWork

__all__ = ["DEFAULT", "GatheringCommands"]

DEFAULT = "default"
"""The id of the gathering that paths without a gathering stand for."""


class GatheringCommands(Commands):
    """Part of `GuestService`; what all of its commands have in common is documented there."""

    async def create_gathering(
        self,
        details: GatheringDetails,
        *,
        actor: str,
        id: str | None = None,
        host: str | None = None,
        once: Once | None = None,
    ) -> Stored[Gathering]:
        """`host` is the account that the gathering will belong to.

        Raises Invalid, Conflict where the id is taken, even by a gathering that was removed, and
        QuotaReached where the account has as many as it may have.
        """
        gathering_id = self._ids() if id is None else id

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.get(GATHERINGS, gathering_id)
            check_version(unit, GATHERINGS, gathering_id, 0)
            created = about("", decisions.create_gathering(details, host))
            return [*created, *await self._figures.create(unit, host)]

        handled = await self._run(gathering_id, attempt, actor, once)
        return outcome(handled, GATHERINGS, gathering_id)

    async def ensure_default(self, actor: str) -> None:
        """Create the gathering `default` unless it exists or was removed."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.get(GATHERINGS, DEFAULT) is not None:
                return []
            return about(
                "", decisions.create_gathering(GatheringDetails(event_name="Our gathering"))
            )

        await self._run(DEFAULT, attempt, actor)

    async def gathering(self, gathering_id: str) -> Stored[Gathering]:
        document, gathering = await self._present(gathering_id)
        return Stored(gathering, document.version)

    async def removed_gathering(self, gathering_id: str) -> Gathering:
        """A gathering that was removed, for the calendars that have it. Raises NotFound unless it
        was."""
        gathering = await read(self._store, GATHERINGS, gathering_id)
        if gathering is None or not gathering.gone:
            raise no_such("removed gathering", gathering_id)
        return gathering

    async def gatherings(
        self, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[Stored[Gathering]]:
        """A page of all gatherings, oldest first, `default` last."""
        query = GATHERINGS.query("by_all", "all", limit=limit, cursor=cursor)
        return await listing(self._store, GATHERINGS, query)

    async def gatherings_of(
        self, account_id: str, *, limit: int = 1000, cursor: str | None = None
    ) -> Listing[Stored[Gathering]]:
        """A page of the gatherings that belong to an account, oldest first."""
        query = GATHERINGS.query("by_host", account_id, limit=limit, cursor=cursor)
        return await listing(self._store, GATHERINGS, query)

    async def change_settings(
        self,
        gathering_id: str,
        patch: SettingsPatch,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> Stored[Gathering]:
        """Change settings. With more places, guests who wait move up; with fewer, all stay.

        Raises Invalid, NotifyUndecided for a new date, end, place or zone that does not say if
        guests get letters about it, and LettersReached where no more may go out today.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if patch.max_guests is not UNSET:
                await unit.load((GATHERINGS, gathering_id), (WAITING_LISTS, gathering_id))
            gathering = await load_gathering(unit, gathering_id)
            check_version(unit, GATHERINGS, gathering_id, expects)
            decided = await self._changed(unit, gathering, patch)
            changed = decisions.with_settings(gathering, decided)
            if changed.max_guests == gathering.max_guests:
                return about("", decided)
            return [*about("", decided), *await self._seating.move_up(unit, changed)]

        handled = await self._run(gathering_id, attempt, actor, once)
        return outcome(handled, GATHERINGS, gathering_id)

    async def _changed(
        self, unit: UnitOfWork, gathering: Gathering, patch: SettingsPatch
    ) -> list[msgspec.Struct]:
        """The decision, given how many guests there are to write to.

        If nobody was asked because there are none, the commit demands that there are still none.
        """
        letters = 0
        if self._sends_letters:
            counters = unit.counters(GATHERINGS, gathering.id)
            letters = counters.get("coming", 0) + counters.get("waiting", 0)
        decided = decisions.change_settings(gathering, patch, now=unit.now, letters=letters)
        if self._sends_letters and decided and not letters:
            nobody = {"coming": 0, "waiting": 0}
            unit.demand(GATHERINGS, gathering.id, at_most=nobody)
        if letters and [event for event in decided if getattr(event, "notify", UNSET) is True]:
            await check_letters_left(unit, self._quotas, gathering)
        return decided

    async def change_host(self, gathering_id: str, host: str | None, *, actor: str) -> None:
        """Give the gathering to an account, which need not exist, or to none.

        The account to which it belonged before does not see it any more.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            gathering = await load_gathering(unit, gathering_id)
            decided = decisions.change_host(gathering, host)
            if not decided:
                return []
            return [*about("", decided), *await self._figures.move(unit, gathering, host)]

        await self._run(gathering_id, attempt, actor)

    async def remove_gathering(
        self,
        gathering_id: str,
        *,
        actor: str,
        expects: int | None = None,
        once: Once | None = None,
    ) -> None:
        """Remove a gathering: it and everything in it is NotFound then. Its events stay."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            gathering = await load_gathering(unit, gathering_id)
            check_version(unit, GATHERINGS, gathering_id, expects)
            removed = about("", decisions.remove_gathering(gathering))
            if gathering.host_account is None:
                return removed
            return [*removed, *await self._figures.move(unit, gathering, None)]

        await self._run(gathering_id, attempt, actor, once)

    async def letters(self, gathering_id: str) -> Letters:
        """How many letters about a gathering went out today, and how many are held back."""
        day = of_gathering(day_stream(self._handler.clock()), gathering_id)
        refs = [LETTER_COUNTS.ref(day), HELD_LETTERS.ref(gathering_id)]
        _, (counted, document) = await self._present(gathering_id), await self._store.get(refs)
        held = HELD_LETTERS.read(document) or HeldLetters(gathering_id=gathering_id)
        return Letters(
            sent_today=0 if counted is None else counted.counters.get(COUNTER, 0),
            held_for_the_day=held.day,
            held_for_sign_in=held.unconfirmed,
        )

    async def held_letters(self, *, most: int = 1000) -> dict[Reason, int]:
        """How many letters are held back, by reason, in the first `most` gatherings with any."""
        query = HELD_LETTERS.query("by_waiting", "all", limit=most)
        found = [one.body for one in (await listing(self._store, HELD_LETTERS, query)).items]
        return {
            "day": sum(held.day for held in found),
            "unconfirmed": sum(held.unconfirmed for held in found),
        }

    async def stats(self, gathering_id: str) -> Stats:
        """The exact figures at one moment, as only one document is read."""
        document, gathering = await self._present(gathering_id)
        return stats_of(gathering, document.counters)
