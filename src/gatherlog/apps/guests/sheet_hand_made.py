"""What the columns of a sheet contain that was made by hand, or by a program unknown. Pure."""

import re
from collections.abc import Sequence

from gatherlog.apps.guests.sheet_files import Record, Unreadable
from gatherlog.apps.guests.sheet_headers import Column
from gatherlog.apps.guests.sheet_party_words import ONE_KID, PEOPLE
from gatherlog.apps.guests.sheet_questions import asked, person_in
from gatherlog.apps.guests.sheet_words import (
    BARE_FIRST,
    BARE_NAME,
    HEADERS,
    LAST_NAME_FIRST,
)

__all__ = [
    "FIELD_OF",
    "NAMES",
    "SEVERAL",
    "bare_pair",
    "by_hand",
    "has_bare_name",
    "is_last_name_first",
    "named_parties",
    "with_questions",
]

FIELD_OF = {word: field for field, words in HEADERS.items() for word in words}
_SECOND_EMAIL = re.compile(
    rf"(?:{'|'.join(sorted(HEADERS['email']))}) ([2-9])|(?:second|other|secondary) e ?mail"
)
NAMES = frozenset({"first_name", "last_name"})
"""Columns that organisers may have renamed, as from Last Name to Surname."""
SEVERAL = frozenset({"diet", "status"})
"""Fields of which each column is read: no allergy is lost, and nobody who cancelled is invited."""


def has_bare_name(folded: Sequence[str], columns: Sequence[Column | None]) -> bool:
    return any(
        word in BARE_NAME and column in (("first_name", 0), ("last_name", 0))
        for word, column in zip(folded, columns, strict=True)
    )


def is_last_name_first(folded: Sequence[str], columns: Sequence[Column | None]) -> bool:
    return any(
        word in LAST_NAME_FIRST and column == ("name", 0)
        for word, column in zip(folded, columns, strict=True)
    )


def named_parties(
    folded: Sequence[str], columns: list[Column | None], below: Sequence[tuple[int, Record]]
) -> list[Column | None]:
    """The columns; one of "Party" is about households, if it has words in place of numbers."""
    rows = [record for _, record in below if not isinstance(record, Unreadable)]
    return [
        ("group_id", 0)
        if word == "party" and any(row[n : n + 1] and row[n][:1].isalpha() for row in rows)
        else column
        for n, (word, column) in enumerate(zip(folded, columns, strict=True))
    ]


def by_hand(folded: Sequence[str]) -> list[Column | None]:
    fields: list[str | None] = [FIELD_OF.get(word) for word in folded]
    pair = bare_pair(folded)
    present = set(fields)
    emails: dict[int, int] = {}
    for n, word in enumerate(folded):
        if word == "nombre" and _is_french(folded):
            fields[n] = "expected_guests"
        elif n in pair:
            fields[n] = pair[n]
        elif word in BARE_NAME:
            if "first_name" in present and "last_name" not in present:
                fields[n] = "last_name"
            elif "last_name" in present and "first_name" not in present:
                fields[n] = "first_name"
            else:
                fields[n] = "name"
        elif second := _SECOND_EMAIL.fullmatch(word):
            emails[n] = int(second[1] or 2)
        elif word == "estado" and "city" in present:  # a part of the address
            fields[n] = None
    if len(folded) == 1 and folded[0] in PEOPLE:  # a list of "Guests"
        fields = ["name"]
    columns: list[Column | None] = [None if field is None else (field, 0) for field in fields]
    for n, number in emails.items():
        columns[n] = ("email", number)
    return _with_companions(folded, columns)


def bare_pair(folded: Sequence[str]) -> dict[int, str]:
    """What two columns contain whose headers say no more than "name": "Name" and "Nombre"."""
    pair = [n for n, word in enumerate(folded) if word in BARE_NAME]
    known = {FIELD_OF.get(word) for word in folded}
    if len(pair) != 2 or known & NAMES or (_is_french(folded) and "nombre" in folded):
        return {}
    if folded[pair[1]] in BARE_FIRST:
        pair.reverse()
    return {pair[0]: "first_name", pair[1]: "last_name"}


def _is_french(folded: Sequence[str]) -> bool:
    """Whether names have French headers, so that "Nombre" is a number, and not the Spanish name."""
    return any(
        word.split(" ")[0] in ("nom", "noms", "prenom", "prenoms") for word in folded if word
    )


def _with_companions(
    folded: Sequence[str], columns: Sequence[Column | None]
) -> list[Column | None]:
    """The columns, with those of people who come along numbered from 1."""
    found = [
        None if column else person_in(word) for word, column in zip(folded, columns, strict=True)
    ]
    who = list(dict.fromkeys(person[1] for person in found if person is not None))
    fields = {column[0] for column in columns if column is not None}
    begin = 0 if fields.isdisjoint({"name", "first_name", "last_name"}) else 1
    numbered: list[Column | None] = [
        column if person is None else (person[0], (who.index(person[1]) + begin) * _sign(person[1]))
        for column, person in zip(columns, found, strict=True)
    ]
    return _second_pair(numbered)


def _sign(who: str) -> int:
    """-1 for children, whose columns have negative numbers."""
    return -1 if who.split(maxsplit=1)[0] in ONE_KID | {"children"} else 1


def _second_pair(columns: Sequence[Column | None]) -> list[Column | None]:
    """A second pair of columns for first and last name is about whoever comes along."""
    pair: tuple[Column, Column] = (("first_name", 0), ("last_name", 0))
    if any(columns.count(column) < 2 for column in pair):
        return list(columns)
    seen: set[Column] = set()
    paired: list[Column | None] = []
    for column in columns:
        paired.append((column[0], 1) if column in pair and column in seen else column)
        if column is not None:
            seen.add(column)
    return paired


def with_questions(
    questions: Sequence[str], columns: Sequence[Column | None]
) -> tuple[list[Column | None], frozenset[Column]]:
    """The columns, with what questions of a form ask for, unless another column has it."""
    have, found, unsure = set(columns), list(columns), set()
    has_names = not {column[0] for column in have if column}.isdisjoint({"name", "first_name"})
    for n, word in enumerate(questions):
        if found[n] is not None or not word or (question := asked(word)) is None:
            continue
        column, is_unsure = question
        if (column in have and column[0] not in SEVERAL) or (column[0] == "name" and has_names):
            continue
        found[n] = column
        have.add(column)
        if is_unsure:
            unsure.add(column)
    return found, frozenset(unsure)
