"""Excel workbooks (.xlsx): the cells of the first sheet that has any. Pure.

A workbook is a ZIP file of XML. It is read in pieces of a few kilobytes, so that neither a large
one nor one that was made to be large takes long at once; see docs/decisions/0091-workbooks.md.
"""

import io
import posixpath
import re
import zipfile
import zlib
from typing import IO, Any
from xml.parsers import expat

from gatherlog.apps.guests.sheet_files import Broken, Record, Table, Unreadable, no_sheet
from gatherlog.core.eventstore.giving_way import Steps

__all__ = ["reading_workbook"]

PIECE = 2 * 1024
MOST_PARTS = 2000
MOST_UNPACKED = 48 * 1024 * 1024
"""Bytes of all parts that are read, once they are unpacked."""
LONGEST_TAG = 64 * 1024
"""Bytes of a tag with its attributes, or of a comment."""
MOST_NESTED = 100
"""Elements within each other."""
MOST_TEXTS = 1_000_000
MOST_TEXT = 24 * 1024 * 1024
"""Characters of all texts that cells share, and of all cells, of which an empty one before another
counts as one, too."""
LONGEST_CELL = 32_767
"""As Excel has it."""
MOST_COLUMNS = 1000
"""Cells further to the right are left out if they are empty, and refused if they are not."""
MOST_ROWS = 1_048_576
"""As Excel has it."""

_CELL = re.compile("([A-Z]{1,3})([0-9]{1,7})")
_WHOLE = re.compile(r"-?[0-9]{1,15}\.0+")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_TOO_LARGE = "this workbook is too large once it is unpacked: save the list as CSV (UTF-8)"
_SAVE = "save it again as Excel workbook (.xlsx) or as CSV (UTF-8)"
_DAMAGED = f"this workbook is damaged: {_SAVE}"


def reading_workbook(data: bytes) -> Steps[Table]:
    """The first sheet with cells, in steps. Raises Invalid for what is no workbook, or too large.

    A formula is read as its last result; if it has none, or failed, the cell is Broken.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            archive = _Archive(file)
            relations = yield from _relations(archive)
            texts = yield from _shared_texts(archive, relations.texts)
            for name in (yield from _sheets(archive, relations)):
                sheet = _Sheet(texts)
                yield from _parsing(archive, name, sheet)
                if sheet.records:
                    return Table("XLSX", "nothing", iter(sheet.records))
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError) as error:
        raise no_sheet(_DAMAGED) from error
    except (NotImplementedError, RuntimeError) as error:  # of zipfile, for passwords and methods
        raise no_sheet(f"this workbook is protected with a password: {_SAVE}") from error
    raise no_sheet("the file is empty")


class _Archive:
    """The parts of a workbook, of which no more than MOST_UNPACKED is read."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self.names = frozenset(file.namelist())
        self._file = file
        self._left = MOST_UNPACKED
        if "xl/workbook.xml" not in self.names:
            if "xl/workbook.bin" in self.names:
                raise no_sheet(f"this is a workbook of another kind (.xlsb): {_SAVE}")
            raise no_sheet(f"this is a compressed file and no workbook of Excel: {_SAVE}")
        if len(self.names) > MOST_PARTS:
            raise no_sheet(_TOO_LARGE)

    def open(self, name: str) -> IO[bytes]:
        """One part, which is read up to the size that the archive says. Raises Invalid if that is
        too large, or if it is packed as no spreadsheet does: other ways unpack without bounds."""
        part = self._file.getinfo(name)
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise no_sheet(f"this workbook is packed in an unusual way: {_SAVE}")
        self._left -= part.file_size
        if self._left < 0:
            raise no_sheet(_TOO_LARGE)
        return self._file.open(part)


def _parsing(archive: _Archive, name: str, handler: "_Handler") -> Steps[None]:
    """Read one part of the archive through a handler, piece by piece."""
    parser = _parser(handler)
    given = 0
    with archive.open(name) as part:
        while piece := part.read(PIECE):
            parser.Parse(piece, False)
            given += len(piece)
            # The parser reads an unfinished tag from its beginning again with every piece.
            if given - parser.CurrentByteIndex > LONGEST_TAG:
                raise no_sheet(_DAMAGED)
            yield
            if handler.is_done:
                return
        parser.Parse(b"", True)


