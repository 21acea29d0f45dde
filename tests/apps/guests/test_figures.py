"""Whatever happens, in whatever order and at once: figures, households and log agree."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import DEFAULT, VIEWS
from gatherlog.core import Store
from gatherlog.engines import open_store
from tests.apps.guests.halting import Halting
from tests.apps.guests.hosts import COMMAND, Command, Host
from tests.apps.guests.naive import check_figures, check_rebuild


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

    assert done == ["done"] * 32
    stats = await host.service.stats(DEFAULT)
    assert (stats.people, stats.waiting) == (10, 22)
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

    await asyncio.gather(
        host.carry_out(("rsvp", 0, {"attending": True, "num_guests": 2})),
        host.carry_out(("settings", 0, {"max_guests": 3})),
        host.carry_out(("rsvp", 1, {"attending": True, "num_guests": 2})),
        host.carry_out(("change", 2, {"attending": True, "num_guests": 2})),
    )

    stats = await host.service.stats(DEFAULT)
    assert (stats.people, stats.capacity) == (2 * stats.attending, 3)
    assert (stats.attending, stats.waiting) in [(1, 2), (2, 1)]
    await check_figures(host.service)
