"""What the endpoints do: ask a service, and put its answer in the shape of the wire."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec

from gatherlog import __version__
from gatherlog.apps.guests import (
    GatheringDetails,
    Guest,
    GuestPatch,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.sheets import BadLine, Sheet, read_sheet, write_sheet
from gatherlog.apps.people import Actor, Role
from gatherlog.core.errors import Flaw, Invalid, NotFound
from gatherlog.interfaces.rest.answers import (
    BadLineAnswer,
    GroupAnswer,
    Health,
    ImportAnswer,
    LinkAnswer,
    etag,
    json,
    location,
    no_content,
    of_gathering,
    of_guest,
    of_stats,
)
from gatherlog.interfaces.rest.conditions import if_match, not_modified
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing, Paging

__all__ = ["ImportOptions"]

Plain = Call[None, Nothing]
_CSV: Final = [
    (b"content-type", b"text/csv; charset=utf-8"),
    (b"content-disposition", b'attachment; filename="guests.csv"'),
]


# Gatherings and their settings


async def list_gatherings(call: Call[None, Paging]) -> Reply:
    """A host sees the gathering that the key is for, an operator all."""
    guests, query = call.platform.guests, call.query
    bound = _bound_to(call.actor)
    if bound is not None:
        try:
            stored = await guests.gathering(bound)
        except NotFound:  # removed since the key was made
            return json([])
        return json([of_gathering(stored.body)])
    page = await guests.gatherings(limit=query.limit, cursor=query.cursor)
    return _page(call, [of_gathering(stored.body) for stored in page.items], page.cursor)


async def create_gathering(call: Call[GatheringDetails, Nothing]) -> Reply:
    stored = await call.platform.guests.create_gathering(call.body, actor=call.by)
    where = location("gatherings", stored.body.id)
    return json(of_gathering(stored.body), 201, where, etag(stored))


async def read_gathering(call: Plain) -> Reply:
    stored = await call.platform.guests.gathering(call.gathering_id)
    return not_modified(call, stored) or json(of_gathering(stored.body), 200, etag(stored))


async def change_gathering(call: Call[SettingsPatch, Nothing]) -> Reply:
    guests = call.platform.guests
    expects = await if_match(call, lambda: guests.gathering(call.gathering_id))
    stored = await guests.change_settings(
        call.gathering_id, call.body, actor=call.by, expects=expects
    )
    return json(of_gathering(stored.body), 200, etag(stored))


async def remove_gathering(call: Plain) -> Reply:
    guests = call.platform.guests
    expects = await if_match(call, lambda: guests.gathering(call.gathering_id))
    await guests.remove_gathering(call.gathering_id, actor=call.by, expects=expects)
    return no_content()


async def read_settings(call: Plain) -> Reply:
    return await read_gathering(call)


async def change_settings(call: Call[SettingsPatch, Nothing]) -> Reply:
    return await change_gathering(call)


async def read_stats(call: Plain) -> Reply:
    return json(of_stats(await call.platform.guests.stats(call.gathering_id)))


# Guests


async def list_guests(call: Call[None, Paging]) -> Reply:
    query = call.query
    page = await call.platform.guests.guests(
        call.gathering_id, limit=query.limit, cursor=query.cursor
    )
    return _page(call, [of_guest(stored.body) for stored in page.items], page.cursor)


async def add_guest(call: Call[NewGuest, Nothing]) -> Reply:
    stored = await call.platform.guests.add_guest(call.gathering_id, call.body, actor=call.by)
    where = location(*_base(call), "guests", stored.body.id)
    return json(of_guest(stored.body), 201, where, etag(stored))


async def read_guest(call: Plain) -> Reply:
    stored = await call.platform.guests.guest(call.gathering_id, call.id)
    return not_modified(call, stored) or json(of_guest(stored.body), 200, etag(stored))


async def change_guest(call: Call[GuestPatch, Nothing]) -> Reply:
    guests = call.platform.guests
    expects = await if_match(call, lambda: guests.guest(call.gathering_id, call.id))
    stored = await guests.change_guest(
        call.gathering_id, call.id, call.body, actor=call.by, expects=expects
    )
    return json(of_guest(stored.body), 200, etag(stored))


async def remove_guest(call: Plain) -> Reply:
    guests = call.platform.guests
    expects = await if_match(call, lambda: guests.guest(call.gathering_id, call.id))
    await guests.remove_guest(call.gathering_id, call.id, actor=call.by, expects=expects)
    return no_content()


async def answer_for_guest(call: Call[Rsvp, Nothing]) -> Reply:
    guests = call.platform.guests
    expects = await if_match(call, lambda: guests.guest(call.gathering_id, call.id))
    stored = await guests.rsvp(
        call.gathering_id, call.id, call.body, actor=call.by, expects=expects
    )
    return json(of_guest(stored.body), 200, etag(stored))


async def issue_link(call: Plain) -> Reply:
    platform = call.platform
    token = await platform.guests.issue_link(call.gathering_id, call.id, actor=call.by)
    return json(LinkAnswer(f"{platform.settings.base_url}/r/{token}", token), 201)


# Groups


async def list_groups(call: Call[None, Paging]) -> Reply:
    query = call.query
    page = await call.platform.guests.groups(
        call.gathering_id, limit=query.limit, cursor=query.cursor
    )
    sizes = [GroupAnswer(size.group_id, size.member_count) for size in page.items]
    return _page(call, sizes, page.cursor)


async def read_group(call: Plain) -> Reply:
    members = await call.platform.guests.group(call.gathering_id, call.id)
    return json([of_guest(stored.body) for stored in members])


# Sheets


class ImportOptions(msgspec.Struct, frozen=True):
    """How a sheet is imported."""

    preview: Annotated[
        bool, msgspec.Meta(description="Say what would come of it, and write nothing.")
    ] = False
    keep_good: Annotated[
        bool, msgspec.Meta(description="Import the good lines even where others are bad.")
    ] = False


async def import_guests(call: Call[bytes, ImportOptions]) -> Reply:
    guests = call.platform.guests
    sheet = await asyncio.to_thread(read_sheet, call.body)  # a second or so for the longest
    if call.query.preview:
        outcome = await guests.preview_import(call.gathering_id, sheet.rows)
    else:
        if sheet.bad and not call.query.keep_good:
            raise Invalid(*[_flaw(line) for line in sheet.bad])
        outcome = await guests.import_guests(
            call.gathering_id,
            sheet.rows,
            actor=call.by,
            file_hash=hashlib.sha256(call.body).hexdigest(),
        )
    return json(_of_import(sheet, outcome.new, outcome.changed, outcome.unchanged))


async def export_guests(call: Plain) -> Reply:
    sheet = await asyncio.to_thread(write_sheet, await _all_guests(call))
    return Reply(200, sheet, _CSV)


async def _all_guests(call: Plain) -> list[Guest]:
    found: list[Guest] = []
    cursor = None
    while True:
        page = await call.platform.guests.guests(call.gathering_id, cursor=cursor)
        found.extend(stored.body for stored in page.items)
        cursor = page.cursor
        if cursor is None:
            return found


def _flaw(line: BadLine) -> Flaw:
    return Flaw(f"/lines/{line.line}", line.reason)


def _of_import(sheet: Sheet, new: int, changed: int, unchanged: int) -> ImportAnswer:
    return ImportAnswer(
        format=sheet.format,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        columns={column.header: column.field for column in sheet.columns},
        ignored=list(sheet.ignored),
        households=sheet.households,
        new=new,
        changed=changed,
        unchanged=unchanged,
        bad=[BadLineAnswer(line.line, line.reason) for line in sheet.bad],
    )


# The server itself


async def read_health(call: Plain) -> Reply:
    """One read of the store, so that a server whose store is gone does not look healthy."""
    await call.platform.store.heads()
    return json(Health("ok", __version__))


def _bound_to(actor: Actor | None) -> str | None:
    return None if actor is None or actor.role is Role.OPERATOR else actor.gathering_id


def _base(call: Call[Any, Any]) -> tuple[str, ...]:
    """The first segments of paths in the gathering, spelled as the caller spelled them."""
    under = call.path.startswith("/gatherings/")
    return ("gatherings", call.gathering_id) if under else ()


def _page(call: Call[None, Paging], items: Sequence[object], cursor: str | None) -> Reply:
    """A bare array, with a `Link` to the next part if there is one."""
    if cursor is None:
        return json(items)
    query = urlencode({"limit": call.query.limit, "cursor": cursor})
    return json(items, 200, (b"link", f'<{call.path}?{query}>; rel="next"'.encode()))
