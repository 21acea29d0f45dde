"""Commands about dead letters: list, show, redrive and discard deliveries that were given up."""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from cyclopts import Parameter

from gatherlog.entrypoints.cli.asking import Place, Site, all_items, asked, struct_of
from gatherlog.entrypoints.cli.failures import CommandRefused, flaws_named
from gatherlog.entrypoints.cli.options import WHOLE, Json
from gatherlog.entrypoints.cli.terminal import shortened, table

if TYPE_CHECKING:
    from gatherlog.interfaces.rest.dead_letters import DeadLetterAnswer

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
_LETTERS = "/dead-letters"
_HEAD = ("id", "destination", "stream", "version", "type", "tries", "subject", "since", "why")


def list_(
    *,
    subscription: SubscriptionName = None,
    destination: DestinationName = None,
    state: Annotated[
        Literal["dead", "redriving", "discarded"], Parameter(help="What became of them.")
    ] = "dead",
    limit: Annotated[int, WHOLE, Parameter(help="Print at most this many.")] = 100,
    place: Place | None = None,
    json: Json = False,
) -> None:
    """List dead letters, which are deliveries that were given up, the oldest first, and why."""
    if not 1 <= limit <= 1000:
        raise CommandRefused(f"--limit is {limit}: write 1 to 1000")

    from gatherlog.interfaces.rest.dead_letters import DeadLetterAnswer

    query = _query(subscription, destination) | {"state": state}
    found = asked(
        place,
        lambda site: all_items(site, _LETTERS, DeadLetterAnswer, query, most=limit),
        read_only=True,
    )
    if json:
        import msgspec

        print(msgspec.json.encode(found).decode())
        return
    if not found:
        print(f"There are no letters in the state {state}.", file=sys.stderr)
    else:
        print(table(_HEAD, [_row(dead_letter) for dead_letter in found]))


def show(
    id: Annotated[str, Parameter(help="Id of the dead letter.")],
    /,
    *,
    place: Place | None = None,
) -> None:
    """Print one dead letter as JSON, with the traceback if there was one."""
    import msgspec

    answer = asked(place, lambda site: site.ask("GET", _path(id)), read_only=True)
    print(msgspec.json.format(answer.body, indent=2).decode())


def redrive(
    ids: Ids = None,
    /,
    *,
    all: All = False,
    subscription: SubscriptionName = None,
    destination: DestinationName = None,
    place: Place | None = None,
) -> None:
    """Let workers retry dead letters: those that are named, or --all that match."""

    async def redrive_one(site: Site, id: str) -> None:
        await site.ask("POST", f"{_path(id)}/redrive")

    done = _each(place, ids, all, _query(subscription, destination), redrive_one)
    print(f"{done:,} will be tried again.")


def discard(
    ids: Ids = None,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is stored with them.")],
    all: All = False,
    subscription: SubscriptionName = None,
    destination: DestinationName = None,
    place: Place | None = None,
) -> None:
    """Discard dead letters: those that are named, or --all that match. Later events go on.

    Discarded ones stay listed with --state discarded, with the reason. They can still be redriven
    by their ids, except those of subscriptions that keep documents: their documents, and the totals
    in them, lack these events until the subscription is reset.
    """
    from gatherlog.core.subscriptions.subscription import PROJECTION
    from gatherlog.interfaces.rest.dead_letters import DeadLetterAnswer, DiscardRequest

    request, lacking = DiscardRequest(reason=reason), set[str]()

    async def discard_one(site: Site, id: str) -> None:
        answer = await site.ask("POST", f"{_path(id)}/discard", body=request)
        discarded = struct_of(answer, DeadLetterAnswer)
        if discarded.destination == PROJECTION:
            lacking.add(discarded.subscription)

    with flaws_named({"/reason": "--reason"}):
        done = _each(place, ids, all, _query(subscription, destination), discard_one)
    print(f"{done:,} discarded.")
    for name in sorted(lacking):
        print(
            f"The documents of {name}, and the totals in them, lack what was discarded until you"
            f" run: gatherlog subscriptions reset {name} --to start"
        )


def _row(dead_letter: "DeadLetterAnswer") -> tuple[object, ...]:
    return (
        dead_letter.id,
        dead_letter.destination,
        dead_letter.stream,
        dead_letter.version,
        dead_letter.event_type,
        dead_letter.attempts,
        dead_letter.subject,
        dead_letter.given_up_at[:19],
        shortened(f"{dead_letter.kind}: {dead_letter.detail}"),
    )


def _each(
    place: Place | None,
    ids: list[str] | None,
    all: bool,
    query: dict[str, str],
    act: Callable[[Site, str], Awaitable[None]],
) -> int:
    """Do something to the dead letters that are named, or to all that match; how many they were."""
    if bool(ids) == all:
        raise CommandRefused("name dead letters by id, or all that match with --all")

    async def run(site: Site) -> int:
        for id in ids or ():
            await act(site, id)
        return len(ids or ()) if not all else await _all(site, query, act)

    return asked(place, run)


async def _all(
    site: Site, query: dict[str, str], act: Callable[[Site, str], Awaitable[None]]
) -> int:
    """Do it to all that match now, so that one that is given up again is not redriven twice."""
    from gatherlog.core.eventstore.errors import NotFound, Refused
    from gatherlog.interfaces.rest.dead_letters import DeadLetterAnswer

    done = 0
    for one in await all_items(site, _LETTERS, DeadLetterAnswer, query):
        try:
            await act(site, one.id)
            done += 1
        except (NotFound, Refused):  # it was redriven or discarded meanwhile
            continue
    return done


def _query(subscription: str | None, destination: str | None) -> dict[str, str]:
    given = {"subscription": subscription, "destination": destination}
    return {name: value for name, value in given.items() if value is not None}


def _path(id: str) -> str:
    return f"{_LETTERS}/{quote(id, safe='')}"
