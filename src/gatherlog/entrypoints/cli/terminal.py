"""Printing text from users on a terminal, safely, in tables, and in a line that is updated."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

__all__ = ["counted", "printable", "progress_bar", "table", "updated_line"]


def printable(text: str) -> str:
    """The text with control characters escaped, so that it cannot control the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text: columns as wide as their widest cells, and every cell printable."""
    cells = [list(head), *([printable(str(cell)) or "-" for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


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
