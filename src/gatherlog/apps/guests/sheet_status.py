"""Who comes, as the columns for status, answer and approval of a sheet say it. Pure."""

from collections.abc import Mapping

from gatherlog.apps.guests.sheet_doubts import Doubt, LeftOut
from gatherlog.apps.guests.sheet_files import normalised, quoted
from gatherlog.apps.guests.sheet_headers import Column
from gatherlog.apps.guests.sheet_more_words import MORE_COMES, MORE_COMES_NOT, MORE_OPEN
from gatherlog.apps.guests.sheet_status_words import (
    COMES,
    COMES_NOT,
    COMES_NOT_SIGNS,
    COMES_SIGNS,
    NOT,
    OF_TICKETS,
    OPEN,
    REGRETS,
    UNSURE,
)

__all__ = ["doubts_of_status"]

_COMES = COMES | MORE_COMES
_COMES_NOT = COMES_NOT | MORE_COMES_NOT
_OPEN = OPEN | MORE_OPEN


def doubts_of_status(given: Mapping[Column, str]) -> tuple[Doubt, ...]:
    """What is not sure about whether the guests of a line come.

    Raises LeftOut if one column says that they do not: declined, cancelled, refunded.
    """
    comes = [_comes(cell) for (field, _), cell in sorted(given.items()) if field == "status"]
    cells = [cell for (field, _), cell in sorted(given.items()) if field == "status"]
    for answer, cell in zip(comes, cells, strict=True):
        if answer is False:
            raise LeftOut(_why(cell))
    doubts = [_doubt(cell) for answer, cell in zip(comes, cells, strict=True) if answer is None]
    if (gone := given.get(("cancelled", 0))) is not None:
        if _comes(gone) is True:
            raise LeftOut("is cancelled")
        if _comes(gone) is None:
            doubts.append(Doubt("status", f"{quoted(gone)} is in the column for who does not come"))
    return tuple(dict.fromkeys(doubts))


def _why(cell: str) -> str:
    if normalised(cell) in OF_TICKETS:
        return f"is {cell.lower()}"
    return f"does not come: the status is {quoted(cell)}"


def _doubt(cell: str) -> Doubt:
    if normalised(cell) in _OPEN:
        return Doubt("status", f"the status is {quoted(cell)}; it would become an invited guest")
    return Doubt("status", f"the status {quoted(cell)} is not known; it would become a guest")


def _comes(cell: str) -> bool | None:
    """Whether a guest with this status comes; None if that is open or unknown."""
    word = normalised(cell)
    if "?" in cell:
        return None
    if word in _COMES:
        return True
    if word in _COMES_NOT:
        return False
    if word in _OPEN:
        return None
    if not word:
        return _by_signs(set(cell))
    if word.isdecimal():
        return int(word[:9]) > 0
    return _in_a_sentence(word.split())


def _by_signs(signs: set[str]) -> bool | None:
    """What signs without a word say: ✓, 👍 and ❌, but not 🤷."""
    if signs & COMES_NOT_SIGNS:
        return False
    return True if signs <= COMES_SIGNS else None


def _in_a_sentence(words: list[str]) -> bool | None:
    """The answer in "Yes, we will be there" or "cancelled by the organizer"."""
    first, rest = words[0], set(words[1:])
    if any(map(str.isdecimal, rest)):  # "Going + 1": how many is not read here
        return None
    if first in _COMES and len(first) > 1 and not rest & (NOT | _COMES_NOT | _OPEN | UNSURE):
        return True
    if first in _COMES_NOT and len(first) > 3 and not rest & NOT:
        return False
    if first in _COMES_NOT & NOT or first in ("nein", "nee", "nej"):
        return False if rest & REGRETS else None
    return None
