"""Guests who may be the person of a row though name, address or both differ. Pure."""

from collections import defaultdict
from typing import Final

from gatherlog.apps.guests.nicknames import given_names
from gatherlog.apps.guests.row_changes import full_name
from gatherlog.apps.guests.sheet_rows import Doubt
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.text import folded, name_forms
from gatherlog.core.eventstore.giving_way import Steps, freeing
from gatherlog.core.texts import _

__all__ = ["MOST_CANDIDATES", "Resemblance"]

MOST_CANDIDATES: Final = 5
"""The most candidates of one row."""
LOOKED_THROUGH: Final = 20
"""Guests of one kin among whom candidates are looked for, so that long lists take no longer."""


class Resemblance:
    """The guests whom no row is surely about, by all that may tell that a row is about them."""

    def __init__(self) -> None:
        self._by_address: dict[str, list[Guest]] = defaultdict(list)
        self._by_name: dict[str, list[Guest]] = defaultdict(list)
        self._by_words: dict[str, list[Guest]] = defaultdict(list)
        self._by_kin: dict[object, list[Guest]] = defaultdict(list)

    def add(self, guest: Guest, name: str, address: str | None) -> None:
        """`name` is the guest's key of `NameKeys`."""
        if address is not None:
            self._by_address[address].append(guest)
        self._by_name[name].append(guest)
        self._by_words[_words(name)].append(guest)
        for key in _kin(guest):
            self._by_kin[key].append(guest)

    def of(
        self, row: SheetRow, name: str, address: str | None
    ) -> tuple[tuple[Guest, ...], tuple[Doubt, ...]]:
        """The candidates of a row, the likeliest first, and a doubt for each reason."""
        found: dict[str, Guest] = {}
        doubts: list[Doubt] = []
        for kind, guests, reason in (
            ("name", self._by_name.get(name, ()), _namesake),
            ("swapped", self._by_words.get(_words(name), ()), _swapped),
            ("address", self._by_address.get(address or "", ()), _same_address),
            ("changed_name", self._alike(row), _changed_name),
        ):
            more = [guest for guest in guests[:MOST_CANDIDATES] if guest.id not in found]
            if more:
                doubts.append(Doubt(kind, reason(row, more, len(guests))))
                found |= {guest.id: guest for guest in more}
        return tuple(found.values())[:MOST_CANDIDATES], tuple(doubts)

    def freeing(self) -> Steps[None]:
        """Forget all guests, in steps."""
        return freeing(self._by_address, self._by_name, self._by_words, self._by_kin)

    def _alike(self, row: SheetRow) -> list[Guest]:
        """Guests with the same first name in the same household, or under a nickname, of whom
        neither address nor household says that they are somebody else."""
        guests = [
            guest for key in _kin(row) for guest in self._by_kin.get(key, ())[:LOOKED_THROUGH]
        ]
        return [
            guest
            for guest in guests
            if (guest.email is None or row.email is None)
            and (guest.group_id is None or row.group_id is None or _at_home(guest) == _at_home(row))
        ]


def _words(name: str) -> str:
    """The words of a name in the order of the alphabet."""
    return " ".join(sorted(name.split()))


def _kin(person: SheetRow | Guest) -> list[object]:
    """What somebody keeps after a wedding: household and first name; and under a nickname."""
    [first, *_], [last, *_] = name_forms(person.first_name), name_forms(person.last_name)
    named: list[object] = [(given, last, "") for given in given_names(first)]
    return named if person.group_id is None else [*named, (_at_home(person), first)]


def _at_home(person: SheetRow | Guest) -> str:
    return folded(person.group_id or "")


def _namesake(row: SheetRow, guests: list[Guest], count: int) -> str:
    [guest, *others] = guests
    if others:
        text = _("{count} guests on the list have this name, and it is not sure which is meant.")
        return text.format(count=count)
    text = _("{guest} is on the list, and several lines have this name.")
    if row.email is not None and guest.email is not None:
        text = _("{guest} is on the list with another address: {address}.")
    elif guest.group_id is not None and row.group_id is not None:
        text = _("{guest} is on the list in another household: {household}.")
    return text.format(guest=full_name(guest), address=guest.email, household=guest.group_id)


def _swapped(row: SheetRow, guests: list[Guest], count: int) -> str:
    text = _("{guest} is on the list: first and last name may be swapped in this line.")
    return text.format(guest=full_name(guests[0]))


def _same_address(row: SheetRow, guests: list[Guest], count: int) -> str:
    if count == 1:
        text = _("{guest} has this address on the list, under another name.")
        return text.format(guest=full_name(guests[0]))
    return _("{count} guests on the list have this address, under other names.").format(count=count)


def _changed_name(row: SheetRow, guests: list[Guest], count: int) -> str:
    text = _("{guest} is on the list, and may be the same person under another name.")
    return text.format(guest=full_name(guests[0]))
