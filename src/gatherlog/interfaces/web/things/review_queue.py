"""What waits for review, the oldest first, and what people report about what is published."""

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import Organiser, Report, Thing
from gatherlog.apps.things.content import changed_fields
from gatherlog.core.commands.slices import Slice, Window
from gatherlog.core.texts import _
from gatherlog.interfaces.rest.parameters import check_id
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.things.facts import names_of, since
from gatherlog.interfaces.web.things.own_frame import OwnFrame, account_of

__all__ = ["QueuePage"]

SHOWN: Final = 20
"""Things, and reports, on one page."""


class Waiting(msgspec.Struct, frozen=True):
    """One thing that waits for review."""

    id: str
    name: str
    about: str
    changes: str
    """The fields that a new version changes; empty for what was not published before."""
    is_own: bool


class ShownReport(msgspec.Struct, frozen=True):
    """What somebody reports of a published thing."""

    thing_id: str
    account_id: str
    name: str
    """Empty where the thing is not published any more."""
    reason: str
    at: str


class QueuePage:
    """The page on which reviewers begin."""

    def __init__(self, frame: OwnFrame) -> None:
        self._frame = frame
        self._things = frame.things

    async def home(self, request: Request) -> Response:
        """The two lists; POST takes a report off. Reports about one's own things are in none."""
        if request.method == "POST":
            return await self._settle(request)
        visitor = await self._frame.visitor(request, Action.LIST_REVIEWS)
        query = request.query_params
        pending, reports, count = await asyncio.gather(
            self._things.pending(Window(limit=SHOWN, after=query.get("cursor"))),
            self._things.reports(
                Window(limit=SHOWN, after=query.get("reports")), visitor.actor.account_id
            ),
            self._things.count_pending(),
        )
        return self._frame.shown(
            request,
            "things/review_queue.html",
            visitor,
            waiting=await self._waiting(pending, visitor.actor.account_id),
            count=count,
            more=_more("cursor", pending),
            reports=await self._reports(reports),
            more_reports=_more("reports", reports),
        )

    async def _settle(self, request: Request) -> Response:
        visitor = await self._frame.visitor(request, Action.SETTLE_REPORTS)
        account = account_of(visitor)
        sent = await self._frame.form(request, visitor)
        await self._things.settle_report(
            check_id(text(sent, "thing")),
            check_id(text(sent, "account")),
            account,
            actor=visitor.actor.name,
        )
        return self._frame.redirect("/review", "settled")

    async def _waiting(self, pending: Slice[Thing], reader: str | None) -> list[Waiting]:
        things = [item.body for item in pending.items]
        live, organisers = await asyncio.gather(
            self._things.published_things([one.replaces for one in things if one.replaces]),
            self._things.profiles([one.organiser_id for one in things]),
        )
        published = {one.id: one for one in live if one is not None}
        return [
            _row(thing, organiser, published.get(thing.replaces or ""), reader)
            for thing, organiser in zip(things, organisers, strict=True)
        ]

    async def _reports(self, reports: Slice[Report]) -> list[ShownReport]:
        found = [item.body for item in reports.items]
        things = await self._things.published_things([one.thing_id for one in found])
        return [
            ShownReport(
                thing_id=report.thing_id,
                account_id=report.account_id,
                name="" if thing is None else thing.content.name,
                reason=report.reason,
                at=since(report.made_at, "UTC" if thing is None else thing.content.time_zone),
            )
            for report, thing in zip(found, things, strict=True)
        ]


def _row(
    thing: Thing, organiser: Organiser | None, live: Thing | None, reader: str | None
) -> Waiting:
    changed = () if live is None else changed_fields(live.content, thing.content)
    waits = _("since {time}").format(time=since(thing.submitted_at or 0, thing.content.time_zone))
    return Waiting(
        id=thing.id,
        name=thing.content.name,
        about=" · ".join([waits] if organiser is None else [organiser.name, waits]),
        changes=names_of(changed),
        is_own=thing.organiser_id == reader,
    )


def _more(name: str, found: Slice[Any]) -> str:
    """The query of the next part; empty at the end."""
    return urlencode({name: found.items[-1].cursor}) if found.has_next and found.items else ""
