"""Printing text from users on a terminal, safely, and in tables."""

from collections.abc import Iterable, Sequence

__all__ = ["counted", "printable", "table"]


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


def counted(number: int, noun: str) -> str:
    """A number with its noun, as in "1 event" and "2,000 events"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
