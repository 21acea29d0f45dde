"""How large an item is, and where a page ends because it has enough bytes."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Document

__all__ = ["cut_page", "document_bytes", "event_bytes"]

T = TypeVar("T")


def cut_page(items: Sequence[T], most: int, size: Callable[[T], int]) -> Sequence[T]:
    """The first items, as many as have up to `most` bytes together; at least one if there is any.

    It returns `items` itself where all of them fit.
    """
    total = 0
    for number, item in enumerate(items):
        total += size(item)
        if total > most and number:
            return items[:number]
    return items


def event_bytes(event: Recorded) -> int:
    """The bytes of an event that count for a page."""
    return len(event.data) + len(event.meta)


def document_bytes(document: Document) -> int:
    """The bytes of a document that count for a page."""
    return 0 if document.body is None else len(document.body)
