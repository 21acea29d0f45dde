"""Endpoints that import and export guest lists as CSV."""

import hashlib
from typing import Annotated, Final

import msgspec

from gatherlog.apps.guests.sheets import BadLine, Sheet, SheetFormat, reading_sheet, writing_sheet
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import consumed, in_turns
from gatherlog.interfaces.rest.answers import ImportAnswer, json
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Choice

__all__ = ["ImportOptions", "export_guests", "import_guests"]

_CSV: Final = [
    (b"content-type", b"text/csv; charset=utf-8"),
    (b"content-disposition", b'attachment; filename="guests.csv"'),
]


class ImportOptions(msgspec.Struct, frozen=True):
    """How a sheet is imported."""

    preview: Annotated[
        bool, msgspec.Meta(description="Answer what would change, and write nothing.")
    ] = False
    keep_good: Annotated[
        bool, msgspec.Meta(description="Import the good lines even where others are bad.")
    ] = False
    format: Annotated[
        SheetFormat,
        msgspec.Meta(description="The program that wrote the sheet; `auto` finds out."),
    ] = "auto"


async def import_guests(call: Call[bytes, ImportOptions]) -> Reply:
    if call.query.preview:
        return await call.long_read(lambda: _preview(call))
    async with call.long_write():
        return await _import(call)


async def _preview(call: Call[bytes, ImportOptions]) -> Reply:
    sheet = await in_turns(reading_sheet(call.body, call.query.format))
    outcome = await call.platform.guests.preview_import(call.gathering_id, sheet.rows)
    return json(_of_import(sheet, outcome.new, outcome.changed, outcome.unchanged))


async def _import(call: Call[bytes, ImportOptions]) -> Reply:
    guests, query = call.platform.guests, call.query
    sheet = await in_turns(reading_sheet(call.body, query.format))
    if sheet.bad and not query.keep_good:
        raise Invalid(*[_flaw(line) for line in sheet.bad])
    outcome = await guests.import_guests(
        call.gathering_id,
        sheet.rows,
        actor=call.by,
        file_hash=hashlib.sha256(call.body).hexdigest(),
    )
    # The import is many commits; an attempt that ended between two of them is run again, whole.
    reply = json(_of_import(sheet, outcome.new, outcome.changed, outcome.unchanged))
    return await call.remember(reply)


async def export_guests(call: Call[None, Choice]) -> Reply:
    chosen = call.query

    async def sheet() -> bytes:
        guests = await call.platform.guests.all_guests(
            call.gathering_id, q=chosen.q, status=chosen.status, group_id=chosen.group_id
        )
        return await in_turns(writing_sheet(consumed(guests)))

    return Reply(200, await call.long_read(sheet), _CSV)


def _flaw(line: BadLine) -> Flaw:
    return Flaw(f"/lines/{line.line}", line.reason)


def _of_import(sheet: Sheet, new: int, changed: int, unchanged: int) -> ImportAnswer:
    return ImportAnswer(
        format=sheet.format,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        columns={column.header: column.field for column in sheet.columns},
        ignored=list(sheet.ignored),
        guests=len(sheet.rows),
        in_households=sheet.in_households,
        households=sheet.households,
        seats=sheet.seats,
        children=sheet.children,
        guessed=sheet.guessed,
        new=new,
        changed=changed,
        unchanged=unchanged,
        left_out=list(sheet.left_out),
        bad=list(sheet.bad),
        unread_diets=list(sheet.unread_diets),
    )
