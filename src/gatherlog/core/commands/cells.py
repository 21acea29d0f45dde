"""Cells of sheets that spreadsheets open, none of which is a formula. Pure."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from gatherlog.core.eventstore.giving_way import Steps, at_once

__all__ = ["GUARDED", "unguarded", "write_cells", "writing_cells"]

_TOGETHER = 16
"""Records that are written in one step."""

_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
"""East Asian spreadsheets take the full-width forms of = + - @ for formulas too."""
_IGNORED = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What is usually not shown: Default_Ignorable_Code_Point and the category Cf of Unicode."""
_UNSEEN = f"(?![\\t\\r\\n])[\\s\\x00-\\x1f\\x7f-\\x9f{_IGNORED}\u2800]"
"""White space of every script, control characters, _IGNORED, and the blank pattern of Braille. It
is one class, as a character that matches in two ways would be tried in both, again and again."""
_FORMULA = f"(?:['\"]|{_UNSEEN})*{_SIGN}"
"""Spreadsheets find a formula also behind white space and quotation marks."""

GUARDED = re.compile(f"{_FORMULA}|'*[\t\r\n]")
"""The start of a cell that needs a guard, an apostrophe, or has one: it could be a formula."""
_FORMULA_INSIDE = re.compile(f"(?<=[,;\t\r\n])(?={_FORMULA})")
"""Where a formula would start if the file were split at another separator than the comma."""
_GUARD_INSIDE = re.compile(f"(?<=[,;\t\r\n])'(?={_FORMULA})")


def write_cells(records: Iterable[Sequence[str]]) -> bytes:
    """CSV that spreadsheets open as text: UTF-8 with BOM, CRLF, and no cell that is a formula.

    An apostrophe is put before what would be a formula, also inside a cell, for spreadsheets that
    split at other separators. `unguarded` removes it.
    """
    return at_once(writing_cells(records))


def writing_cells(records: Iterable[Sequence[str]]) -> Steps[bytes]:
    """As `write_cells`, in steps."""
    parts, rest = [codecs.BOM_UTF8], iter(records)
    while some := list(islice(rest, _TOGETHER)):
        out = io.StringIO(newline="")
        csv.writer(out).writerows(map(_guarded, record) for record in some)
        parts.append(out.getvalue().encode())
        yield
    return b"".join(parts)


def unguarded(cell: str) -> str:
    """The cell as it was given to `write_cells`."""
    if cell.startswith("'") and GUARDED.match(cell):
        cell = cell[1:]
    return _GUARD_INSIDE.sub("", cell)


def _guarded(cell: str) -> str:
    cell = _FORMULA_INSIDE.sub("'", cell)
    return f"'{cell}" if GUARDED.match(cell) else cell
