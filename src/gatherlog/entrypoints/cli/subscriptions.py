"""Commands about subscriptions and dead letters: how far behind, what waits, what to do with it."""

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    settings_of_store,
)
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.subscriptions.administration import Status, SubscriptionAdmin
    from gatherlog.core.subscriptions.dead_letters import DeadLetter

__all__ = [
    "discard",
    "letter",
    "letters",
    "list_",
    "pause",
    "redrive",
    "reset",
    "resume",
    "show",
    "work",
]

Name = Annotated[str, Parameter(help="Name of the subscription; that of all rules is `bus`.")]
Ids = Annotated[list[str] | None, Parameter(help="Ids of dead letters.", negative="")]
All = Annotated[
    bool,
    Parameter(name="--all", negative="", show_default=False, help="All of those that match."),
]
Of = Annotated[str | None, Parameter(name="--subscription", help="Those of this subscription.")]
To = Annotated[
    str | None,
    Parameter(name="--destination", help="Those of this destination, as RULE/TARGET."),
]
BY = "cli"
LONGEST_REASON = 80
"""Characters of a reason that a table shows; `show` and `--json` have it whole."""
T = TypeVar("T")


def work(*, store: StoreUrl = None) -> None:
    """Read subscriptions: bring events to rules' targets, send letters, keep the trail.

    The server does so by itself, unless GATHERLOG_WORK=off. Any number of workers share the work,
    and take over from one that dies. SIGTERM or Ctrl-C ends it.
    """
    from gatherlog.entrypoints.working import work as work_until_told

    settings = settings_of_store(store)
    work_until_told(settings, ready=lambda: print(f"Working for {settings.store}", flush=True))


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all subscriptions: how far behind, what is parked or held, dead letters."""

    async def load(control: "SubscriptionAdmin") -> "list[tuple[Status, int]]":
        found = [await control.status(name) for name in await control.names()]
        return [(status, await control.count_dead_letters(status.name)) for status in found]

    found = _ask(store, load)
    if json:
        import msgspec

        told = [_told(status) | {"dead": dead} for status, dead in found]
        print(msgspec.json.encode(told).decode())
        return
    rows = [
        (
            status.name,
            f"{status.behind:,}",
            status.parked,
            sum(backlog.suspended_from is not None for backlog in status.backlogs),
            dead,
            "paused" if status.is_paused else "reading",
        )
        for status, dead in found
    ]
    print(table(("name", "behind", "parked", "held", "dead", "state"), rows))


def show(name: Name, /, *, store: StoreUrl = None, json: Json = False) -> None:
    """Print what waits in a subscription, and why."""

    async def load(control: "SubscriptionAdmin") -> "Status":
        return await control.status(name)

    status = _ask(store, load)
    if json:
        import msgspec

        print(msgspec.json.encode(status).decode())
        return
    for lag in status.lags:
        print(f"partition {lag.partition}: at {lag.position:,} of {lag.head:,}")
    rows = [
        (
            backlog.destination,
            park.stream,
            park.subject or "-",
            park.version,
            park.attempts,
            "waits for you" if park.next_try is None else "is tried again",
            _short(f"{park.kind}: {park.detail}"),
        )
        for backlog in status.backlogs
        for park in backlog.parked
    ]
    head = ("destination", "stream", "subject", "version", "tries", "state", "why")
    print(table(head, rows) if rows else "Nothing is parked.")


def pause(name: Name, /, *, store: StoreUrl = None) -> None:
    """Bring nothing more until it is resumed."""
    _ask(store, lambda control: control.pause(name, by=BY))
    print(f"{printable(name)} is paused.")


def resume(name: Name, /, *, store: StoreUrl = None) -> None:
    """Go on after a pause, and try at once what waits for its next try.

    What was given up and holds others up waits for `dead-letters redrive` or `discard`.
    """
    _ask(store, lambda control: control.resume(name, by=BY))
    print(f"{printable(name)} goes on.")


def reset(
    name: Name,
    /,
    *,
    to: Annotated[
        str, Parameter(help="start, end, or a position; with several partitions 7,0,12 and so on.")
    ],
    store: StoreUrl = None,
) -> None:
    """Begin anew from somewhere in the log; what was parked is forgotten.

    Handlers and targets get everything beyond once more. A subscription that keeps documents makes
    them anew, and begins at the start.
    """
    settings = settings_of_store(store)

    async def begin_anew() -> None:
        async with open_platform(settings) as platform:
            heads = await platform.store.heads()
            positions = {"start": (0,) * len(heads), "end": heads}.get(to) or _positions(to)
            projected = {one.name for one in platform.subscriptions if one.fold is not None}
            if name in projected and any(positions):
                raise CommandRefused(f"{name} keeps documents: it begins anew with --to start")
            await platform.subscription_admin.reset(name, positions, by=BY)

    finish(begin_anew())
    print(f"{printable(name)} begins anew.")


def letters(
    *,
    subscription: Of = None,
    destination: To = None,
    state: Annotated[
        Literal["dead", "redriving", "discarded"], Parameter(help="What became of them.")
    ] = "dead",
    limit: Annotated[int, Parameter(help="Print at most so many.")] = 100,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """List deliveries that were given up, the oldest first, with the reason."""
    if not 1 <= limit <= 1000:
        raise CommandRefused(f"--limit is {limit}: write 1 to 1000")

    async def load(control: "SubscriptionAdmin") -> "list[DeadLetter]":
        whose = _whose(subscription, destination)
        found = await control.dead_letters(
            subscription=whose, destination=destination, state=state, limit=limit
        )
        return found.dead_letters

    found = _ask(store, load)
    if json:
        import msgspec

        print(msgspec.json.encode(found).decode())
        return
    from gatherlog.core.eventstore.clock import rfc3339

    if not found:
        print(f"There are no letters in the state {state}.", file=sys.stderr)
    else:
        rows = [
            (
                one.id,
                one.destination,
                one.stream,
                one.version,
                one.event_type,
                one.attempts,
                one.about,
                rfc3339(one.given_up_at)[:19],
                _short(f"{one.kind}: {one.detail}"),
            )
            for one in found
        ]
        head = (
            "id",
            "destination",
            "stream",
            "version",
            "type",
            "tries",
            "subject",
            "since",
            "why",
        )
        print(table(head, rows))


def letter(
    id: Annotated[str, Parameter(help="Id of the dead letter.")], /, *, store: StoreUrl = None
) -> None:
    """Print one dead letter as JSON, with the traceback if there was one."""
    import msgspec

    async def load(control: "SubscriptionAdmin") -> "DeadLetter":
        return await control.dead_letter(id)

    found = msgspec.json.encode(_ask(store, load))
    print(msgspec.json.format(found, indent=2).decode())


def redrive(
    ids: Ids = None,
    /,
    *,
    all: All = False,
    subscription: Of = None,
    destination: To = None,
    store: StoreUrl = None,
) -> None:
    """Have dead letters tried again by whoever works: those named, or --all that match."""
    done = _each(store, ids, all, subscription, destination, _redrive)
    print(f"{done:,} will be tried again.")


def discard(
    ids: Ids = None,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept with them.")],
    all: All = False,
    subscription: Of = None,
    destination: To = None,
    store: StoreUrl = None,
) -> None:
    """Set dead letters aside: those named, or --all that match. What waits behind them goes on.

    They stay listed, with the reason; redriven by id, one is tried again after all.
    """

    async def away(control: "SubscriptionAdmin", id: str) -> None:
        await control.discard(id, reason, by=BY)

    done = _each(store, ids, all, subscription, destination, away)
    print(f"{done:,} discarded.")


async def _redrive(control: "SubscriptionAdmin", id: str) -> None:
    await control.redrive(id, by=BY)


def _each(
    store: str | None,
    ids: list[str] | None,
    all: bool,
    subscription: str | None,
    destination: str | None,
    act: "Callable[[SubscriptionAdmin, str], Awaitable[None]]",
) -> int:
    if bool(ids) == all:
        raise CommandRefused("name dead letters by id, or all that match with --all")

    async def run(control: "SubscriptionAdmin") -> int:
        from gatherlog.core.eventstore.errors import NotFound

        for id in ids or ():
            await act(control, id)
        if not all:
            return len(ids or ())
        done = 0
        for id in await _matching(control, subscription, destination):
            with suppress(NotFound):  # taken meanwhile
                await act(control, id)
                done += 1
        return done

    return _ask(store, run)


def _short(text: str) -> str:
    """No longer than a line of a table should be."""
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


async def _matching(
    control: "SubscriptionAdmin", subscription: str | None, destination: str | None
) -> list[str]:
    """The ids of all that match now, so that what comes back meanwhile is left alone."""
    ids: list[str] = []
    cursor = None
    while True:
        found = await control.dead_letters(
            subscription=_whose(subscription, destination),
            destination=destination,
            limit=1000,
            cursor=cursor,
        )
        ids += [letter.id for letter in found.dead_letters]
        if (cursor := found.cursor) is None:
            return ids


def _whose(subscription: str | None, destination: str | None) -> str | None:
    return "bus" if subscription is None and destination is not None else subscription


def _positions(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
        raise CommandRefused(f"--to is {text!r}: write start, end, or a position like 42")
    return tuple(map(int, parts))


def _told(status: "Status") -> dict[str, object]:
    import msgspec

    whole: dict[str, object] = msgspec.to_builtins(status)
    return whole | {"behind": status.behind, "parked": status.parked, "paused": status.is_paused}


def _ask(store: str | None, ask: "Callable[[SubscriptionAdmin], Awaitable[T]]") -> T:
    """What `ask` says of the store's subscriptions."""
    settings = settings_of_store(store)

    async def run() -> T:
        async with open_platform(settings) as platform:
            return await ask(platform.subscription_admin)

    return finish(run())
