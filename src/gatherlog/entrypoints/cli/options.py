"""Options that several commands share."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from cyclopts import Parameter, Token

__all__ = [
    "WHOLE",
    "GatheringId",
    "HostName",
    "Json",
    "Port",
    "PublicUrl",
    "SiteUrl",
    "StoreUrl",
    "Workers",
]


def _whole(type: object, tokens: Sequence[Token]) -> int:
    """The whole number that was typed, in digits; ValueError for any other text, such as 1.5."""
    (token,) = tokens
    if not re.fullmatch("-?[0-9]{1,30}", token.value):
        raise ValueError(f"{token.value!r} is not a whole number")
    return int(token.value)


WHOLE: Final = Parameter(converter=_whole)
"""For an option that is a whole number, which by itself would be rounded."""
StoreUrl = Annotated[
    str | None,
    Parameter(
        name="--store",
        help="Address of the store: sqlite:///file.db is relative, sqlite:////var/file.db "
        "absolute; postgresql://user@host/database is a database, "
        "dynamodb://table?region=eu-central-1 a table. Default: GATHERLOG_STORE, else "
        "sqlite:///gatherlog.db.",
    ),
]
HostName = Annotated[
    str | None,
    Parameter(name="--host", help="Address to listen on. Default: GATHERLOG_HOST, else 127.0.0.1."),
]
Port = Annotated[
    int | None,
    WHOLE,
    Parameter(
        name="--port",
        help="Port to listen on; 0 takes a free one. Default: GATHERLOG_PORT, else 8000.",
    ),
]
Workers = Annotated[
    int | None,
    WHOLE,
    Parameter(
        name="--workers",
        help="Processes that serve, on one port. Default: GATHERLOG_WORKERS, else 1.",
    ),
]
_PUBLIC = (
    "Where guests reach this site, as in https://party.example; links begin with it. Default: "
    "GATHERLOG_PUBLIC_URL, else "
)
PublicUrl = Annotated[
    str | None,
    Parameter(name="--public-url", help=f"{_PUBLIC}the address that the server listens on."),
]
"""For a command that listens."""
SiteUrl = Annotated[
    str | None,
    Parameter(name="--public-url", help=f"{_PUBLIC}that of GATHERLOG_HOST and GATHERLOG_PORT."),
]
"""For a command that does not listen, but makes links."""
GatheringId = Annotated[str, Parameter(name="--gathering", help="Id of the gathering.")]
Json = Annotated[
    bool,
    Parameter(name="--json", negative="", show_default=False, help="Print JSON, for programs."),
]
