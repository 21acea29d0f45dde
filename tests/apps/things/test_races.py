"""32 concurrent callers on every engine: places are exact, and everything is decided once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import msgspec
import pytest

from gatherlog.apps.things import AlreadyBooked, Reason, ThingService, WrongState
from gatherlog.apps.things.views import BOOKINGS
from gatherlog.core import Store
from gatherlog.core.commands.turns import CommandLocks
from gatherlog.core.eventstore.errors import Conflict, GatherlogError, NotFound
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.guests.slow_reads import SlowReads
from tests.apps.things.booking_invariants import check_bookings, check_rebuild
from tests.apps.things.sample_things import (
    OLGA,
    PIA,
    RITA,
    SATURDAY,
    Town,
    content,
    event,
)
from tests.stores import events_of, scanned

CALLERS = 32


@pytest.fixture(params=["one process", "many"])
async def town(
    request: pytest.FixtureRequest,
    store: Store,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Town:
    """Its reads let other tasks run, as over a network, so that all read before one commits.

    With "many", commands do not share a lock, as if each ran in a process of its own.
    """
    if request.param == "many":
        monkeypatch.setattr(CommandLocks, "of", lambda locks, id: asyncio.Lock())
    return Town(ThingService(SlowReads(store), clock=clock, ids=CountingIds()))


@pytest.fixture(autouse=True)
async def checked(town: Town, store: Store) -> AsyncIterator[None]:
    """After every race, all invariants hold and all documents are what the log says."""
    yield
    await check_bookings(store)
    await check_rebuild(store)


async def outcomes(*commands: Awaitable[object]) -> list[str]:
    """What became of each command: done, or the code of its refusal."""
    found = await asyncio.gather(*commands, return_exceptions=True)
    assert [one for one in found if isinstance(one, BaseException)] == [
        one for one in found if isinstance(one, GatherlogError)
    ]
    return sorted(one.code if isinstance(one, GatherlogError) else "done" for one in found)


async def statuses(store: Store) -> set[str]:
    """The states of all bookings there are."""
    found = [BOOKINGS.read(document) for document in await scanned(store, BOOKINGS.name)]
    return {booking.status for booking in found if booking is not None}


@pytest.mark.on_database
async def test_the_last_place_goes_to_one_of_32(town: Town) -> None:
    thing = await town.published(content(capacity=1))

    booked = await asyncio.gather(*(town.book(thing, f"p{n}") for n in range(CALLERS)))

    assert sorted(one.status for one in booked) == ["BOOKED"] + ["WAITING"] * 31


async def test_32_cancel_at_once_and_all_who_wait_move_up(town: Town) -> None:
    """Each cancellation frees one place and each family needs two, so none alone makes room."""
    thing = await town.published(content(capacity=CALLERS))
    booked = [await town.book(thing, f"p{n}") for n in range(CALLERS)]
    families = [await town.book(thing, f"f{n}", people=2) for n in range(CALLERS // 2)]

    await asyncio.gather(
        *(town.service.cancel_booking(one.id, one.account_id, actor="cli") for one in booked)
    )

    assert {await town.status(one) for one in families} == {"BOOKED"}


@pytest.mark.on_database
async def test_one_parent_books_once_however_often_at_once(town: Town) -> None:
    thing = await town.published(content(capacity=4))

    told = await outcomes(*(town.book(thing) for _ in range(CALLERS)))

    assert told == [AlreadyBooked.code] * 31 + ["done"]


@pytest.mark.on_database
async def test_nobody_books_what_is_withdrawn_meanwhile(town: Town, store: Store) -> None:
    thing = await town.published(content(capacity=8))
    withdraw = town.service.withdraw_thing(thing.id, "ill", OLGA, actor="cli")

    told = await outcomes(
        *(town.book(thing, f"p{n}") for n in range(16)),
        withdraw,
        *(town.book(thing, f"p{n}") for n in range(16, CALLERS)),
    )

    assert set(told) <= {"done", NotFound.code}
    assert await statuses(store) <= {"CANCELLED"}


async def test_nobody_books_a_date_that_is_cancelled_meanwhile(town: Town, store: Store) -> None:
    thing = await town.published(content(capacity=8))
    cancel = town.service.cancel_occurrence(thing.id, SATURDAY, "ill", OLGA, actor="cli")

    told = await outcomes(*(town.book(thing, f"p{n}") for n in range(CALLERS)), cancel)

    assert set(told) <= {"done", "invalid"}
    assert await statuses(store) <= {"CANCELLED"}


async def test_more_places_while_32_book(town: Town) -> None:
    thing = await town.published(content(capacity=3))

    await asyncio.gather(
        *(town.book(thing, f"p{n}") for n in range(16)),
        town.replaced(thing, capacity=20),
        *(town.book(thing, f"p{n}") for n in range(16, CALLERS)),
    )

    places = await town.service.places_left(thing.id, SATURDAY)
    assert (places.booked, places.waiting) == (20, 12)


async def test_it_is_approved_once(town: Town, store: Store) -> None:
    thing = await town.pending()

    told = await outcomes(
        *(town.service.approve(thing.id, f"r{n}", actor="cli") for n in range(CALLERS))
    )

    assert told == ["done"] + [WrongState.code] * 31
    types = [event.type for event in await events_of(store, f"thing-{thing.id}")]
    assert types.count("things.approved") == 1


async def test_a_new_version_replaces_the_content_exactly_once(town: Town, store: Store) -> None:
    live = await town.published()
    draft = (await town.service.make_new_version(live.id, OLGA, actor="cli")).body
    await town.service.change_thing(draft.id, event(), OLGA, actor="cli")
    await town.service.submit_thing(draft.id, OLGA, actor="cli")

    told = await outcomes(
        *(town.service.approve(draft.id, f"r{n}", actor="cli") for n in range(CALLERS))
    )

    assert told == ["done"] + [WrongState.code] * 31
    types = [event.type for event in await events_of(store, f"thing-{live.id}")]
    assert types.count("things.version_replaced") == 1
    assert (await town.service.published_thing(live.id)).body.content == event()


async def test_one_reviewer_approves_and_another_rejects(town: Town) -> None:
    thing = await town.pending()
    why = (Reason("name", "Frogs?"),)

    told = await outcomes(
        town.service.approve(thing.id, RITA, actor="cli"),
        town.service.reject(thing.id, why, "account-ron", actor="cli"),
    )

    assert told == ["done", WrongState.code]


async def test_a_reviewer_approves_what_was_seen_and_nothing_newer(town: Town) -> None:
    thing = await town.pending()
    seen = await town.service.review(thing.id)
    edited = msgspec.structs.replace(thing.content, name="Something else")

    approve = town.service.approve(thing.id, RITA, actor="cli", expects=seen.version)
    change = town.service.change_thing(thing.id, edited, OLGA, actor="cli")
    told = await outcomes(approve, change)

    assert told in (["conflict", "done"], ["done", WrongState.code])
    found = (await town.service.own_thing(thing.id, OLGA)).body
    approved = ("PUBLISHED", thing.content.name), ("PENDING", "Something else")
    assert (found.status, found.content.name) in approved
    assert Conflict.code == "conflict"


async def test_it_is_published_while_it_is_edited_or_edited_first(town: Town) -> None:
    thing = await town.draft()

    told = await outcomes(
        *(town.service.submit_thing(thing.id, OLGA, actor="cli") for _ in range(8)),
        *(town.service.change_thing(thing.id, event(), OLGA, actor="cli") for _ in range(8)),
    )

    assert told == ["done"] * 9 + [WrongState.code] * 7
    assert (await town.service.own_thing(thing.id, OLGA)).body.status == "PENDING"


async def test_there_is_one_new_version_of_32(town: Town) -> None:
    live = await town.published()

    told = await outcomes(
        *(town.service.make_new_version(live.id, OLGA, actor="cli") for _ in range(CALLERS))
    )

    assert told == ["done"] + [WrongState.code] * 31


async def test_a_favourite_is_added_once(town: Town, store: Store) -> None:
    thing = await town.published()

    await asyncio.gather(
        *(town.service.add_favourite(thing.id, PIA, actor="cli") for _ in range(CALLERS))
    )

    assert len(await events_of(store, f"favourites-{thing.id}")) == 1
