"""The `meta` of an event: a JSON object that names the actor, beside other members."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode

__all__ = ["actor_of", "event_meta"]


class _Meta(msgspec.Struct):
    actor: Any = None


_decode = msgspec.json.Decoder(_Meta).decode


def event_meta(actor: str, more: Mapping[str, Any] = {}) -> bytes:
    """The meta of events that `actor` causes: `{"actor": …}` with the members of `more` before it.

    An actor is `key:<id>`, `account:<id>`, `guest:<id>`, or a part of the program, such as `cli`.
    An "actor" in `more` is replaced.
    """
    return encode({**more, "actor": actor})


def actor_of(event: Recorded) -> Any:
    """The actor in an event's meta: a string if Gatherlog wrote it, None where it names none."""
    if not event.meta:
        return None
    try:
        return _decode(event.meta).actor
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
