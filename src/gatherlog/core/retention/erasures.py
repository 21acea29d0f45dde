"""The record of erasures: who is to be erased, what there is of them, and that it is done.

It holds ids and names of streams only. So an erasure that was broken off can be finished, although
the documents that led to the person are gone by then, and done again after a backup was restored.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, Recorded, event_type, event_type_of
from gatherlog.core.eventstore.store import Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "ERASING_CATEGORY",
    "ERASING_CODEC",
    "ERASING_FOLD",
    "ERASURES",
    "ERASURES_STREAM",
    "Erasure",
    "ErasureBegun",
    "ErasureChecked",
    "ErasureDone",
    "Kind",
    "erases",
    "erases_account",
    "erasure_id",
]

Kind = Literal["guest", "account", "entity"]
ERASURES_STREAM: Final = "erasure-all"


@event_type("erasure.begun", schema=1)
class ErasureBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is to be erased. The subject of the event is the kind and the id, `guest/0198…`."""

    streams: tuple[str, ...]
    """Streams of which all events become blank."""
    subjects: tuple[tuple[str, str], ...]
    """Streams, each with a subject whose events become blank."""
    by: str


@event_type("erasure.done", schema=1)
class ErasureDone(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left of somebody but ids, and that something happened."""

    events: int
    """How many events became blank."""


@event_type("erasure.checked", schema=1)
class ErasureChecked(msgspec.Struct, frozen=True, kw_only=True):
    """Copies that were under way while somebody was erased were looked for, and are gone, too."""

    events: int
    """How many more events became blank."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. Times are in microseconds since the epoch."""

    kind: str
    id: str
    streams: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]
    by: str
    begun_at: int
    done_at: int | None = None
    checked_at: int | None = None

    @property
    def state(self) -> str:
        if self.done_at is None:
            return "begun"
        return "done" if self.checked_at is None else "checked"

    @property
    def entered_at(self) -> int:
        """When it came into its state."""
        return self.checked_at or self.done_at or self.begun_at


_DONE: Final = event_type_of(ErasureDone)
ERASING_CODEC: Final = Codec([ErasureBegun, ErasureDone, ErasureChecked])
ERASURES: Final = View(
    "erasure",
    Erasure,
    by_state=lambda one: (one.state, f"{one.entered_at:020}"),
)


def erasure_id(kind: str, id: str) -> str:
    """The id of the document of an erasure, and the subject of its events."""
    return f"{kind}/{id}"


def erases(event: Recorded) -> bool:
    """Whether the event says that somebody was erased: what is remembered of the log is forgotten
    then."""
    return event.type == _DONE and event.stream == ERASURES_STREAM


def erases_account(event: Recorded) -> bool:
    """Whether the event says that an account was erased: copies outside of the log are made anew
    then, such as indexes for searching."""
    return erases(event) and event.subject.startswith("account/")


class _Fold:
    views: tuple[View[Any], ...] = (ERASURES,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [ERASURES.ref(happened.subject)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        subject = happened.subject
        before: Erasure | None = documents[ERASURES.ref(subject)]
        match happened.payload:
            case ErasureBegun(streams=streams, subjects=subjects, by=by):
                kind, _, id = subject.partition("/")
                erasure = Erasure(
                    kind=kind,
                    id=id,
                    streams=streams,
                    subjects=subjects,
                    by=by,
                    begun_at=happened.time,
                )
                return [Change(ERASURES, subject, erasure)]
            case ErasureDone() if before is not None:
                done = msgspec.structs.replace(before, done_at=happened.time)
                return [Change(ERASURES, subject, done)]
            case ErasureChecked() if before is not None:
                checked = msgspec.structs.replace(before, checked_at=happened.time)
                return [Change(ERASURES, subject, checked)]
        return []


ERASING_FOLD: Final = _Fold()
ERASING_CATEGORY: Final = Category("erasure", ERASING_CODEC, ERASING_FOLD)
