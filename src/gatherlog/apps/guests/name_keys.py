"""One key for all ways in which an import and the list spell a name. Pure."""

from collections.abc import Iterable

from gatherlog.apps.guests.name_copies import has_gaps, repaired, skeleton
from gatherlog.core.commands.text import name_forms
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["NameKeys"]


class NameKeys:
    """Names that are spelt alike, or are spoilt copies of each other, have the same key.

    `Mueller` and `M?ller` have the key of `Müller` only where somebody is called so.
    """

    def __init__(self) -> None:
        self._plain: dict[str, str] = {}
        """The plain form of names by the form that is spelt out."""
        self._whole: dict[str, str] = {}
        """The plain form of names that are not ASCII by what is left if their letters are lost;
        empty where several names leave the same."""

    def learning(self, names: Iterable[str]) -> Steps[None]:
        """Learn all names before a key is asked for."""
        for name in names:
            if not name.isascii() and not has_gaps(name):
                self._learn(repaired(name))
            yield

    def key(self, name: str) -> str:
        [plain, *_] = name_forms(repaired(name))
        if has_gaps(name) and (whole := self._whole.get(skeleton(name))):
            return whole
        return self._plain.get(plain, plain)

    def freeing(self) -> Steps[None]:
        """Forget all names, in steps."""
        return freeing(self._plain, self._whole)

    def _learn(self, name: str) -> None:
        [plain, *spelt_out] = name_forms(name)
        for form in spelt_out:
            self._plain[form] = plain
        left = skeleton(name)
        self._whole[left] = plain if self._whole.get(left, plain) == plain else ""
