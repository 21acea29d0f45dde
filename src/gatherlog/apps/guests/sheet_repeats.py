"""Guests who are in a sheet more than once: by mistake, or with several tickets. Pure."""

import unicodedata

import msgspec

from gatherlog.apps.guests.names import full_name
from gatherlog.apps.guests.sheet_doubts import Doubt
from gatherlog.apps.guests.sheet_files import Unreadable, quoted
from gatherlog.apps.guests.sheet_rows import Entry, SheetRow
from gatherlog.core.commands.text import folded_email, name_forms
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["Orders", "Seen"]


class Seen:
    """The guests of the lines so far. A name, however it is spelt, is repeated if it comes with the
    same e-mail address, or in the same household unless both lines have addresses."""

    def __init__(self) -> None:
        self._addresses: dict[object, SheetRow] = {}
        self._names: dict[object, SheetRow] = {}

    def doubting(self, entry: Entry) -> list[SheetRow]:
        """Remember the guests of a line; they, with doubts about those who may be repeated.

        Raises Unreadable if all of them are surely repeated, at most in other capitals.
        """
        if len({_name(row) for row in entry.rows}) < len(entry.rows):
            raise Unreadable("has the same name twice")
        pairs = [(row, self._before(row, entry)) for row in entry.rows]
        if pairs and all(before and _said(row) == _said(before) for row, before in pairs):
            raise Unreadable(_stands_there(*pairs[0]))
        rows = [row if before is None else _doubting(row, before) for row, before in pairs]
        for row in entry.rows:
            name, address = _name(row), _address(row)
            self._names.setdefault((self._household(row, entry), name), row)
            if address is not None:
                self._addresses.setdefault((address, name), row)
        return rows

    def _before(self, row: SheetRow, entry: Entry) -> SheetRow | None:
        """The row before that may be about the same guest."""
        name, address = _name(row), _address(row)
        if address is not None and (address, name) in self._addresses:
            return self._addresses[address, name]
        before = self._names.get((self._household(row, entry), name))
        if before is not None and None in (address, before.email):
            return before
        return None

    def freeing(self) -> Steps[None]:
        """Forget all guests, in steps."""
        return freeing(self._addresses, self._names)

    @staticmethod
    def _household(row: SheetRow, entry: Entry) -> object:
        return row.group_id if row.group_id or entry.home is None else ("at", entry.home.key)


class Orders:
    """The orders of a sheet. An order of several tickets has a line for each, which may repeat a
    guest or have no name."""

    def __init__(self) -> None:
        self._buyers: dict[str, int] = {}
        self._holders: dict[object, int] = {}

    def holder(self, entry: Entry) -> int | None:
        """The index of the guest to whom the seats of this line belong too; None for a new guest.

        Raises Unreadable for a line without a name in an order of which nobody is named yet.
        """
        if entry.order is None:
            return None
        if not entry.rows:
            if entry.order not in self._buyers:
                raise Unreadable("the name is missing")
            return self._buyers[entry.order]
        return self._holders.get(self._key(entry.order, entry.rows[0]))

    def add(self, entry: Entry, place: int) -> None:
        """Remember the guests of a line of an order; `place` is the index of the first."""
        if entry.order is not None:
            self._buyers.setdefault(entry.order, place)
            for n, row in enumerate(entry.rows):
                self._holders[self._key(entry.order, row)] = place + n

    @staticmethod
    def _key(order: str, row: SheetRow) -> object:
        return order, _name(row), _address(row)


def _stands_there(row: SheetRow, before: SheetRow | None) -> str:
    address = "" if row.email is None else f" with the address {row.email}"
    line = before and before.line
    return f"{_in_full(row)}{address} stands on line {line} already"


def _doubting(row: SheetRow, before: SheetRow) -> SheetRow:
    """The row with the doubt that it is another guest."""
    reason = f"{quoted(_in_full(row))} may be the guest of line {before.line} once more"
    return msgspec.structs.replace(row, doubts=(*row.doubts, Doubt("repeat", reason)))


def _in_full(row: SheetRow) -> str:
    return full_name(row.first_name, row.last_name)


def _said(row: SheetRow) -> object:
    """What a row says about a guest, without the case of letters."""
    name = unicodedata.normalize("NFC", f"{row.first_name}|{row.last_name}").casefold()
    return (
        name,
        _address(row),
        row.child,
        row.expected_guests,
        row.children,
        row.dietary_tags,
        row.dietary,
    )


def _name(row: SheetRow) -> str:
    """The name for comparing, without case, accents, and kinds of apostrophes and hyphens."""
    return name_forms(_in_full(row))[0]


def _address(row: SheetRow) -> str | None:
    return None if row.email is None else folded_email(row.email)
