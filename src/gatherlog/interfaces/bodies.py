"""Bodies of requests: read up to a limit, decoded into typed structs, every flaw with its place."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from itertools import islice
from typing import Any, Final, Generic, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.problems import (
    MOST_FLAWS,
    BodyTooLarge,
    BodyTooSlow,
    Malformed,
    UnsupportedMediaType,
)

__all__ = [
    "BODY_SECONDS",
    "MAX_BODY",
    "ClientGone",
    "Reading",
    "discard",
    "flaws_of",
    "limited",
    "read_body",
]

MAX_BODY: Final = 1024 * 1024
"""Bytes; beyond it, a body is refused, as soon as that is known."""

BODY_SECONDS: Final = 30.0
"""From when a body is asked for until it is whole."""

MAX_DISCARDED: Final = 8 * MAX_BODY
PATIENCE: Final = 2.0
"""Seconds in which a body that is too large may come to its end."""

B = TypeVar("B")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_CHARSET = re.compile(rb"charset *= *\"?([^\s;\"]*)", re.IGNORECASE)
_OF_JSON: Final = ("utf-8",)
_OF_SHEETS: Final = ("utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1")
"""Which of them a sheet is in, its bytes tell better than whoever sends it."""
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class ClientGone(Exception):
    """The client left before its request was whole; there is nobody to answer."""


def limited(
    headers: Mapping[bytes, bytes], receive: Receive, seconds: float = BODY_SECONDS
) -> Receive:
    """`receive`, raising BodyTooLarge once more than MAX_BODY bytes came or are announced.

    And BodyTooSlow, where the body is not whole within `seconds`; after that nothing presses.
    """
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit() or int(announced[:20]) > MAX_BODY:
        raise _too_large()
    left, whole = MAX_BODY, False
    until: float | None = None

    async def receive_within_limit() -> MutableMapping[str, Any]:
        nonlocal left, until, whole
        if whole:
            return await receive()
        until = asyncio.get_running_loop().time() + seconds if until is None else until
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow(f"The body has to be whole within {seconds:g} seconds.") from None
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large()
        whole = not message.get("more_body", False)
        return message

    return receive_within_limit


async def read_body(receive: Receive) -> bytes:
    """The whole body, of a `limited` receive, and raises what that does."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def discard(headers: Mapping[bytes, bytes], receive: Receive) -> None:
    """Read on for a while and keep nothing, so that a client which sends first hears the answer.

    Closed at once, its connection would be reset, and the answer lost (RFC 9112, 9.6). A client
    that asks first, with `Expect: 100-continue`, has sent nothing and is not made to.
    """
    if b"expect" in headers:
        return
    left, more = MAX_DISCARDED, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)


class Reading(Generic[B]):
    """How the body of one endpoint is read: its type, its media type, the fields it ignores."""

    def __init__(self, kind: type[B], accepts: str, ignored: frozenset[str]) -> None:
        self._kind = kind
        self._accepts = accepts
        self._ignored = ignored
        self._decode = msgspec.json.Decoder(kind).decode

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body as it came, to be decoded. Raises UnsupportedMediaType, BodyTooLarge."""
        media, _, options = headers.get(b"content-type", b"").partition(b";")
        if media.strip().lower().decode("latin-1") != self._accepts:
            raise UnsupportedMediaType(f"Send a body of type {self._accepts}.", self._accepts)
        charset = _CHARSET.search(options)
        known = _OF_SHEETS if self._kind is bytes else _OF_JSON
        if charset and charset[1].lower().decode("latin-1") not in known:
            names = " or ".join(name.upper() for name in known)
            raise UnsupportedMediaType(f"Send the body in {names}.", self._accepts)
        return await read_body(receive)

    def decode(self, body: bytes) -> B:
        """The typed body; Malformed where it is no JSON, Invalid with every flaw that it has."""
        if self._kind is bytes:
            return body  # type: ignore[return-value]  # B is bytes
        try:
            return self._decode(body)
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._explain(_parse(body))

    def _explain(self, value: Any) -> B:
        """The slow way, for a body that did not fit: drop what is ignored, name the flaws."""
        if isinstance(value, dict):
            value = {name: part for name, part in value.items() if name not in self._ignored}
        flaws = flaws_of(value, self._kind)
        if flaws:
            raise Invalid(*flaws)
        return msgspec.convert(value, self._kind)


def flaws_of(value: Any, kind: type, *, strict: bool = True) -> list[Flaw]:
    """What in `value`, as JSON gives it, does not fit the struct `kind`: at most MOST_FLAWS."""
    if not isinstance(value, dict):
        return [Flaw("", f"Expected an object, got {_NAMES.get(type(value), 'something else')}")]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    unknown = (name for name in value if name not in fields)
    flaws = [Flaw(_pointer(name[:100]), "Unknown field") for name in islice(unknown, MOST_FLAWS)]
    for name, field in fields.items():
        if name not in value:
            if field.required:
                flaws.append(Flaw(_pointer(name), "This field is needed"))
            continue
        try:
            msgspec.convert(value[name], field.type, strict=strict)
        except msgspec.ValidationError as error:
            detail, _, place = str(error).partition(" - at `$")
            flaws.append(Flaw(_pointer(name) + _steps(place), detail.replace("`", "")))
    return flaws[:MOST_FLAWS]


_NAMES = {list: "an array", str: "a string", int: "a number", float: "a number"}


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except msgspec.DecodeError as error:
        raise Malformed(f"The body is no JSON: {error}.") from None


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _steps(place: str) -> str:
    """msgspec's `.a[0].b` as `/a/0/b`, as far as it says where."""
    pointer, at = "", 0
    while step := _STEP.match(place, at):
        pointer += _pointer(step.group(1) or step.group(2))
        at = step.end()
    return pointer


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"At most {MAX_BODY:,} bytes are read.")
