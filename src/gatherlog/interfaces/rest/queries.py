"""Query parameters: typed structs; unknown, repeated and out-of-range parameters are refused."""

from functools import cache
from typing import Annotated, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from gatherlog.apps.guests import Status
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.bodies import flaws_of

__all__ = [
    "MAX_PAGE",
    "TWICE",
    "UNREADABLE",
    "InParts",
    "Limit",
    "Nothing",
    "Paging",
    "Search",
    "read_query",
]

UNREADABLE: Final = "the query string cannot be read"
TWICE: Final = "a query parameter is given twice"
"""What is wrong with a query as a whole."""
MAX_PAGE = 1000
MAX_CURSOR = 4096
Q = TypeVar("Q", bound=msgspec.Struct)
Limit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="At most so many in one part.")]


class Nothing(msgspec.Struct, frozen=True):
    """No query parameters."""


class InParts(msgspec.Struct, frozen=True):
    """A list that is answered in parts: each has a `Link` header to the next, the last has none."""

    limit: Limit = MAX_PAGE


class Paging(InParts, frozen=True):
    """Which part of a list is answered."""

    cursor: (
        Annotated[
            str,
            Meta(
                max_length=MAX_CURSOR,
                description="Where to go on, from the `Link` header of the part before.",
            ),
        ]
        | None
    ) = None


class Search(Paging, frozen=True):
    """Which guests are listed: those that match all given parameters."""

    q: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="Part of a name or address; case and accents are ignored.",
            ),
        ]
        | None
    ) = None
    status: (
        Annotated[
            Status,
            Meta(
                description="Only guests in this state: `pending` have not answered, `coming` and "
                "`declined` said yes and no, `undecided` are not sure, `waiting` said yes and wait "
                "for a place."
            ),
        ]
        | None
    ) = None
    group_id: (
        Annotated[
            str, Meta(min_length=1, max_length=64, description="Only members of this household.")
        ]
        | None
    ) = None

    @property
    def is_filtered(self) -> bool:
        """Whether many guests may have to be read for each one that is listed."""
        return not (self.q is self.status is self.group_id is None)


@cache
def _demands(kind: type[msgspec.Struct]) -> bool:
    """Whether any parameter is required."""
    return any(field.required for field in msgspec.structs.fields(kind))


def read_query(text: bytes, kind: type[Q]) -> Q:
    """The parameters of a query string. Raises Invalid with every flaw."""
    if not text and not _demands(kind):
        return kind()
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=32
        )
    except ValueError:
        raise Invalid(Flaw("", UNREADABLE)) from None
    given = dict(pairs)
    flaws = flaws_of(given, kind, strict=False)
    if len(given) < len(pairs):
        flaws.append(Flaw("", TWICE))
    if flaws:
        raise Invalid(*flaws)
    return msgspec.convert(given, kind, strict=False)
