"""Addresses in the texts of messages, so that a page may make links of them safely. Pure.

A link shows the whole address that it leads to, which is one of the web. What belongs to the
sentence around it, such as a full stop or a closing bracket, is not part of it.
"""

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

__all__ = ["Piece", "pieces"]

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`{}|\\^]+", re.IGNORECASE)
_ENDS: Final = ".,;:!?*_~\u2026\u00bb\u201d\u2019"
_PAIRS: Final = {")": "(", "]": "["}


class Piece(msgspec.Struct, frozen=True):
    """A part of a text; all of them together are the text."""

    text: str
    url: str | None = None
    """Where it leads, if it is an address."""


def pieces(text: str) -> list[Piece]:
    """The text cut before and after each address that it has."""
    found: list[Piece] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        address = _without_sentence(match[0])
        if not _is_safe(address):
            continue
        if match.start() > at:
            found.append(Piece(text[at : match.start()]))
        found.append(Piece(address, address))
        at = match.start() + len(address)
    return [*found, Piece(text[at:])] if at < len(text) else found


def _without_sentence(address: str) -> str:
    """The address without the marks at its end that belong to the sentence."""
    while address:
        last = address[-1]
        opening = _PAIRS.get(last)
        unopened = opening is not None and address.count(last) > address.count(opening)
        if last not in _ENDS and not unopened:
            return address
        address = address[:-1]
    return address


def _is_safe(address: str) -> bool:
    """Whether it leads to a host that it shows: no name and password stand before the host."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
