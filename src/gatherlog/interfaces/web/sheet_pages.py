"""Pages of hosts about sheets: one is looked through, then taken in; the list is given out.

Between looking through and taking in, the sheet waits in the page itself, packed, so that no
server has to remember it.
"""

import asyncio
import hashlib
from typing import Final

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import Imported
from gatherlog.apps.guests.sheets import (
    BadLine,
    DietCell,
    Sheet,
    SheetRow,
    read_sheet,
    write_sheet,
)
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.overview import facts
from gatherlog.interfaces.web.packing import packed, unpacked
from gatherlog.interfaces.web.printed_list import blocks, kitchen
from gatherlog.interfaces.web.rendering import HEADERS
from gatherlog.interfaces.web.totals import totals
from gatherlog.interfaces.web.words import label

__all__ = ["SheetPages"]

_SHOWN: Final = 10
"""Rows of a preview."""
_BAD_SHOWN: Final = 50
_TYPE: Final = "text/csv; charset=utf-8"
_FORMATS: Final = {
    "google": "Google Contacts",
    "outlook": "Outlook",
    "eventbrite": "Eventbrite",
    "sheet": "a sheet of your own",
}


_MEANINGS: Final = {
    "group_id": "household",
    "expected_guests": "seats",
    "children_included": "children among the seats",
    "email": "e-mail address",
}


class Row(msgspec.Struct, frozen=True):
    """A guest of the sheet; texts are empty where the sheet says nothing."""

    name: str
    household: str
    guessed: bool
    address: str
    seats: str
    children: str
    food: str


class Preview(msgspec.Struct, frozen=True):
    """What would come of a sheet."""

    kind: str
    columns: list[tuple[str, str]]
    """Header, and what it was taken for, in the words of the command line."""
    ignored: tuple[str, ...]
    households: int
    guessed: int
    seats: int
    children: int
    outcome: Imported
    rows: list[Row]
    """The first guests."""
    count: int
    bad: list[BadLine]
    bad_count: int
    left_out: list[BadLine]
    diets: list[DietCell]
    """What was said about food and not understood whole."""
    diet_count: int
    packed: str


class SheetPages:
    """In by two steps, out by one."""

    def __init__(self, frame: HostFrame) -> None:
        self._frame = frame
        self._guests = frame.guests

    async def take(self, request: Request) -> Response:
        """GET asks for a sheet, POST shows what would come of it, and at a second one imports."""
        access = await self._frame.access(request, Action.IMPORT_GUESTS)
        if request.method != "POST":
            return self._page(access)
        sent, file = await self._frame.upload(request, access.visitor, "file")
        try:
            data = unpacked(text(sent, "packed")) if "packed" in sent else _given(sent, file)
            # A second or so for the longest, so not on the loop.
            sheet = await asyncio.to_thread(read_sheet, data)
            if "packed" in sent:
                return await self._import(access, data, sheet)
            outcome = await self._guests.preview_import(access.id, sheet.rows)
        except Invalid as error:
            lines = text(sent, "lines")
            return self._page(access, wrong=_told(error), lines=lines, status=status_of(error))
        return self._page(access, preview=_preview(sheet, outcome, data))

    async def give(self, request: Request) -> Response:
        """The whole list as a sheet that can be imported again."""
        access = await self._frame.access(request, Action.EXPORT_GUESTS)
        sheet = await asyncio.to_thread(write_sheet, await self._guests.all_guests(access.id))
        named = {"Content-Disposition": 'attachment; filename="guests.csv"'}
        return Response(sheet, 200, {**HEADERS, **named}, media_type=_TYPE)

    async def print(self, request: Request) -> Response:
        """The whole list on paper: households, answers, and what the kitchen needs to know."""
        access = await self._frame.access(request, Action.EXPORT_GUESTS)
        guests = await self._guests.all_guests(access.id)
        stats = await self._guests.stats(access.id)

        def page() -> Response:
            return self._frame.page(
                "print.html",
                access.visitor,
                gathering=access.gathering.body,
                facts=list(facts(access.gathering.body)),
                totals=totals(stats),
                blocks=blocks(guests),
                kitchen=kitchen(guests),
            )

        return await asyncio.to_thread(page)  # some seconds for the longest, so not on the loop

    async def _import(self, access: GatheringAccess, data: bytes, sheet: Sheet) -> Response:
        await self._guests.import_guests(
            access.id,
            sheet.rows,
            actor=access.by,
            file_hash=hashlib.sha256(data).hexdigest(),
        )
        return self._frame.redirect(access.place, "imported")

    def _page(
        self,
        access: GatheringAccess,
        *,
        preview: Preview | None = None,
        wrong: str = "",
        lines: str = "",
        status: int = 200,
    ) -> Response:
        return self._frame.page(
            "import.html",
            access.visitor,
            status=status,
            gathering=access.gathering.body,
            preview=preview,
            wrong=wrong,
            lines=lines,
        )


def _preview(sheet: Sheet, outcome: Imported, data: bytes) -> Preview:
    return Preview(
        kind=_FORMATS.get(sheet.format, sheet.format),
        columns=[(column.header, _meaning(column.field)) for column in sheet.columns],
        ignored=sheet.ignored,
        households=sheet.households,
        guessed=sheet.guessed,
        outcome=outcome,
        seats=sheet.seats,
        children=sheet.children,
        rows=[_row(row) for row in sheet.rows[:_SHOWN]],
        count=len(sheet.rows),
        bad=list(sheet.bad[:_BAD_SHOWN]),
        bad_count=len(sheet.bad),
        left_out=list(sheet.left_out[:_BAD_SHOWN]),
        diets=list(sheet.unread_diets[:_BAD_SHOWN]),
        diet_count=len(sheet.unread_diets),
        packed=packed(data),
    )


def _row(row: SheetRow) -> Row:
    children = int(row.child or False) if row.children is None else row.children
    tags = ", ".join(label(tag) for tag in row.dietary_tags)
    return Row(
        name=f"{row.first_name} {row.last_name}",
        household=row.group_id or "",
        guessed=row.household_guessed,
        address=row.email or "",
        seats=str(1 if row.expected_guests is None else row.expected_guests),
        children=str(children or ""),
        food="; ".join(filter(None, [tags, row.dietary])),
    )


def _meaning(field: str) -> str:
    """What a column holds, in the words of people."""
    return _MEANINGS.get(field, field.replace("_", " "))


def _given(sent: FormData, file: bytes) -> bytes:
    """The file that was chosen, else the lines that were pasted. Raises Invalid for neither."""
    data = file or text(sent, "lines").strip().encode()
    if not data:
        raise Invalid(Flaw("/file", "Choose a file, or paste lines of a sheet."))
    return data


def _told(error: Invalid) -> str:
    """The first flaws as sentences."""
    told = []
    for flaw in error.flaws[:_SHOWN]:
        line = flaw.pointer.split("/")[2:3] if flaw.pointer.startswith("/lines/") else []
        detail = flaw.detail[:1].upper() + flaw.detail[1:]
        told.append(f"Line {line[0]}: {detail}" if line else detail)
    return " ".join(one if one.endswith(".") else f"{one}." for one in told)
