"""Pages of hosts that import a sheet, after a preview, and that export or print the guest list.

Between preview and import, the page itself holds the sheet, packed, so that the server need not
store it.
"""

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
    reading_sheet,
    writing_sheet,
)
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import consumed, in_turns
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.guest_query import GuestQuery
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.overview import facts
from gatherlog.interfaces.web.packing import packing, unpacking
from gatherlog.interfaces.web.printed_list import counting_meals, printing
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


class PreviewRow(msgspec.Struct, frozen=True):
    """A guest in the sheet; a text is empty where the sheet says nothing."""

    name: str
    household: str
    guessed: bool
    address: str
    seats: str
    children: str
    food: str


class Preview(msgspec.Struct, frozen=True):
    """How a sheet was understood, and what its import would change."""

    kind: str
    columns: list[tuple[str, str]]
    """Header of each column, and what it was understood as."""
    ignored: tuple[str, ...]
    households: int
    guessed: int
    seats: int
    children: int
    outcome: Imported
    rows: list[PreviewRow]
    """The first guests of the sheet."""
    count: int
    bad: list[BadLine]
    bad_count: int
    left_out: list[BadLine]
    diets: list[DietCell]
    """Cells about diets that were not fully understood."""
    diet_count: int
    packed: list[str]
    """Parts of a text."""


class SheetPages:
    """The pages about sheets."""

    def __init__(self, frame: HostFrame) -> None:
        self._frame = frame
        self._guests = frame.guests

    async def import_(self, request: Request) -> Response:
        """GET asks for a sheet; POST shows a preview, and a second POST, from there, imports."""
        access = await self._frame.access(request, Action.IMPORT_GUESTS)
        if request.method != "POST":
            return self._page(access)
        sent, file = await self._frame.upload(request, access.visitor, "file")
        try:
            if "packed" in sent:
                async with self._frame.long_write(access):
                    return await self._import(access, text(sent, "packed"))
            data = _given(sent, file)
            preview = await self._frame.long_read(
                request, access, lambda: self._preview(access, data)
            )
        except Invalid as error:
            lines = text(sent, "lines")
            return self._page(access, wrong=_sentences(error), lines=lines, status=status_of(error))
        return self._page(access, preview=preview)

    async def export(self, request: Request) -> Response:
        """The guest list as a sheet, which can be imported again: as much as the query chooses."""
        access = await self._frame.access(request, Action.EXPORT_GUESTS)
        query = GuestQuery.read(request.query_params)

        async def read() -> bytes:
            guests = await self._guests.all_guests(access.id, **query.asked)
            return await in_turns(writing_sheet(consumed(guests)))

        sheet = await self._frame.long_read(request, access, read)
        disposition = {"Content-Disposition": 'attachment; filename="guests.csv"'}
        return Response(sheet, 200, {**HEADERS, **disposition}, media_type=_TYPE)

    async def print(self, request: Request) -> Response:
        """The whole guest list for printing: households, answers, and meals for the kitchen."""
        access = await self._frame.access(request, Action.EXPORT_GUESTS)
        return await self._frame.long_read(request, access, lambda: self._printed(access))

    async def _printed(self, access: GatheringAccess) -> Response:
        guests = await self._guests.all_guests(access.id)
        stats = await self._guests.stats(access.id)
        return await self._frame.long_page(
            "print.html",
            access.visitor,
            gathering=access.gathering.body,
            facts=list(facts(access.gathering.body)),
            totals=totals(stats),
            kitchen=await in_turns(counting_meals(guests)),
            are_guests=bool(guests),
            households=consumed(await in_turns(printing(consumed(guests)))),
        )

    async def _preview(self, access: GatheringAccess, data: bytes) -> Preview:
        sheet = await in_turns(reading_sheet(data))
        outcome = await self._guests.preview_import(access.id, sheet.rows)
        return _preview(sheet, outcome, await in_turns(packing(data)))

    async def _import(self, access: GatheringAccess, packed: str) -> Response:
        data = await in_turns(unpacking(packed))
        sheet = await in_turns(reading_sheet(data))
        await self._guests.import_guests(
            access.id,
            sheet.rows,
            actor=access.by,
            file_hash=hashlib.sha256(data).hexdigest(),
        )
        return self._frame.redirect(access.path, "imported")

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


def _preview(sheet: Sheet, outcome: Imported, packed: list[str]) -> Preview:
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
        packed=packed,
    )


def _row(row: SheetRow) -> PreviewRow:
    children = int(row.child or False) if row.children is None else row.children
    tags = ", ".join(label(tag) for tag in row.dietary_tags)
    return PreviewRow(
        name=f"{row.first_name} {row.last_name}",
        household=row.group_id or "",
        guessed=row.household_guessed,
        address=row.email or "",
        seats=str(1 if row.expected_guests is None else row.expected_guests),
        children=str(children or ""),
        food="; ".join(filter(None, [tags, row.dietary])),
    )


def _meaning(field: str) -> str:
    """What a column holds, as text for people."""
    return _MEANINGS.get(field, field.replace("_", " "))


def _given(sent: FormData, file: bytes) -> bytes:
    """The uploaded file, else the pasted lines. Raises Invalid if there is neither."""
    data = file or text(sent, "lines").strip().encode()
    if not data:
        raise Invalid(Flaw("/file", "Choose a file, or paste lines of a sheet."))
    return data


def _sentences(error: Invalid) -> str:
    """The first flaws as sentences."""
    sentences = []
    for flaw in error.flaws[:_SHOWN]:
        line = flaw.pointer.split("/")[2:3] if flaw.pointer.startswith("/lines/") else []
        detail = flaw.detail[:1].upper() + flaw.detail[1:]
        sentences.append(f"Line {line[0]}: {detail}" if line else detail)
    return " ".join(one if one.endswith(".") else f"{one}." for one in sentences)
