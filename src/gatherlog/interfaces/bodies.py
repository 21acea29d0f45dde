"""Bodies of requests: read within limits, and decoded into typed structs or a list of flaws."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping
from functools import partial
from itertools import islice
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin

import msgspec

from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.exact_json import decoder, encode
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
    "UNKNOWN_FIELD",
    "BodyReader",
    "ClientGone",
    "discard",
    "flaws_of",
    "limited",
    "read_body",
    "until_disconnected",
]

MAX_BODY: Final = 1024 * 1024
"""Bytes of a body; a longer one is refused as soon as its length is known."""

BODY_SECONDS: Final = 30.0
"""How long a body may take, from its first read until it is complete."""

MAX_DISCARDED: Final = 17 * MAX_BODY
DISCARD_SECONDS: Final = 2.0
"""How much of a body that was refused is still read, and for how long; see `discard`. It is as much
as a proxy lets through (`deploy/nginx`), which answers 502 if it cannot send all that it has."""

UNKNOWN_FIELD: Final = "Unknown field"

B = TypeVar("B")
T = TypeVar("T")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_CHARSET = re.compile(rb"charset *= *\"?([^\s;\"]*)", re.IGNORECASE)
_SHEET: Final = b"text/csv"
_JSON_CHARSETS: Final = ("utf-8",)
_SHEET_CHARSETS: Final = ("utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1")
"""What a sheet may be declared as. Which one it is in is found from its bytes all the same."""
_decode = decoder(object)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class ClientGone(Exception):
    """The client disconnected before it was answered; there is nobody to answer."""


def limited(
    headers: Mapping[bytes, bytes],
    receive: Receive,
    seconds: float = BODY_SECONDS,
    most: int = MAX_BODY,
) -> Receive:
    """`receive` with bounds: it raises BodyTooLarge and BodyTooSlow.

    BodyTooLarge is raised at once if more than `most` bytes are announced, else as soon as more
    have come; BodyTooSlow if the body is not complete `seconds` after the first call. Once it is
    complete there is no time limit, so that `receive` can wait for the client to disconnect.
    """
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit() or int(announced[:20]) > most:
        raise _too_large(most)
    left, is_complete = most, False
    until: float | None = None

    async def receive_within_limit() -> MutableMapping[str, Any]:
        nonlocal left, until, is_complete
        if is_complete:
            return await receive()
        until = asyncio.get_running_loop().time() + seconds if until is None else until
        waiting = receive().__await__()
        try:
            first = next(waiting)
        except StopIteration as here:  # already, as most bodies are: a timer would cost more
            message: MutableMapping[str, Any] = here.value
        else:
            try:
                async with asyncio.timeout_at(until):
                    message = await _Rest(first, waiting)
            except TimeoutError:
                raise BodyTooSlow(f"The body has to be whole within {seconds:g} seconds.") from None
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(most)
        is_complete = not message.get("more_body", False)
        return message

    return receive_within_limit


class _Rest(Generic[T]):
    """The rest of an awaitable that has begun to wait, for `first`."""

    def __init__(self, first: Any, waiting: Generator[Any, Any, T]) -> None:
        self._first = first
        self._waiting = waiting

    def __await__(self) -> Generator[Any, Any, T]:
        what = self._first
        while True:
            try:
                sent = yield what
            except BaseException as error:  # noqa: BLE001 - it is handed on, as `await` does
                go_on = partial(self._waiting.throw, error)
            else:
                go_on = partial(self._waiting.send, sent)
            try:
                what = go_on()
            except StopIteration as done:
                result: T = done.value
                return result


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises ClientGone, and what a `limited` receive raises."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def until_disconnected(receive: Receive) -> None:
    """Wait until the client disconnects; for requests whose body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def discard(headers: Mapping[bytes, bytes], receive: Receive) -> None:
    """Read the rest of a refused body and drop it, so that the client receives the answer.

    If the connection were closed while the client still sends, it would be reset, and the answer
    lost (RFC 9112, 9.6). Reading ends after MAX_DISCARDED bytes or DISCARD_SECONDS. A client that
    sent `Expect: 100-continue` waits for the answer before it sends a body: nothing is read.
    """
    if b"expect" in headers:
        return
    left, more = MAX_DISCARDED, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)


