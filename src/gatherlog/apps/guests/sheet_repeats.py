"""Guests who are in a sheet more than once: by mistake, or with several tickets. Pure."""

from gatherlog.apps.guests.names import full_name
from gatherlog.apps.guests.sheet_files import Unreadable
from gatherlog.apps.guests.sheet_rows import Entry, SheetRow
from gatherlog.core.commands.text import folded, folded_email
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["Orders", "Seen"]


class Seen:
    """The guests of the lines so far. A name is repeated if it comes with the same e-mail address,
    or in the same household unless both lines have addresses."""

    def __init__(self) -> None:
        self._addresses: dict[object, int] = {}
        self._names: dict[object, tuple[int, str | None]] = {}

    def demand_new(self, entry: Entry) -> None:
        """Remember the guests of a line. Raises Unreadable if one of them is a repetition."""
        if len({_name(row) for row in entry.rows}) < len(entry.rows):
            raise Unreadable("has the same name twice")
        for row in entry.rows:
            name, address, lives = _name(row), _address(row), self._household(row, entry)
            if address is not None and (address, name) in self._addresses:
                raise Unreadable(
                    f"{full_name(row.first_name, row.last_name)} with the address {row.email} "
                    f"stands on line {self._addresses[address, name]} already"
                )
            if (lives, name) in self._names:
                line, before = self._names[lives, name]
                if None in (address, before):
                    raise Unreadable(
                        f"{full_name(row.first_name, row.last_name)} stands on line {line} already"
                    )
        for row in entry.rows:
            name, address = _name(row), _address(row)
            self._names.setdefault((self._household(row, entry), name), (row.line, address))
            if address is not None:
                self._addresses[address, name] = row.line

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


def _name(row: SheetRow) -> tuple[str, str]:
    return folded(row.first_name), folded(row.last_name)


def _address(row: SheetRow) -> str | None:
    return None if row.email is None else folded_email(row.email)
