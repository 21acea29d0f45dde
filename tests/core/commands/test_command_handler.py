"""The command handler: load, decide, fold, commit; and decide again if documents changed."""

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
import pytest

from gatherlog.core import (
    DELETE,
    Change,
    Codec,
    CommandHandler,
    Commit,
    Committed,
    Decided,
    Document,
    Handled,
    Happened,
    Once,
    Ref,
    Store,
    UnitOfWork,
    View,
    event_type,
)
from gatherlog.core.eventstore.errors import Busy, KeyReused, Refused, StoreFailed
from gatherlog.engines import open_store
from tests.stores import events_of, eventually

NOW = 1_790_000_000_000_000


@event_type("tests.seat_taken")
class SeatTaken(msgspec.Struct, frozen=True):
    guest: str


@event_type("tests.guest_left")
class GuestLeft(msgspec.Struct, frozen=True):
    guest: str


class Seat(msgspec.Struct, frozen=True):
    guest: str
    times: int = 1


class Hall(msgspec.Struct, frozen=True):
    capacity: int


SEATS = View("seat", Seat, by_guest=lambda seat: (seat.guest,))
HALLS = View("hall", Hall)


class Seating:
    """A seat per guest, and a count of seats in the hall."""

    views: tuple[View[Any], ...] = (SEATS, HALLS)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [SEATS.ref(happened.payload.guest), HALLS.ref("hall")]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        guest = happened.payload.guest
        seat: Seat | None = documents[SEATS.ref(guest)]
        if isinstance(happened.payload, GuestLeft):
            yield Change(SEATS, guest, DELETE)
            yield Change(HALLS, "hall", adds={"taken": -1})
        elif seat is None:
            yield Change(SEATS, guest, Seat(guest))
            yield Change(HALLS, "hall", adds={"taken": 1})
        else:
            yield Change(SEATS, guest, Seat(guest, seat.times + 1))


class Careless(Seating):
    """Changes documents that its keys do not name."""

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return []


def handler(store: Store, fold: Seating | None = None) -> CommandHandler:
    numbers = itertools.count(1)
    return CommandHandler(
        store,
        Codec([SeatTaken, GuestLeft]),
        fold or Seating(),
        clock=lambda: NOW,
        ids=lambda: f"e-{next(numbers)}",
    )


@pytest.fixture(params=["memory:", "hostile:1"])
async def store(request: pytest.FixtureRequest) -> Store:
    return await open_store(request.param, views=Seating.views)


def decides(*payloads: msgspec.Struct) -> Any:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        return [Decided(payload, "guest") for payload in payloads]

    return attempt


async def test_decided_events_are_appended_and_folded(store: Store) -> None:
    handled = await handler(store).handle("hall-1", decides(SeatTaken("ada")), meta=b"me")

    [found] = await events_of(store, "hall-1")
    assert (found.id, found.type, found.time, found.recorded, found.data) == (
        "e-1",
        "tests.seat_taken",
        NOW,
        NOW,
        b'{"guest":"ada"}',
    )
    assert (found.subject, found.meta) == ("guest", b"me")
    assert handled.events == [Decided(SeatTaken("ada"), "guest")]
    assert handled.bodies == {("seat", "ada"): Seat("ada"), ("hall", "hall"): None}
    assert handled.versions == {("seat", "ada"): 1, ("hall", "hall"): 0}
    [seat] = await store.get([("seat", "ada")])
    assert SEATS.read(seat) == Seat("ada")

    async def listed() -> list[Document]:
        return (await store.query(SEATS.query("by_guest", "ada"))).documents

    await eventually(listed, [seat])
    [hall] = await store.get([("hall", "hall")])
    assert hall is not None
    assert (hall.body, hall.counters) == (None, {"taken": 1})


