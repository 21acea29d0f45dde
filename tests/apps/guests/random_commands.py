"""Random commands about a guest list, drawn by hypothesis, and a runner for them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from gatherlog.apps.guests import (
    DEFAULT,
    DIETARY_TAGS,
    GatheringFull,
    GuestPatch,
    GuestService,
    HouseholdAnswer,
    NewGuest,
    OwnAnswer,
    Rsvp,
    SettingsPatch,
)
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.testing import CountingIds, StandingClock

WHO = st.integers(0, 4)
COUNT = st.integers(0, 4)
HOUSEHOLD = st.sampled_from(["Byron", "King", None])
TAGS = st.lists(st.sampled_from(DIETARY_TAGS), max_size=2).map(tuple)
DIETARY = st.sampled_from([None, "", "no nuts"])
ATTENDING = st.sampled_from([True, True, False, None])
ABOUT = {"children": COUNT, "dietary": DIETARY, "dietary_tags": TAGS}

NEW = st.fixed_dictionaries(
    {"first_name": st.just("Ada"), "last_name": st.sampled_from(["King", "Byron"])},
    optional={"group_id": HOUSEHOLD, "expected_guests": COUNT, **ABOUT},
)
PATCH = st.fixed_dictionaries(
    {},
    optional={
        "attending": ATTENDING,
        "num_guests": COUNT,
        "group_id": HOUSEHOLD,
        "expected_guests": COUNT,
        **ABOUT,
    },
)
ANSWER = st.fixed_dictionaries({"attending": ATTENDING}, optional={"num_guests": COUNT, **ABOUT})
PLACES = st.sampled_from([None, 0, 1, 2, 3, 6])
TOGETHER = st.dictionaries(st.integers(0, 2), ANSWER, min_size=1, max_size=3)
OWN = st.fixed_dictionaries(
    {},
    optional={
        "num_guests": COUNT,
        "group_status": st.sampled_from(["coming", "declined"]),
        "dietary": DIETARY,
    },
)
PLACE_COMMAND = st.one_of(
    st.tuples(st.just("rsvp"), WHO, ANSWER),
    st.tuples(st.just("together"), WHO, TOGETHER),
    st.tuples(st.just("respond"), WHO, OWN),
    st.tuples(st.just("change"), WHO, PATCH),
    st.tuples(st.just("remove"), WHO, st.just({})),
    st.tuples(st.just("settings"), st.just(0), st.fixed_dictionaries({"max_guests": PLACES})),
)
"""Commands that take places or free them."""
COMMAND: st.SearchStrategy["Command"] = st.one_of(
    PLACE_COMMAND,
    st.tuples(st.just("add"), st.just(0), NEW),
    st.tuples(st.just("link"), WHO, st.just({})),
)


Command = tuple[str, int, Mapping[Any, Any]]


class CommandRunner:
    """Carries out commands about the guests that it added; commands name them by number, from 0."""

    def __init__(self, store: Store) -> None:
        self._ids = CountingIds()
        self.service = GuestService(store, clock=StandingClock(), ids=self._ids)
        self.guests: list[str] = []
        self.done: list[str] = []
        """The results of concurrent commands."""

    def on(self, store: Store) -> "CommandRunner":
        """A runner for the same guests, with a service of its own on `store`."""
        other = CommandRunner(store)
        other.service = GuestService(store, clock=StandingClock(), ids=self._ids)
        other.guests = self.guests
        return other

    async def begin(self) -> None:
        await self.service.ensure_default("cli")
        for first, group in ("Ada", "Byron"), ("Bob", "Byron"), ("Cas", None):
            await self.add(first_name=first, last_name="X", group_id=group, expected_guests=2)

    async def add(self, **given: Any) -> None:
        stored = await self.service.add_guest(DEFAULT, NewGuest(**given), actor="cli")
        self.guests.append(stored.body.id)

    async def carry_out(self, command: Command) -> str:
        """ "done", or the code of the refusal."""
        try:
            await self._carry_out(*command)
        except (NotFound, Invalid, GatheringFull) as refused:
            return refused.code
        return "done"

    async def _carry_out(self, what: str, number: int, given: Mapping[Any, Any]) -> None:
        service, who = self.service, self.guests[number % len(self.guests)]
        match what:
            case "add":
                await self.add(**given)
            case "rsvp":
                await service.rsvp(DEFAULT, who, Rsvp(**given), actor="cli")
            case "together":
                await service.answer_household(
                    DEFAULT, who, await self._answers(who, given), actor="cli"
                )
            case "respond":
                await service.respond(DEFAULT, who, OwnAnswer(**given), actor="cli")
            case "change":
                await service.change_guest(DEFAULT, who, GuestPatch(**given), actor="cli")
            case "remove":
                await service.remove_guest(DEFAULT, who, actor="cli")
            case "link":
                await service.issue_link(DEFAULT, who, actor="cli")
            case "settings":
                await service.change_settings(DEFAULT, SettingsPatch(**given), actor="cli")

    async def _answers(
        self, who: str, given: Mapping[int, Mapping[str, Any]]
    ) -> dict[str, HouseholdAnswer]:
        """One answer for each member of the household whose number is given."""
        household = await self.service.household(DEFAULT, who)
        members = [household.guest, *household.members]
        return {
            member.body.id: HouseholdAnswer(rsvp=Rsvp(**given[place]))
            for place, member in enumerate(members)
            if place in given
        }
