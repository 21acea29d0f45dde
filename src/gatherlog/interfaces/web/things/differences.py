"""What is not the same in a new version of a thing, word by word. Pure."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from gatherlog.apps.things import Content
from gatherlog.interfaces.web.things.facts import FIELD_NAMES, said

__all__ = ["Line", "Piece", "changed_since", "differences", "lines", "pieces", "seen"]

MOST_COMPARED: Final = 40_000
"""Pairs of words or lines that are compared: beyond, a text counts as replaced. So the time that it
takes is bounded, whatever somebody writes."""
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+")
_WORDS: Final = re.compile(r"\s*\S+|\s+")
Sort = Literal["same", "gone", "new"]


class Piece(msgspec.Struct, frozen=True):
    """A part of a text that is in both versions, or was taken out, or was put in."""

    sort: Sort
    text: str


class Line(msgspec.Struct, frozen=True):
    """One field of a thing; of a new version with what changed."""

    field: str
    name: str
    pieces: list[Piece]

    @property
    def is_changed(self) -> bool:
        return any(piece.sort != "same" for piece in self.pieces)


def lines(content: Content, currency: str = "") -> list[Line]:
    """What a thing says, field by field, without the fields in which it says nothing."""
    told = said(content, currency)
    return [
        Line(field, name, [Piece("same", told[field])])
        for field, name in FIELD_NAMES.items()
        if told[field]
    ]


def differences(before: Content, after: Content, currency: str = "") -> list[Line]:
    """What the later version says, and what the earlier one said, field by field."""
    old, new = said(before, currency), said(after, currency)
    return [
        Line(field, name, pieces(old[field], new[field]))
        for field, name in FIELD_NAMES.items()
        if old[field] or new[field]
    ]


def seen(content: Content) -> str:
    """What a page sends along to find out later what has changed since it was made."""
    told = said(content)
    hashes = {name: blake2b(told[name].encode(), digest_size=12).hexdigest() for name in told}
    return msgspec.json.encode(hashes).decode()


def changed_since(before: str, content: Content) -> list[str]:
    """The fields that are not what they were when `seen` gave this; none if it did not give it."""
    try:
        was = msgspec.json.decode(before, type=dict[str, str])
    except msgspec.MsgspecError:
        return []
    now = msgspec.json.decode(seen(content), type=dict[str, str])
    return [name for name in FIELD_NAMES if name in was and was[name] != now[name]]


def pieces(before: str, after: str) -> list[Piece]:
    """The later text with what was taken out of the earlier one; joined, they are both whole."""
    found: list[Piece] = []
    for sort, old, new in _parts(_LINES.findall(before), _LINES.findall(after)):
        if sort == "same":
            found.append(Piece("same", new))
            continue
        for inner, gone, put in _parts(_WORDS.findall(old), _WORDS.findall(new)):
            if inner == "same":
                found.append(Piece("same", put))
            else:
                found += [Piece("gone", gone)] * bool(gone) + [Piece("new", put)] * bool(put)
    return found


def _parts(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """`same` or `other`, with the texts of both sides."""
    begin = _alike(old, new)
    end = _alike(old[begin:][::-1], new[begin:][::-1])
    yield from _part("same", old[:begin], new[:begin])
    middle = old[begin : len(old) - end], new[begin : len(new) - end]
    yield from _compared(*middle)
    yield from _part("same", old[len(old) - end :], new[len(new) - end :])


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    if len(old) * len(new) > MOST_COMPARED:
        yield from _part("other", old, new)
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield from _part("same" if tag == "equal" else "other", old[a:b], new[c:d])


def _part(sort: str, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    if old or new:
        yield sort, "".join(old), "".join(new)


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items are the same from the beginning on."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count
