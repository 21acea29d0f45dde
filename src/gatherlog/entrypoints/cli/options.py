"""Options that several commands share."""

from typing import Annotated

from cyclopts import Parameter

__all__ = ["GatheringId", "HostName", "Json", "Port", "PublicUrl", "SiteUrl", "StoreUrl"]

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
    Parameter(
        name="--port",
        help="Port to listen on; 0 takes a free one. Default: GATHERLOG_PORT, else 8000.",
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