class BodyReader(Generic[B]):
    """Reads the body of one endpoint: of the type `kind`, in one of the media types `accepts`.

    Fields in `ignored` may be present and are dropped.
    """

    def __init__(self, kind: type[B], accepts: tuple[str, ...], ignored: frozenset[str]) -> None:
        self._kind = kind
        self._accepts = accepts
        self._ignored = ignored
        self._decode = decoder(kind)

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body in bytes, to be decoded. Raises UnsupportedMediaType, and as `read_body`."""
        media, _, options = headers.get(b"content-type", b"").partition(b";")
        accepted = ", ".join(self._accepts)
        if media.strip().lower().decode("latin-1") not in self._accepts:
            kinds = " or ".join(self._accepts)
            raise UnsupportedMediaType(f"Send a body of type {kinds}.", accepted)
        charset = _CHARSET.search(options)
        known = _SHEET_CHARSETS if media.strip().lower() == _SHEET else _JSON_CHARSETS
        if charset and charset[1].lower().decode("latin-1") not in known:
            names = " or ".join(name.upper() for name in known)
            raise UnsupportedMediaType(f"Send the body in {names}.", accepted)
        return await read_body(receive)

    def decode(self, body: bytes) -> B:
        """The typed body; Malformed if it is not JSON, Invalid with all flaws if it is wrong."""
        if self._kind is bytes:
            return body  # type: ignore[return-value]  # B is bytes
        if not body.isascii():
            _check_utf8(body)  # parts that are kept as they are would not be looked at
        try:
            return self._decode(body)
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._explain(_parse(body))

    def _explain(self, value: Any) -> B:
        """Decode a body that did not fit at first: without the ignored fields, naming all flaws."""
        if isinstance(value, dict):
            value = {name: part for name, part in value.items() if name not in self._ignored}
        flaws = flaws_of(value, self._kind)
        if flaws:
            raise Invalid(*flaws)
        return self._decode(encode(value))


def flaws_of(value: Any, kind: type, *, strict: bool = True) -> list[Flaw]:
    """Why `value`, decoded JSON, does not fit the struct `kind`: up to MOST_FLAWS flaws.

    Not `strict`, texts are taken for numbers and booleans, too, as in query strings.
    """
    if not isinstance(value, dict):
        return [Flaw("", f"Expected an object, got {_NAMES.get(type(value), 'something else')}")]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    unknown = (name for name in value if name not in fields)
    flaws = [Flaw(_pointer(name[:100]), UNKNOWN_FIELD) for name in islice(unknown, MOST_FLAWS)]
    for name, field in fields.items():
        if name not in value:
            if field.required:
                flaws.append(Flaw(_pointer(name), "This field is needed"))
            continue
        try:
            if strict:  # a part that is kept as it is (`Raw`) can only be decoded from JSON
                decoder(field.type)(encode(value[name]))
            else:
                msgspec.convert(value[name], field.type, strict=False)
        except msgspec.ValidationError as error:
            detail, _, place = str(error).partition(" - at `$")
            detail = detail.replace("`", "")
            if not place and detail.startswith("Invalid enum value"):
                detail += f"; known values: {', '.join(_choices(field.type))}"
            flaws.append(Flaw(_pointer(name) + _steps(place), detail))
    return flaws[:MOST_FLAWS]


_NAMES = {list: "an array", str: "a string", int: "a number", float: "a number"}


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None


def _parse(body: bytes) -> Any:
    try:
        return _decode(body)
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None


def _choices(kind: Any) -> list[str]:
    """The values of the Literal that a type is, or that is a part of it."""
    parts = [part for part in (kind, *get_args(kind)) if get_origin(part) is Literal]
    return [str(value) for part in parts for value in get_args(part)]


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _steps(place: str) -> str:
    """msgspec's `.a[0].b` as the JSON pointer `/a/0/b`, up to the first step it cannot name."""
    pointer, at = "", 0
    while step := _STEP.match(place, at):
        pointer += _pointer(step.group(1) or step.group(2))
        at = step.end()
    return pointer


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"At most {most:,} bytes are read.")
