"""Matchers of strings: prefix, suffix, wildcard, and without regard to case."""

import re
from collections.abc import Callable

from gatherlog.core.routing.patterns.matchers import PART, PREFIX, Key, Matcher, Test, equal, string
from gatherlog.core.routing.patterns.pattern_json import Place, quoted, refuse

__all__ = ["begins_with", "ends_with", "ignore_case", "prefix", "suffix", "wildcard"]

MOST_PART = 8
"""Characters of a text within a value by which the index looks for it. There are so many lengths
to look for at most."""
_TOKEN = re.compile(r"\\(?P<escaped>[*\\])|(?P<stars>\*+)|(?P<wrong>\\)|(?P<text>[^*\\]+)")


def prefix(operand: object, place: Place) -> Matcher:
    if isinstance(operand, dict):
        return _in_any_case(*_inner(operand, place, "prefix"), _head)
    text = string(operand, place, "prefix match")
    return Matcher(begins_with((text,)), Key(PREFIX, text))


def suffix(operand: object, place: Place) -> Matcher:
    if isinstance(operand, dict):
        return _in_any_case(*_inner(operand, place, "suffix"), _tail)
    return Matcher(ends_with((string(operand, place, "suffix match"),)))


def ignore_case(operand: object, place: Place) -> Matcher:
    return _in_any_case(operand, place, _whole)


def begins_with(prefixes: tuple[str, ...]) -> Test:
    return lambda value: isinstance(value, str) and value.startswith(prefixes)


def ends_with(suffixes: tuple[str, ...]) -> Test:
    return lambda value: isinstance(value, str) and value.endswith(suffixes)


def wildcard(operand: object, place: Place) -> Matcher:
    """`*` stands for any characters or none, `\\*` for an asterisk, `\\\\` for a backslash."""
    pieces = _pieces(string(operand, place, "wildcard match"), place)
    if len(pieces) == 1:
        return equal(pieces[0])
    return Matcher(_in_order(pieces), _key_of(pieces))


def _key_of(pieces: list[str]) -> Key:
    """The beginning of all values that match; without one, the longest text that all of them have,
    or the beginning of it."""
    longest = max(pieces, key=len)
    if pieces[0] or not longest:
        return Key(PREFIX, pieces[0])
    return Key(PART, longest[:MOST_PART])


def _pieces(text: str, place: Place) -> list[str]:
    """The texts between the asterisks, with escapes resolved."""
    pieces = [""]
    for token in _TOKEN.finditer(text):
        if token["wrong"]:
            refuse(place, f"Invalid escape character at pos {token.start()}")
        if not token["stars"]:
            pieces[-1] += token["escaped"] or token["text"]
        elif token["stars"] != "*":
            refuse(place, f"Consecutive wildcard characters at pos {token.start()}")
        else:
            pieces.append("")
    return pieces


def _in_order(pieces: list[str]) -> Test:
    # Each piece is matched at the first place where it is found. That leaves the longest rest for
    # the pieces after it, so no second place has to be tried (no backtracking).
    first, *middle, last = pieces
    size = sum(map(len, pieces))

    def test(value: object) -> bool:
        if not isinstance(value, str) or len(value) < size:
            return False
        if not value.startswith(first) or not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for piece in middle:
            at = value.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


def _inner(operand: dict[str, object], place: Place, name: str) -> tuple[object, Place]:
    if list(operand) != ["equals-ignore-case"]:
        refuse(place, f"Unsupported {name} pattern: {quoted(', '.join(operand))}")
    return operand["equals-ignore-case"], place.down("equals-ignore-case")


def _whole(value: str, size: int) -> str:
    return value


def _head(value: str, size: int) -> str:
    return value[:size]


def _tail(value: str, size: int) -> str:
    return value[-size:] if size else ""


def _in_any_case(operand: object, place: Place, part: Callable[[str, int], str]) -> Matcher:
    """Each character of the pattern matches its lower case and its upper case, and no other.

    `part` cuts out what is compared: the whole value, or a beginning or end of a given length.
    """
    text = string(operand, place, "equals-ignore-case match")
    if not text.isascii():
        return Matcher(_in_any_case_of_any_script(text, part))
    size, low = len(text), text.lower()

    def test(value: object) -> bool:
        if not isinstance(value, str):
            return False
        found = part(value, size)
        return found.isascii() and found.lower() == low

    return Matcher(test)


def _in_any_case_of_any_script(text: str, part: Callable[[str, int], str]) -> Test:
    # Upper and lower case of a character may differ in length, so the part cannot be cut out
    # beforehand. Neither is a prefix or suffix of the other, so at most one of them fits.
    backwards = part is _tail
    stands_at = str.endswith if backwards else str.startswith
    cases = [(char.lower(), char.upper()) for char in text[:: -1 if backwards else 1]]

    def test(value: object) -> bool:
        if not isinstance(value, str):
            return False
        start, end = 0, len(value)
        for low, up in cases:
            found = low if stands_at(value, low, start, end) else up
            if not stands_at(value, found, start, end):
                return False
            start, end = (start, end - len(found)) if backwards else (start + len(found), end)
        return part is not _whole or start == end

    return test
