"""Text that others wrote, made fit for a terminal; and tables of it."""

from collections.abc import Iterable, Sequence

__all__ = ["printable", "table"]


def printable(text: str) -> str:
    """The text with control characters spelt out: what people wrote may not speak to a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows below their heads, in columns as wide as they need; every cell printable."""
    cells = [list(head), *([printable(str(cell)) or "-" for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
