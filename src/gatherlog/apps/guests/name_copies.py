"""Copies of a name that programs have spoilt, and which of two spellings is kept. Pure."""

import re
import unicodedata
from typing import Final

from gatherlog.core.commands.text import name_forms

__all__ = ["better", "has_gaps", "is_copy", "repaired", "skeleton"]

_LOST: Final = re.compile("[^\x00-\x7f]+|[?\ufffd]+")
_GAPS: Final = re.compile("[?\ufffd]")
_QUOTES: Final = dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bb\u02bc\u2032\uff07`\u00b4"), "'")
_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_ENCODINGS: Final = ("cp1252", "latin-1")
"""What UTF-8 is often read as by mistake."""


def repaired(name: str) -> str:
    """`Müller` for `MÃ¼ller`, whose UTF-8 was read as another encoding; others as they are."""
    if name.isascii():
        return name
    for encoding in _ENCODINGS:
        try:
            return name.encode(encoding).decode()
        except ValueError:
            continue
    return name


def has_gaps(name: str) -> bool:
    """Whether letters may have been lost, as in `M?ller`."""
    return _GAPS.search(name) is not None


def skeleton(name: str) -> str:
    """The name with a question mark for what is not ASCII: `m?ller` for `Müller` and `M?ller`."""
    return _LOST.sub("?", unicodedata.normalize("NFC", name)).lower()


def is_copy(one: str, other: str) -> bool:
    """Whether two names are spelt alike, or one is a spoilt copy of the other."""
    if not set(name_forms(repaired(one))).isdisjoint(name_forms(repaired(other))):
        return True
    return (has_gaps(one) or has_gaps(other)) and skeleton(one) == skeleton(other)


def better(kept: str, given: str) -> str:
    """Which of two copies of one name stays: the one given, unless it is worse in any respect.

    Worse is what lost letters or accents, or is written in capitals or small letters only. A name
    that differs only in apostrophes, dashes, full stops or how letters are composed stays.
    """
    if _plain(kept) == _plain(given):
        return kept
    is_worse = any(new < old for new, old in zip(_merits(given), _merits(kept), strict=True))
    return kept if is_worse else given


def _plain(name: str) -> str:
    plain = unicodedata.normalize("NFC", name).translate(_QUOTES).translate(_DASHES)
    return " ".join(plain.replace(".", " ").split())


def _merits(name: str) -> tuple[bool, int, bool]:
    """Whether it is whole, how many of its letters are not ASCII, and whether it has both cases."""
    whole = not has_gaps(name) and repaired(name) == name
    letters = [letter for letter in unicodedata.normalize("NFC", name) if letter.isalpha()]
    accented = sum(not letter.isascii() for letter in letters) if whole else 0
    return whole, accented, len(letters) < 2 or not (name.isupper() or name.islower())
