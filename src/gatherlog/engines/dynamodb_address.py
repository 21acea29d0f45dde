"""Where a store on DynamoDB is, as its address tells it; nothing is opened here."""

import re
from ipaddress import IPv6Address
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.postgres_address import without_password

__all__ = ["PARTITIONS", "DynamoPlace", "read_dynamo_place"]

PARTITIONS: Final = 8
"""Of a new store, if the address does not say otherwise."""
MOST_PARTITIONS: Final = 64
_URL: Final = re.compile(r"(?i:dynamodb)://(?P<table>[a-zA-Z0-9_.-]{3,255})/?(\?(?P<query>[^#]*))?")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_NAME: Final = r"\[(?P<v6>[0-9a-fA-F:.]+)\]|[\w-]{1,63}(\.[\w-]{1,63})*"
_ENDPOINT: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>({_NAME})(:(?P<port>\d{{1,5}}))?)/?", re.ASCII
)
_NUMBER: Final = re.compile(r"[0-9]{1,2}")
_PARAMETERS: Final = ("endpoint", "partitions", "profile", "region")


class DynamoPlace(NamedTuple):
    """A table, and how its endpoint is reached."""

    table: str
    region: str | None
    """None: the one of the environment or of the profile."""
    partitions: int | None
    profile: str | None
    host: str | None
    """The host, with its port if it is an unusual one; None: that of the region."""
    is_secure: bool
    shown: str

    def demanded(self, region: str | None) -> str:
        """The region. Raises NotAStore, with advice, if there is none."""
        if region is None or not _REGION.fullmatch(region):
            raise NotAStore(
                f"{self.shown} needs a region: add ?region=eu-central-1, or set AWS_REGION or"
                " AWS_DEFAULT_REGION"
            )
        return region


def read_dynamo_place(url: str) -> DynamoPlace:
    """The parts of an address `dynamodb://table?region=…&partitions=…&endpoint=…&profile=…`.

    Raises NotAStore if it cannot be such an address.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise NotAStore(
            f"{without_password(url)!r} does not name a table: dynamodb://party?region=eu-central-1,"
            " with a name of 3 to 255 letters, digits, _, . and -"
        )
    pairs = parse_qsl(found["query"] or "", keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs):
        raise NotAStore("the address of a table has a parameter twice")
    for name in given:
        if name not in _PARAMETERS:
            raise NotAStore(
                f"{name!r} is not a parameter of the address of a table; there are"
                f" {', '.join(_PARAMETERS)}"
            )
    region = given.get("region")
    if region is not None and not _REGION.fullmatch(region):
        raise NotAStore(f"{region!r} is not a region of AWS")
    host, is_secure = _endpoint(given.get("endpoint"))
    partitions = _partitions(given.get("partitions"))
    return DynamoPlace(
        found["table"], region, partitions, given.get("profile"), host, is_secure, url
    )


def _partitions(text: str | None) -> int | None:
    if text is None:
        return None
    if not (_NUMBER.fullmatch(text) and 1 <= int(text) <= MOST_PARTITIONS):
        raise NotAStore(f"partitions={text[:20]}: a log has 1 to {MOST_PARTITIONS} partitions")
    return int(text)


def _endpoint(text: str | None) -> tuple[str | None, bool]:
    """The host of an endpoint, and whether it is reached over TLS."""
    if text is None:
        return None, True
    found = _ENDPOINT.fullmatch(text)
    if found is None or not 0 < int(found["port"] or 1) < 65_536 or not _is_v6(found["v6"]):
        shown = "***" if "@" in text else text
        raise NotAStore(f"endpoint={shown}: an endpoint is named as http://127.0.0.1:8000")
    return found["host"], found["scheme"] == "https"


def _is_v6(text: str | None) -> bool:
    """Whether an address of version 6 is one, if there is any."""
    try:
        return text is None or bool(IPv6Address(text))
    except ValueError:
        return False
