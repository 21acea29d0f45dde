"""Whether a household of a sheet and one of the list are the same people, also renamed. Pure."""

from collections import defaultdict

from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["Households"]


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
