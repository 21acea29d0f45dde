"""Whatever happens, in whatever order and at once: figures, households and log agree."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import (
    DEFAULT,
    DIETARY_TAGS,
    VIEWS,
    GatheringFull,
    GuestPatch,
    GuestService,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.core import Store
from gatherlog.core.errors import Invalid, NotFound
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.halting import Halting
from tests.apps.guests.naive import check_figures, check_rebuild

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
PLACES = st.sampled_from([None, 0, 3, 6])
COMMAND = st.one_of(
    st.tuples(st.just("add"), st.just(0), NEW),
    st.tuples(st.just("rsvp"), WHO, ANSWER),
    st.tuples(st.just("change"), WHO, PATCH),
    st.tuples(st.just("remove"), WHO, st.just({})),
    st.tuples(st.just("link"), WHO, st.just({})),
    st.tuples(st.just("settings"), st.just(0), st.fixed_dictionaries({"max_guests": PLACES})),
)


Command = tuple[str, int, dict[str, Any]]


class Host:
    """Carries out commands about the guests that it added, the first of whom is number 0."""

    def __init__(self, store: Store) -> None:
        self.service = GuestService(store, clock=StandingClock(), ids=CountingIds())
        self.guests: list[str] = []

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

    async def _carry_out(self, what: str, number: int, given: dict[str, Any]) -> None:
        service, who = self.service, self.guests[number % len(self.guests)]
        match what:
            case "add":
                await self.add(**given)
            case "rsvp":
                await service.rsvp(DEFAULT, who, Rsvp(**given), actor="cli")
            case "change":
                await service.change_guest(DEFAULT, who, GuestPatch(**given), actor="cli")
            case "remove":
                await service.remove_guest(DEFAULT, who, actor="cli")
            case "link":
                await service.issue_link(DEFAULT, who, actor="cli")
            case "settings":
                await service.change_settings(DEFAULT, SettingsPatch(**given), actor="cli")


@given(st.lists(COMMAND, max_size=25))
def test_after_every_command_the_figures_are_those_of_the_guests(commands: list[Command]) -> None:
    async def story() -> None:
        store = await open_store("memory:", views=VIEWS)
        host = Host(store)
        await host.begin()
        for command in commands:
            await host.carry_out(command)
            await check_figures(host.service)
        await check_rebuild(store)

    asyncio.run(story())


@given(st.lists(COMMAND, max_size=25))
def test_no_answer_ever_oversells(commands: list[Command]) -> None:
    async def story() -> None:
        host = Host(await open_store("memory:", views=VIEWS))
        await host.begin()
        people = 0
        for command in commands:
            await host.carry_out(command)
            stats = await host.service.stats(DEFAULT)
            if stats.people > people and stats.capacity is not None:
                assert stats.people <= stats.capacity
            people = stats.people

    asyncio.run(story())


@given(st.lists(COMMAND, min_size=2, max_size=12))
def test_commands_given_at_once_come_to_the_same_figures(commands: list[Command]) -> None:
    async def story() -> None:
        store = Halting(await open_store("memory:", views=VIEWS))
        host = Host(store)
        await host.begin()
        await asyncio.gather(*map(host.carry_out, commands))
        await check_figures(host.service)
        await check_rebuild(store)

    asyncio.run(story())


async def test_32_callers_and_the_last_ten_places(store: Store) -> None:
    host = Host(store)
    await host.begin()
    await host.carry_out(("settings", 0, {"max_guests": 10}))
    for number in range(29):
        await host.add(first_name=f"G{number}", last_name="X", group_id="Byron")

    done = await asyncio.gather(
        *(host.carry_out(("rsvp", n, {"attending": True, "num_guests": 1})) for n in range(32))
    )

    assert sorted(done) == ["done"] * 10 + ["gathering_full"] * 22
    assert (await host.service.stats(DEFAULT)).people == 10
    await check_figures(host.service)
    await check_rebuild(store)


async def test_two_who_join_a_household_at_once_are_both_in_it(store: Store) -> None:
    host = Host(store)
    await host.begin()

    await asyncio.gather(
        *(host.add(first_name=f"G{n}", last_name="X", group_id="New") for n in range(8))
    )

    members = await host.service.group(DEFAULT, "New")
    assert sorted(member.body.first_name for member in members) == [f"G{n}" for n in range(8)]


async def test_answers_while_the_host_changes_the_places_never_oversell(store: Store) -> None:
    host = Host(store)
    await host.begin()
    await host.carry_out(("settings", 0, {"max_guests": 4}))

    done = await asyncio.gather(
        host.carry_out(("rsvp", 0, {"attending": True, "num_guests": 2})),
        host.carry_out(("settings", 0, {"max_guests": 3})),
        host.carry_out(("rsvp", 1, {"attending": True, "num_guests": 2})),
        host.carry_out(("change", 2, {"attending": True, "num_guests": 2})),
    )

    accepted = [done[place] for place in (0, 2, 3)].count("done")
    stats = await host.service.stats(DEFAULT)
    assert (stats.people, stats.capacity) == (2 * accepted, 3)
    assert accepted in (1, 2)
    await check_figures(host.service)
