"""What there is of somebody who is to be erased, and what an app does about it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.retention.copies import Concerns
from gatherlog.core.retention.erasures import Kind

__all__ = ["ErasingPart", "Traces", "quoted"]


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

    def __or__(self, other: "Traces") -> "Traces":
        return Traces(
            tuple(dict.fromkeys(self.streams + other.streams)),
            tuple(dict.fromkeys(self.subjects + other.subjects)),
            tuple(dict.fromkeys(self.written + other.written)),
            tuple(dict.fromkeys(self.texts + other.texts)),
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


class ErasingPart(Protocol):
    """What one app has of people."""

    async def traces(self, kind: Kind, id: str) -> Traces | None:
        """What there is of somebody; None if the app knows nobody of this id."""
        ...

    async def remove(self, kind: Kind, id: str, *, by: str) -> None:
        """Remove all documents, so that nothing more is recorded; repeating it does nothing."""
        ...
