"""The invariants of bookings and waiting lists, checked on a store; see decision 0005."""

from gatherlog.apps.things import CATEGORIES, Booking
from gatherlog.apps.things.occurrences import occurrence
from gatherlog.apps.things.views import BOOKED_BY, BOOKINGS, OCCURRENCES, THINGS, WAITING
from gatherlog.core import Store
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.projections.rebuild import verify
from tests.stores import scanned


async def check_bookings(store: Store, *, promoted: bool = True) -> None:
    """At every occurrence: figures are exact, nobody is there twice, and nothing is oversold.

    With `promoted`, no place is free while somebody waits who fits.
    """
    found = [BOOKINGS.read(document) for document in await scanned(store, BOOKINGS.name)]
    bookings = [booking for booking in found if booking is not None]
    for document in await scanned(store, OCCURRENCES.name):
        thing_id, _, key = document.id.partition("/")
        here = [one for one in bookings if (one.thing_id, one.key) == (thing_id, key)]
        [known, listed] = await store.get([THINGS.ref(thing_id), WAITING.ref(document.id)])
        thing, waiting = THINGS.read(known), WAITING.read(listed) or WaitingList()
        assert thing is not None
        booked = [one for one in here if one.status == "BOOKED"]
        waits = [one for one in here if one.status == "WAITING"]
        seats = sum(one.places for one in booked)
        assert {name: count for name, count in document.counters.items() if count} == {
            name: count
            for name, count in (
                ("seats", seats),
                ("bookings", len(booked)),
                ("queued", len(waits)),
            )
            if count
        }
        assert {(unit.id, unit.people) for unit in waiting.units} == {
            (one.id, one.places) for one in waits
        }
        await _check_nobody_is_there_twice(store, document.id, [*booked, *waits])
        is_on = occurrence(thing.content, thing.altered, key) is not None
        if promoted and thing.status == "PUBLISHED" and is_on:
            capacity = thing.content.capacity
            assert capacity is not None or not waits
            fits = [one for one in waits if seats + one.places <= (capacity or 0)]
            assert fits == []


async def check_rebuild(store: Store) -> None:
    """Every document is what the log says."""
    assert [difference async for difference in verify(store, CATEGORIES)] == []


async def _check_nobody_is_there_twice(store: Store, id: str, live: list[Booking]) -> None:
    owners = [one.account_id for one in live]
    assert len(set(owners)) == len(owners)
    documents = await scanned(store, BOOKED_BY.name)
    held = {document.id: BOOKED_BY.read(document) for document in documents}
    mine = {owner: held[f"{id}/{owner}"] for owner in owners}
    assert {owner: one.booking_id for owner, one in mine.items() if one is not None} == {
        one.account_id: one.id for one in live
    }
    assert len([key for key in held if key.startswith(f"{id}/")]) == len(owners)
