"""Commands about dead letters: list, show, redrive and discard deliveries that were given up.

With --json and in `show` they print the core's own structs. The answers over HTTP have other names
and forms, for times above all, so neither can be made of the other.
"""

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.subscriptions import shortened, with_admin
from gatherlog.entrypoints.cli.terminal import table

if TYPE_CHECKING:
    from gatherlog.core.subscriptions.administration import SubscriptionAdmin
    from gatherlog.core.subscriptions.dead_letters import DeadLetter

__all__ = ["discard", "list_", "redrive", "show"]

Ids = Annotated[list[str] | None, Parameter(help="Ids of dead letters.", negative="")]
All = Annotated[
    bool,
    Parameter(name="--all", negative="", show_default=False, help="All of those that match."),
]
SubscriptionName = Annotated[
    str | None, Parameter(name="--subscription", help="Those of this subscription.")
]
DestinationName = Annotated[
    str | None,
    Parameter(name="--destination", help="Those of this destination, as RULE/TARGET."),
]
BY = "cli"
_HEAD = ("id", "destination", "stream", "version", "type", "tries", "subject", "since", "why")


def list_(
    *,
    subscription: SubscriptionName = None,
    destination: DestinationName = None,
    state: Annotated[
        Literal["dead", "redriving", "discarded"], Parameter(help="What became of them.")
    ] = "dead",
    limit: Annotated[int, WHOLE, Parameter(help="Print at most this many.")] = 100,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """List dead letters, which are deliveries that were given up, the oldest first, and why."""
    if not 1 <= limit <= 1000:
        raise CommandRefused(f"--limit is {limit}: write 1 to 1000")

    async def load(admin: "SubscriptionAdmin") -> "list[DeadLetter]":
        from gatherlog.core.routing import subscription_or_bus

        found: list[DeadLetter] = []
        cursor = None
        while len(found) < limit:
            page = await admin.dead_letters(
                subscription=subscription_or_bus(subscription, destination),
                destination=destination,
                state=state,
                limit=limit - len(found),
                cursor=cursor,
            )
            found += page.dead_letters
            if (cursor := page.cursor) is None:
                break
        return found

    found = with_admin(store, load, read_only=True)
    if json:
        import msgspec

        print(msgspec.json.encode(found).decode())
        return
    if not found:
        print(f"There are no letters in the state {state}.", file=sys.stderr)
    else:
        print(table(_HEAD, [_row(dead_letter) for dead_letter in found]))


def show(
    id: Annotated[str, Parameter(help="Id of the dead letter.")], /, *, store: StoreUrl = None
) -> None:
    """Print one dead letter as JSON, with the traceback if there was one."""
    import msgspec

    async def load(admin: "SubscriptionAdmin") -> "DeadLetter":
        return await admin.dead_letter(id)

    found = msgspec.json.encode(with_admin(store, load, read_only=True))
    print(msgspec.json.format(found, indent=2).decode())


def redrive(
    ids: Ids = None,
    /,
    *,
    all: All = False,
    subscription: SubscriptionName = None,
    destination: DestinationName = None,
    store: StoreUrl = None,
) -> None:
    """Let workers retry dead letters: those that are named, or --all that match."""
    done = _each(store, ids, all, subscription, destination, _redrive_one)
    print(f"{done:,} will be tried again.")


def discard(
    ids: Ids = None,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is stored with them.")],
    all: All = False,
    subscription: SubscriptionName = None,
    destination: DestinationName = None,
    store: StoreUrl = None,
) -> None:
    """Discard dead letters: those that are named, or --all that match. Later events go on.

    Discarded ones stay listed with --state discarded, with the reason. They can still be redriven
    by their ids, except those of subscriptions that keep documents: their documents, and the totals
    in them, lack these events until the subscription is reset.
    """
    lacking: set[str] = set()

    async def discard_one(admin: "SubscriptionAdmin", id: str) -> None:
        discarded = await admin.discard(id, reason, by=BY)
        if discarded.is_of_projection:
            lacking.add(discarded.subscription)

    done = _each(store, ids, all, subscription, destination, discard_one)
    print(f"{done:,} discarded.")
    for name in sorted(lacking):
        print(
            f"The documents of {name}, and the totals in them, lack what was discarded until you"
            f" run: gatherlog subscriptions reset {name} --to start"
        )


def _row(dead_letter: "DeadLetter") -> tuple[object, ...]:
    from gatherlog.core.eventstore.clock import rfc3339

    return (
        dead_letter.id,
        dead_letter.destination,
        dead_letter.stream,
        dead_letter.version,
        dead_letter.event_type,
        dead_letter.attempts,
        dead_letter.about,
        rfc3339(dead_letter.given_up_at)[:19],
        shortened(f"{dead_letter.kind}: {dead_letter.detail}"),
    )


async def _redrive_one(admin: "SubscriptionAdmin", id: str) -> None:
    await admin.redrive(id, by=BY)


def _each(
    store: str | None,
    ids: list[str] | None,
    all: bool,
    subscription: str | None,
    destination: str | None,
    act: "Callable[[SubscriptionAdmin, str], Awaitable[None]]",
) -> int:
    """Do something to the dead letters that are named, or to all that match; how many they were."""
    if bool(ids) == all:
        raise CommandRefused("name dead letters by id, or all that match with --all")

    async def run(admin: "SubscriptionAdmin") -> int:
        from gatherlog.core.eventstore.errors import NotFound, Refused

        for id in ids or ():
            await act(admin, id)
        if not all:
            return len(ids or ())
        done = 0
        for id in await _matching(admin, subscription, destination):
            with suppress(NotFound, Refused):  # it was redriven or discarded meanwhile
                await act(admin, id)
                done += 1
        return done

    return with_admin(store, run)


async def _matching(
    admin: "SubscriptionAdmin", subscription: str | None, destination: str | None
) -> list[str]:
    """The ids of all that match now, so that one that is given up again is not redriven twice."""
    from gatherlog.core.routing import subscription_or_bus

    ids: list[str] = []
    cursor = None
    while True:
        found = await admin.dead_letters(
            subscription=subscription_or_bus(subscription, destination),
            destination=destination,
            limit=1000,
            cursor=cursor,
        )
        ids += [dead_letter.id for dead_letter in found.dead_letters]
        if (cursor := found.cursor) is None:
            return ids
