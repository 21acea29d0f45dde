"""The invariants of places hold in every order of the store calls of concurrent commands.

Hypothesis chooses the commands before, the concurrent commands, and the order of the store calls.
Each command has a service of its own, as if it ran in a process of its own.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.apps.guests import DEFAULT, VIEWS
from gatherlog.engines import open_store
from gatherlog.testing import Interleaved, run_instantly
from tests.apps.guests.place_invariants import PlaceInvariants
from tests.apps.guests.random_commands import PLACE_COMMAND, Command, CommandRunner
from tests.apps.guests.recounting import check_figures, check_rebuild

ORDER = st.integers(0, 2**32)
"""Seeds. Lists of choices would shrink better, but hypothesis draws lists that are too short."""


pytestmark = pytest.mark.parametrize("url", ["memory:", "hostile:1"])


async def interleave(
    url: str, before: list[Command], at_once: list[Command], order: int
) -> CommandRunner:
    """The runner after all commands; every invariant was checked after every commit."""
    store = await open_store(url, views=VIEWS)
    invariants = PlaceInvariants(store)
    runner = CommandRunner(store)
    await runner.begin()
    for first, group in ("Dan", "King"), ("Eve", "King"):
        await runner.add(first_name=first, last_name="X", group_id=group, expected_guests=2)
    for command in before:
        await runner.carry_out(command)
        await invariants.check()
    interleaved = Interleaved(store, Random(order).randrange, invariants.check)
    runner.done = await interleaved.run(
        *(runner.on(interleaved).carry_out(command) for command in at_once)
    )
    await check_figures(runner.service)
    await check_rebuild(store)
    return runner


@settings(max_examples=200)
@given(
    before=st.lists(PLACE_COMMAND, max_size=8),
    at_once=st.lists(PLACE_COMMAND, min_size=2, max_size=5),
    order=ORDER,
)
def test_every_invariant_holds_after_every_commit(
    url: str, before: list[Command], at_once: list[Command], order: int
) -> None:
    run_instantly(interleave(url, before, at_once, order))


FULL: list[Command] = [
    ("settings", 0, {"max_guests": 4}),
    ("rsvp", 0, {"attending": True, "num_guests": 2}),
    ("rsvp", 1, {"attending": True, "num_guests": 2}),
]
A_FAMILY_OF_FOUR: Command = (
    "together",
    3,
    {0: {"attending": True, "num_guests": 2}, 1: {"attending": True, "num_guests": 2}},
)
NO_0: Command = ("rsvp", 0, {"attending": False})
NO_1: Command = ("rsvp", 1, {"attending": None})
MORE: Command = ("settings", 0, {"max_guests": 8})


@pytest.mark.parametrize(
    ("before", "at_once"),
    [
        pytest.param([*FULL, A_FAMILY_OF_FOUR], [NO_0, NO_1], id="two cancel at once"),
        pytest.param(FULL, [A_FAMILY_OF_FOUR, NO_0, NO_1], id="two cancel while a family joins"),
        pytest.param(FULL, [A_FAMILY_OF_FOUR, MORE], id="room is made while a family joins"),
        pytest.param(FULL, [A_FAMILY_OF_FOUR, ("remove", 0, {}), NO_1], id="a guest is removed"),
    ],
)
@settings(max_examples=40)
@given(order=ORDER)
def test_a_family_that_fits_always_moves_up(
    url: str, before: list[Command], at_once: list[Command], order: int
) -> None:
    async def story() -> None:
        runner = await interleave(url, before, at_once, order)
        stats = await runner.service.stats(DEFAULT)
        family = [await runner.service.guest(DEFAULT, runner.guests[who]) for who in (3, 4)]
        assert [member.body.status for member in family] == ["coming", "coming"]
        assert stats.waiting == 0

    run_instantly(story())


@settings(max_examples=40)
@given(order=ORDER)
def test_the_last_places_are_given_once(url: str, order: int) -> None:
    two = {"attending": True, "num_guests": 2}
    at_once: list[Command] = [("rsvp", who, two) for who in (1, 2, 3)]

    async def story() -> None:
        runner = await interleave(url, FULL[:2], at_once, order)
        stats = await runner.service.stats(DEFAULT)
        assert (stats.people, stats.waiting) == (4, 2)

    run_instantly(story())


@settings(max_examples=40)
@given(order=ORDER)
def test_an_answer_that_fits_is_accepted_in_every_order_of_calls(url: str, order: int) -> None:
    """Ada has three of four places and asks for one and for two at once; both are fewer."""
    before: list[Command] = [
        FULL[0],
        ("rsvp", 0, {"attending": True, "num_guests": 3}),
        ("rsvp", 1, {"attending": True, "num_guests": 1}),
    ]
    at_once: list[Command] = [
        ("rsvp", 0, {"attending": True, "num_guests": 1}),
        ("rsvp", 0, {"attending": True, "num_guests": 2}),
    ]

    async def story() -> None:
        runner = await interleave(url, before, at_once, order)
        assert runner.done == ["done", "done"]

    run_instantly(story())
