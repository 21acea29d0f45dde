"""Whether a household of a sheet and one of the list are the same people, also renamed. Pure."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from gatherlog.apps.guests.name_copies import better
from gatherlog.apps.guests.name_keys import NameKeys
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["Households", "spelling_as_listed"]


class Households:
    """The households of a list and of a sheet, with the names of their members."""

    def __init__(self) -> None:
        self._on_list: dict[str, set[str]] = defaultdict(set)
        self._in_sheet: dict[str, set[str]] = defaultdict(set)

    def on_list(self, household: str | None, name: str) -> None:
        if household is not None:
            self._on_list[folded(household)].add(name)

    def in_sheet(self, household: str | None, name: str) -> None:
        if household is not None:
            self._in_sheet[folded(household)].add(name)

    def agree(self, in_sheet: str, on_list: str) -> bool:
        """Whether they have one name, or the one on the list was renamed to the one in the sheet:
        each name is unknown to the other side, and all members of one of the two are in both."""
        new, old = folded(in_sheet), folded(on_list)
        if new == old:
            return True
        if new in self._on_list or old in self._in_sheet:
            return False
        here, there = self._in_sheet[new], self._on_list[old]
        return here <= there or there <= here

    def freeing(self) -> Steps[None]:
        """Forget all households, in steps."""
        return freeing(self._on_list, self._in_sheet)


def spelling_as_listed(
    rows: Sequence[SheetRow], guests: Sequence[Guest]
) -> Steps[Sequence[SheetRow]]:
    """The rows, with the names of their households as the list spells them, unless the sheet spells
    them better: who is new in a household then joins the others."""
    groups: dict[str, None] = {}
    for guest in guests:
        if guest.group_id is not None:
            groups[guest.group_id] = None
        yield
    if not groups:
        return rows
    keys = NameKeys()
    yield from keys.learning(groups)
    yield from keys.learning(row.group_id for row in rows if row.group_id is not None)
    listed: dict[str, str] = {}
    for group in groups:
        key = keys.key(group)
        listed[key] = "" if key in listed else group
        yield
    spelt: list[SheetRow] = []
    for row in rows:
        name = row.group_id
        kept = listed.get(keys.key(name)) if name else None
        if name and kept and name not in groups and better(kept, name) == kept:
            spelt.append(msgspec.structs.replace(row, group_id=kept))
        else:
            spelt.append(row)
        yield
    yield from keys.freeing()
    yield from freeing(groups, listed)
    return spelt
