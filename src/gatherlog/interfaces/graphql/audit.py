"""The queries and mutations of reviewers: what waits, what is published, and their decisions."""

from collections.abc import Mapping
from typing import Any, Final

from gatherlog.apps.people.policy import Action
from gatherlog.apps.things import HistoryEntry, Reason, Report, Thing
from gatherlog.core.commands.service import Stored
from gatherlog.interfaces.graphql.connections import Connection, connection, read_window
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.fields import (
    IMAGE,
    REASON,
    THING,
    Fields,
    ShownThing,
    at,
    organiser_of,
)
from gatherlog.interfaces.graphql.resolving import Args, id_of, mutation, null_where_hidden, query

__all__ = ["RESOLVERS"]

MOST: Final = 20
"""The largest page, and that of a client that names no size."""


async def thing_to_do_by_id(context: Context, args: Args) -> ShownThing:
    review = await context.things.review(id_of(args))
    return ShownThing(review.thing, review.version, live=review.live)


async def pending(context: Context, args: Args) -> Connection[ShownThing]:
    found = await context.things.pending(read_window(args, most=MOST, default=MOST))
    return connection(found, ShownThing, context.things.count_pending)


async def history(context: Context, args: Args) -> list[HistoryEntry]:
    return await context.things.history(id_of(args))


async def reports(context: Context, args: Args) -> Connection[Report]:
    window, reader = read_window(args, most=MOST, default=MOST), context.reader_id
    found = await context.things.reports(window, reader)
    return connection(found, lambda report, version: report, lambda: 0)


async def approve(context: Context, given: Args) -> ShownThing:
    approved = await context.things.approve(
        id_of(given),
        context.account_id,
        actor=context.by,
        expects=given.get("version"),
        once=context.once,
    )
    return _shown(approved)


async def reject(context: Context, given: Args) -> ShownThing:
    reasons = tuple(Reason(one["field"], one["text"]) for one in given.get("reasons") or ())
    rejected = await context.things.reject(
        id_of(given),
        reasons,
        context.account_id,
        actor=context.by,
        expects=given.get("version"),
        once=context.once,
    )
    return _shown(rejected)


async def withdraw(context: Context, given: Args) -> ShownThing:
    withdrawn = await context.things.withdraw_as_reviewer(
        id_of(given), given["reason"], context.account_id, actor=context.by, once=context.once
    )
    return _shown(withdrawn)


async def settle_report(context: Context, given: Args) -> bool:
    await context.things.settle_report(
        id_of(given),
        id_of(given, "accountId"),
        context.account_id,
        actor=context.by,
        once=context.once,
    )
    return True


def _shown(stored: Stored[Thing]) -> ShownThing:
    return ShownThing(stored.body, stored.version)


async def _live(shown: ShownThing, info: Any) -> ShownThing | None:
    """What is published in place of a version that waits; read with those of all others."""
    thing = shown.thing
    if thing.replaces is None or thing.status != "PENDING":
        return None
    live = shown.live or await info.context.published.load(thing.replaces)
    return None if live is None else ShownThing(live)


async def _reported(report: Report, info: Any) -> ShownThing | None:
    thing = await info.context.published.load(report.thing_id)
    return None if thing is None else ShownThing(thing)


RESOLVERS: Final[Mapping[str, Fields]] = {
    "ThingToDo": {
        **THING,
        "status": lambda shown, info: shown.thing.status,
        "organiser": organiser_of,
        "reasons": lambda shown, info: shown.thing.reasons or None,
        "live": _live,
        "version": lambda shown, info: shown.version,
    },
    "Reason": REASON,
    "ImageObject": {name: show for name, show in IMAGE.items() if name != "imageUri"},
    "HistoryEntry": {
        "at": lambda entry, info: at(entry.at),
        "thingId": lambda entry, info: entry.thing_id,
        "what": lambda entry, info: entry.what,
        "accountId": lambda entry, info: entry.account_id,
        "reasons": lambda entry, info: entry.reasons,
    },
    "Report": {
        "accountId": lambda report, info: report.account_id,
        "reason": lambda report, info: report.reason,
        "at": lambda report, info: at(report.made_at),
        "thingToDo": _reported,
    },
    "Query": {
        "pending": query(Action.LIST_REVIEWS, pending),
        "thingToDoById": null_where_hidden(Action.READ_REVIEW, thing_to_do_by_id),
        "history": null_where_hidden(Action.READ_REVIEW, history),
        "reports": query(Action.LIST_REVIEWS, reports),
    },
    "Mutation": {
        "approve": mutation(Action.DECIDE_REVIEW, approve),
        "reject": mutation(Action.DECIDE_REVIEW, reject),
        "withdraw": mutation(Action.WITHDRAW_THING, withdraw),
        "settleReport": mutation(Action.SETTLE_REPORTS, settle_report),
    },
}
