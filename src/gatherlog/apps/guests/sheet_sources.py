"""The tables in the bytes of a file: CSV in any likely encoding, or an Excel workbook. Pure."""

import re
from typing import NamedTuple

from gatherlog.apps.guests.sheet_encodings import Decoded, SheetEncoding, decoding
from gatherlog.apps.guests.sheet_files import Table, no_sheet, split_tables
from gatherlog.apps.guests.sheet_workbooks import reading_workbook
from gatherlog.core.eventstore.giving_way import Steps

__all__ = ["Source", "reading_source"]

_OTHERS = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BM", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a text document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"SQLite format 3", "a database"),
)
_PICTURES = re.compile(rb"(?:RIFF.{4}WEBP|.{4}ftyp(?:heic|heix|mif1|avif))", re.DOTALL)
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml|svg|head|body)", re.IGNORECASE
)
_CARDS = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:(VCARD|VCALENDAR)", re.IGNORECASE)
_SAVE = "save the sheet as CSV (UTF-8) or as Excel workbook (.xlsx) and try again"


class Source(NamedTuple):
    """What is in a file."""

    tables: list[Table]
    """The same records, split at each separator that may be meant."""
    decoded: Decoded | None
    """The encoding of a text; None for a workbook."""


def reading_source(data: bytes, encoding: SheetEncoding = "auto") -> Steps[Source]:
    """The tables of a file, in steps. Raises Invalid for one that is empty or is no sheet."""
    if data.startswith(b"PK\x03\x04"):
        table = yield from reading_workbook(data)
        return Source([table], None)
    _demand_text(data)
    decoded = yield from decoding(data, encoding)
    if decoded is None:
        raise no_sheet(f"this is not a text file: {_SAVE}")
    tables = split_tables(decoded.text, decoded.label)
    return Source(tables, decoded._replace(text=""))


def _demand_text(data: bytes) -> None:
    """Raise Invalid for the files of other programs, by how they begin."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if b"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e" in data:
            raise no_sheet(f"this workbook is protected with a password: open it, {_SAVE}")
        raise no_sheet(f"this is a workbook of an old kind (.xls): {_SAVE}")
    for beginning, what in _OTHERS:
        if data.startswith(beginning) and (beginning != b"BM" or 0 in data[:64]):
            raise no_sheet(f"this is not a text file but {what}: {_SAVE}")
    if _PICTURES.match(data):
        raise no_sheet(f"this is not a text file but a picture: {_SAVE}")
    if _MARKUP.match(data):
        raise no_sheet(f"this is a page of the web, or a table in the form of one: {_SAVE}")
    if found := _CARDS.match(data):
        kind = "contacts (vCard)" if found[1].upper() == b"VCARD" else "a calendar"
        raise no_sheet(f"this file has {kind}: export the contacts as CSV and try again")
