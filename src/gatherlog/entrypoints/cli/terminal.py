"""Printing text from users on a terminal, safely, in tables, and in a line that is updated."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

__all__ = [
    "coloured",
    "counted",
    "printable",
    "progress_bar",
    "shortened",
    "table",
    "updated_line",
]

MAX_REASON = 80
"""Characters of a reason that a table has room for on a terminal."""
_CODES = {"bold": "1", "red": "1;31", "green": "32"}


def printable(text: str) -> str:
    """The text with control characters escaped, so that it cannot control the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def coloured(text: str, colour: str) -> str:
    """The text in a colour, `bold`, `red` or `green`, where standard output is a terminal.

    Anywhere else, and where NO_COLOR is set or TERM is `dumb`, it is as it was.
    """
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if is_plain or not sys.stdout.isatty():
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def shortened(text: str) -> str:
    """A reason for a table: cut on a terminal, and whole in a pipe."""
    if len(text) <= MAX_REASON or not sys.stdout.isatty():
        return text
    return text[: MAX_REASON - 1] + "…"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text: columns as wide as their widest cells, and every cell printable.

    On a terminal its head is bold.
    """
    cells = [list(head), *([printable(str(cell)) or "-" for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    first, *others = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    return "\n".join([coloured(first, "bold"), *others])


@contextmanager
def updated_line() -> Iterator[Callable[[str], None]]:
    """Shows text in one line that is updated, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Shows a text and how much is done of a total (0: unknown), if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda text, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda text, done, total: bar.update(
            task, description=text, completed=done, total=total or None
        )


def counted(number: int, noun: str) -> str:
    """A number with its noun, as in "1 event" and "2,000 events"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
