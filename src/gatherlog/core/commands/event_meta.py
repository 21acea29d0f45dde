"""The `meta` of an event: who caused it, as JSON, beside whatever else is kept there."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatherlog.core.eventstore.events import Recorded

__all__ = ["actor_of", "event_meta"]


class _Meta(msgspec.Struct):
    actor: Any = None


_decode = msgspec.json.Decoder(_Meta).decode


def event_meta(actor: str, more: Mapping[str, Any] = {}) -> bytes:
    """The meta of events that `actor` causes: `{"actor": …}`, with `more` before it.

    An actor reads `key:<id>`, `account:<id>`, `guest:<id>`, or names a part of the program, such as
    `cli`. An `actor` in `more` gives way to it.
    """
    return msgspec.json.encode({**more, "actor": actor})


def actor_of(event: Recorded) -> Any:
    """The actor in an event's meta: a string if Gatherlog wrote it. None where there is none."""
    if not event.meta:
        return None
    try:
        return _decode(event.meta).actor
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
