"""The status of a site as it is answered over HTTP and printed by the command line.

It is about the site and never about people. Ages are in seconds, sizes in bytes.
"""

from typing import Annotated

import msgspec

from gatherlog.core.subscriptions.administration import State

__all__ = [
    "DestinationStatus",
    "MailStatus",
    "QueueCounts",
    "ReaderStatus",
    "SearchStatus",
    "SetAside",
    "Status",
    "StoreStatus",
    "SubscriptionStatus",
    "Trouble",
]

_TIME = msgspec.Meta(extra_json_schema={"format": "date-time"}, description="RFC 3339, in UTC.")
Time = Annotated[str, _TIME]


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what, and what to do about it."""

    code: str
    """The kind of trouble, such as `nobody_reads`. It stays the same from release to release."""
    about: str
    """The subscription, destination, queue, view or rule that it is about; empty: the site."""
    says: str
    do: str


class ReaderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Which worker has the lease of a partition of a subscription."""

    partition: int
    holder: str | None
    """Host, process and a random part; null: nobody."""
    since: Time | None
    """Since when it has the lease, or nobody has; null if that is not known."""
    quiet_seconds: float | None
    """For how long it has not renewed the lease, which it does every few seconds while there is
    work; null if that is not known."""
    unread_seconds: float | None
    """For how long the first event that it has not read has been in the log; null: there is
    none."""


class SubscriptionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription; the figures are those of `GET /subscriptions`."""

    name: str
    state: State
    behind: int
    behind_is_least: bool
    oldest_seconds: float | None
    parked: int
    held: int
    failing: int
    dead: int
    readers: tuple[ReaderStatus, ...]


class DestinationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A destination for which events wait, or deliveries to which were given up."""

    subscription: str
    destination: str
    rule: str | None
    """The rule that it is a target of."""
    parked: int
    waits_for_operator: int
    held: bool
    failing_since: Time | None
    oldest_seconds: float | None
    next_try: Time | None
    dead: int
    reason: str
    """Why the last attempt failed, or the last delivery was given up."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A rule or an administrative command that cannot be used."""

    subscription: str
    what: str
    why: str


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages of a durable queue are in which state."""

    name: str
    ready: int
    in_flight: int
    waiting: int
    dead: int
    oldest_seconds: float | None


class MailStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Letters that wait, and those that were not kept and could not be sent, by kind."""

    held: dict[str, int]
    not_sent: dict[str, int]
    """Since this process started: those of a server are in the answer of that server only."""


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The store: where its log ends, and how much room it takes."""

    heads: tuple[int, ...]
    bytes: dict[str, int]
    """`database`, and `wal` for a file; empty where the store does not know it."""
    disk_free_bytes: int | None
    unbuilt_views: tuple[str, ...]


class SearchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The index of the server that answers."""

    documents: int
    is_building: bool
    oldest_seconds: float | None
    """For how long the oldest event that is not in the index has been in the log."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A site at one moment."""

    version: str
    at: Time
    works: bool
    """Whether this process reads subscriptions; the command line never does."""
    troubles: tuple[Trouble, ...] = ()
    store: StoreStatus
    subscriptions: tuple[SubscriptionStatus, ...]
    destinations: tuple[DestinationStatus, ...]
    set_aside: tuple[SetAside, ...]
    queues: tuple[QueueCounts, ...]
    mail: MailStatus
    search: SearchStatus | None
    """null: this process does not search."""
