"""First and last names of the people of a cell, and of whom titles and shared names are. Pure."""

from typing import NamedTuple

from gatherlog.apps.guests.names import is_east_asian
from gatherlog.apps.guests.sheet_east_asian import east_asian_name
from gatherlog.apps.guests.sheet_files import normalised
from gatherlog.apps.guests.sheet_parties import Party, without_titles
from gatherlog.apps.guests.sheet_words import PARTICLES, SUFFIXES

__all__ = ["ONE_NAME", "Person", "is_last_name", "plain_person", "sharing"]

ONE_NAME = frozenset(["y", "e", "i"])
"""Words that join two people, or the two parts of one last name."""
_BORN = frozenset(
    ["geb", "geborene", "nee", "born", "nata", "fodd", "geboren", "nascida", "z domu"]
)
"""Words before the last name that somebody had at birth."""
_IN_THE_PLURAL = ("scy", "ccy", "dzcy", "ovi", "овы", "евы")
"""Endings of last names of several people: "Anna i Jan Kowalscy"."""


class Person(NamedTuple):
    """One person whom a cell names."""

    first: str
    last: str
    is_child: bool = False
    is_beside: bool = False
    """Whether they stand in columns of their own, so that the line's address is not theirs."""
    email: str | None = None
    """The address in a column of their own."""


def sharing(party: Party, parts: list[str]) -> list[Person]:
    """People of whom those with a single word have the last name of the last one."""
    people = [_untitled(party, part) for part in parts]
    last = people[-1].last
    if len(people) > 1 and not last:
        party.doubt("does not say who has which last name")
    if len(people) > 1 and last.endswith(_IN_THE_PLURAL):
        party.doubt("has a last name in the plural, which nobody has alone")
    if all(_is_nameless(part) for part in parts):
        return people
    return [
        Person(person.last, last)
        if n < len(people) - 1 and _is_nameless(part)
        else Person(person.first, person.last or last)
        for n, (person, part) in enumerate(zip(people, parts, strict=True))
    ]


def _untitled(party: Party, part: str) -> Person:
    """The person without titles; of "Frau Müller", with the title in place of the first name."""
    titles, name = without_titles(part)
    if _is_nameless(part):
        party.doubt("has a title and a single name, so that there is no first name")
        return Person(" ".join(titles), " ".join(name))
    return plain_person(" ".join(name or titles))


def _is_nameless(part: str) -> bool:
    titles, name = without_titles(part)
    return bool(titles) and is_last_name(name)


def is_last_name(words: list[str]) -> bool:
    """Whether there is one name, with nothing but "von" and the like before it."""
    return bool(words) and all(word.casefold() in PARTICLES for word in words[:-1])


def plain_person(full: str) -> Person:
    """First and last name of "Ada King Lovelace" or "Ludwig van Beethoven"; of one word, the first
    only."""
    if is_east_asian(full):
        return Person(*east_asian_name(full))
    words = full.split()
    if (capitals := _capitals(words)) is not None:
        return capitals
    last = len(words) - 1
    while last > 1 and normalised(words[last]) in SUFFIXES:
        last -= 1
    if last > 2 and normalised(words[last - 1]) in _BORN:
        last -= 2
    while last > 1 and (words[last - 1] in ONE_NAME or words[last - 1].casefold() in PARTICLES):
        last -= 2 if words[last - 1] in ONE_NAME and last > 2 else 1
    if last < 1:
        return Person(full, "")
    return Person(" ".join(words[:last]), " ".join(words[last:]))


def _capitals(words: list[str]) -> Person | None:
    """First and last name of "Marie DUPONT" and "DUPONT Marie"; None if capitals do not tell."""
    large = [_is_large(word) for word in words]
    if all(large) or not any(large):
        return None
    at = large.index(True)
    if all(large[at:]):
        return Person(" ".join(words[:at]), " ".join(words[at:]))
    if at == 0 and not any(large[large.index(False) :]):
        end = large.index(False)
        return Person(" ".join(words[end:]), " ".join(words[:end]))
    return None


def _is_large(word: str) -> bool:
    """Whether a word is in capitals, and neither initials nor an ending."""
    if not word.isupper() or "." in word:
        return False
    if len(word) < 3:
        return word.casefold() in PARTICLES and len(word) > 1
    return normalised(word) not in SUFFIXES
