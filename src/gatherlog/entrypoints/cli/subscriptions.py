"""Commands about subscriptions: work, and see, pause, resume and reset them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import (
    demand_site_key,
    finish,
    open_platform,
    settings_of_store,
)
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.positions import read_positions
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.subscriptions.administration import Lag, Status, SubscriptionAdmin
    from gatherlog.core.subscriptions.checkpoints import Backlog

__all__ = ["list_", "pause", "reset", "resume", "shortened", "show", "with_admin", "work"]

Name = Annotated[str, Parameter(help="Name of the subscription; that of all rules is `bus`.")]
BY = "cli"
_POSITION = "write start, end, or a position like 42"
MAX_REASON = 80
"""Characters of a reason that a table shows; `show` and `--json` have it whole."""
T = TypeVar("T")


def work(*, store: StoreUrl = None) -> None:
    """Read all subscriptions: deliver events to targets of rules, send letters, write the trail.

    The server does this too, unless GATHERLOG_WORK=off. Any number of workers share the
    subscriptions, and take over those of a worker that dies. SIGTERM or Ctrl-C ends it.
    """
    from gatherlog.entrypoints.working import work as work_until_told

    settings = settings_of_store(store)
    demand_site_key(settings)
    work_until_told(
        settings, ready=lambda: print(f"Working for {settings.address.shown}", flush=True)
    )


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all subscriptions: how far behind they are, what is parked or held, dead letters."""

    async def load(admin: "SubscriptionAdmin") -> "list[tuple[Status, int]]":
        found = [await admin.status(name) for name in await admin.names()]
        return [(status, await admin.count_dead_letters(status.name)) for status in found]

    found = with_admin(store, load, read_only=True)
    if json:
        import msgspec

        listed = [_as_json(status) | {"dead": dead} for status, dead in found]
        print(msgspec.json.encode(listed).decode())
        return
    rows = [
        (
            status.name,
            _counted(status),
            "-" if status.oldest_seconds is None else f"{status.oldest_seconds:,.0f} s",
            status.parked,
            status.held,
            status.failing,
            dead,
            status.state,
        )
        for status, dead in found
    ]
    print(table(("name", "behind", "oldest", "parked", "held", "failing", "dead", "state"), rows))


def show(name: Name, /, *, store: StoreUrl = None, json: Json = False) -> None:
    """Print how far a subscription has read, and which streams and subjects wait in it, and why."""

    async def load(admin: "SubscriptionAdmin") -> "Status":
        return await admin.status(name)

    status = with_admin(store, load, read_only=True)
    if json:
        import msgspec

        print(msgspec.json.encode(status).decode())
        return
    if told := _STATES.get(status.state):
        print(told.format(name=printable(name)))
    for lag in status.lags:
        place = f"at position {lag.position:,}, the log is at {lag.head:,}"
        print(f"partition {lag.partition}: {place}, events behind: {_counted(lag)}")
    for backlog in status.backlogs:
        if backlog.suspended_from is not None or backlog.failing_since is not None:
            print(_held(backlog))
    rows = [
        (
            backlog.destination,
            park.stream,
            park.subject or "-",
            park.version,
            park.attempts,
            "waits for you" if park.next_try is None else "is tried again",
            shortened(f"{park.kind}: {park.detail}"),
        )
        for backlog in status.backlogs
        for park in backlog.parked
    ]
    head = ("destination", "stream", "subject", "version", "tries", "state", "why")
    print(table(head, rows) if rows else "Nothing is parked.")


_STATES = {
    "paused": "{name} is paused; `gatherlog subscriptions resume {name}` lets it continue",
    "pausing": "{name} will be paused by the process that reads it",
    "resuming": "{name} will be resumed by the process that reads it",
    "never read": "{name} was never read: run `gatherlog serve` or `gatherlog work`",
}
"""What is said about the states of a subscription that does not simply read."""


def _held(backlog: "Backlog") -> str:
    """One line about a destination that gets no new events, and what to do about it."""
    from gatherlog.core.eventstore.clock import rfc3339

    held = f"{printable(backlog.destination)} is held"
    if backlog.suspended_from is not None:
        held += f" at position {backlog.suspended_from:,}"
    if backlog.failing_since is None:
        return f"{held}: it catches up"
    since = rfc3339(backlog.failing_since)
    return (
        f"{held}: all deliveries have failed since {since}, and one attempt at a time probes it."
        " Mend the receiver, or change or remove the rule."
    )


def pause(name: Name, /, *, store: StoreUrl = None) -> None:
    """Pause a subscription: it delivers nothing until it is resumed."""
    with_admin(store, lambda admin: admin.pause(name, by=BY))
    print(f"{printable(name)} will be paused by the process that reads it.")


def resume(name: Name, /, *, store: StoreUrl = None) -> None:
    """Resume a subscription after a pause, and retry at once what waits for its next try.

    Dead letters that keep later events waiting stay until `dead-letters redrive` or `discard`.
    """
    with_admin(store, lambda admin: admin.resume(name, by=BY))
    print(f"{printable(name)} will be resumed by the process that reads it.")


def reset(
    name: Name,
    /,
    *,
    to: Annotated[
        str, Parameter(help="start, end, or a position; with several partitions 7,0,12 and so on.")
    ],
    store: StoreUrl = None,
) -> None:
    """Let a subscription begin again at another position; what was parked in it is forgotten.

    Handlers and targets get all events after that position once more. A subscription that keeps
    documents deletes them and makes them again, and can only begin at the start.
    """
    settings = settings_of_store(store)

    async def begin_again() -> None:
        async with open_platform(settings) as platform:
            heads = await platform.store.heads()
            positions = {"start": (0,) * len(heads), "end": heads}.get(to)
            if positions is None:
                positions = read_positions("--to", to, heads, form=_POSITION)
            projections = {one.name for one in platform.subscriptions if one.fold is not None}
            if name in projections and any(positions):
                raise CommandRefused(f"{name} keeps documents: it begins anew with --to start")
            await platform.subscription_admin.reset(name, positions, by=BY)

    finish(begin_again())
    print(f"{printable(name)} will begin anew in the process that reads it.")


def shortened(text: str) -> str:
    """A reason, cut to the length that a table has room for."""
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"


def _as_json(status: "Status") -> dict[str, object]:
    """The core's own struct with its computed figures.

    The answer over HTTP counts what is held instead of listing it, so the two are made apart.
    """
    import msgspec

    whole: dict[str, object] = msgspec.to_builtins(status)
    return whole | {
        "behind": status.behind,
        "behind_is_least": status.behind_is_least,
        "oldest_seconds": status.oldest_seconds,
        "parked": status.parked,
        "failing": status.failing,
        "paused": status.is_paused,
    }


def _counted(one: "Status | Lag") -> str:
    """How many events it is behind; with a plus if there are more than were counted."""
    return f"{one.behind:,}{'+' if one.behind_is_least else ''}"


def with_admin(
    store: str | None,
    act: "Callable[[SubscriptionAdmin], Awaitable[T]]",
    *,
    read_only: bool = False,
) -> T:
    """Open the store, and return what `act` returns for the administration of subscriptions."""
    settings = settings_of_store(store)

    async def run() -> T:
        async with open_platform(settings, read_only=read_only) as platform:
            return await act(platform.subscription_admin)

    return finish(run())
