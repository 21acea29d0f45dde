"""The parts of a long list: which one an address asks for, and the paths of its neighbours."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from gatherlog.core.commands.slices import Slice, Window

__all__ = ["Neighbours", "neighbours", "window"]


def window(query: Mapping[str, str], limit: int) -> Window:
    """The part of a list that begins or ends at the cursor in an address."""
    after, before = query.get("after") or None, query.get("before") or None
    return Window(limit=limit, last=before is not None, after=after, before=before)


class Neighbours(msgspec.Struct, frozen=True):
    """The paths of the parts of a list before and after one; empty where there is none."""

    earlier: str
    later: str


def neighbours(found: Slice[Any], path: str) -> Neighbours:
    """The neighbours of a slice, in the list at a path."""
    if not found.items:
        return Neighbours(path if found.has_previous else "", "")
    before = urlencode({"before": found.items[0].cursor})
    after = urlencode({"after": found.items[-1].cursor})
    return Neighbours(
        f"{path}?{before}" if found.has_previous else "",
        f"{path}?{after}" if found.has_next else "",
    )
