"""Why a line of a sheet is not simply imported: it is not sure, or nobody comes by it."""

import msgspec

__all__ = ["Doubt", "LeftOut"]


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """What is not sure in one line. A row with a doubt is imported only if the host says so."""

    kind: str
    """The kind of doubt, one word by which programs tell doubts apart: "encoding", "name"..."""
    reason: str
    """A sentence for the host: what is not sure, and what the row would become as it stands."""


class LeftOut(Exception):
    """Why a line, in which nothing is wrong, does not become a guest of the list."""
