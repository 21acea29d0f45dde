"""Positions of the log as they are typed: one number for each partition, with commas between."""

from typing import TYPE_CHECKING

from gatherlog.entrypoints.cli.failures import CommandRefused

if TYPE_CHECKING:
    from gatherlog.core.eventstore.store import Heads

__all__ = ["read_positions"]

_DIGITS = 18


def read_positions(option: str, text: str, heads: "Heads", *, form: str) -> "Heads":
    """The positions in the value of an option; CommandRefused for others than the log has.

    `form` says what may be written, as in "write a position like 42".
    """
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() and len(part) <= _DIGITS for part in parts):
        raise CommandRefused(f"{option} is {text!r}: {form}")
    if len(parts) != len(heads):
        wanted = "one position; this store has one partition"
        if len(heads) > 1:
            wanted = f"{len(heads)} positions with commas between them, one for each partition"
        raise CommandRefused(f"{option} is {text!r}: write {wanted}")
    positions = tuple(map(int, parts))
    if any(position > head for position, head in zip(positions, heads, strict=True)):
        end = ",".join(map(str, heads))
        raise CommandRefused(f"{option} is {text}; the log ends at {end}")
    return positions
