"""Events: what is appended (`Event`), what is read back (`Recorded`), and the codec.

An event type is a frozen msgspec struct under a stable dotted name and a schema version:

    @event_type("guests.rsvp_submitted", schema=1)
    class RsvpSubmitted(msgspec.Struct, frozen=True): ...

The stored form is the UTF-8 JSON of the struct; older schema versions are lifted by upcasters.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from gatherlog.core.eventstore.errors import EventExpired, EventUndecodable, EventUnknown
from gatherlog.core.eventstore.exact_json import decoder, encode

__all__ = ["Codec", "Event", "Recorded", "Upcaster", "event_type", "event_type_of"]

T = TypeVar("T", bound=msgspec.Struct)

_decode_any = decoder(object)


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event to append. The store keeps all fields as they are given, byte for byte."""

    id: str
    """At most 64 ASCII characters; a UUIDv7 by convention."""
    type: str
    """Stable dotted name, `app.past_participle`."""
    time: int
    """When it happened: microseconds since the epoch, up to the end of the year 9999 in UTC."""
    recorded: int
    """When it was handed to the store: microseconds since the epoch."""
    data: bytes
    """Payload, opaque to the store; UTF-8 JSON by convention."""
    schema: int = 1
    """Version of the payload's form."""
    subject: str = ""
    """Whom or what in the stream it is about. A delivery that fails delays the later events of the
    same stream and subject, and no others."""
    meta: bytes = b""
    """Context such as the actor; opaque to the store; JSON by convention."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One event as the log holds it: an `Event` and its place."""

    partition: int
    position: int
    """Place in the partition: strictly increasing, from 1, opaque outside the store."""
    stream: str
    version: int
    """Place in the stream: 1, 2, 3, without gaps."""
    id: str
    type: str
    time: int
    recorded: int
    data: bytes
    schema: int
    subject: str
    meta: bytes

    @property
    def is_blank(self) -> bool:
        """Whether the event says nothing: `Store.blank` has emptied its data and meta, because it
        has expired or whom it was about was erased. Its envelope and its place are as ever."""
        return not self.data and not self.meta


Upcaster = Callable[[Any], Any]
"""Takes the payload of schema n (builtins, as JSON gives them) and returns that of schema n + 1."""


def event_type(name: str, *, schema: int = 1) -> Callable[[type[T]], type[T]]:
    """Class decorator: store this struct as `name`, `schema`, whatever the class is called."""

    def mark(cls: type[T]) -> type[T]:
        cls.__event_type__ = (name, schema)  # type: ignore[attr-defined]
        return cls

    return mark


def event_type_of(cls: type[msgspec.Struct]) -> str:
    """The name that `event_type` gave to a class."""
    name: str = cls.__event_type__[0]  # type: ignore[attr-defined]
    return name


class Codec:
    """Encodes and decodes the payloads of a fixed set of event classes.

    `upcasters` maps (type, n) to the function that lifts a payload from schema n to n + 1.
    """

    def __init__(
        self,
        classes: Iterable[type[msgspec.Struct]],
        upcasters: dict[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        self._encode = encode
        self._current: dict[str, tuple[int, type[msgspec.Struct]]] = {}
        self._names: dict[type[msgspec.Struct], tuple[str, int]] = {}
        self._decoders: dict[str, dict[int, Callable[[bytes], Any]]] = {}
        self._upcasters = dict(upcasters or {})
        for cls in classes:
            name, schema = cls.__event_type__  # type: ignore[attr-defined]
            if name in self._current:
                raise ValueError(f"two classes are registered as {name!r}")
            self._current[name] = (schema, cls)
            self._names[cls] = (name, schema)
            self._decoders[name] = {schema: decoder(cls)}
        for name, schema in self._upcasters:
            if name not in self._current or schema >= self._current[name][0]:
                raise ValueError(f"the upcaster of {name!r} {schema} leads to no registered class")
            self._decoders[name][schema] = self._lifting(name, schema)

    def encode(self, payload: msgspec.Struct) -> tuple[str, int, bytes]:
        """Type name, schema version and data under which `payload` is stored.

        Raises EventUnknown for an object of any class but those registered.
        """
        try:
            name, schema = self._names[type(payload)]
        except KeyError:
            raise EventUnknown(f"{type(payload).__name__} is not registered") from None
        return name, schema, self._encode(payload)

    def decode(self, event: Event | Recorded) -> Any:
        """The typed payload, lifted to the current schema.

        Raises EventUnknown for a type or schema that is not registered, EventExpired for an event
        that is blank, and EventUndecodable for other data that does not fit; none ever passes
        silently.
        """
        try:
            return self._decoders[event.type][event.schema](event.data)
        except KeyError:
            raise EventUnknown(
                f"no class is registered for {event.type!r} schema {event.schema}"
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not event.data and not event.meta:
                raise EventExpired(
                    f"{event.type!r} schema {event.schema}: this event is blank"
                ) from None
            raise EventUndecodable(f"{event.type!r} schema {event.schema}: {error}") from error

    def decode_all(self, events: Sequence[Event | Recorded]) -> list[Any]:
        """The typed payloads of many events, in order; quicker than one by one. As `decode`."""
        decoders = self._decoders
        try:
            return [decoders[event.type][event.schema](event.data) for event in events]
        except (KeyError, msgspec.DecodeError, UnicodeDecodeError):
            return [self.decode(event) for event in events]  # raises where it is wrong

    def classes(self) -> tuple[type[msgspec.Struct], ...]:
        """The classes of the current schema of every type."""
        return tuple(self._names)

    def knows(self, type: str, schema: int) -> bool:
        """Whether `decode` has a class for this type and schema version."""
        return schema in self._decoders.get(type, {})

    def _lifting(self, name: str, schema: int) -> Callable[[bytes], Any]:
        current, cls = self._current[name]
        steps = [self._upcasters.get((name, n)) for n in range(schema, current)]
        if None in steps:
            raise ValueError(f"{name!r}: an upcaster between {schema} and {current} is missing")

        def decode(data: bytes) -> Any:
            payload = _decode_any(data)
            try:
                for step in steps:
                    payload = step(payload)  # type: ignore[misc]
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise EventUndecodable(f"{name!r} schema {schema}: {error!r}") from error
            return msgspec.convert(payload, cls)

        return decode
