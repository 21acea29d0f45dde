"""Endpoints that import and export guest lists as CSV."""

import hashlib
from typing import Annotated, Final

import msgspec

from gatherlog.apps.guests import ImportReport
from gatherlog.apps.guests.choices import Choices, choices_of
from gatherlog.apps.guests.sheets import (
    BadLine,
    Sheet,
    SheetEncoding,
    SheetFormat,
    reading_sheet,
    writing_sheet,
)
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import consumed, freeing, in_turns
from gatherlog.core.texts import ENGLISH, in_use
from gatherlog.interfaces.rest.answers import ImportAnswer, json
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.import_answers import telling
from gatherlog.interfaces.rest.queries import Choice

__all__ = ["WORKBOOK", "ImportOptions", "export_guests", "import_guests"]

WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV: Final = [
    (b"content-type", b"text/csv; charset=utf-8"),
    (b"content-disposition", b'attachment; filename="guests.csv"'),
]


_WRITTEN: Final = 8000
"""Characters of the choices of one kind; the rest of a long list is chosen by a further import."""


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
    encoding: Annotated[
        SheetEncoding,
        msgspec.Meta(description="The encoding of the text; `auto` finds out, see `encodings`."),
    ] = "auto"
    take: Annotated[
        str,
        msgspec.Meta(
            max_length=_WRITTEN,
            description="Rows that are asked about and shall be imported as they were read: "
            "`3,7.2` is line 3, and of line 7 the second guest.",
        ),
    ] = ""
    new: Annotated[
        str,
        msgspec.Meta(
            max_length=_WRITTEN,
            description="Rows about somebody who is not on the list, whoever may resemble.",
        ),
    ] = ""
    same: Annotated[
        str,
        msgspec.Meta(
            max_length=_WRITTEN,
            description="Rows about a guest on the list, with the guest's id: `5=<id>,8.2=<id>`.",
        ),
    ] = ""
    leave: Annotated[
        str, msgspec.Meta(max_length=_WRITTEN, description="Rows that shall not be imported.")
    ] = ""
    after: Annotated[
        int,
        msgspec.Meta(ge=0, description="Questions and changes are listed behind this line only."),
    ] = 0


async def import_guests(call: Call[bytes, ImportOptions]) -> Reply:
    with in_use(ENGLISH):  # the language of programs, whatever that of the pages is
        if call.query.preview:
            return await call.long_read(lambda: _preview(call))
        async with call.long_write():
            return await _import(call)


async def _preview(call: Call[bytes, ImportOptions]) -> Reply:
    choices = _choices(call.query)
    sheet = await _read(call)
    report = await call.platform.guests.preview_import(call.gathering_id, sheet.rows, choices)
    return json(await _of_import(sheet, report, call.query.after))


async def _import(call: Call[bytes, ImportOptions]) -> Reply:
    guests, query, choices = call.platform.guests, call.query, _choices(call.query)
    sheet = await _read(call)
    if sheet.bad and not query.keep_good:
        raise Invalid(*[_flaw(line) for line in sheet.bad])
    report = await guests.import_guests(
        call.gathering_id,
        sheet.rows,
        choices,
        actor=call.by,
        file_hash=hashlib.sha256(call.body).hexdigest(),
    )
    # The import is many commits; an attempt that ended between two of them is run again, whole.
    return await call.remember(json(await _of_import(sheet, report, query.after)))


async def _read(call: Call[bytes, ImportOptions]) -> Sheet:
    return await in_turns(reading_sheet(call.body, call.query.format, encoding=call.query.encoding))


def _choices(query: ImportOptions) -> Choices:
    return choices_of(take=query.take, new=query.new, same=query.same, leave=query.leave)


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


async def _of_import(sheet: Sheet, report: ImportReport, after: int) -> ImportAnswer:
    told, counts = await in_turns(telling(report.outcomes, after)), report.counts
    await in_turns(freeing(report.outcomes))
    return ImportAnswer(
        format=sheet.format,
        encoding=sheet.encoding,
        encodings=list(sheet.encodings),
        encoding_sure=sheet.encoding_sure,
        delimiter=sheet.delimiter,
        columns={column.header: column.field for column in sheet.columns},
        ignored=list(sheet.ignored),
        guests=len(sheet.rows),
        in_households=sheet.in_households,
        households=sheet.households,
        seats=sheet.seats,
        children=sheet.children,
        guessed=sheet.guessed,
        new=counts.new,
        changed=counts.changed,
        unchanged=counts.unchanged,
        asked=counts.asked,
        skipped=counts.skipped,
        refused=counts.refused,
        questions=told.questions,
        changes=told.changes,
        left_out=list(sheet.left_out),
        bad=list(sheet.bad),
        unread_diets=list(sheet.unread_diets),
    )
