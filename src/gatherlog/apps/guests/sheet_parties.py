"""People in a cell who have no name: plus ones, counts, children, families and couples. Pure."""

import re
from typing import NamedTuple

from gatherlog.apps.guests.sheet_doubts import Doubt
from gatherlog.apps.guests.sheet_files import normalised, quoted
from gatherlog.apps.guests.sheet_party_words import (
    ARTICLES,
    COUPLES,
    FAMILIES,
    JOINING,
    KIDS,
    NOBODY,
    NUMBERS,
    ONE_KID,
    ONE_MORE,
    PEOPLE,
    RELATIVES,
    TITLES,
    TITLES_WITH_DOT,
    WHOSE,
    WITH,
)

__all__ = ["Family", "Party", "family_of", "without_titles"]

_ONES = frozenset(["1", "one", "eins", "un", "uno", "um", "ett"])
_WHOSE = re.compile(f"(?:{WHOSE})")
_PARENTHESES = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_JOINED = re.compile(rf"\s*(?:\+|&|(?:{JOINING}|{WITH})(?=[\s\d]))\s*", re.IGNORECASE)
_TOTALS = (
    re.compile(r"\s+[xX×]\s?([0-9]{1,2})$"),
    re.compile(r"\s+([0-9]{1,2})\s?[xX×]$"),
    re.compile(r"^([0-9]{1,2})\s?[xX×]\s+"),
    re.compile(
        r",?\s+(?:party of|of|for|für|fuer|pour|para|per|voor|för)\s+([0-9]{1,2})(?:\s[^\W\d_]+)?$",
        re.IGNORECASE,
    ),
)
"""How many people there are in all: "Smith x 2", "2x Smith", "Smith, party of 4"."""
_TIMES = re.compile(r"[xX×]\s?([0-9]{1,2})|([0-9]{1,2})\s?[xX×]")
_LISTED = re.compile(r"\s*[,;&+/]\s*|\s(?:and|und|et|y|e|en|och)\s")
_COUNT_BEHIND = re.compile(r"[\s,:–-]+([0-9]{1,2}(?:\s?[^\W\d_]+)?\.?)$")
_JOINS_BEHIND = re.compile(rf"(?:[&+]|\s(?:{JOINING}|{WITH}))$", re.IGNORECASE)
_PLURALS = frozenset(["the", "die", "les", "los", "las", "os", "gli"])
"""Articles of a family in the plural: "The Smiths", "Les Dupont"."""


class Family(NamedTuple):
    """A household by its last name only."""

    word: str
    """What it is called, as written: "Familie"."""
    last: str
    people: int | None
    """How many they are, where the word says it."""


