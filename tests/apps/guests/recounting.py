"""Checks of the figures of a gathering, by counting its guests, and of rebuilds from the log."""

from collections.abc import Iterable, Mapping

from gatherlog.apps.guests import (
    CATEGORIES,
    DEFAULT,
    DIETARY_TAGS,
    VIEWS,
    Gathering,
    Guest,
    GuestService,
    Stats,
)
from gatherlog.apps.guests.events import CODEC
from gatherlog.apps.guests.fold import FOLD
from gatherlog.core import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.testing import replayed
from tests.stores import eventually, scanned


def recounted(gathering: Gathering, guests: Iterable[Guest]) -> Stats:
    everybody = list(guests)
    coming = [guest for guest in everybody if guest.status == "coming"]
    people = sum(guest.num_guests for guest in coming)
    children = sum(min(guest.children, guest.num_guests) for guest in coming)
    capacity = gathering.max_guests
    states = [guest.status for guest in everybody]
    return Stats(
        total_guests=len(everybody),
        attending=len(coming),
        not_attending=states.count("declined"),
        pending=states.count("pending"),
        undecided=states.count("undecided"),
        waiting=states.count("waiting"),
        people=people,
        adults=people - children,
        children=children,
        total_expected=sum(guest.expected_guests for guest in everybody),
        with_allergies=len([g for g in coming if g.dietary or g.dietary_tags]),
        capacity=capacity,
        places_left=None if capacity is None else max(0, capacity - people),
        by_meal={
            tag: sum(guest.num_guests for guest in coming if tag in guest.dietary_tags)
            for tag in DIETARY_TAGS
        },
    )


async def check_figures(service: GuestService) -> None:
    """The figures agree with the guests, and the households with their members."""
    guests = await service.all_guests(DEFAULT)
    gathering = (await service.gathering(DEFAULT)).body
    assert await service.stats(DEFAULT) == recounted(gathering, guests)
    await eventually(lambda: listed(service), guests)

    households: dict[str, set[str]] = {}
    for guest in guests:
        if guest.group_id is not None:
            households.setdefault(guest.group_id, set()).add(guest.id)
    await eventually(lambda: group_sizes(service), {id: len(of) for id, of in households.items()})
    for id, members in households.items():
        assert {member.body.id for member in await service.group(DEFAULT, id)} == members


async def listed(service: GuestService) -> list[Guest]:
    """All guests whom the list of guests shows, in its order."""
    return [stored.body for stored in (await service.guests(DEFAULT)).items]


async def group_sizes(service: GuestService) -> dict[str, int]:
    """The households that their list shows, in its order, and how many members each has."""
    sizes: dict[str, int] = {}
    cursor = None
    while True:
        page = await service.groups(DEFAULT, cursor=cursor)
        sizes |= {size.group_id: size.member_count for size in page.items}
        if (cursor := page.cursor) is None:
            return sizes


async def check_rebuild(store: Store) -> None:
    """Rebuilding from the log gives every document byte for byte, and every counter but zeros.

    A commit whose events add to a counter and subtract the same again does not create it.
    """
    state = await replayed(store, CODEC, FOLD, f"gathering-{DEFAULT}")
    bodies, counters = {}, {}
    for view in VIEWS:
        for document in await scanned(store, view.name):
            bodies[view.name, document.id] = document.body
            if document.counters:
                counters[view.name, document.id] = _not_zero(document.counters)
    assert state.encoded() == bodies
    assert {ref: _not_zero(counted) for ref, counted in state.counters.items()} == counters
    assert [difference async for difference in verify(store, CATEGORIES)] == []


def _not_zero(counters: Mapping[str, int]) -> dict[str, int]:
    return {counter: count for counter, count in counters.items() if count}
