"""Commands about the log: read a stream, append to one, and follow all events as they come."""

import base64
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused
from gatherlog.entrypoints.cli.opening import (
    finish,
    opened_store,
    settings_of_lasting,
    started_platform,
)
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable

if TYPE_CHECKING:
    from gatherlog.core.eventstore.events import Recorded
    from gatherlog.core.eventstore.store import Heads, Store

__all__ = ["append", "as_json", "as_text", "read", "tail"]

WAKE_SECONDS = 30.0
LAG_SECONDS = 0.05
MAX_VERSION = 2**63 - 1


def read(
    stream: Annotated[str, Parameter(help="Name of the stream, as in gathering-default.")],
    /,
    *,
    after: Annotated[
        int, Parameter(help="Begin after this version, which is its number in the stream.")
    ] = 0,
    limit: Annotated[int | None, Parameter(help="Print at most this many events.")] = None,
    backwards: Annotated[
        bool, Parameter(negative="", show_default=False, help="Print the newest first.")
    ] = False,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Print the events of one stream."""
    if not 0 <= after <= MAX_VERSION:
        raise CommandRefused(f"--after is {after}: a version is a number from 0 to {MAX_VERSION}")
    if limit is not None and limit < 1:
        raise CommandRefused(f"--limit is {limit}: write 1 or more")

    async def print_all() -> None:
        show = as_json if json else as_text
        async with opened_store(store) as opened:
            async for event in _events(opened, stream, after, limit, backwards):
                print(show(event))
            if not await opened.read_stream(stream, limit=1):
                raise CommandRefused(f"there is no stream {stream!r}", FAILED)

    finish(print_all())


def append(
    stream: Annotated[str, Parameter(help="Name of the stream, as in users-42.")],
    type: Annotated[str, Parameter(help="Type of the event, as in user.added.")],
    data: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True, help="Its payload, as JSON; - reads it from standard input."
        ),
    ] = "{}",
    /,
    *,
    subject: Annotated[str, Parameter(help="Whom or what in the stream it is about.")] = "",
    expected: Annotated[
        int | None,
        Parameter(help="Refuse it unless the stream is at this version; 0: is new."),
    ] = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Append one event to a stream of your own; streams of Gatherlog's apps are refused."""
    import msgspec

    from gatherlog.core.commands.appending import NewEvent
    from gatherlog.core.eventstore.store import ANY

    payload = (sys.stdin.buffer.read() if data == "-" else data.encode()).strip()
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandRefused(f"the payload is no JSON: {error}") from None
    if expected is not None and expected < 0:
        raise CommandRefused(f"--expected is {expected}: a version is 0 or more")
    settings = settings_of_lasting(store)

    async def write() -> int:
        async with started_platform(settings) as platform:
            appended = await platform.appender.append(
                stream,
                [NewEvent(type=type, data=payload, subject=subject)],
                by="cli",
                expected=ANY if expected is None else expected,
            )
            return appended.version

    version = finish(write())
    if json:
        print(msgspec.json.encode({"stream": stream, "version": version}).decode())
    else:
        print(f"{printable(stream)} is at version {version}.")


def tail(
    *,
    after: Annotated[
        str | None,
        Parameter(help="Begin after this position; with several partitions 7,0,12 and so on."),
    ] = None,
    from_start: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Begin with the first event of the log."),
    ] = False,
    pattern: Annotated[
        str | None,
        Parameter(help='Only events that match this pattern, as in {"type": ["user.added"]}.'),
    ] = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Print every event of the log as it is written, until Ctrl-C."""
    if after is not None and from_start:
        raise CommandRefused("--after and --from-start exclude each other")
    wanted = _wanted(pattern)

    async def follow() -> None:
        async with opened_store(store) as opened:
            heads = await opened.heads()
            start = tuple(0 for _ in heads) if from_start else _positions(after, heads)
            await _follow(opened, start, wanted, as_json if json else as_text)

    try:
        finish(follow())
    except KeyboardInterrupt:
        return


async def _events(
    store: "Store", stream: str, after: int, limit: int | None, backwards: bool
) -> AsyncIterator["Recorded"]:
    """The events asked for, read page by page, so that memory does not grow with the stream."""
    before: int | None = None
    while limit is None or limit > 0:
        size = store.limits.page if limit is None else min(limit, store.limits.page)
        page = await store.read_stream(
            stream, after=after, before=before, limit=size, backwards=backwards
        )
        for event in page:
            yield event
        if len(page) < size:
            return
        limit = None if limit is None else limit - len(page)
        after, before = (after, page[-1].version) if backwards else (page[-1].version, None)


def _positions(after: str | None, heads: "Heads") -> "Heads":
    if after is None:
        return heads
    parts = after.split(",")
    if not all(part.isascii() and part.isdecimal() and len(part) <= 19 for part in parts):
        raise CommandRefused(
            f"--after is {after!r}: write a position, a whole number like 42; "
            "`gatherlog tail --json` prints that of every event"
        )
    if len(parts) != len(heads):
        raise CommandRefused(
            f"--after is {after!r}: write {len(heads)} position(s) with commas between, one for "
            "each partition of this store"
        )
    positions = tuple(map(int, parts))
    if any(position > head for position, head in zip(positions, heads, strict=True)):
        raise CommandRefused(
            f"--after is {after!r}, beyond the end of the log, which is at "
            f"{','.join(map(str, heads))}"
        )
    return positions


def _wanted(pattern: str | None) -> Callable[["Recorded"], bool]:
    """The test whether the pattern matches an event; without a pattern, every event is wanted."""
    if pattern is None:
        return lambda event: True
    from gatherlog.core.routing import compile_pattern, document

    compiled = compile_pattern(pattern)
    return lambda event: compiled.matches(document(event))


async def _follow(
    store: "Store",
    start: "Heads",
    wanted: Callable[["Recorded"], bool],
    show: Callable[["Recorded"], str],
) -> None:
    """Print wanted events after the positions `start`, and those that are appended, for ever."""
    import asyncio

    seen = list(start)
    while True:
        heads = await store.wait(tuple(seen), WAKE_SECONDS)
        lags = False
        for partition, head in enumerate(heads):
            while seen[partition] < head:
                page = await store.read_feed(
                    partition, after=seen[partition], limit=store.limits.page
                )
                for event in page:
                    if wanted(event):
                        print(show(event), flush=True)
                    seen[partition] = event.position
                if not page:
                    lags = True
                    break
        if lags:
            await asyncio.sleep(LAG_SECONDS)


def as_text(event: "Recorded") -> str:
    """An event in one line for people, without control characters."""
    from gatherlog.core.eventstore.clock import rfc3339

    place = f"{rfc3339(event.time)}  {event.stream} {event.version}  {event.type}"
    subject = f"  {event.subject}" if event.subject else ""
    return printable(f"{place}{subject}  {event.data.decode(errors='replace')}")


def as_json(event: "Recorded") -> str:
    """An event in one line of JSON.

    Its place in the log comes first and empty payloads are left out, unlike over HTTP.
    """
    import msgspec

    from gatherlog.core.commands.event_meta import actor_of, shown_meta
    from gatherlog.core.eventstore.clock import rfc3339

    fields: dict[str, object] = {
        "partition": event.partition,
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "id": event.id,
        "type": event.type,
        "schema": event.schema,
        "time": rfc3339(event.time),
        "recorded": rfc3339(event.recorded),
        "subject": event.subject,
    }
    if isinstance(actor := actor_of(event), str):
        fields["actor"] = actor
    for name, payload in (("data", event.data), ("meta", shown_meta(event.meta))):
        fields |= _payload(name, payload)
    return msgspec.json.encode(fields).decode()


def _payload(name: str, payload: bytes) -> dict[str, object]:
    """A payload under its name as it is if it is JSON, else in base64 under `<name>_base64`.

    JSON is left as it is byte for byte, but for line breaks, which are removed.
    """
    import msgspec

    if not payload:
        return {}
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {f"{name}_base64": base64.b64encode(payload).decode()}
    if b"\n" in payload or b"\r" in payload:
        payload = msgspec.json.format(payload, indent=-1)
    return {name: msgspec.Raw(payload)}