async def test_events_of_one_command_build_on_each_other(store: Store) -> None:
    events = [SeatTaken("ada"), SeatTaken("bob"), SeatTaken("ada"), GuestLeft("bob")]

    handled = await handler(store).handle("hall-1", decides(*events))

    assert handled.bodies == {
        ("seat", "ada"): Seat("ada", 2),
        ("seat", "bob"): None,
        ("hall", "hall"): None,
    }
    [ada, bob] = await store.get([("seat", "ada"), ("seat", "bob")])
    assert (SEATS.read(ada), ada and ada.version, bob) == (Seat("ada", 2), 4, None)
    [hall] = await store.get([("hall", "hall")])
    assert hall is not None
    assert hall.counters == {"taken": 1}


async def test_deciding_nothing_writes_nothing(store: Store) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        assert await unit.get(SEATS, "ada") is None
        return []

    handled = await handler(store).handle("hall-1", attempt)

    assert handled == Handled((), {("seat", "ada"): None}, {("seat", "ada"): 0})
    assert await events_of(store, "hall-1") == []


async def test_what_an_attempt_raises_is_raised_and_nothing_is_written(store: Store) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        raise Refused("no more")

    with pytest.raises(Refused, match="no more"):
        await handler(store).handle("hall-1", attempt)
    assert await events_of(store, "hall-1") == []


async def test_a_command_is_decided_again_if_a_loaded_document_changed(store: Store) -> None:
    rival, ours = handler(store), handler(store)
    seen: list[Seat | None] = []

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        seen.append(await unit.get(SEATS, "ada"))
        if len(seen) < 3:
            await rival.handle("hall-1", decides(SeatTaken("ada")))
        return [Decided(SeatTaken("bob"))]

    await ours.handle("hall-1", attempt)

    assert seen == [None, Seat("ada", 1), Seat("ada", 2)]
    assert [e.data for e in await events_of(store, "hall-1")] == [
        b'{"guest":"ada"}',
        b'{"guest":"ada"}',
        b'{"guest":"bob"}',
    ]


async def test_a_command_is_decided_again_if_a_counter_went_beyond_its_bound(store: Store) -> None:
    rival, ours = handler(store), handler(store)
    tries: list[int] = []

    async def attempt(unit: UnitOfWork) -> Sequence[Decided]:
        await unit.get(HALLS, "hall")
        taken = unit.counters(HALLS, "hall").get("taken", 0)
        tries.append(taken)
        if taken >= 1:
            raise Refused("full")
        await rival.handle("hall-1", decides(SeatTaken("ada")))
        unit.demand(HALLS, "hall", at_most={"taken": 1})
        return [Decided(SeatTaken("bob"))]

    with pytest.raises(Refused, match="full"):
        await ours.handle("hall-1", attempt)
    assert tries == [0, 1]


async def test_racing_commands_all_happen_in_some_order(store: Store) -> None:
    ours = handler(store)

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.get(SEATS, "ada")
        await asyncio.sleep(0)
        return [Decided(SeatTaken("ada"))]

    await asyncio.gather(*[ours.handle("hall-1", attempt) for _ in range(10)])

    [seat] = await store.get([("seat", "ada")])
    assert SEATS.read(seat) == Seat("ada", 10)


async def test_documents_that_never_stop_changing_make_a_command_busy_and_block_no_other_task(
    store: Store,
) -> None:
    rival, ours = handler(store), handler(store)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.get(SEATS, "ada")
        await rival.handle("hall-1", decides(SeatTaken("ada")))
        return [Decided(SeatTaken("bob"))]

    loop = asyncio.get_running_loop()
    beside, started = asyncio.create_task(others()), loop.time()
    with pytest.raises(Busy):
        await ours.handle("hall-1", attempt)
    beside.cancel()

    assert 5 <= loop.time() - started < 7
    assert turns > 50
    assert await store.get([("seat", "bob")]) == [None]


def once(fingerprint: bytes = b"f") -> Once:
    """The idempotency key "k"; the answer is how many events there were."""
    return Once("k", fingerprint, lambda handled: b"%d events" % len(handled.events))


