"""The `meta` of an event: a JSON object of what Gatherlog notes about it, and what its caller gave.

Gatherlog's members are `actor`, on events that somebody appends, and `rules` and `cause`, on events
that a rule appends. What a caller gives is kept apart from them, in the member `given`: so it can
have members of these names, and none is taken for Gatherlog's.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode

__all__ = ["actor_of", "causing_rules", "event_meta", "meta_with_given", "shown_meta"]


class _Meta(msgspec.Struct):
    actor: Any = None


class _Causes(msgspec.Struct, frozen=True):
    rules: tuple[str, ...] = ()
    actor: Any = UNSET


class _WithGiven(msgspec.Struct, frozen=True):
    actor: msgspec.Raw
    given: dict[str, msgspec.Raw] | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Meta).decode
_decode_causes = msgspec.json.Decoder(_Causes).decode
_decode_given = msgspec.json.Decoder(_WithGiven).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def event_meta(actor: str, more: Mapping[str, Any] = {}) -> bytes:
    """The meta of events that `actor` causes: `{"actor": …}` with the members of `more` before it.

    An actor is `key:<id>`, `account:<id>`, `guest:<id>`, or a part of the program, such as `cli`.
    `more` are members that an app notes; an "actor" among them is replaced.
    """
    return encode({**more, "actor": actor})


def meta_with_given(actor: str, given: Mapping[str, Any], **noted: str) -> bytes:
    """The meta of an event that `actor` appends, with members that the caller chose.

    `noted` are members that an app notes; `shown_meta` leaves them out.
    """
    own = {"actor": actor, **noted}
    return encode({**own, "given": given} if given else own)


def shown_meta(meta: bytes) -> bytes:
    """The meta as readers see it: what the caller gave, beside members of Gatherlog's.

    Where both have a member of the same name, the caller's is shown; `actor_of` is Gatherlog's.
    Meta of any other form, such as that of older events, is shown as it is.
    """
    if b'"given":' not in meta:
        return meta
    try:
        found = _decode_given(meta)
    except _UNREADABLE:
        return meta
    return meta if found.given is UNSET else encode({"actor": found.actor, **found.given})


def actor_of(event: Recorded) -> Any:
    """The actor in an event's meta: a string if Gatherlog wrote it, None where it names none."""
    if not event.meta:
        return None
    try:
        return _decode(event.meta).actor
    except _UNREADABLE:
        return None


def causing_rules(event: Recorded) -> tuple[str, ...]:
    """The rules in an event's chain of causes, the earliest first, as its `meta` lists them.

    An event that a rule appended names no actor. `rules` beside an actor were chosen by a caller,
    whose members older versions kept among their own.
    """
    if b'"rules"' not in event.meta:
        return ()
    try:
        found = _decode_causes(event.meta)
    except _UNREADABLE:
        return ()
    return found.rules if found.actor is UNSET else ()