class Party:
    """Collects what one cell says about people without a name, and what is doubtful in it."""

    def __init__(self, cell: str) -> None:
        self.companions = 0
        """People beside those who are named."""
        self.children = 0
        """How many of the companions, or of all, are children."""
        self.total: int | None = None
        """All people, the named ones included, where the cell gives their number."""
        self.doubts: list[Doubt] = []
        self._cell = cell

    def doubt(self, reason: str, kind: str = "name") -> None:
        doubt = Doubt(kind, f"{quoted(self._cell)} {reason}")
        if doubt not in self.doubts:
            self.doubts.append(doubt)

    def without_counts(self, cell: str) -> str:
        """The cell without the counts in parentheses, before and behind the names."""
        cell = _PARENTHESES.sub(self._in_parentheses, cell).strip()
        for pattern in _TOTALS:
            if found := pattern.search(cell):
                self.total = int(found[1])
                cell = pattern.sub("", cell).strip()
        found = _COUNT_BEHIND.search(cell)
        before = "" if found is None else cell[: found.start()].strip()
        if found is None or not before or _JOINS_BEHIND.search(before):
            return cell
        return before if self._counts(found[1], joined=False) else cell

    def takes(self, part: str) -> bool:
        """Whether a part behind "and" or "with" is no name but people without one."""
        return self._counts(part, joined=True) or self._is_nobody(part)

    def _is_nobody(self, part: str) -> bool:
        """Whether a part such as "TBD" or "???" holds the place of somebody, who gets a seat."""
        if any(map(str.isalnum, part)) and normalised(part) not in NOBODY:
            return False
        self.companions += 1
        self.doubt("has somebody without a name, who has a place")
        return True

    def _in_parentheses(self, found: re.Match[str]) -> str:
        inside = found[1].strip()
        if times := _TIMES.fullmatch(inside):
            self.total = int(times[1] or times[2])
            return ""
        joined = _JOINED.match(inside)
        if self._counts(inside[joined.end() :] if joined else inside, joined=joined is not None):
            return ""
        if self._counts_listed(inside):
            return ""
        self.doubt(f"has {quoted(inside)} in parentheses, which is left out")
        return " "

    def _counts_listed(self, inside: str) -> bool:
        """Whether it is a list such as "2 adults, 1 child", which gives the number of all."""
        found = [_number_and_noun(phrase) for phrase in _LISTED.split(inside)]
        if not all(number and noun in PEOPLE | KIDS | ONE_KID for number, noun in found):
            return False
        self.total = sum(number or 0 for number, _ in found)
        self.children += sum(number or 0 for number, noun in found if noun in KIDS | ONE_KID)
        return True

    def _counts(self, phrase: str, *, joined: bool) -> bool:
        number, noun = _number_and_noun(phrase)
        if noun in ONE_MORE and (joined or number is not None):
            self.companions += 1 if number is None else number
        elif (noun in ONE_KID and joined) or (noun in ONE_KID | KIDS and number is not None):
            self.companions += number or 1
            self.children += number or 1
        elif noun in PEOPLE | KIDS | RELATIVES and number is None and joined:
            self._doubt_how_many()
        elif number is not None and (not noun or noun in PEOPLE):
            self._count_all(number, joined=joined, is_sure=bool(noun))
        else:
            return False
        return True

    def _doubt_how_many(self) -> None:
        if self.total is None:
            reason = "does not say how many come along; there is no place for them yet"
        else:
            reason = f"is read as {self.total} people in all"
        self.doubt(reason, "seats")

    def _count_all(self, number: int, *, joined: bool, is_sure: bool) -> None:
        if joined:
            self.companions += number
            return
        self.total = number
        if not is_sure and family_of(_PARENTHESES.sub("", self._cell)) is None:
            self.doubt(f"has a number: it is read as {number} people in all", "seats")


def family_of(part: str) -> Family | None:
    """The household in "The Smith Family", "Familie Müller", "Ehepaar Müller" or "The Smiths"."""
    words = part.replace(",", " ").split()
    if len(words) == 2 and words[0].lower() in _PLURALS:
        return Family(words[0], words[1], None)
    if len(words) > 2 and words[0].lower() in ARTICLES:
        words = words[1:]
    if len(words) < 2:
        return None
    for at, last in ((0, words[1:]), (-1, words[:-1])):
        word = normalised(words[at])
        if word in FAMILIES or (word in COUPLES and at == 0):
            return Family(words[at], " ".join(last), 2 if word in COUPLES else None)
    return None


def without_titles(part: str) -> tuple[list[str], list[str]]:
    """The titles with which a part begins, and the words of the name behind them."""
    words = part.split()
    begin = 0
    while begin < len(words) and (length := _title(words, begin)):
        begin += length
    return words[:begin], words[begin:]


def _title(words: list[str], begin: int) -> int:
    """How many words the title has that begins here; 0 if none does."""
    if normalised(" ".join(words[begin : begin + 2])) in TITLES and len(words) > begin + 1:
        return 2
    plain = normalised(words[begin])
    # "M. Dupont" has a title, "M. Night Dupont" an initial.
    has_dot = words[begin].endswith(".") and (len(plain) > 1 or len(words) < 3)
    return int(plain in TITLES or (plain in TITLES_WITH_DOT and has_dot))


def _number_and_noun(phrase: str) -> tuple[int | None, str]:
    """The parts of "2 guests", "his partner", "1" and "two more guests"."""
    words = normalised(phrase).split()
    number: int | None = None
    while len(words) > 1 and number is None and (found := _number(words[0])) is not None:
        number, words = found, words[1:]
    if len(words) == 1 and number is None and (words[0].isdecimal() or words[0] in _ONES):
        return _number(words[0]), ""
    while len(words) > 1 and _WHOSE.fullmatch(words[0]):
        words = words[1:]
    return number, " ".join(words)


def _number(word: str) -> int | None:
    if word.isdecimal() and word.isascii() and len(word) < 3:
        return int(word)
    return NUMBERS.get(word)