async def test_a_repeated_key_gives_the_stored_answer_and_writes_nothing(store: Store) -> None:
    ours = handler(store)
    first = await ours.handle("hall-1", decides(SeatTaken("ada")), once=once())

    again = await ours.handle("hall-1", decides(SeatTaken("bob")), once=once())

    assert len(await events_of(store, "hall-1")) == 1
    assert (first.repeated, first.answer) == (False, b"1 events")
    assert again == Handled(repeated=True, answer=b"1 events")


async def test_a_command_that_decides_nothing_stores_its_answer_too(store: Store) -> None:
    ours = handler(store)

    first = await ours.handle("hall-1", decides(), once=once())

    assert (first.repeated, first.events, first.answer) == (False, [], b"0 events")
    assert await events_of(store, "hall-1") == []
    assert await ours.handle("hall-1", decides(SeatTaken("bob")), once=once()) == Handled(
        repeated=True, answer=b"0 events"
    )
    assert await events_of(store, "hall-1") == []


async def test_a_repeated_key_gives_the_stored_answer_although_it_would_now_be_refused(
    store: Store,
) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")), once=once())

    async def refuses(unit: UnitOfWork) -> list[Decided]:
        raise Refused("she has a seat already")

    again = await ours.handle("hall-1", refuses, once=once())

    assert again == Handled(repeated=True, answer=b"1 events")
    with pytest.raises(KeyReused):
        await ours.handle("hall-1", refuses, once=once(b"another command"))


async def test_a_key_that_was_used_in_the_meantime_gives_the_stored_answer(store: Store) -> None:
    ours = handler(store)

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await handler(store).handle("hall-1", decides(SeatTaken("ada")), once=once())
        return [Decided(SeatTaken("ada")), Decided(SeatTaken("bob"))]

    handled = await ours.handle("hall-1", attempt, once=once())

    assert handled == Handled(repeated=True, answer=b"1 events")


async def test_a_key_of_another_command_is_refused(store: Store) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")), once=once(b"one"))

    with pytest.raises(KeyReused):
        await ours.handle("hall-1", decides(SeatTaken("bob")), once=once(b"two"))
    assert len(await events_of(store, "hall-1")) == 1


async def test_a_refusal_from_inconsistent_reads_is_decided_again(store: Store) -> None:
    ours = handler(store)
    tries = 0

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        nonlocal tries
        tries += 1
        ada = await unit.get(SEATS, "ada")
        if tries == 1:
            await handler(store).handle("hall-1", decides(SeatTaken("ada"), SeatTaken("bob")))
        bob = await unit.get(SEATS, "bob")
        if (ada is None) != (bob is None):
            raise Refused("only one of them has a seat")
        return [Decided(SeatTaken("eve"))]

    await ours.handle("hall-1", attempt)

    assert tries == 2
    assert [e.data for e in await events_of(store, "hall-1")][2:] == [b'{"guest":"eve"}']


async def test_a_refusal_from_present_documents_is_raised_at_once(store: Store) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")))
    tries = 0

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        nonlocal tries
        tries += 1
        await unit.get(SEATS, "ada")
        raise Refused("taken")

    with pytest.raises(Refused):
        await ours.handle("hall-1", attempt)
    assert tries == 1


