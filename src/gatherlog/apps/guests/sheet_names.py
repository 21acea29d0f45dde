"""Names as people write them into cells: finds the first and last names of all guests. Pure.

What is not surely a name becomes a doubt: the people as they would become guests, and the reason
why the host is asked.
"""

import re
from typing import NamedTuple

from gatherlog.apps.guests.names import is_east_asian
from gatherlog.apps.guests.sheet_doubts import Doubt
from gatherlog.apps.guests.sheet_east_asian import is_strange_east_asian
from gatherlog.apps.guests.sheet_files import Unreadable, normalised, quoted
from gatherlog.apps.guests.sheet_parties import Party, family_of, without_titles
from gatherlog.apps.guests.sheet_party_words import (
    CIRCLES,
    JOINING,
    KIDS,
    NOBODY,
    NOT_BEFORE_NAMES,
    NOT_IN_NAMES,
    OF_SOMEBODY,
    ONE_KID,
    ONE_MORE,
    RELATIVES,
    SOMEBODYS,
    SUMS,
    TITLES,
    WITH,
)
from gatherlog.apps.guests.sheet_persons import (
    ONE_NAME,
    Person,
    is_last_name,
    plain_person,
    sharing,
)
from gatherlog.apps.guests.sheet_signs import without_pictures
from gatherlog.apps.guests.sheet_words import (
    ALSO_FIRST_NAMES,
    PARTICLES,
    SMALL_IN_NAMES,
    SUFFIXES,
)

__all__ = ["Named", "Person", "named_in_full", "named_in_two", "with_middle_name"]

MOST_ON_A_LINE = 10
LONGEST = 600
"""Characters of a cell that names people; patterns are not tried on a longer one."""

# "von und zu" is part of one name. For "Ortega y Gasset", see `_is_one_name`.
_BETWEEN = re.compile(
    rf"\s*([&\n;|])\s*|\s+(?:(c/o|w/)\s*|({WITH})\s)|\s*(/)\s*|\s+(\+)\s*|\s*(\+)\s*(?=\d)"
    rf"|\s({JOINING})\s(?!zu\s)|\s([-–—•·])\s"
)
_STANDS_CLOSE = re.compile(r"\b(Dr|Prof|Mr|Mrs|Ms|Hr|Fr|Fam)\.(?=[^\W\d_])")
_WITH = re.compile(f"c/o|w/|{WITH}")
_DASHES = frozenset("-–—•·")
_FULL_STOP = re.compile(r"(?<=[^\W\d_]{4})\.$")
_RELATIONS = (ONE_MORE | ONE_KID | KIDS) - TITLES
_QUOTED = re.compile("['\"‘’“”„«»]([^'\"‘’“”„«»]+)['\"‘’“”«»]")
_INITIAL = re.compile(r"\s[EYI]\s")
_UNSURE = re.compile(r"\d\s*\?|\d\s*(?:[/–-]|or|oder|ou|o|of|eller)\s*\+?\d")
"""A number with a question mark, or two numbers: "+1?", "+1/+2"."""
_OF_SOMEBODY = re.compile(rf"(?:{OF_SOMEBODY}) .+|{SOMEBODYS}")


class Named(NamedTuple):
    """The people whom a cell names."""

    people: list[Person]
    companions: int = 0
    """The number of people without a name."""
    children: int = 0
    """How many of the companions are children."""
    total: int | None = None
    """All people, as the cell gives their number."""
    household: str | None = None
    """The household of a family whose members have no names."""
    doubts: tuple[Doubt, ...] = ()
    others: int = 0
    """How many of the people stand in columns of their own, for whoever comes along."""


class _Part(NamedTuple):
    """What stands between two "and" in a cell."""

    text: str
    joint: str
    """The sign or word before it; empty for the first part."""


