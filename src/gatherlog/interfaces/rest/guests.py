"""Endpoints about guests and households; the same handlers serve snake_case and camelCase."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from gatherlog.apps.guests import Guest, GuestPatch, NewGuest, Rsvp
from gatherlog.apps.guests.views import GUESTS
from gatherlog.apps.people import Action
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.store import Ref
from gatherlog.interfaces.auth import is_permitted
from gatherlog.interfaces.rest.answers import (
    GroupAnswer,
    LinkAnswer,
    etag,
    json,
    location,
    no_content,
    of_guest,
    page,
)
from gatherlog.interfaces.rest.camel import GroupChoice, of_admin_guest
from gatherlog.interfaces.rest.conditions import if_match, not_modified
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing, Paging, Search

__all__ = ["CAMEL", "SNAKE", "GuestHandlers"]

Plain = Call[None, Nothing]
ToAnswer = Callable[[Guest], object]
"""Makes the answer that shows a guest."""


class GuestHandlers:
    """Handlers for one spelling of the guest API.

    `prepare` loads what answers about the guests of these ids need, and gives the function that
    makes them. `place` are the segments of the path of all guests.
    """

    def __init__(
        self, prepare: Callable[[Call[Any, Any], Sequence[str]], Awaitable[ToAnswer]], *place: str
    ) -> None:
        self._prepare = prepare
        self._place = place

    async def list_guests(self, call: Call[None, Search]) -> Reply:
        query = call.query
        searching = call.platform.guests.guests(
            call.gathering_id,
            q=query.q,
            status=query.status,
            group_id=query.group_id,
            limit=query.limit,
            cursor=query.cursor,
        )
        found = await call.while_connected(searching) if query.is_filtered else await searching
        to_answer = await self._prepare(call, [stored.body.id for stored in found.items])
        shown = (to_answer(stored.body) for stored in found.items)
        return await page(call.path, query, shown, found.cursor)

    async def add_guest(self, call: Call[NewGuest, Nothing]) -> Reply:
        to_answer = await self._prepare(call, [])

        def made(guest: Guest, *headers: tuple[bytes, bytes]) -> Reply:
            where = location(*_base(call), *self._place, guest.id)
            return json(to_answer(guest), 201, where, *headers)

        def ref(handled: Handled) -> Ref:
            return GUESTS.ref(handled.events[0].subject)

        stored = await call.platform.guests.add_guest(
            call.gathering_id,
            call.body,
            actor=call.by,
            once=call.once(lambda handled: made(handled.bodies[ref(handled)]), ref),
        )
        return made(stored.body, etag(stored))

    async def read_guest(self, call: Plain) -> Reply:
        stored = await call.platform.guests.guest(call.gathering_id, call.id)
        return not_modified(call, stored) or _shown(stored, await self._prepare(call, [call.id]))

    async def change_guest(self, call: Call[GuestPatch, Nothing]) -> Reply:
        return await self._change(call, call.body)

    async def remove_guest(self, call: Plain) -> Reply:
        guests = call.platform.guests
        expects = await self._expects(call)
        once = call.once(lambda handled: no_content())
        await guests.remove_guest(
            call.gathering_id,
            call.id,
            actor=call.by,
            names_co_hosts=await _names_co_hosts(call),
            expects=expects,
            once=once,
        )
        return no_content()

    async def answer_for_guest(self, call: Call[Rsvp, Nothing]) -> Reply:
        to_answer = await self._prepare(call, [call.id])
        stored = await call.platform.guests.rsvp(
            call.gathering_id,
            call.id,
            call.body,
            actor=call.by,
            expects=await self._expects(call),
            once=_once(call, to_answer),
        )
        return _shown(stored, to_answer)

    async def put_into_group(self, call: Call[GroupChoice, Nothing]) -> Reply:
        return await self._change(call, GuestPatch(group_id=call.body.group_id))

    async def take_out_of_group(self, call: Plain) -> Reply:
        """NotFound for a guest who is in no household, so a second time is refused."""
        guests = call.platform.guests
        stored = await guests.guest(call.gathering_id, call.id)
        if stored.body.group_id is None:
            raise NotFound("This guest is in no household.")
        expects = await self._expects(call)
        await guests.change_guest(
            call.gathering_id,
            call.id,
            GuestPatch(group_id=None),
            actor=call.by,
            expects=expects,
            once=call.once(lambda handled: no_content()),
        )
        return no_content()

    async def make_co_host(self, call: Plain) -> Reply:
        return await self._make_co_host(call, True)

    async def end_co_host(self, call: Plain) -> Reply:
        return await self._make_co_host(call, False)

    async def _make_co_host(self, call: Plain, is_co_host: bool) -> Reply:
        to_answer = await self._prepare(call, [call.id])
        stored = await call.platform.guests.make_co_host(
            call.gathering_id,
            call.id,
            is_co_host,
            actor=call.by,
            expects=await self._expects(call),
            once=_once(call, to_answer),
        )
        return _shown(stored, to_answer)

    async def _change(self, call: Call[Any, Nothing], patch: GuestPatch) -> Reply:
        to_answer = await self._prepare(call, [call.id])
        stored = await call.platform.guests.change_guest(
            call.gathering_id,
            call.id,
            patch,
            actor=call.by,
            expects=await self._expects(call),
            once=_once(call, to_answer),
        )
        return _shown(stored, to_answer)

    async def _expects(self, call: Call[Any, Any]) -> int | None:
        guests = call.platform.guests
        return await if_match(call, lambda: guests.guest(call.gathering_id, call.id))


async def _plain(call: Call[Any, Any], ids: Sequence[str]) -> ToAnswer:
    return of_guest


async def _with_visits(call: Call[Any, Any], ids: Sequence[str]) -> ToAnswer:
    seen = await call.platform.trail.last_seen(ids)
    return lambda guest: of_admin_guest(guest, seen.get(guest.id))


def _once(call: Call[Any, Any], to_answer: ToAnswer) -> Once | None:
    """What makes a command idempotent; the stored answer is the guest as the command left it."""
    ref = GUESTS.ref(call.id)
    return call.once(lambda handled: json(to_answer(handled.bodies[ref])), lambda handled: ref)


def _shown(stored: Stored[Guest], to_answer: ToAnswer) -> Reply:
    return json(to_answer(stored.body), 200, etag(stored))


SNAKE = GuestHandlers(_plain, "guests")
CAMEL = GuestHandlers(_with_visits, "admin", "guests")


async def issue_link(call: Plain) -> Reply:
    platform = call.platform
    token = await platform.guests.issue_link(
        call.gathering_id,
        call.id,
        actor=call.by,
        names_co_hosts=await _names_co_hosts(call),
        once=call.once(None),
    )
    return json(LinkAnswer(f"{platform.settings.base_url}/r/{token}", token), 201)


async def _names_co_hosts(call: Plain) -> bool:
    """Whether who asks may name co-hosts: links and removals of co-hosts need that right, too."""
    return await is_permitted(call.platform, call.actor, Action.MAKE_CO_HOST, call.gathering_id)


async def list_groups(call: Call[None, Paging]) -> Reply:
    query = call.query
    found = await call.platform.guests.groups(
        call.gathering_id, limit=query.limit, cursor=query.cursor
    )
    sizes = [GroupAnswer(size.group_id, size.member_count) for size in found.items]
    return await page(call.path, query, sizes, found.cursor)


async def read_group(call: Plain) -> Reply:
    members = await call.platform.guests.group(call.gathering_id, call.id)
    return json([of_guest(stored.body) for stored in members])


def _base(call: Call[Any, Any]) -> tuple[str, ...]:
    """The first segments of the request's path: none, or those that name the gathering."""
    under = call.path.startswith("/gatherings/")
    return ("gatherings", call.gathering_id) if under else ()
