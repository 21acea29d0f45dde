"""What is wrong with a site, by its status: pure rules, each with a sentence and what to do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gatherlog.interfaces.status.shapes import (
    DestinationStatus,
    SearchStatus,
    Status,
    StoreStatus,
    SubscriptionStatus,
    Trouble,
)

__all__ = ["PATIENCE", "SLOW", "age", "troubles_of"]

PATIENCE: Final = 30.0
"""Seconds for which an event may wait, and a lease stay as it is, before it is a trouble: several
times what it takes until another worker replaces one that has died."""
SLOW: Final = 300.0
"""Seconds that the oldest event may wait for a subscription that is read."""
RETRYING: Final = 60.0
"""Seconds for which events may wait behind one that is tried again."""
MOST_WAL: Final = 64 * 1024 * 1024
LEAST_FREE: Final = 64 * 1024 * 1024
ENOUGH_FREE: Final = 1024 * 1024 * 1024
"""Bytes of the disk that are enough for any store; a smaller one needs as much as it has."""


def troubles_of(status: Status) -> tuple[Trouble, ...]:
    """All that is wrong, what is worst first."""
    return (
        *_unbuilt(status.store),
        *_room(status.store),
        *_unread(status),
        *(one for subscription in status.subscriptions for one in _slow(subscription)),
        *_set_aside(status),
        *(one for destination in status.destinations for one in _waiting(destination)),
        *_dead(status.destinations),
        *_dead_messages(status),
        *_mail(status),
        *_search(status.search),
    )


def age(seconds: float) -> str:
    """So many seconds for people, in one unit that fits: `45 s`, `12 min`, `3 h`, `5 days`."""
    for size, unit in ((172_800, "days"), (7_200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds // {'days': 86_400, 'h': 3_600, 'min': 60}[unit]:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _unbuilt(store: StoreStatus) -> Iterator[Trouble]:
    if store.unbuilt_views:
        yield Trouble(
            code="view_unbuilt",
            about=", ".join(store.unbuilt_views),
            says="An earlier release made these documents: what lists them is refused until then.",
            do="a server or worker builds them; if none runs: gatherlog upgrade",
        )


def _room(store: StoreStatus) -> Iterator[Trouble]:
    free, size = store.disk_free_bytes, store.bytes.get("database", 0)
    if free is not None and free < max(LEAST_FREE, min(size, ENOUGH_FREE)):
        yield Trouble(
            code="disk_low",
            about="",
            says=f"{free / 1e6:,.0f} MB of the disk are left, and the store has {size / 1e6:,.0f}.",
            do="Free some space, or move the store to a larger disk.",
        )
    if (wal := store.bytes.get("wal", 0)) > MOST_WAL:
        yield Trouble(
            code="wal_large",
            about="",
            says=f"The write-ahead log has {wal / 1e6:,.0f} MB: a reader keeps it from emptying.",
            do="End programs that have had the file open for long, such as sqlite3 or a backup.",
        )


def _unread(status: Status) -> Iterator[Trouble]:
    nobody = [one for one in status.subscriptions if _is_unread(one, status)]
    if nobody and len(nobody) == len(status.subscriptions):
        yield _nobody("", nobody)
        return
    for one in nobody:
        yield _nobody(one.name, [one])


def _is_unread(subscription: SubscriptionStatus, status: Status) -> bool:
    """Whether nobody reads it, in any partition.

    Where this process is about to take the leases, it is given the time that it needs.
    """
    for reader in subscription.readers:
        waits = (reader.unread_seconds or 0.0) > PATIENCE
        if reader.holder is None and (waits or not status.works):
            return True
        is_quiet = (reader.quiet_seconds or 0.0) > PATIENCE
        if waits and is_quiet and subscription.state == "reading":
            return True
    return False


def _nobody(about: str, unread: Sequence[SubscriptionStatus]) -> Trouble:
    waiting = max(unread, key=lambda one: one.oldest_seconds or 0.0)
    seconds = waiting.oldest_seconds
    waits = (
        "nothing waits yet" if seconds is None else f"events wait, the oldest for {age(seconds)}"
    )
    return Trouble(
        code="nobody_reads",
        about=about,
        says=f"Nobody reads {about or 'the subscriptions'}: {waits}.",
        do="Start gatherlog serve or gatherlog work with this store.",
    )


def _slow(one: SubscriptionStatus) -> Iterator[Trouble]:
    plus = "+" if one.behind_is_least else ""
    if one.state in ("paused", "pausing"):
        yield Trouble(
            code="paused",
            about=one.name,
            says=f"{one.name} is paused, and {one.behind:,}{plus} events wait.",
            do=f"gatherlog subscriptions resume {one.name}",
        )
        return
    unread = max((reader.unread_seconds or 0.0 for reader in one.readers), default=0.0)
    if unread > SLOW and all(reader.holder for reader in one.readers):
        yield Trouble(
            code="behind",
            about=one.name,
            says=f"{one.name} does not keep up: {one.behind:,}{plus} events wait, the oldest that "
            f"was not read for {age(unread)}.",
            do=f"gatherlog subscriptions show {one.name}; see whether its process has enough time.",
        )


def _set_aside(status: Status) -> Iterator[Trouble]:
    for one in status.set_aside:
        rule = one.what.removeprefix("rule ")
        is_rule = rule != one.what
        yield Trouble(
            code="set_aside",
            about=one.what,
            says=f"{one.what} cannot be used: {one.why}.",
            do=f"Mend or remove it: gatherlog rules show {rule}" if is_rule else "Give it again.",
        )


def _waiting(one: DestinationStatus) -> Iterator[Trouble]:
    waits = (
        "" if one.oldest_seconds is None else f", the oldest event for {age(one.oldest_seconds)}"
    )
    if one.failing_since is not None:
        yield Trouble(
            code="destination_fails",
            about=one.destination,
            says=f"All deliveries to {one.destination} have failed since {one.failing_since[:19]}Z"
            f"{waits}: {one.reason}.",
            do=f"Mend the receiver, or change or remove the rule; then gatherlog subscriptions "
            f"resume {one.subscription}",
        )
    elif one.parked > one.waits_for_operator and (one.oldest_seconds or 0.0) > RETRYING:
        yield Trouble(
            code="parked",
            about=one.destination,
            says=f"{one.parked:,} streams or subjects wait for {one.destination}{waits}: "
            f"{one.reason}.",
            do=f"gatherlog subscriptions show {one.subscription}",
        )


def _dead(destinations: Iterable[DestinationStatus]) -> Iterator[Trouble]:
    for one in destinations:
        if one.dead:
            chosen = f"--subscription {one.subscription} --destination {one.destination}"
            held = ", and later events wait for them" if one.waits_for_operator else ""
            yield Trouble(
                code="dead_letters",
                about=one.destination,
                says=f"{one.dead:,} deliveries to {one.destination} were given up{held}: "
                f"{one.reason}.",
                do=f"gatherlog dead-letters list {chosen}; then redrive or discard them.",
            )


def _dead_messages(status: Status) -> Iterator[Trouble]:
    for queue in status.queues:
        if queue.dead:
            yield Trouble(
                code="queue_dead",
                about=queue.name,
                says=f"{queue.dead:,} messages of the queue {queue.name} were tried too often.",
                do=f"See GET /queues/{queue.name}/dead; then redrive or discard them.",
            )


def _mail(status: Status) -> Iterator[Trouble]:
    if kinds := {kind: n for kind, n in status.mail.not_sent.items() if n and kind != "allowance"}:
        counted = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
        yield Trouble(
            code="mail_not_sent",
            about="",
            says=f"Letters with codes for signing in could not be sent: {counted}.",
            do="See the log of the server, GATHERLOG_SMTP_URL and GATHERLOG_MAIL_FROM.",
        )


def _search(search: SearchStatus | None) -> Iterator[Trouble]:
    if search is None:
        return
    if search.is_building:
        yield Trouble(
            code="search_builds",
            about="",
            says=f"The index for searching is being built: {search.documents:,} can be found.",
            do="Wait until it is built; everything else works.",
        )
    elif (search.oldest_seconds or 0.0) > RETRYING:
        yield Trouble(
            code="search_behind",
            about="",
            says=f"The index for searching lacks events of {age(search.oldest_seconds or 0.0)}.",
            do="See the log of the server, which says why it does not follow.",
        )
