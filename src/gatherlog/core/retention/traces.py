"""What there is of somebody who is to be erased, and what an app does about it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.retention.copies import Concerns
from gatherlog.core.retention.erasures import Kind
from gatherlog.core.routing.bus_form import item_key

__all__ = ["ErasingPart", "Traces", "quoted", "with_ids"]


class Traces(msgspec.Struct, frozen=True):
    """What there is of a person. Texts are kept nowhere."""

    streams: tuple[str, ...] = ()
    """Streams that are about the person as a whole."""
    subjects: tuple[tuple[str, str], ...] = ()
    """Streams, each with a subject that stands for the person."""
    written: tuple[tuple[str, str], ...] = ()
    """As `subjects`, of what the person wrote. It may be much, and is found again as long as it is
    not blank, so no record is made of it."""
    texts: tuple[str, ...] = ()
    """Stored answers that hold one of these are forgotten: ids, names and addresses."""
    addresses: tuple[str, ...] = ()
    """Those of the texts under which somebody else may have got something from the person."""

    def __or__(self, other: "Traces") -> "Traces":
        return Traces(
            tuple(dict.fromkeys(self.streams + other.streams)),
            tuple(dict.fromkeys(self.subjects + other.subjects)),
            tuple(dict.fromkeys(self.written + other.written)),
            tuple(dict.fromkeys(self.texts + other.texts)),
            tuple(dict.fromkeys(self.addresses + other.addresses)),
        )

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All streams of which the events of one subject become blank, each with the subject."""
        return self.subjects + self.written

    def concern(self, alive: Mapping[str, int] = {}) -> Concerns:
        """Tells of the stream, subject and version of events whether they are about the person.

        `alive` has streams in which events from a version on are about somebody new.
        """
        streams, pairs = frozenset(self.streams), frozenset(self.pairs)

        def is_about(stream: str, subject: str, version: int) -> bool:
            if stream in streams:
                return version < alive.get(stream, version + 1)
            return (stream, subject) in pairs

        return is_about


def quoted(text: str) -> str:
    """A text as it stands in JSON."""
    return encode(text).decode()


def with_ids(kind: Kind, id: str, traces: Traces) -> Traces:
    """With the forms of the id that stored answers have.

    The id of an entity may be short, and part of any other text. So its answers are told by the id,
    and by the names made of it, as JSON texts.
    """
    if kind != "entity":
        return traces | Traces(texts=(id,))
    parts = [stream.partition("-") for stream in traces.streams]
    names = (id, *traces.streams, *(item_key(log, of) for log, _, of in parts))
    return traces | Traces(texts=tuple(map(quoted, names)))


class ErasingPart(Protocol):
    """What one app has of people."""

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        """What there is of somebody; None if the app knows nobody of this id."""
        ...

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        """Remove all documents, so that nothing more is recorded; repeating it does nothing."""
        ...
