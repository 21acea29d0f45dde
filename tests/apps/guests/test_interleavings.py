"""Whatever the order in which the store calls of several commands come, the promises hold.

Hypothesis chooses what has happened before, what happens at once, and which call goes next. Each
command has a service of its own, as in processes that know nothing of each other.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.apps.guests import DEFAULT, VIEWS
from gatherlog.engines import open_store
from gatherlog.testing import Interleaved, run_instantly
from tests.apps.guests.hosts import PLACED, Command, Host
from tests.apps.guests.naive import check_figures, check_rebuild
from tests.apps.guests.promises import Promises

ORDER = st.integers(0, 2**32)
"""Seeds: lists of choices shrink better, but hypothesis draws them short and mixes too little."""


async def interleave(before: list[Command], at_once: list[Command], order: int) -> Host:
    """The host after all commands; every promise checked after every commit."""
    store = await open_store("memory:", views=VIEWS)
    promises = Promises(store)
    host = Host(store)
    await host.begin()
    for first, group in ("Dan", "King"), ("Eve", "King"):
        await host.add(first_name=first, last_name="X", group_id=group, expected_guests=2)
    for command in before:
        await host.carry_out(command)
        await promises.check()
    interleaved = Interleaved(store, Random(order).randrange, promises.check)
    host.done = await interleaved.run(
        *(host.on(interleaved).carry_out(command) for command in at_once)
    )
    await check_figures(host.service)
    await check_rebuild(store)
    return host


@settings(max_examples=200)
@given(
    st.lists(PLACED, max_size=8),
    st.lists(PLACED, min_size=2, max_size=5),
    ORDER,
)
def test_every_promise_holds_after_every_commit(
    before: list[Command], at_once: list[Command], order: int
) -> None:
    run_instantly(interleave(before, at_once, order))


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
def test_a_family_is_never_forgotten(
    before: list[Command], at_once: list[Command], order: int
) -> None:
    async def story() -> None:
        host = await interleave(before, at_once, order)
        stats = await host.service.stats(DEFAULT)
        family = [await host.service.guest(DEFAULT, host.guests[who]) for who in (3, 4)]
        assert [member.body.status for member in family] == ["coming", "coming"]
        assert stats.waiting == 0

    run_instantly(story())


@settings(max_examples=40)
@given(ORDER)
def test_the_last_places_are_given_once(order: int) -> None:
    two = {"attending": True, "num_guests": 2}
    at_once: list[Command] = [("rsvp", who, two) for who in (1, 2, 3)]

    async def story() -> None:
        host = await interleave(FULL[:2], at_once, order)
        stats = await host.service.stats(DEFAULT)
        assert (stats.people, stats.waiting) == (4, 2)

    run_instantly(story())


@settings(max_examples=40)
@given(ORDER)
def test_nobody_is_refused_what_fits_in_whatever_order(order: int) -> None:
    """Ada has three of four places; she asks for one and for two at once: either is less."""
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
        host = await interleave(before, at_once, order)
        assert host.done == ["done", "done"]

    run_instantly(story())
