"""Which guest a row of a sheet is about, and what the row changes in the guest. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence

from msgspec import UNSET, UnsetType

from gatherlog.apps.guests.checks import Checks
from gatherlog.apps.guests.decisions import add_guest
from gatherlog.apps.guests.inputs import MOST_MEMBERS, GuestPatch, NewGuest
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.checks import MOST_FLAWS
from gatherlog.core.commands.text import folded, folded_email
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["checking_rows", "matching_rows", "new_guest", "patch"]

Key = Hashable | None


def checking_rows(rows: Sequence[SheetRow]) -> Steps[None]:
    """Raise Invalid naming every wrong field, up to MOST_FLAWS, as `/lines/<line>/<field>`."""
    flaws: list[Flaw] = []
    sizes: Counter[str | None] = Counter()
    for row in rows:
        check = Checks(f"/lines/{row.line}")
        try:
            add_guest(new_guest(row), None)
        except Invalid as wrong:
            flaws += [Flaw(f"/lines/{row.line}{flaw.pointer}", flaw.detail) for flaw in wrong.flaws]
        sizes[row.group_id] += 1
        if row.group_id is not None and sizes[row.group_id] > MOST_MEMBERS:
            check.note("group_id", f"names a household that is full: {MOST_MEMBERS:,} members")
        flaws += check.flaws
        if len(flaws) >= MOST_FLAWS:
            break
        yield
    if flaws:
        raise Invalid(*flaws[:MOST_FLAWS])


def matching_rows(rows: Sequence[SheetRow], guests: Sequence[Guest]) -> Steps[list[Guest | None]]:
    """For each row the guest whom it is about, or None for a new guest; each guest at most once.

    They are matched by these keys, one after the other: address, name and household; address and
    name; an address that only one row and one guest have, since families may share one; name and
    household; a name that only one row and one guest have, if either has no household.
    """
    matching = _Matching(rows, guests)
    yield from matching.pair(_address_name_and_group, _address_name_and_group)
    yield from matching.pair(_address_and_name, _address_and_name)
    yield from matching.pair(_address, _address, unique=True)
    yield from matching.pair(_name_and_group, _name_and_group)
    yield from matching.pair(_name, _name, unique=True, fits=_household_unsaid)
    found: list[Guest | None] = []
    for place in range(len(rows)):
        found.append(matching.found.pop(place, None))
        yield
    return found


def new_guest(row: SheetRow) -> NewGuest:
    return NewGuest(
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        group_id=row.group_id,
        expected_guests=1 if row.expected_guests is None else row.expected_guests,
        children=int(row.child or False) if row.children is None else row.children,
        dietary=row.dietary,
        dietary_tags=row.dietary_tags,
    )


def patch(row: SheetRow, guest: Guest) -> GuestPatch:
    """What the row changes in a guest who exists.

    An empty cell changes nothing. Diet and children do not change once the guest has answered.
    """
    answered = guest.rsvp_at is not None
    return GuestPatch(
        first_name=row.first_name,
        last_name=row.last_name or UNSET,
        email=UNSET if row.email is None else row.email,
        group_id=UNSET if _keeps_household(row, guest) else row.group_id,
        expected_guests=UNSET if row.expected_guests is None else row.expected_guests,
        children=UNSET if answered else _children(row, guest),
        dietary=UNSET if answered or row.dietary is None else row.dietary,
        dietary_tags=UNSET if answered or not row.dietary_tags else row.dietary_tags,
    )


def _keeps_household(row: SheetRow, guest: Guest) -> bool:
    """Whether the guest's household stays: the row names none, or only a guessed one."""
    return row.group_id is None or (row.household_guessed and guest.group_id is not None)


def _children(row: SheetRow, guest: Guest) -> int | UnsetType:
    """The row's number of children, or one that agrees with whether the guest is a child."""
    if row.children is not None or row.child is None:
        return UNSET if row.children is None else row.children
    if row.child:
        return max(guest.children, 1)
    return 0 if guest.expected_guests <= 1 else guest.children


class _Matching:
    """The rows and guests of `matching_rows`, and the pairs found so far."""

    def __init__(self, rows: Sequence[SheetRow], guests: Sequence[Guest]) -> None:
        self.found: dict[int, Guest] = {}
        self._rows = rows
        self._guests = guests
        self._taken: set[str] = set()

    def pair(
        self,
        row_key: Callable[[SheetRow], Key],
        guest_key: Callable[[Guest], Key],
        *,
        unique: bool = False,
        fits: Callable[[SheetRow, Guest], bool] = lambda row, guest: True,
    ) -> Steps[None]:
        """Pair rows and guests with the same key, in order.

        If `unique`, only keys that one row and one guest have count. A key of None never matches.
        """
        waiting: dict[Key, list[Guest]] = defaultdict(list)
        for guest in self._guests:
            if guest.id not in self._taken and (key := guest_key(guest)) is not None:
                waiting[key].append(guest)
            yield
        bearers: Counter[Key] = Counter()
        open: list[tuple[int, Key]] = []
        for place, key in self._open(row_key):
            bearers[key] += 1
            open.append((place, key))
            yield
        for place, key in open:
            yield
            guests = waiting.get(key, [])
            if not guests or (unique and (len(guests) > 1 or bearers[key] > 1)):
                continue
            if fits(self._rows[place], guests[0]):
                guest = guests.pop(0)
                self.found[place] = guest
                self._taken.add(guest.id)
        yield from freeing(open, bearers, waiting)

    def _open(self, row_key: Callable[[SheetRow], Key]) -> Iterator[tuple[int, Key]]:
        for place, row in enumerate(self._rows):
            if place not in self.found and (key := row_key(row)) is not None:
                yield place, key


def _name(person: SheetRow | Guest) -> Key:
    return folded(person.first_name), folded(person.last_name)


def _address(person: SheetRow | Guest) -> Key:
    return None if person.email is None else folded_email(person.email)


def _address_and_name(person: SheetRow | Guest) -> Key:
    return None if person.email is None else (_address(person), _name(person))


def _address_name_and_group(person: SheetRow | Guest) -> Key:
    return None if person.email is None else (_address_and_name(person), person.group_id)


def _name_and_group(person: SheetRow | Guest) -> Key:
    return _name(person), person.group_id


def _household_unsaid(row: SheetRow, guest: Guest) -> bool:
    return row.group_id is None or guest.group_id is None
