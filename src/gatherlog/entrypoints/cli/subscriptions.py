"""Commands about subscriptions: work, and see, pause, resume and reset them."""

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from cyclopts import Parameter

from gatherlog.entrypoints.cli.asking import Place, Site, asked, struct_of
from gatherlog.entrypoints.cli.failures import flaws_named
from gatherlog.entrypoints.cli.opening import demand_site_key, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.positions import read_positions
from gatherlog.entrypoints.cli.terminal import printable, shortened, table

if TYPE_CHECKING:
    from gatherlog.interfaces.rest.subscriptions import (
        HeldAnswer,
        ParkAnswer,
        PartitionAnswer,
        SubscriptionAnswer,
    )

__all__ = ["list_", "pause", "reset", "resume", "show", "work"]

Name = Annotated[str, Parameter(help="Name of the subscription; that of all rules is `bus`.")]
_POSITION = "write start, end, or a position like 42"


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


def list_(*, place: Place | None = None, json: Json = False) -> None:
    """List all subscriptions: how far behind they are, what is parked or held, dead letters."""
    from gatherlog.interfaces.rest.subscriptions import SubscriptionAnswer

    answer = asked(place, lambda site: site.ask("GET", "/subscriptions"), read_only=True)
    if json:
        print(answer.body.decode())
        return
    rows = [
        (
            one.name,
            _counted(one),
            "-" if one.oldest_seconds is None else f"{one.oldest_seconds:,.0f} s",
            one.parked,
            one.held,
            one.failing,
            one.dead,
            one.state,
        )
        for one in struct_of(answer, list[SubscriptionAnswer])
    ]
    print(table(("name", "behind", "oldest", "parked", "held", "failing", "dead", "state"), rows))


def show(name: Name, /, *, place: Place | None = None, json: Json = False) -> None:
    """Print how far a subscription has read, and which streams and subjects wait in it, and why.

    For each of them it tells when it is tried again, or which dead letter it waits for.
    """
    from gatherlog.interfaces.rest.subscriptions import StatusAnswer

    answer = asked(place, lambda site: site.ask("GET", _path(name)), read_only=True)
    if json:
        print(answer.body.decode())
        return
    status = struct_of(answer, StatusAnswer)
    if told := _STATES.get(status.state):
        print(told.format(name=printable(name)))
    for one in status.partitions:
        print(_partition(one))
    print(f"events behind: {_counted(status)}")
    for held in status.holds:
        print(_held(held))
    rows = [_park(park) for park in status.parks]
    head = ("destination", "stream", "subject", "version", "tries", "next try", "why")
    print(table(head, rows) if rows else "Nothing is parked.")


_STATES = {
    "paused": "{name} is paused; `gatherlog subscriptions resume {name}` lets it continue",
    "pausing": "{name} will be paused by the process that reads it",
    "resuming": "{name} will be resumed by the process that reads it",
    "never read": "{name} was never read: run `gatherlog serve` or `gatherlog work`",
}
"""What is said about the states of a subscription that does not simply read."""


def _partition(one: "PartitionAnswer") -> str:
    return f"partition {one.partition}: at position {one.position:,}, the log is at {one.head:,}"


def _park(park: "ParkAnswer") -> tuple[object, ...]:
    waits = f"waits for you: {park.dead_letter}" if park.dead_letter else "waits for you"
    return (
        park.destination,
        park.stream,
        park.subject or "-",
        park.version,
        park.attempts,
        waits if park.next_try is None else f"{park.next_try[:19]}Z",
        shortened(f"{park.kind}: {park.detail}"),
    )


def _held(one: "HeldAnswer") -> str:
    """One line about a destination that gets no new events, and what to do about it."""
    held = f"{printable(one.destination)} is held"
    if one.position is not None:
        held += f" at position {one.position:,}"
    if one.failing_since is None:
        return f"{held}: it catches up"
    return (
        f"{held}: all deliveries have failed since {one.failing_since}, and one attempt at a time"
        " probes it. Mend the receiver, or change or remove the rule."
    )


def pause(name: Name, /, *, place: Place | None = None) -> None:
    """Pause a subscription: it delivers nothing until it is resumed."""
    asked(place, lambda site: site.ask("POST", f"{_path(name)}/pause"))
    print(f"{printable(name)} will be paused by the process that reads it.")


def resume(name: Name, /, *, place: Place | None = None) -> None:
    """Resume a subscription after a pause, and retry at once what waits for its next try.

    Dead letters that keep later events waiting stay until `dead-letters redrive` or `discard`.
    """
    asked(place, lambda site: site.ask("POST", f"{_path(name)}/resume"))
    print(f"{printable(name)} will be resumed by the process that reads it.")


def reset(
    name: Name,
    /,
    *,
    to: Annotated[
        str, Parameter(help="start, end, or a position; with several partitions 7,0,12 and so on.")
    ],
    place: Place | None = None,
) -> None:
    """Let a subscription begin again at another position; what was parked in it is forgotten.

    Handlers and targets get all events after that position once more. A subscription that keeps
    documents deletes them and makes them again, and can only begin at the start.
    """
    from gatherlog.interfaces.rest.subscriptions import ResetRequest, StatusAnswer

    async def begin_again(site: Site) -> None:
        found = struct_of(await site.ask("GET", _path(name)), StatusAnswer)
        heads = tuple(one.head for one in found.partitions)
        named: dict[str, Literal["start", "end"]] = {"start": "start", "end": "end"}
        at = named.get(to) or [*read_positions("--to", to, heads, form=_POSITION)]
        request = ResetRequest(to=at)
        await site.ask("POST", f"{_path(name)}/reset", body=request)

    with flaws_named({"/to": "--to"}):
        asked(place, begin_again)
    print(f"{printable(name)} will begin anew in the process that reads it.")


def _path(name: str) -> str:
    return f"/subscriptions/{quote(name, safe='')}"


def _counted(one: "SubscriptionAnswer") -> str:
    """How many events it is behind; with a plus if there are more than were counted."""
    return f"{one.behind:,}{'+' if one.behind_is_least else ''}"
