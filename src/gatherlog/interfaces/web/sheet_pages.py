"""Pages of hosts that import a sheet, after a preview, and that export or print the guest list.

Between preview and import, the page itself holds the sheet, packed, so that the server need not
store it.
"""

import hashlib
from typing import Final, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests.choices import Action as Choosing
from gatherlog.apps.guests.choices import choices_of
from gatherlog.apps.guests.question_sheet import writing_questions
from gatherlog.apps.guests.sheets import (
    ENCODING_LABELS,
    Sheet,
    known_encoding,
    reading_sheet,
    writing_sheet,
)
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import consumed, freeing, in_turns
from gatherlog.core.texts import _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.guest_query import GuestQuery
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.import_preview import (
    Before,
    Preview,
    looking_back,
    previewing,
)
from gatherlog.interfaces.web.overview import facts
from gatherlog.interfaces.web.packing import packing, unpacking
from gatherlog.interfaces.web.printed_list import counting_meals, printing
from gatherlog.interfaces.web.rendering import HEADERS
from gatherlog.interfaces.web.totals import totals

__all__ = ["SheetPages"]

_FLAWS_SHOWN: Final = 10
_TYPE: Final = "text/csv; charset=utf-8"
_ROW: Final = "row-"
"""What the fields of the choices begin with; behind it is the name of the row."""


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
            if "download" in sent:
                return await self._questions(request, access, sent)
            if "packed" in sent and "again" not in sent:
                async with self._frame.long_write(access):
                    return await self._import(access, sent)
            data = await _given(sent, file)
            preview = await self._frame.long_read(
                request, access, lambda: self._preview(access, sent, data)
            )
        except Invalid as error:
            lines = text(sent, "lines")
            return self._page(access, wrong=_sentences(error), lines=lines, status=status_of(error))
        return await self._shown(access, preview)

    async def export(self, request: Request) -> Response:
        """The guest list as a sheet, which can be imported again: as much as the query chooses."""
        access = await self._frame.access(request, Action.EXPORT_GUESTS)
        query = GuestQuery.read(request.query_params)

        async def read() -> bytes:
            guests = await self._guests.all_guests(access.id, **query.asked)
            return await in_turns(writing_sheet(consumed(guests)))

        sheet = await self._frame.long_read(request, access, read)
        return _download(sheet, "guests.csv")

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

    async def _preview(
        self,
        access: GatheringAccess,
        sent: FormData,
        data: bytes,
        after: int = 0,
        before: Before | None = None,
    ) -> Preview:
        sheet = await _read(sent, data)
        report = await self._guests.preview_import(access.id, sheet.rows)
        packed = await in_turns(packing(data))
        preview = await in_turns(
            previewing(sheet, report, packed, after, before, text(sent, "encoding"))
        )
        await in_turns(freeing(report.outcomes))
        return preview

    async def _import(self, access: GatheringAccess, sent: FormData) -> Response:
        """Import what is sure and what was chosen. Where a choice was refused, or more is asked
        than was on the page, the preview is shown again, of what is left."""
        choices, after = choices_of(**_chosen(sent)), version(text(sent, "after"))
        data = await in_turns(unpacking(text(sent, "packed")))
        report = await self._guests.import_guests(
            access.id,
            (await _read(sent, data)).rows,
            choices,
            actor=access.by,
            file_hash=hashlib.sha256(data).hexdigest(),
        )
        before = await in_turns(looking_back(report, after))
        await in_turns(freeing(report.outcomes))
        if before.refused or before.is_more_asked:
            preview = await self._preview(access, sent, data, before.after, before)
            return await self._shown(access, preview)
        is_open = before.counts.asked > 0
        return self._frame.redirect(access.path, "imported_in_part" if is_open else "imported")

    async def _questions(
        self, request: Request, access: GatheringAccess, sent: FormData
    ) -> Response:
        """All questions as a sheet."""

        async def read() -> bytes:
            sheet = await _read(sent, await in_turns(unpacking(text(sent, "packed"))))
            report = await self._guests.preview_import(access.id, sheet.rows)
            return await in_turns(writing_questions(consumed(report.outcomes)))

        return _download(await self._frame.long_read(request, access, read), "questions.csv")

    async def _shown(self, access: GatheringAccess, preview: Preview) -> Response:
        return await self._frame.long_page(
            "import.html", access.visitor, gathering=access.gathering.body, preview=preview
        )

    def _page(
        self,
        access: GatheringAccess,
        *,
        wrong: str = "",
        lines: str = "",
        status: int = 200,
    ) -> Response:
        return self._frame.page(
            "import.html",
            access.visitor,
            status=status,
            gathering=access.gathering.body,
            preview=None,
            wrong=wrong,
            lines=lines,
            encodings=ENCODING_LABELS,
        )


async def _read(sent: FormData, data: bytes) -> Sheet:
    """The sheet, read as the form says."""
    encoding = known_encoding(text(sent, "encoding") or "auto")
    return await in_turns(reading_sheet(data, encoding=encoding))


def _chosen(sent: FormData) -> dict[str, str]:
    """The choices in the form, by what was chosen, as `choices_of` takes them."""
    chosen: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        if name.startswith(_ROW) and isinstance(value, str):
            action, _space, more = value.partition(" ")
            if name == _ROW or action not in get_args(Choosing):
                raise Invalid(
                    Flaw("/packed", _("A choice got lost on the way. Choose a sheet again."))
                )
            chosen.setdefault(action, []).append(name.removeprefix(_ROW) + more)
    return {action: ",".join(rows) for action, rows in chosen.items()}


def _download(sheet: bytes, name: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(sheet, 200, {**HEADERS, **disposition}, media_type=_TYPE)


async def _given(sent: FormData, file: bytes) -> bytes:
    """The sheet of the preview that is made again, else the uploaded file, else the pasted lines.
    Raises Invalid if there is none of them."""
    if "again" in sent:
        return await in_turns(unpacking(text(sent, "packed")))
    data = file or text(sent, "lines").strip().encode()
    if not data:
        raise Invalid(Flaw("/file", _("Choose a file, or paste lines of a sheet.")))
    return data


def _sentences(error: Invalid) -> str:
    """The first flaws as sentences."""
    sentences = []
    for flaw in error.flaws[:_FLAWS_SHOWN]:
        line = flaw.pointer.split("/")[2:3] if flaw.pointer.startswith("/lines/") else []
        detail = flaw.detail[:1].upper() + flaw.detail[1:]
        if line:
            detail = _("Line {line}: {reason}").format(line=line[0], reason=detail)
        sentences.append(detail)
    return " ".join(one if one.endswith(".") else f"{one}." for one in sentences)