def _parser(handler: "_Handler") -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_NESTED:  # the parser keeps all elements that are open
            raise no_sheet(_DAMAGED)
        handler.begin(_local(tag), attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(_local(tag))

    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _local(tag: str) -> str:
    return tag.rpartition(" ")[2]


def _refuse_doctype(*_: Any) -> None:
    raise no_sheet("this workbook declares a document type, as no spreadsheet does")


class _Handler:
    """What reads one part of a workbook."""

    is_done = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text between tags."""


class _Texts(_Handler):
    """The texts that cells share."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] | None = None
        self._size = 0
        self._reads = False
        self._spoken = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self._parts = []
        elif tag == "rPh":  # how Japanese names are spoken
            self._spoken += 1
        self._reads = tag == "t" and not self._spoken

    def end(self, tag: str) -> None:
        self._reads = False
        if tag == "rPh":
            self._spoken -= 1
        if tag == "si" and self._parts is not None:
            self.texts.append(_unescaped("".join(self._parts))[: LONGEST_CELL + 1])
            if len(self.texts) > MOST_TEXTS:
                raise no_sheet(f"this workbook has more than {MOST_TEXTS:,} texts")

    def text(self, text: str) -> None:
        if self._reads and self._parts is not None:
            self._size += len(text)
            _demand_room(self._size)
            self._parts.append(text)


class _Names(_Handler):
    """The sheets of a workbook, in order, by the ids of their parts; hidden ones come last."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.hidden: list[str] = []

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            id = next((value for name, value in attributes.items() if _local(name) == "id"), "")
            shown = attributes.get("state", "visible") == "visible"
            (self.ids if shown else self.hidden).append(id)


class _Relations(_Handler):
    """The parts of the archive, by their ids."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}
        self.texts = ""

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            self.targets[attributes.get("Id", "")] = target.lstrip("/")
            if attributes.get("Type", "").endswith("/sharedStrings"):
                self.texts = target.lstrip("/")


def _relations(archive: _Archive) -> Steps[_Relations]:
    relations = _Relations()
    if "xl/_rels/workbook.xml.rels" in archive.names:
        yield from _parsing(archive, "xl/_rels/workbook.xml.rels", relations)
    return relations


def _shared_texts(archive: _Archive, name: str) -> Steps[list[str]]:
    texts = _Texts()
    if name in archive.names:
        yield from _parsing(archive, name, texts)
    return texts.texts


def _sheets(archive: _Archive, relations: _Relations) -> Steps[list[str]]:
    """The names of the parts with the cells of each sheet, in the order of the sheets."""
    names, there = _Names(), archive.names
    yield from _parsing(archive, "xl/workbook.xml", names)
    found = [relations.targets.get(id, "") for id in [*names.ids, *names.hidden]]
    return [name for name in found if name in there and name.startswith("xl/worksheets/")]


class _Sheet(_Handler):
    """The records of one sheet."""

    def __init__(self, texts: list[str]) -> None:
        self.records: list[tuple[int, Record]] = []
        self._texts = texts
        self._line = 0
        self._column = 0
        self._cells: list[str] = []
        self._why = ""
        self._kind = ""
        self._is_formula = False
        self._value: list[str] = []
        self._reads = False
        self._spoken = 0
        self._size = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "row":
                self._begin_row(attributes.get("r", ""))
            case "c":
                self._begin_cell(attributes)
            case "f":
                self._is_formula = True
            case "rPh":
                self._spoken += 1
        self._reads = tag in ("v", "t") and not self._spoken

    def end(self, tag: str) -> None:
        self._reads = False
        match tag:
            case "c":
                self._end_cell()
            case "row":
                self._end_row()
            case "rPh":
                self._spoken -= 1
            case "sheetData":
                self.is_done = True

    def text(self, text: str) -> None:
        if self._reads:
            self._size += len(text)
            _demand_room(self._size)
            self._value.append(text)

    def _begin_row(self, number: str) -> None:
        line = int(number) if number.isdecimal() and len(number) < 8 else self._line + 1
        self._line = min(max(line, self._line + 1), MOST_ROWS + 1)
        if self._line > MOST_ROWS:
            raise no_sheet(f"the sheet has more than {MOST_ROWS:,} rows")
        self._column, self._cells, self._why = 0, [], ""

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = _CELL.fullmatch(attributes.get("r", ""))
        self._column = self._column + 1 if place is None else _number_of(place[1])
        self._kind = attributes.get("t", "n")
        self._value, self._is_formula = [], False

    def _end_cell(self) -> None:
        value = self._read("".join(self._value))
        if self._kind == "e":
            value = Broken(self._at(f"has the error {value[:20]}: write the value"))
        elif self._is_formula and not value:
            value = Broken(self._at("is a formula without a result: write the value"))
        elif len(value) > LONGEST_CELL:
            value = Broken(self._at(f"has more than {LONGEST_CELL:,} characters"))
        if not value:
            return
        if self._column > MOST_COLUMNS:
            self._why = self._why or self._at(f"is beyond column {MOST_COLUMNS:,}")
            return
        self._fill(self._column - 1)
        self._cells[self._column - 1 : self._column] = [value]

    def _fill(self, count: int) -> None:
        """Empty cells up to this number of cells in the row."""
        missing = max(0, count - len(self._cells))
        self._size += missing
        _demand_room(self._size)
        self._cells += [""] * missing

    def _end_row(self) -> None:
        if self._why:
            self.records.append((self._line, Unreadable(self._why)))
        elif any(self._cells):
            self.records.append((self._line, self._cells))

    def _read(self, value: str) -> str:
        """The text of a cell as a spreadsheet shows it, except for dates."""
        if self._kind == "s":
            known = value.isdecimal() and len(value) < 8 and int(value) < len(self._texts)
            return self._texts[int(value)] if known else ""
        if self._kind == "b":
            return "yes" if value.strip() == "1" else "no"
        if self._kind in ("str", "inlineStr", "e", "d"):
            return _unescaped(value)
        return _plain_number(value.strip())

    def _at(self, what: str) -> str:
        return f"cell {_letters_of(self._column)}{self._line} {what}"


def _plain_number(value: str) -> str:
    """A number without zeros behind the point, and large ones with all their digits."""
    if _WHOLE.fullmatch(value):
        return value.partition(".")[0]
    if "E" in value.upper() and len(value) < 30:
        try:
            number = float(value)
        except ValueError:
            return value
        return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else value
    return value


def _unescaped(text: str) -> str:
    """The text without Excel's form of characters that XML does not have."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return "" if 0xD800 <= number < 0xE000 else chr(number)


def _demand_room(size: int) -> None:
    if size > MOST_TEXT:
        raise no_sheet(_TOO_LARGE)


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters_of(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
