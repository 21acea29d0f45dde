"""Settings that are a list of named figures, as in `sign_in=20/minute,rsvp=off`."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["read_figures"]

S = TypeVar("S", bound=msgspec.Struct)


def read_figures(
    text: str, kind: type[S], parse: Callable[[str], Any], *, pointer: str, example: str
) -> S:
    """The figures of a setting, as the fields of `kind`; those not named keep their defaults.

    `off` is None for one figure, or as the whole text for all. `parse` reads any other figure and
    gives None for one that it cannot read. Raises Invalid, which says what is wrong.
    """
    names = [field.name for field in msgspec.structs.fields(kind)]
    if text.strip() == "off":
        return kind(**dict.fromkeys(names))
    given: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, figure = (word.strip() for word in part.partition("="))
        read = None if figure == "off" else parse(figure)
        if name not in names or (read is None and figure != "off"):
            detail = f"{part[:64]!r} is not like {example}; names: {', '.join(names)}"
            raise Invalid(Flaw(pointer, detail))
        if name in given:
            raise Invalid(Flaw(pointer, f"names {name!r} twice"))
        given[name] = read
    return kind(**given)
