"""After commands in any order, also concurrent ones, figures, households and log agree."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import DEFAULT, VIEWS
from gatherlog.core import Store
from gatherlog.engines import open_store
from gatherlog.testing import run_instantly
from tests.apps.guests.random_commands import COMMAND, Command, CommandRunner
from tests.apps.guests.recounting import check_figures, check_rebuild
from tests.apps.guests.slow_reads import SlowReads


@pytest.mark.parametrize("url", ["memory:", "hostile:1"])
@given(commands=st.lists(COMMAND, max_size=25))
def test_after_every_command_the_figures_are_those_of_the_guests(
    url: str, commands: list[Command]
) -> None:
    async def story() -> None:
        store = await open_store(url, views=VIEWS)
        runner = CommandRunner(store)
        await runner.begin()
        for command in commands:
            await runner.carry_out(command)
            await check_figures(runner.service)
        await check_rebuild(store)

    run_instantly(story())


@pytest.mark.parametrize("url", ["memory:", "hostile:1"])
@given(commands=st.lists(COMMAND, min_size=2, max_size=12))
def test_after_concurrent_commands_the_figures_are_those_of_the_guests(
    url: str, commands: list[Command]
) -> None:
    async def story() -> None:
        store = SlowReads(await open_store(url, views=VIEWS))
        runner = CommandRunner(store)
        await runner.begin()
        await asyncio.gather(*map(runner.carry_out, commands))
        await check_figures(runner.service)
        await check_rebuild(store)

    run_instantly(story())


async def test_32_callers_and_the_last_ten_places(store: Store) -> None:
    runner = CommandRunner(store)
    await runner.begin()
    await runner.carry_out(("settings", 0, {"max_guests": 10}))
    for number in range(29):
        await runner.add(first_name=f"G{number}", last_name="X", group_id="Byron")

    done = await asyncio.gather(
        *(runner.carry_out(("rsvp", n, {"attending": True, "num_guests": 1})) for n in range(32))
    )

    assert done == ["done"] * 32
    stats = await runner.service.stats(DEFAULT)
    assert (stats.people, stats.waiting) == (10, 22)
    await check_figures(runner.service)
    await check_rebuild(store)


async def test_two_who_join_a_household_at_once_are_both_in_it(store: Store) -> None:
    runner = CommandRunner(store)
    await runner.begin()

    await asyncio.gather(
        *(runner.add(first_name=f"G{n}", last_name="X", group_id="New") for n in range(8))
    )

    members = await runner.service.group(DEFAULT, "New")
    assert sorted(member.body.first_name for member in members) == [f"G{n}" for n in range(8)]


async def test_answers_while_the_host_changes_the_places_never_oversell(store: Store) -> None:
    runner = CommandRunner(store)
    await runner.begin()
    await runner.carry_out(("settings", 0, {"max_guests": 4}))

    await asyncio.gather(
        runner.carry_out(("rsvp", 0, {"attending": True, "num_guests": 2})),
        runner.carry_out(("settings", 0, {"max_guests": 3})),
        runner.carry_out(("rsvp", 1, {"attending": True, "num_guests": 2})),
        runner.carry_out(("change", 2, {"attending": True, "num_guests": 2})),
    )

    stats = await runner.service.stats(DEFAULT)
    assert (stats.people, stats.capacity) == (2 * stats.attending, 3)
    assert (stats.attending, stats.waiting) in [(1, 2), (2, 1)]
    await check_figures(runner.service)
