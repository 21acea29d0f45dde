"""Lines of a file or a pipe, in parts, with as much memory for a large file as for a small one."""

from collections.abc import Iterator
from io import BufferedIOBase
from typing import Final, NamedTuple

__all__ = ["LONGEST", "Line", "parts_of"]

LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a line that is read; the rest of a longer one is skipped."""
CHUNK: Final = 256 * 1024
_MARK: Final = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is not blank, without its end."""

    number: int
    """From 1."""
    text: bytes | None
    """None: it has more than LONGEST bytes."""
    ends: int
    """Bytes up to its end, all lines before it included."""


def parts_of(file: BufferedIOBase) -> Iterator[list[Line]]:
    """The lines in order, as many at a time as one read gives.

    So the lines of a pipe are there as soon as they are written. A byte order mark is left out.
    """
    rest, number, ends, is_long = b"", 0, 0, False
    while chunk := file.read1(CHUNK):
        lines: list[Line] = []
        *whole, rest = (rest + chunk).split(b"\n")
        for text in whole:
            number, ends = number + 1, ends + len(text) + 1
            if is_long or text.strip():
                lines.append(_line(number, text, ends, is_long))
            is_long = False
        if len(rest) > LONGEST:
            ends, rest, is_long = ends + len(rest), b"", True
        if lines:
            yield lines
    if is_long or rest.strip():
        yield [_line(number + 1, rest, ends + len(rest), is_long)]


def _line(number: int, text: bytes, ends: int, is_long: bool) -> Line:
    if number == 1:
        text = text.removeprefix(_MARK)
    return Line(number, None if is_long or len(text) > LONGEST else text.strip(), ends)
