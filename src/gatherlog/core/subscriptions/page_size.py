"""How many events are read at a time: as many as are delivered in about a second."""

from typing import Final

__all__ = ["LARGEST_PAGE", "PageSize"]

LARGEST_PAGE: Final = 1000
"""Events."""
_FIRST_PAGE: Final = 1
"""So that a process that is soon killed has saved something, however slow its handlers are."""
_LONG: Final = 1.0
_SHORT: Final = 0.25
"""Seconds for a page beyond which the next is smaller, and below which it is larger."""


class PageSize:
    """The size of the next page. A process that dies may deliver the events of one page twice."""

    def __init__(self, first: int = _FIRST_PAGE) -> None:
        self.size = first

    def took(self, seconds: float) -> None:
        """Adjust the size to how long the last page took."""
        if seconds > _LONG:
            self.size = max(1, self.size // 2)
        elif seconds < _SHORT:
            self.size = min(LARGEST_PAGE, self.size * 2)
