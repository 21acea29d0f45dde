"""A parent's favourites: what they keep, the newest first."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.interfaces.rest.parameters import check_id
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.paging import neighbours, window
from gatherlog.interfaces.web.things.cards import Card
from gatherlog.interfaces.web.things.find import cards_of
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame

__all__ = ["FavouritesPage"]

LISTED: Final = 20


class _Row(msgspec.Struct, frozen=True):
    """A favourite; without a card where the thing is not published any more."""

    thing_id: str
    card: Card | None


class FavouritesPage:
    """The page of favourites."""

    def __init__(self, frame: ThingsFrame) -> None:
        self._frame = frame
        self._things = frame.things

    async def favourites(self, request: Request) -> Response:
        """The list; POST takes one thing off it."""
        parent = await self._frame.parent(request, Action.KEEP_FAVOURITES)
        if request.method == "POST":
            return await self._drop(request, parent)
        asked = window(request.query_params, LISTED)
        try:
            found = await self._things.favourites(parent.account_id, asked)
        except CursorInvalid:
            return self._frame.redirect("/favourites")
        ids = [item.body.thing_id for item in found.items]
        return self._frame.page(
            "things/favourites.html",
            parent.visitor,
            rows=await self._rows(ids),
            note=self._frame.done(request.query_params),
            pages=neighbours(found, "/favourites"),
        )

    async def _rows(self, ids: list[str]) -> list[_Row]:
        """The rows, which need not say that they are favourites."""
        published = await self._things.published_things(ids)
        things = [thing for thing in published if thing is not None]
        cards = {card.id: card for card in await cards_of(self._frame, things, None)}
        return [_Row(id, cards.get(id)) for id in ids]

    async def _drop(self, request: Request, parent: Parent) -> Response:
        sent = await self._frame.form(request, parent.visitor)
        thing_id = check_id(text(sent, "thing"))
        [kept] = await self._things.are_favourites([thing_id], parent.account_id)
        if kept:
            await self._things.remove_favourite(thing_id, parent.account_id, actor=parent.by)
        return self._frame.redirect("/favourites", "dropped")
