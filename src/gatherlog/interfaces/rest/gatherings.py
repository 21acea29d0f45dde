"""Endpoints about gatherings, their settings and figures, and about the server itself."""

import msgspec

from gatherlog.apps.guests import GatheringDetails, SettingsPatch
from gatherlog.apps.guests.views import GATHERINGS, Gathering
from gatherlog.apps.people import Action, Role
from gatherlog.core.commands.handler import Handled
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces import live_streams
from gatherlog.interfaces.auth import identify, permit
from gatherlog.interfaces.rest.answers import (
    Health,
    etag,
    json,
    location,
    no_content,
    of_gathering,
    of_stats,
    page,
)
from gatherlog.interfaces.rest.conditions import if_match, not_modified
from gatherlog.interfaces.rest.endpoint import Call, Reply, StreamedReply
from gatherlog.interfaces.rest.queries import Nothing, Paging

Plain = Call[None, Nothing]


async def list_gatherings(call: Call[None, Paging]) -> Reply:
    """Operators see all gatherings, a key of a gathering that one, accounts those they host."""
    guests, actor, query = call.platform.guests, call.actor, call.query
    assert actor is not None
    if actor.role is Role.OPERATOR:
        found = await guests.gatherings(limit=query.limit, cursor=query.cursor)
    elif actor.role is Role.HOST:
        return await _only(call, actor.gathering_id or "")
    else:
        account = actor.account_id or ""
        found = await guests.gatherings_of(account, limit=query.limit, cursor=query.cursor)
    shown = (of_gathering(one.body) for one in found.items)
    return await page(call.path, query, shown, found.cursor)


async def create_gathering(call: Call[GatheringDetails, Nothing]) -> Reply:
    id = call.platform.ids()
    ref = GATHERINGS.ref(id)

    def made(gathering: Gathering, *headers: tuple[bytes, bytes]) -> Reply:
        return json(of_gathering(gathering), 201, location("gatherings", id), *headers)

    stored = await call.platform.guests.create_gathering(
        call.body,
        actor=call.by,
        id=id,
        host=None if call.actor is None else call.actor.account_id,
        once=call.once(lambda handled: made(handled.bodies[ref]), lambda handled: ref),
    )
    return made(stored.body, etag(stored))


async def read_gathering(call: Plain) -> Reply:
    stored = await call.platform.guests.gathering(call.gathering_id)
    return not_modified(call, stored) or _shown(stored)


async def change_gathering(call: Call[SettingsPatch, Nothing]) -> Reply:
    guests, id = call.platform.guests, call.gathering_id
    ref = GATHERINGS.ref(id)

    def changed(handled: Handled) -> Reply:
        return json(of_gathering(handled.bodies[ref]))

    expects = await if_match(call, lambda: guests.gathering(id))
    stored = await guests.change_settings(
        id, call.body, actor=call.by, expects=expects, once=call.once(changed, lambda handled: ref)
    )
    return _shown(stored)


async def remove_gathering(call: Plain) -> Reply:
    guests, id = call.platform.guests, call.gathering_id
    expects = await if_match(call, lambda: guests.gathering(id))
    once = call.once(lambda handled: no_content())
    await guests.remove_gathering(id, actor=call.by, expects=expects, once=once)
    return no_content()


async def read_settings(call: Plain) -> Reply:
    return await read_gathering(call)


async def change_settings(call: Call[SettingsPatch, Nothing]) -> Reply:
    return await change_gathering(call)


async def read_stats(call: Plain) -> Reply:
    return json(of_stats(await call.platform.guests.stats(call.gathering_id)))


async def read_letters(call: Plain) -> Reply:
    return json(await call.platform.guests.letters(call.gathering_id))


async def watch_stats(call: Plain) -> StreamedReply:
    """The figures whenever they change; the credential is checked again before each event."""
    platform, id = call.platform, call.gathering_id
    await platform.guests.gathering(id)

    async def read() -> bytes:
        actor = await identify(platform, call.headers)
        await permit(platform, actor, Action.READ_STATS, id)
        return msgspec.json.encode(of_stats(await platform.guests.stats(id)))

    return StreamedReply(live_streams.changes(platform.store, read), live_streams.HEADERS)


async def read_health(call: Plain) -> Reply:
    """Says that the process answers requests; `/readyz` says whether it can do its work."""
    return json(Health("ok"))


async def _only(call: Call[None, Paging], gathering_id: str) -> Reply:
    try:
        stored = await call.platform.guests.gathering(gathering_id)
    except NotFound:  # removed since the key was made
        return json([])
    return json([of_gathering(stored.body)])


def _shown(stored: Stored[Gathering]) -> Reply:
    return json(of_gathering(stored.body), 200, etag(stored))
