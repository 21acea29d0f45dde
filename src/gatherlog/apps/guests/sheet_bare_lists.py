"""Lists of names without any header, as they are pasted from a letter or a chat. Pure."""

import re
from collections.abc import Sequence

from gatherlog.apps.guests.sheet_emails import addresses_in, without_address
from gatherlog.apps.guests.sheet_files import Record, Unreadable
from gatherlog.apps.guests.sheet_headers import Column

__all__ = ["are_recipients", "bare_columns", "without_bullet"]

_BULLET = re.compile(r"(?:[-*•‣◦▪·–—]|[0-9]{1,3}[.)])\s+")
_NOT_IN_NAMES = re.compile(r"[!?:;=<>{}\[\]|\\#%@_]|[0-9]{3}")
MOST_WORDS = 8


def bare_columns(records: Sequence[Record], *, is_last: bool) -> list[Column | None]:
    """The columns of a list that has names, and addresses at most; empty for anything else.

    `is_last` says that no other separator is left to be tried, so that one column is enough.
    """
    rows = [record for record in records if not isinstance(record, Unreadable)]
    width = max(map(len, rows), default=0)
    if not rows or width > 3 or (width == 1 and not is_last) or _is_one_word(rows):
        return []
    columns: list[Column | None] = []
    for n in range(width):
        cells = [row[n].strip() for row in rows if n < len(row) and row[n].strip()]
        if cells and all(addresses_in(cell) and not without_address(cell)[1] for cell in cells):
            columns.append(("email", n))
        elif cells and all(map(_is_like_a_name, cells)):
            columns.append(("name", 0))
        else:
            columns.append(None)
    is_list = columns.count(("name", 0)) == 1 and columns.count(None) == 0
    return columns if is_list else []


def are_recipients(records: Sequence[Record]) -> bool:
    """Whether it is a list as mail programs have it: "Ada <ada@example.org>; Ben <…>"."""
    rows = [record for record in records if not isinstance(record, Unreadable)]
    cells = [cell for row in rows for cell in row if cell.strip()]
    return len(cells) > len(rows) > 0 and all(without_address(cell.strip())[1] for cell in cells)


def without_bullet(cell: str) -> str:
    """The cell without a dash, point or number before it."""
    return _BULLET.sub("", cell, count=1) if _BULLET.match(cell) else cell


def _is_one_word(rows: Sequence[list[str]]) -> bool:
    """Whether there is nothing but one word, such as `null`: that is no list."""
    return len(rows) == 1 and len(" ".join(rows[0]).split()) == 1


def _is_like_a_name(cell: str) -> bool:
    name, _ = without_address(without_bullet(cell))
    words = name.split()
    if _NOT_IN_NAMES.search(name) or re.search(r",\S", name) or len(words) > MOST_WORDS:
        return False
    return any(map(str.isalpha, name))
