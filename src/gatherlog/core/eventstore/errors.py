"""The one error tree: every error has a stable `code`, which interfaces map to a status."""

from typing import ClassVar

__all__ = [
    "Busy",
    "Conflict",
    "CounterOutOfBounds",
    "CursorInvalid",
    "Denied",
    "DiskFull",
    "DocumentUndecodable",
    "EventExpired",
    "EventUndecodable",
    "EventUnknown",
    "Flaw",
    "GatherlogError",
    "HasCounters",
    "Invalid",
    "KeyReused",
    "LimitExceeded",
    "NotAStore",
    "NotFound",
    "OwnedElsewhere",
    "Refused",
    "SearchNotReady",
    "StoreClosed",
    "StoreError",
    "StoreFailed",
    "Unauthenticated",
    "ViewNotBuilt",
    "ViewOutdated",
]


class GatherlogError(Exception):
    """Anything Gatherlog refuses or fails at. `str(error)` is fit for the person who asked."""

    code: ClassVar[str] = "error"


# What a store may answer.


class StoreError(GatherlogError):
    """A store refused or failed; nothing of the commit is there, unless the subclass says so."""

    code = "store_error"


class Conflict(StoreError):
    """A stream or document is not at the version that the commit demanded."""

    code = "conflict"

    def __init__(self, what: str, name: str, expected: int, actual: int) -> None:
        there = "already has events" if what == "stream" else "exists already"
        version = f"is at version {actual}, not {expected}"
        super().__init__(
            f"{what} {name!r} {version if expected else f'{there} (version {actual})'}"
        )
        self.what = what
        self.name = name
        self.expected = expected
        self.actual = actual


class CounterOutOfBounds(StoreError):
    """An add would take a counter beyond the bound that came with it."""

    code = "counter_out_of_bounds"

    def __init__(self, document: str, counter: str, value: int, bound: int) -> None:
        super().__init__(
            f"counter {counter!r} of {document!r} would be {value}; its bound is {bound}"
        )
        self.document = document
        self.counter = counter
        self.value = value
        self.bound = bound


class KeyReused(StoreError):
    """The idempotency key was used before, for another command."""

    code = "key_reused"


class HasCounters(StoreError):
    """A document with counters is never deleted: a mistake of the program, not of its user."""

    code = "has_counters"


class OwnedElsewhere(StoreError):
    """A document belongs to one stream; a commit named another as its owner."""

    code = "owned_elsewhere"

    def __init__(self, document: str, owner: str, stream: str) -> None:
        super().__init__(f"{document!r} belongs to stream {owner!r}, not to {stream!r}")
        self.owner = owner
        self.stream = stream


class LimitExceeded(StoreError):
    """The engine cannot take this; refused before anything was written."""

    code = "limit_exceeded"

    def __init__(self, what: str, unit: str, allowed: int, found: int) -> None:
        super().__init__(f"{what} has {found:,} {unit}; at most {allowed:,} are allowed")
        self.limit = f"{unit} of {what}"
        """The limit's name, as in "bytes of an event"."""
        self.allowed = allowed
        self.found = found


class Busy(StoreError):
    """The store could not take the commit in time; try again, with the same key, later."""

    code = "busy"
    retry_after = 1.0
    """Seconds after which another try makes sense."""


class DiskFull(StoreError):
    """There is no room left for the log; nothing of the commit is there."""

    code = "disk_full"


class StoreFailed(StoreError):
    """The storage failed. Whether the commit is there is unknown; its key, if any, answers that."""

    code = "store_failed"


class StoreClosed(StoreError):
    """The store was closed."""

    code = "store_closed"


class NotAStore(StoreError):
    """What the address names is not a Gatherlog store, or not one this version can use."""

    code = "not_a_store"


class CursorInvalid(StoreError):
    """A cursor is malformed, or belongs to another store or query."""

    code = "cursor_invalid"


class ViewOutdated(StoreError):
    """The store holds a newer version of a view than this process declares."""

    code = "view_outdated"


class ViewNotBuilt(StoreError):
    """A view or index is newer than its documents; it serves nothing until it is built."""

    code = "view_not_built"
    retry_after = 10.0
    """Seconds after which another try makes sense."""

    def __init__(self, view: str, index: str) -> None:
        super().__init__(
            f"{view}.{index} is not built yet: run `gatherlog upgrade`, or, for a view of your own,"
            " gatherlog.core.projections.build_views"
        )
        self.view = view


class DocumentUndecodable(StoreError):
    """The body of a document is damaged, or was written by another version of its view."""

    code = "document_undecodable"

    def __init__(self, view: str, id: str) -> None:
        super().__init__(f"document {view}/{id} cannot be read")
        self.view = view
        self.id = id


# What a search may answer, beside CursorInvalid, Busy and Invalid.


class SearchNotReady(GatherlogError):
    """The index for searching is being built; nothing can be found before it is complete."""

    code = "search_not_ready"


# What the codec may answer.


class EventUnknown(GatherlogError):
    """No class is registered for this event type and schema version."""

    code = "event_unknown"


class EventUndecodable(GatherlogError):
    """The stored data does not fit the class registered for its type."""

    code = "event_undecodable"


class EventExpired(EventUndecodable):
    """The event says nothing any more: it has expired, or whom it was about was erased."""

    code = "event_expired"


# What rules may answer.


class Flaw:
    """One thing wrong with an input: where (JSON pointer) and what."""

    __slots__ = ("detail", "pointer")

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail

    def __repr__(self) -> str:
        return f"Flaw({self.pointer!r}, {self.detail!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Flaw) and (self.pointer, self.detail) == (
            other.pointer,
            other.detail,
        )

    __hash__ = None  # type: ignore[assignment]


class Invalid(GatherlogError):
    """The input breaks a rule of form or range; `flaws` names every place."""

    code = "invalid"

    def __init__(self, *flaws: Flaw) -> None:
        super().__init__("; ".join(f"{flaw.pointer or 'input'}: {flaw.detail}" for flaw in flaws))
        self.flaws = flaws


class NotFound(GatherlogError):
    """What was asked for does not exist, or the asker may not know that it does."""

    code = "not_found"


class Unauthenticated(GatherlogError):
    """No credential, or one that is unknown, ended or revoked."""

    code = "unauthenticated"


class Denied(GatherlogError):
    """The asker is known and may see the thing, but not do this to it."""

    code = "denied"


class Refused(GatherlogError):
    """A rule of an app forbids this now. Apps raise subclasses with codes of their own."""

    code = "refused"