def named_in_full(cell: str) -> Named:
    """Reads "Ada Lovelace", "Lovelace, Ada", "Ada & Charles Lovelace", "Ada Lovelace + 1".

    One word is a first name, beside an empty last name. Raises Unreadable if the cell has an
    address, or does not tell first and last names apart.
    """
    if re.search(r"\S@\S", cell):
        raise Unreadable(f"{quoted(cell)} is an address and no name")
    if len(cell) > LONGEST:
        raise Unreadable(f"the name has {len(cell):,} characters; at most {LONGEST} fit")
    if not any(map(str.isalnum, cell)) and "?" not in cell:
        raise Unreadable("the name is missing")
    party = Party(cell)
    cell = _without_quotes(_without_pictures(party, cell))
    if normalised(cell) in NOBODY | SUMS:
        party.doubt("stands in place of a name, and would become a guest of this name")
        return _named(party, [plain_person(cell)])
    if _OF_SOMEBODY.fullmatch(normalised(cell)):
        party.doubt("says whose guest it is, and not who")
    if _UNSURE.search(cell):
        party.doubt("does not say for sure how many come", "seats")
    if cell.isupper() and _INITIAL.search(cell):
        party.doubt("may be two people; it is read as one")
    cell = _FULL_STOP.sub("", _STANDS_CLOSE.sub(r"\1. ", party.without_counts(cell)))
    if normalised(cell) in NOBODY | RELATIVES | CIRCLES:
        party.doubt("stands in place of a name, and would become a guest of this name")
    named = _of_parts(party, _parted(party, cell))
    if cell[:2].isupper() and any(cell.startswith(f"{one.last} ") for one in named.people):
        party.doubt("is read with the last name first, as it is in capitals")
    if not party.doubts and any(map(_is_strange, named.people)):
        party.doubt("has words that are hardly part of a name")
    return named._replace(doubts=tuple(party.doubts))


def _is_strange(person: Person) -> bool:
    """Whether a word of a name is a note, a title, or one that may stand for "and"."""
    if is_east_asian(person.first):
        return is_strange_east_asian(person.first, person.last)
    words = f"{person.first} {person.last}".split()
    if len(words) < 2:
        return False
    if normalised(words[0]) in NOT_BEFORE_NAMES or _has_small_words(words):
        return True
    return any(
        normalised(word) in NOT_IN_NAMES
        or (len(word) == 1 and word.islower() and word not in ONE_NAME)
        for word in words
    )


def _is_strange_in_two(first: str, last: str) -> bool:
    """As `_is_strange`; beside a last name, "Oma Ruth" is what the family calls her."""
    words = f"{first} {last}".split()
    return _has_small_words(words) if len(words) > 2 else _is_strange(Person(first, last))


def _has_small_words(words: list[str]) -> bool:
    """Whether a word of several is in small letters, and none that names have so: "his friend"."""
    if len(words) < 3 or not any(word[0].isupper() for word in words):
        return False
    return any(word.isalpha() and word.islower() and word not in SMALL_IN_NAMES for word in words)


def named_in_two(first: str, last: str) -> Named:
    """Reads the cells for first and last name. "Ada & Charles" share a single last name.

    If there are as many last names as first names, they belong to each other in order. Any other
    number of last names is Unreadable, and so is an address.
    """
    if re.search(r"\S@\S", f"{first} {last}"):
        raise Unreadable(f"{quoted(f'{first} {last}'.strip())} is an address and no name")
    if len(first) + len(last) > LONGEST:
        return Named([Person(first, last)])
    if not last or not first or _is_household(first, last):
        return _in_one(first, last)
    party = Party(f"{first} {last}")
    first, last = _without_pictures(party, first), _without_pictures(party, last)
    first, last = party.without_counts(first), party.without_counts(last)
    firsts = [part.text for part in _parted(party, first)]
    lasts = [part.text for part in _parted(party, last)] if len(firsts) > 1 else [last]
    if len(lasts) not in (1, len(firsts)):
        raise Unreadable(f"{quoted(first)} and {quoted(last)} do not tell who has which name")
    lasts *= len(firsts) // len(lasts)
    if len(firsts) == 1 and {normalised(first), normalised(f"{first} {last}")} & (NOBODY | SUMS):
        party.doubt("stands in place of a name, and would become a guest of this name")
    people = list(map(_beside, firsts, lasts))
    if len(firsts) == 1 and any(part.joint not in ONE_NAME for part in _split(last)[1:]):
        party.doubt("may be two people; it is read as one")
    elif not party.doubts and len(people) == 1 and _is_strange_in_two(first, last):
        party.doubt("has words that are hardly part of a name")
    return _named(party, people)


def with_middle_name(first: str, middle: str, last: str) -> tuple[str, str]:
    """First and last name with what stands between them: "von" goes to the last name, "Maria" to
    the first."""
    words = middle.split()
    begin = len(words)
    while begin and words[begin - 1].casefold() in PARTICLES:
        begin -= 1
    return " ".join([first, *words[:begin]]).strip(), " ".join([*words[begin:], last]).strip()


