"""The people of one record: whom its columns name, and who comes along. Pure."""

import re
from collections.abc import Mapping
from itertools import zip_longest

from gatherlog.apps.guests.names import is_east_asian
from gatherlog.apps.guests.sheet_bare_lists import without_bullet
from gatherlog.apps.guests.sheet_doubts import Doubt, LeftOut
from gatherlog.apps.guests.sheet_emails import addresses_in, without_address
from gatherlog.apps.guests.sheet_files import Unreadable, normalised, quoted
from gatherlog.apps.guests.sheet_formats import Layout, is_contacts
from gatherlog.apps.guests.sheet_headers import UNNAMED, Column
from gatherlog.apps.guests.sheet_names import (
    Named,
    Person,
    named_in_full,
    named_in_two,
    with_middle_name,
)
from gatherlog.apps.guests.sheet_party_words import NOBODY
from gatherlog.apps.guests.sheet_records import one_line
from gatherlog.apps.guests.sheet_words import NO, NONE, PARTICLES, SUFFIXES, YES

__all__ = ["people_in"]

_LISTED = re.compile(r"\s*[,;&/+\n]\s*|\s(?:and|und|et|y|e|en|och)\s")
MOST_BESIDE = 20
"""Columns of people who come along."""


def people_in(given: Mapping[Column, str], layout: Layout) -> Named:
    """The people whom a record names. Raises Unreadable if it does not tell who they are, and
    LeftOut for contacts who are no people."""
    first, last = given.get(("first_name", 0), ""), given.get(("last_name", 0), "")
    if layout.verbatim:
        return Named([Person(first, last)])
    named = _first_of_all(given, layout, one_line(first), one_line(last))
    numbers = sorted(
        {n for field, n in given if n and field in ("first_name", "last_name", "name")}
    )
    for number in sorted(numbers, key=abs)[:MOST_BESIDE]:
        named = _with_others(named, given, number)
    return named


def _first_of_all(given: Mapping[Column, str], layout: Layout, first: str, last: str) -> Named:
    if ("order", 0) in given and not UNNAMED.isdisjoint((normalised(first), normalised(last))):
        return Named([])
    if is_contacts(layout.format) and "@" in first and not last:
        raise LeftOut("has no person's name")
    first, last = with_middle_name(first, one_line(given.get(("middle_name", 0))), last)
    if (first or last) and (suffix := given.get(("suffix", 0))):
        last = f"{last} {one_line(suffix)}".strip()
    if first or last:
        return named_in_two(
            *_without_repeat(first, last) if layout.has_bare_name else (first, last)
        )
    if full := given.get(("name", 0)):
        return _in_full(full, layout)
    if ("order", 0) in given:
        return Named([])
    if is_contacts(layout.format):
        raise LeftOut("has no person's name")
    raise Unreadable("the name is missing")


def _without_repeat(first: str, last: str) -> tuple[str, str]:
    """First and last name, where "Name" has the whole name beside the first, or the last, one."""
    if first and last.startswith(f"{first} "):
        return first, last.removeprefix(first).strip()
    if last and first.endswith(f" {last}"):
        return first.removesuffix(last).strip(), last
    return first, last


def _in_full(cell: str, layout: Layout) -> Named:
    name, _ = without_address(without_bullet(cell) if layout.is_bare else cell)
    named = named_in_full("\n".join(one_line(line) for line in name.split("\n") if line.strip()))
    if layout.last_name_first and "," not in name and len(named.people) == 1:
        return _last_name_first(named, name)
    if layout.is_bare and "," in name and not named.doubts:
        doubt = Doubt(
            "name", f"{quoted(name)} is read as last name, first name: there is no header"
        )
        return named._replace(doubts=(doubt,))
    return named


def _last_name_first(named: Named, name: str) -> Named:
    """The person whose name begins with the last name, as the header says; still a doubt."""
    words = f"{named.people[0].first} {named.people[0].last}".split()
    if len(words) < 2 or named.doubts or is_east_asian(name):
        return named
    begin = 0
    while begin < len(words) - 2 and words[begin].casefold() in PARTICLES:
        begin += 1
    person = Person(" ".join(words[begin + 1 :]), " ".join(words[: begin + 1]))
    reason = f"{quoted(name)} is read with the last name first, as the header says"
    return named._replace(people=[person], doubts=(Doubt("name", reason),))


def _with_others(named: Named, given: Mapping[Column, str], number: int) -> Named:
    """The people with those in the columns of one who comes along."""
    first, last = (
        one_line(given.get(("first_name", number))),
        one_line(given.get(("last_name", number))),
    )
    cell = f"{first} {last}".strip() or one_line(given.get(("name", number)))
    word = normalised(cell)
    if not word or word in NO | NONE:
        return named
    if word in YES | NOBODY:
        return named._replace(companions=named.companions + 1)
    family = _without_ending(named.people[0].last) if named.people else ""
    if number < 0:
        return _with_children(named, cell, family)
    beside = named_in_two(first, last) if last else named_in_full(cell)
    emails = addresses_in(given.get(("their_email", number), ""))
    people = [
        Person(one.first, one.last or family, is_beside=True, email=email)
        for one, email in zip_longest(beside.people, emails[: len(beside.people)])
    ]
    doubts = beside.doubts
    if any(not one.last for one in beside.people):
        doubts = (
            *doubts,
            Doubt("name", f"{quoted(cell)} has no last name; it is read as {family}"),
        )
    return named._replace(
        people=[*named.people, *people],
        companions=named.companions + beside.companions,
        doubts=(*named.doubts, *doubts),
        others=named.others + len(people),
    )


def _with_children(named: Named, cell: str, family: str) -> Named:
    names = [part.split() for part in _LISTED.split(cell) if part]
    children = [
        Person(name[0], " ".join(name[1:]) or family, is_child=True, is_beside=True)
        for name in names[:MOST_BESIDE]
    ]
    return named._replace(people=[*named.people, *children])


def _without_ending(last: str) -> str:
    """The last name that others share: without "Jr." and the like."""
    words = last.split()
    while len(words) > 1 and normalised(words[-1]) in SUFFIXES:
        words.pop()
    return " ".join(words)
