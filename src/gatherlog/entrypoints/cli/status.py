"""The command `status`: how a site is, what is wrong with it, and what to do about it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatherlog.entrypoints.cli.asking import Place, asked, struct_of
from gatherlog.entrypoints.cli.failures import FAILED
from gatherlog.entrypoints.cli.options import Json
from gatherlog.entrypoints.cli.terminal import coloured, counted, printable, shortened, table

if TYPE_CHECKING:
    from gatherlog.interfaces.status import Status
    from gatherlog.interfaces.status.shapes import DestinationStatus, SubscriptionStatus

__all__ = ["status"]


def status(*, place: Place | None = None, json: Json = False) -> int:
    """Print how the site is, and each trouble with what to do about it. Status 1 if there is any.

    It tells who reads each subscription, how far behind they are, what waits and what was given up
    for each destination, queues, mail, views that have to be rebuilt, and room on the disk. Nothing
    is written. Letters with codes that could not be sent, and the index for searching, are known to
    each server alone: ask it with --url.
    """
    from gatherlog.interfaces.status import Status

    answer = asked(place, lambda site: site.ask("GET", "/status"), read_only=True)
    found = struct_of(answer, Status)
    if json:
        print(answer.body.decode())
    else:
        print("\n".join(_lines(found)))
    return FAILED if found.troubles else 0


def _lines(found: "Status") -> Iterator[str]:
    yield from _troubles(found)
    yield ""
    yield _subscriptions(found)
    if found.destinations:
        yield ""
        yield _destinations(found)
    if found.queues:
        yield ""
        rows = [
            (one.name, one.ready, one.in_flight, one.waiting, one.dead, _age(one.oldest_seconds))
            for one in found.queues
        ]
        yield table(("queue", "ready", "in flight", "waiting", "dead", "oldest"), rows)
    yield ""
    yield from _site(found)


def _troubles(found: "Status") -> Iterator[str]:
    if not found.troubles:
        yield coloured("Nothing is wrong.", "green")
        return
    yield coloured(f"{counted(len(found.troubles), 'trouble')}:", "red")
    for one in found.troubles:
        about = f" ({printable(one.about)})" if one.about and one.about not in one.says else ""
        yield f"{coloured(one.code, 'red')}{about}: {printable(one.says)}  -> {printable(one.do)}"


def _subscriptions(found: "Status") -> str:
    rows = [
        (
            one.name,
            f"{one.behind:,}{'+' if one.behind_is_least else ''}",
            _age(one.oldest_seconds),
            one.parked,
            one.held,
            one.dead,
            one.state,
            _holders(one),
        )
        for one in found.subscriptions
    ]
    head = ("subscription", "behind", "oldest", "parked", "held", "dead", "state", "read by")
    return table(head, rows)


def _holders(one: "SubscriptionStatus") -> str:
    """Who holds the leases, and since when; with several partitions, how many of them."""
    holders: dict[str, list[str]] = {}
    for reader in one.readers:
        since = "" if reader.since is None else f" since {reader.since[:19]}Z"
        holders.setdefault(reader.holder or "nobody", []).append(since)
    if len(one.readers) == 1:
        return "".join(f"{holder}{since[0]}" for holder, since in holders.items())
    return ", ".join(f"{holder} ({len(since)})" for holder, since in holders.items())


def _destinations(found: "Status") -> str:
    rows = [
        (
            one.subscription,
            one.destination,
            one.parked,
            _age(one.oldest_seconds),
            one.dead,
            _state(one),
            "-" if one.next_try is None else f"{one.next_try[:19]}Z",
            shortened(one.reason),
        )
        for one in found.destinations
    ]
    head = ("subscription", "destination", "parked", "oldest", "dead", "state", "next try", "why")
    return table(head, rows)


def _state(one: "DestinationStatus") -> str:
    if one.failing_since is not None:
        return f"fails since {one.failing_since[:19]}Z"
    if one.waits_for_operator:
        return "waits for you"
    return "held" if one.held else "tried again" if one.parked else "works"


def _site(found: "Status") -> Iterator[str]:
    store = found.store
    sizes = [f"{name} {size / 1e6:,.1f} MB" for name, size in store.bytes.items()]
    if store.disk_free_bytes is not None:
        sizes.append(f"{store.disk_free_bytes / 1e9:,.1f} GB of the disk are free")
    heads = ", ".join(f"{head:,}" for head in store.heads)
    yield f"store: log at {heads}{''.join(f'; {size}' for size in sizes)}"
    held = [f"{number:,} held ({why})" for why, number in found.mail.held.items()]
    lost = [f"{number:,} not sent ({kind})" for kind, number in found.mail.not_sent.items()]
    if held or lost:
        yield f"letters: {', '.join([*held, *lost])}"
    if found.search is not None:
        yield f"search: {found.search.documents:,} documents"
    yield f"version: {found.version}"


def _age(seconds: float | None) -> str:
    from gatherlog.interfaces.status.troubles import age

    return "-" if seconds is None else age(seconds)