def _without_pictures(party: Party, cell: str) -> str:
    """The cell without stars and pictures around the name."""
    plain = without_pictures(cell)
    if plain == cell or not plain:
        return cell
    party.doubt("has signs around the name, which are left out")
    return plain


def _without_quotes(cell: str) -> str:
    """The cell without quotation marks around all of it: `'Ada King'` of Outlook."""
    found = _QUOTED.fullmatch(cell)
    return cell if found is None else found[1].strip()


def _named(party: Party, people: list[Person], household: str | None = None) -> Named:
    return Named(
        people, party.companions, party.children, party.total, household, tuple(party.doubts)
    )


def _in_one(first: str, last: str) -> Named:
    """Reads two cells of which only one has a name, or which name a household together."""
    if not first:
        return Named([Person(last, "")])
    if last:
        return named_in_full(f"{first} {last}")
    party = Party(first)
    if " " in first and len(without_titles(first)[1]) > 1:
        party.doubt("stands beside an empty last name, which stays empty")
    elif normalised(first) in NOBODY | SUMS:
        party.doubt("stands in place of a name, and would become a guest of this name")
    return _named(party, [Person(first, "")])


def _is_household(first: str, last: str) -> bool:
    """Whether two cells are words such as "Mr. & Mrs." or "Familie", and a last name."""
    is_named = any(without_titles(part.text)[1] for part in _split(first))
    return not is_named or family_of(f"{first} {last}") is not None


def _parted(party: Party, cell: str) -> list[_Part]:
    """The parts of a cell that are names; people without a name are counted in `party`."""
    parts = _split(cell)
    if len(parts) > MOST_ON_A_LINE:
        raise Unreadable(f"names {len(parts):,} people: give each a line of their own")
    if len(parts) > 1 and not parts[-1].text:
        party.doubt("ends as if somebody were missing")
    named = [
        _without_relation(party, part)
        for n, part in enumerate(parts)
        if part.text and (n == 0 or not (_is_note(party, part) or party.takes(part.text)))
    ]
    if len(parts) == 2 and _is_one_name(named):
        party.doubt("may be two people; it is read as one")
        return [_Part(cell, "")]
    return named or [_Part(cell, "")]


def _without_relation(party: Party, part: _Part) -> _Part:
    """Of "mit Partnerin Eva Klein" and "und Kinder Mia", the name."""
    word, _, rest = part.text.partition(" ")
    is_relation = bool(part.joint and rest) and normalised(word) in _RELATIONS
    if is_relation or _WITH.fullmatch(part.joint):
        party.doubt("says who comes along in words that are not surely a name")
    return part._replace(text=rest) if is_relation else part


def _is_note(party: Party, part: _Part) -> bool:
    """Whether a part behind a dash is left out, and no name."""
    if part.joint not in _DASHES:
        return False
    party.doubt(f"has {quoted(part.text)} behind a dash, which may be a note or somebody else")
    return " " not in part.text


def _split(cell: str) -> list[_Part]:
    parts: list[_Part] = []
    begin, joint = 0, ""
    for found in _BETWEEN.finditer(cell):
        parts.append(_Part(cell[begin : found.start()].strip(), joint))
        begin, joint = found.end(), next(filter(None, found.groups()))
    return [*parts, _Part(cell[begin:].strip(), joint)]


def _is_one_name(parts: list[_Part]) -> bool:
    """José Ortega y Gasset is one, Ana y Luis García are two."""
    if len(parts) != 2 or parts[1].joint not in ONE_NAME:
        return False
    return " " in parts[0].text and " " not in parts[1].text


def _of_parts(party: Party, parts: list[_Part]) -> Named:
    if len(parts) == 1 and (family := family_of(parts[0].text)):
        return _family(party, parts[0].text, Person(family.word, family.last), family.people)
    if any(family_of(part.text) for part in parts):
        party.doubt("names a household, which has 1 place as long as nothing else is said", "seats")
    if len(parts) > 1 and not without_titles(parts[0].text)[1]:
        return _couple(party, parts)
    if any("," in part.text for part in parts):
        return _named(party, _with_commas(party, parts))
    return _named(party, sharing(party, [part.text for part in parts]))


