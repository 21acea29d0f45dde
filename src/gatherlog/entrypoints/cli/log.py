"""Commands about the log: read a stream, append to one, and follow all events as they come."""

import base64
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused, flaws_named
from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    opened_store,
    settings_of_store,
)
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.patterns import compiled_pattern
from gatherlog.entrypoints.cli.positions import read_positions
from gatherlog.entrypoints.cli.terminal import printable

if TYPE_CHECKING:
    from gatherlog.core.eventstore.events import Recorded
    from gatherlog.core.eventstore.store import Heads, Store

__all__ = ["append", "as_json", "as_text", "read", "tail"]

MAX_VERSION = 2**63 - 1
_POSITION = (
    "write a position, a whole number like 42; `gatherlog tail --json` prints that of every event"
)
_PLACES = {
    "/stream": "STREAM",
    "/events/0/type": "TYPE",
    "/events/0/data": "DATA",
    "/events/0/subject": "--subject",
}
"""By place, the argument of `append` that has it."""


def read(
    stream: Annotated[str, Parameter(help="Name of the stream, as in gathering-default.")],
    /,
    *,
    after: Annotated[
        int,
        WHOLE,
        Parameter(
            help="Begin after the event with this version, which is its number in the stream."
        ),
    ] = 0,
    limit: Annotated[int | None, WHOLE, Parameter(help="Print at most this many events.")] = None,
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

    from gatherlog.core.projections.paging import stream_events

    async def print_all() -> None:
        show = as_json if json else as_text
        async with opened_store(store, read_only=True) as opened:
            events = stream_events(opened, stream, after=after, limit=limit, backwards=backwards)
            async for event in events:
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
        WHOLE,
        Parameter(
            help="Refuse it unless the stream is at this version; 0 means that it must be new."
        ),
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
        raise CommandRefused(f"the payload is not JSON: {error}") from None
    if expected is not None and expected < 0:
        raise CommandRefused(f"--expected is {expected}: a version is 0 or more")
    settings = settings_of_store(store)

    async def write() -> int:
        async with open_platform(settings) as platform:
            appended = await platform.appender.append(
                stream,
                [NewEvent(type=type, data=payload, subject=subject)],
                by="cli",
                expected=ANY if expected is None else expected,
            )
            return appended.version

    with flaws_named(_PLACES):
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
        async with opened_store(store, read_only=True) as opened:
            heads = await opened.heads()
            start = tuple(0 for _ in heads) if from_start else heads
            if after is not None:
                start = read_positions("--after", after, heads, form=_POSITION)
            await _follow(opened, start, wanted, as_json if json else as_text)

    try:
        finish(follow())
    except KeyboardInterrupt:
        return


def _wanted(pattern: str | None) -> Callable[["Recorded"], bool]:
    """The test whether the pattern matches an event; without a pattern, every event is wanted."""
    if pattern is None:
        return lambda event: True
    from gatherlog.core.routing import document

    compiled = compiled_pattern(pattern)
    return lambda event: compiled.matches(document(event))


async def _follow(
    store: "Store",
    start: "Heads",
    wanted: Callable[["Recorded"], bool],
    show: Callable[["Recorded"], str],
) -> None:
    """Print wanted events after the positions `start`, and those that are appended, for ever."""
    from gatherlog.core.eventstore.feed_pages import follow_feed

    async for page in follow_feed(store, start):
        for event in page.events:
            if wanted(event):
                print(show(event), flush=True)


def as_text(event: "Recorded") -> str:
    """An event in one line for people, without control characters."""
    from gatherlog.core.eventstore.clock import rfc3339

    place = f"{rfc3339(event.time)}  {event.stream} {event.version}  {event.type}"
    subject = f"  {event.subject}" if event.subject else ""
    said = "(expired)" if event.is_blank else event.data.decode(errors="replace")
    return printable(f"{place}{subject}  {said}")


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
    if event.is_blank:
        fields["expired"] = True
    return msgspec.json.encode(fields).decode()


def _payload(name: str, payload: bytes) -> dict[str, object]:
    """A payload under its name as it is if it is JSON, else in base64 under `<name>_base64`.

    JSON is left as it is byte for byte, but for line breaks, which are removed.
    """
    import msgspec

    from gatherlog.core.routing.event_data import json_line

    if not payload:
        return {}
    line = json_line(payload)
    if line is None:
        return {f"{name}_base64": base64.b64encode(payload).decode()}
    return {name: msgspec.Raw(line)}
