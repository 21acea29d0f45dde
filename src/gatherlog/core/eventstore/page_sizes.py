"""How large an item is, and where a page ends because it has enough bytes."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Document

__all__ = ["cut_page", "document_bytes", "event_bytes", "take_page"]

T = TypeVar("T")

CHUNK: Final = 32
"""How many items are taken before their bytes are added up."""


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


def take_page(
    items: Iterator[T], limit: int, most: int, size: Callable[[T], int]
) -> tuple[list[T], bool]:
    """The first items, up to `limit` and as `cut_page` cuts them, and whether they are the last.

    Up to CHUNK more items are taken than are returned: memory is bounded, whatever `limit` is.
    """
    found: list[T] = []
    total = 0
    while total <= most and len(found) <= limit and (chunk := list(islice(items, CHUNK))):
        found += chunk
        total += sum(map(size, chunk))
    page = found[:limit]
    if total > most:
        page = list(cut_page(page, most, size))
    return page, len(page) == len(found)


def event_bytes(event: Recorded) -> int:
    """The bytes of an event that count for a page."""
    return len(event.data) + len(event.meta)


def document_bytes(document: Document) -> int:
    """The bytes of a document that count for a page."""
    return 0 if document.body is None else len(document.body)