def _family(party: Party, household: str, person: Person, people: int | None) -> Named:
    """A household of people without names, as one guest with their seats."""
    party.total = party.total or people
    if party.total is None:
        party.doubt("is a household; for how many people is not said, so that it has 1 place")
    else:
        party.doubt(f"is a household, and would become one guest with {party.total} places")
    party.doubts = [Doubt("household", doubt.reason) for doubt in party.doubts]
    return _named(party, [person], household)


def _couple(party: Party, parts: list[_Part]) -> Named:
    """Reads "Mr. & Mrs. Smith", "Mr. & Mrs. John Smith" and "Mr. & Mrs. John & Jane Smith"."""
    begin = next((n for n, part in enumerate(parts) if without_titles(part.text)[1]), None)
    if begin is None:
        party.doubt("has no last name")
        return _named(party, [Person(" & ".join(part.text for part in parts), "")])
    rest = [" ".join(without_titles(part.text)[1]) for part in parts[begin:]]
    if len(rest) == 1 and is_last_name(rest[0].split()):
        couple = "".join(f" {part.joint} {part.text}" for part in parts).removesuffix(rest[0])
        return _family(
            party, f"{couple.strip()} {rest[0]}", Person(couple.strip(), rest[0]), begin + 1
        )
    people = sharing(party, rest)
    if len(people) < begin + 1:
        party.companions += begin + 1 - len(people)
        party.doubt("names a couple of whom one has no first name; both have a place")
    return _named(party, people)


def _with_commas(party: Party, parts: list[_Part]) -> list[Person]:
    """Reads "Lovelace, Ada & Charles", and lists of people with commas between, as a doubt."""
    pieces = [_pieces(part.text) for part in parts]
    if len(parts) == 1:
        return _one_with_commas(party, pieces[0], parts[0].text)
    if all(len(piece) == 2 and " " not in piece[0] for piece in pieces):
        return [_last_first(piece) for piece in pieces]
    firsts = [pieces[0][-1], *[piece[0] for piece in pieces[1:]]]
    one_family = len(pieces[0]) == 2 and all(len(piece) == 1 for piece in pieces[1:])
    if one_family and not any(" " in first for first in firsts):
        return [Person(first, pieces[0][0]) for first in firsts]
    return _listed(party, [item for piece in pieces for item in piece])


def _one_with_commas(party: Party, items: list[str], text: str) -> list[Person]:
    if len(items) == 2 and not without_titles(items[1])[1]:
        return sharing(party, [f"{items[1]} {items[0]}"])
    if len(items) > 1 and party.takes(items[-1]):
        items = items[:-1]
    if len(items) == 1:
        return sharing(party, items)
    if len(items) == 2:
        before = items[0].split()
        if len(before) > 1 and not _is_particle(before[0]) and not _ends(items[0]):
            if " " in items[1]:
                return _listed(party, items)
            party.doubt("is read as the last name and the first name; it may be two people")
        return [_last_first(items)]
    if all(" " not in item for item in items):
        raise Unreadable(f"{quoted(text)} has too many commas to tell first and last name")
    return _listed(party, items)


def _is_particle(word: str) -> bool:
    """Whether a word begins a last name, and not a first name such as "Ben"."""
    plain = word.casefold()
    return plain in PARTICLES and (word == plain or plain not in ALSO_FIRST_NAMES)


def _listed(party: Party, items: list[str]) -> list[Person]:
    """People with commas between: each in full, or with the last name of the last one."""
    if len(items) > MOST_ON_A_LINE:
        raise Unreadable(f"names {len(items):,} people: give each a line of their own")
    party.doubt(f"is read as {len(items)} people")
    return sharing(party, items)


def _pieces(text: str) -> list[str]:
    """What stands between commas; an ending such as "Jr." goes to what is before it."""
    pieces: list[str] = []
    for piece in (piece.strip() for piece in text.split(",")):
        if pieces and normalised(piece) in SUFFIXES:
            pieces[0] += f" {piece}"
        elif piece:
            pieces.append(piece)
    return pieces or [text]


def _ends(text: str) -> bool:
    return normalised(text.rsplit(maxsplit=1)[-1]) in SUFFIXES


def _last_first(pieces: list[str]) -> Person:
    titles, first = without_titles(pieces[1])
    return Person(" ".join(first or titles), pieces[0])


def _beside(first: str, last: str) -> Person:
    """First and last name of two columns, without titles."""
    _, words = without_titles(first)
    return Person(" ".join(words) or first, last)
