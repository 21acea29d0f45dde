"""The invariants of places and of the waiting list, checked on a store; see decision 0005."""

from gatherlog.apps.guests import DEFAULT
from gatherlog.apps.guests.views import GATHERINGS, GUESTS, WAITING_LISTS, Guest
from gatherlog.core import Store
from gatherlog.core.commands.places import Unit, WaitingList
from tests.stores import scanned


class PlaceInvariants:
    """The invariants of the gathering `default`; to be checked after every commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seats = 0
        self._units: tuple[Unit, ...] = ()
        self.seen = 0

    async def check(self) -> None:
        """Raise AssertionError if an invariant is violated, at present or since the last check."""
        [document] = await self._store.get([GATHERINGS.ref(DEFAULT)])
        gathering = GATHERINGS.read(document)
        assert document is not None
        assert gathering is not None
        [waiting_list] = await self._store.get([WAITING_LISTS.ref(DEFAULT)])
        units = (WAITING_LISTS.read(waiting_list) or WaitingList()).units
        guests = {}
        for found in await scanned(self._store, GUESTS.name):
            guest = GUESTS.read(found)
            assert guest is not None
            guests[guest.id] = guest
        seats = sum(guest.seats for guest in guests.values())
        assert document.counters.get("seats", 0) == seats
        assert document.counters.get("queued", 0) == len(units)
        _no_free_place_while_one_who_fits_waits(gathering.max_guests, seats, units)
        _who_waits_is_in_the_list(guests, units)
        if self.seen:
            self._never_oversold(gathering.max_guests, seats)
            self._first_come(units)
            self._together_or_not_at_all(guests, units)
        self._seats, self._units = seats, units
        self.seen += 1

    def _never_oversold(self, capacity: int | None, seats: int) -> None:
        if capacity is not None and seats > self._seats:
            assert seats <= capacity

    def _first_come(self, units: tuple[Unit, ...]) -> None:
        """Units that stay keep their order, and new ones are behind them, one for each commit."""
        before = [unit.id for unit in self._units]
        after = [unit.id for unit in units]
        stayed = [unit for unit in before if unit in after]
        assert after[: len(stayed)] == stayed
        assert len(after) - len(stayed) <= 1

    def _together_or_not_at_all(self, guests: dict[str, Guest], units: tuple[Unit, ...]) -> None:
        """Nobody comes while a guest of the same unit still waits."""
        still = {guest for unit in units for guest, _ in unit.members}
        for unit in self._units:
            members = [guests[guest] for guest, _ in unit.members if guest in guests]
            came = [guest for guest in members if guest.status == "coming"]
            assert not came or not [guest for guest in members if guest.id in still]


def _no_free_place_while_one_who_fits_waits(
    capacity: int | None, seats: int, units: tuple[Unit, ...]
) -> None:
    assert capacity is not None or not units
    assert [unit for unit in units if seats + unit.people <= (capacity or 0)] == []


def _who_waits_is_in_the_list(guests: dict[str, Guest], units: tuple[Unit, ...]) -> None:
    listed = [member for unit in units for member in unit.members]
    assert len(dict(listed)) == len(listed)
    assert dict(listed) == {
        guest.id: guest.num_guests for guest in guests.values() if guest.status == "waiting"
    }
    assert all(unit.members for unit in units)
    assert all(guest.attending is None for guest in guests.values() if guest.status == "waiting")
