"""The JSON of a pattern, checked for size and form; and the places and flaws that errors name."""

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NoReturn

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.exact_json import number

__all__ = ["Flaws", "InvalidPattern", "Place", "quoted", "read_json", "refuse"]

MAX_SIZE = 65_536
"""Characters of a pattern's text. The size of a dict is estimated as that of its text."""
MAX_DEPTH = 64
"""Levels of arrays and objects within each other."""
MAX_FLAWS = 20
"""Flaws of one pattern that are reported."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class InvalidPattern(Invalid):
    """The pattern is not valid; the pointers of its flaws lead into the pattern."""


class Place(msgspec.Struct, frozen=True):
    """A place within a pattern, as a linked list, so that a pointer is built only for an error."""

    step: str | int = ""
    within: "Place | None" = None

    def down(self, step: str | int) -> "Place":
        return Place(step, self)

    @property
    def pointer(self) -> str:
        """The JSON pointer (RFC 6901)."""
        steps: list[str] = []
        place = self
        while place.within is not None:
            steps.append(str(place.step).replace("~", "~0").replace("/", "~1"))
            place = place.within
        return "".join(f"/{step}" for step in reversed(steps))


class Flaws:
    """Collects the flaws of one pattern, and raises InvalidPattern once there are MAX_FLAWS."""

    def __init__(self) -> None:
        self._found: list[Flaw] = []

    def add(self, place: Place, detail: str) -> None:
        self._found.append(Flaw(place.pointer, detail))
        if len(self._found) >= MAX_FLAWS:
            self.raise_any()

    def take(self, error: InvalidPattern) -> None:
        self._found += error.flaws
        if len(self._found) >= MAX_FLAWS:
            self.raise_any()

    def raise_any(self) -> None:
        if self._found:
            raise InvalidPattern(*self._found)


class _Repeating(dict[str, object]):
    """An object in whose text a name is repeated."""

    repeated: str


def refuse(place: Place, detail: str) -> NoReturn:
    """Raise InvalidPattern with one flaw at this place."""
    raise InvalidPattern(Flaw(place.pointer, detail))


def quoted(value: object) -> str:
    """A piece of the pattern for an error message, cut to 60 characters."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


def read_json(pattern: object) -> dict[str, object]:
    """The pattern as plain JSON, from its text or from a dict. Raises InvalidPattern."""
    tree = _parse(pattern) if isinstance(pattern, str) else pattern
    if not isinstance(tree, dict):
        refuse(Place(), "A pattern must be an object")
    flaws = Flaws()
    size = 0
    for value, place, depth in _walk(tree):
        size += _size(value)
        if size > MAX_SIZE:
            refuse(Place(), f"A pattern may have {MAX_SIZE:,} characters")
        if depth > MAX_DEPTH:
            refuse(place, f"A pattern may be nested {MAX_DEPTH} levels deep")
        if wrong := _flaw(value):
            flaws.add(place, wrong)
    flaws.raise_any()
    return tree


def _parse(text: str) -> object:
    if len(text) > MAX_SIZE:
        refuse(Place(), f"A pattern may have {MAX_SIZE:,} characters, not {len(text):,}")
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_float=number, parse_constant=_no_constant
        )
    except RecursionError:
        refuse(Place(), f"A pattern may be nested {MAX_DEPTH} levels deep")
    except ValueError as error:
        refuse(Place(), f"This is not JSON: {error}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = _Repeating(found)
    names = [name for name, _ in pairs]
    repeating.repeated = next(name for name in found if names.count(name) > 1)
    return repeating


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _walk(tree: dict[str, object]) -> Iterator[tuple[object, Place, int]]:
    """Every value with its place and depth. Without recursion, since any depth may be sent."""
    rest: list[tuple[object, Place, int]] = [(tree, Place(), 0)]
    while rest:
        value, place, depth = rest.pop()
        yield value, place, depth
        if isinstance(value, dict):
            rest += [(inner, place.down(str(name)), depth + 1) for name, inner in value.items()]
        elif isinstance(value, list):
            rest += [(inner, place.down(index), depth + 1) for index, inner in enumerate(value)]


def _size(value: object) -> int:
    if isinstance(value, str):
        return len(value) + 3
    if isinstance(value, dict):
        return 2 + sum([len(name) + 4 for name in value if isinstance(name, str)])
    if isinstance(value, int):
        return value.bit_length() // 4 + 2
    if isinstance(value, Decimal):
        return len(value.as_tuple().digits) + 2
    return 2


def _flaw(value: object) -> str | None:
    """What is wrong with one value, regardless of the values within it; None if it is valid."""
    if value is None or isinstance(value, (list, int)):
        return None
    if isinstance(value, str):
        return None if _is_unicode(value) else "The string is not valid Unicode"
    if isinstance(value, dict):
        return _object_flaw(value)
    if isinstance(value, float | Decimal):
        return None if math.isfinite(float(value)) else "The number is out of range"
    return f"{type(value).__name__} is not a JSON type"


def _object_flaw(value: dict[str, object]) -> str | None:
    """What is wrong with the names of an object; a dict may have other keys than strings."""
    if isinstance(value, _Repeating):
        return f'"{quoted(value.repeated)}" is there twice'
    try:
        names = "".join(value)
    except TypeError:
        return "The names of an object must be strings"
    return None if _is_unicode(names) else "A name is not valid Unicode"


def _is_unicode(text: str) -> bool:
    return text.isascii() or not _SURROGATE.search(text)