class Unacknowledged:
    """A store whose commits are made, and whose acknowledgements are lost."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        await self._store.commit(commit)
        raise StoreFailed("the answer was lost")


async def test_a_command_whose_outcome_is_unknown_is_not_carried_out_again(store: Store) -> None:
    lossy = Unacknowledged(store)

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.get(SEATS, "ada")
        return [Decided(SeatTaken("ada"))]

    with pytest.raises(StoreFailed):
        await handler(cast(Store, lossy)).handle("hall-1", attempt)
    assert len(await events_of(store, "hall-1")) == 1


async def test_every_document_that_was_loaded_is_demanded(store: Store) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")))
    loads = 0

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        nonlocal loads
        loads += 1
        assert await unit.get_all(SEATS, ["ada", "eve", "ada"]) == [
            seat := await unit.get(SEATS, "ada"),
            None,
            seat,
        ]
        if loads == 1:
            await handler(store).handle("hall-1", decides(SeatTaken("eve"), GuestLeft("eve")))
            await handler(store).handle("hall-1", decides(SeatTaken("ada")))
        return [Decided(SeatTaken("bob"))]

    handled = await ours.handle("hall-1", attempt)

    assert loads == 2
    assert handled.bodies[("seat", "ada")] == Seat("ada", 2)
    assert handled.versions[("seat", "ada")] == 4


async def test_a_document_that_was_assumed_to_be_new_must_be_missing(store: Store) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")))
    seen: list[Seat | None] = []

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        if not seen:
            unit.assume_new(SEATS, "ada")
        unit.assume_new(SEATS, "new")
        seen.append(await unit.get(SEATS, "ada"))
        return [Decided(SeatTaken("new"))]

    handled = await ours.handle("hall-1", attempt)

    assert seen == [None, Seat("ada")]
    assert handled.bodies["seat", "new"] == Seat("new")


async def test_nothing_is_demanded_of_a_document_that_is_only_shown(store: Store) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")))
    tries = 0

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        nonlocal tries
        tries += 1
        await unit.show((SEATS, "ada"))
        await handler(store).handle("hall-1", decides(SeatTaken("ada")))
        return [Decided(SeatTaken("bob"))]

    handled = await ours.handle("hall-1", attempt)

    assert tries == 1
    assert handled.bodies["seat", "ada"] == Seat("ada", 1)
    assert handled.versions["seat", "ada"] == 1


async def test_documents_beside_those_that_are_loaded_are_given_back_and_not_demanded(
    store: Store,
) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")))
    seen: list[int | None] = []

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        beside = [SEATS.ref("ada"), SEATS.ref("nobody")]
        found = await unit.load((SEATS, "bob"), beside=beside)
        seen.extend(None if one is None else one.version for one in found)
        await handler(store).handle("hall-1", decides(SeatTaken("ada")))
        assert unit.body(SEATS, "bob") is None
        return [Decided(SeatTaken("bob"))]

    handled = await ours.handle("hall-1", attempt)

    assert seen == [1, None]
    assert handled.versions.keys() == {("seat", "bob"), ("hall", "hall")}


async def test_a_document_that_was_shown_and_is_then_loaded_is_demanded_as_it_was_shown(
    store: Store,
) -> None:
    ours = handler(store)
    await ours.handle("hall-1", decides(SeatTaken("ada")))
    seen: list[Seat | None] = []

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.show((SEATS, "ada"))
        if not seen:
            await handler(store).handle("hall-1", decides(SeatTaken("ada")))
        seen.append(await unit.get(SEATS, "ada"))
        return [Decided(SeatTaken("bob"))]

    await ours.handle("hall-1", attempt)

    assert seen == [Seat("ada", 1), Seat("ada", 2)]


async def test_a_demand_on_a_document_that_was_not_loaded_is_an_error(store: Store) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        unit.demand(HALLS, "hall", at_most={"taken": 0})
        return [Decided(SeatTaken("ada"))]

    with pytest.raises(ValueError, match="not loaded"):
        await handler(store).handle("hall-1", attempt)


async def test_several_demands_of_one_document_all_hold(store: Store) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.get(HALLS, "hall")
        unit.demand(HALLS, "hall", at_most={"taken": 1})
        unit.demand(HALLS, "hall", at_least={"taken": 0}, at_most={"queued": 0})
        assert (unit.at_most, unit.at_least) == (
            {("hall", "hall"): {"taken": 1, "queued": 0}},
            {("hall", "hall"): {"taken": 0}},
        )
        return [Decided(SeatTaken("ada"))]

    await handler(store).handle("hall-1", attempt)


async def test_a_fold_that_changes_a_document_it_did_not_name_is_an_error(store: Store) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        await unit.get(SEATS, "ada")
        return [Decided(SeatTaken("ada"))]

    with pytest.raises(ValueError, match="not named by its keys"):
        await handler(store, Careless()).handle("hall-1", attempt)
    assert await events_of(store, "hall-1") == []
