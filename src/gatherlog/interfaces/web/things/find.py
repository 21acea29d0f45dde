"""The list of things to do: found by filters that are in the address."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import Found, Hit, Thing, age_on
from gatherlog.core.eventstore.errors import (
    Busy,
    CursorInvalid,
    GatherlogError,
    Invalid,
    SearchNotReady,
)
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.site_time import site_today
from gatherlog.interfaces.web.paging import Neighbours
from gatherlog.interfaces.web.sign_in_pages import sign_in_path
from gatherlog.interfaces.web.things.cards import Card, card, shown_date
from gatherlog.interfaces.web.things.filter_reader import CHOICES, SORTS
from gatherlog.interfaces.web.things.filters import RADII, Filters
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame
from gatherlog.interfaces.web.visitors import Visitor
from gatherlog.interfaces.web.words import day

__all__ = ["FindPage", "cards_of"]

_NOTICES = {
    "cursor_invalid": N_("This part of the list is no longer there."),
    "search_not_ready": N_("The list is being prepared. Please try again in a moment."),
    "busy": N_("The search is very busy. Please try again in a moment."),
}


class _Results(msgspec.Struct, frozen=True):
    """A part of what was found."""

    cards: Sequence[Card]
    total: int
    pages: Neighbours


class FindPage:
    """The list, for everybody."""

    def __init__(self, frame: ThingsFrame) -> None:
        self._frame = frame

    async def find(self, request: Request) -> Response:
        """What fits the filters. Where one is wrong, nothing is listed, and its field says why."""
        visitor = await self._frame.anybody(request, Action.FIND_THINGS)
        filters = Filters.read(request.query_params)
        if "" in request.query_params.values():  # as forms send what was left empty
            return self._frame.redirect(filters.path())
        if filters.fields.flaws:
            return await self._page(request, visitor, filters, status=422)
        try:
            results = await self._find(filters, self._frame.as_parent(visitor))
        except Invalid as error:
            flawed = filters.with_flaws(error.flaws)
            return await self._page(request, visitor, flawed, status=status_of(error))
        except (CursorInvalid, SearchNotReady, Busy) as error:
            return await self._page(request, visitor, filters, error=error)
        return await self._page(request, visitor, filters, results=results)

    async def _find(self, filters: Filters, parent: Parent | None) -> _Results:
        found = await self._frame.platform.finder.find(filters.query)
        published = await self._frame.things.published_things([hit.id for hit in found.hits])
        things = [thing for thing in published if thing is not None]
        cards = await cards_of(self._frame, things, parent, {hit.id: hit for hit in found.hits})
        return _Results(cards, found.total, _neighbours(filters, found))

    async def _page(
        self,
        request: Request,
        visitor: Visitor | None,
        filters: Filters,
        *,
        results: _Results | None = None,
        error: GatherlogError | None = None,
        status: int = 200,
    ) -> Response:
        today = await site_today(self._frame.platform)
        return self._frame.page(
            "things/find.html",
            visitor,
            status=status if error is None else status_of(error),
            sign_in=sign_in_path(request),
            fields=filters.fields,
            chosen=filters.chosen,
            filters=filters,
            told=[] if filters.fields.flaws else filters.told(today),
            results=results,
            notice="" if error is None else _(_NOTICES[error.code]),
            days=[(text, filters.path(**dates)) for text, dates in _days(today)],
            own_ages=await self._own_ages(self._frame.as_parent(visitor), filters, today),
            is_indexed=not request.url.query,
            site=self._frame.platform.settings.base_url,
            choices=CHOICES,
            radii=RADII,
            sorts=SORTS,
        )

    async def _own_ages(
        self, parent: Parent | None, filters: Filters, today: date
    ) -> tuple[str, str] | None:
        """The ages of the visitor's children, and the path of the list for them."""
        if parent is None:
            return None
        children = await self._frame.things.children(parent.account_id)
        ages = sorted({max(age_on(one.birth_date, today.isoformat()), 0) for one in children})
        text = ", ".join(str(age) for age in ages)
        return (text, filters.path(ages=text)) if ages else None


async def cards_of(
    frame: ThingsFrame,
    things: Sequence[Thing],
    parent: Parent | None,
    hits: Mapping[str, Hit] = {},
) -> list[Card]:
    """Published things as rows, with the places that are left on the date that is shown.

    That is the one that a search has found, by the thing's id in `hits`, or the next one.
    """
    now, service = frame.platform.clock(), frame.things
    dates = {thing.id: shown_date(thing, hits.get(thing.id), now) for thing in things}
    dated = [(thing, one) for thing in things if (one := dates[thing.id]) is not None]
    places = dict(
        zip([thing.id for thing, _ in dated], await service.places_at(dated), strict=True)
    )
    organisers = await service.profiles([thing.organiser_id for thing in things])
    ids = [thing.id for thing in things]
    kept = [False] * len(ids)
    if parent is not None:
        kept = await service.are_favourites(ids, parent.account_id)
    return [
        card(
            thing,
            places.get(thing.id),
            today=frame.today,
            organiser="" if organiser is None else organiser.name,
            metres=hits[thing.id].distance if thing.id in hits else None,
            favourite=is_kept,
            currency=frame.currency,
        )
        for thing, organiser, is_kept in zip(things, organisers, kept, strict=True)
    ]


def _neighbours(filters: Filters, found: Found) -> Neighbours:
    hits = found.hits
    if not hits:
        return Neighbours(filters.path() if found.has_previous else "", "")
    return Neighbours(
        filters.path(before=hits[0].cursor) if found.has_previous else "",
        filters.path(after=hits[-1].cursor) if found.has_next else "",
    )


def _days(today: date) -> list[tuple[str, dict[str, str]]]:
    """Days to choose with one tap, each with the filters that they stand for."""
    saturday = today + timedelta(days=(5 - today.weekday()) % 7)
    sunday = saturday + timedelta(days=1)
    begin = today if today.weekday() == 6 else saturday
    end = today if today.weekday() == 6 else sunday
    chosen = [
        (_("Today"), today, today),
        (_("Tomorrow"), today + timedelta(days=1), today + timedelta(days=1)),
        (day(saturday, year=False), saturday, saturday),
        (_("This weekend"), begin, end),
        (_("Next seven days"), today, today + timedelta(days=6)),
    ]
    return [
        (text, {"day": first.isoformat(), "until": "" if first == last else last.isoformat()})
        for text, first, last in chosen
    ]
