"""How many bytes items have, and where a page ends because it has enough of them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Document

__all__ = [
    "bytes_of_documents",
    "bytes_of_events",
    "bytes_of_rows",
    "cut_page",
    "event_bytes",
    "take_page",
]

T = TypeVar("T")
Size = Callable[[Sequence[T]], int]
"""The bytes that some items have together."""

SMALLEST_CHUNK: Final = 4
LARGEST_CHUNK: Final = 256
"""How many items are taken at once, before their bytes are added up."""


def cut_page(items: Sequence[T], most: int, size: Size[T]) -> Sequence[T]:
    """The first items, as many as have up to `most` bytes together; at least one if there is any.

    It returns `items` itself where all of them fit.
    """
    if size(items) <= most:
        return items
    total = 0
    for number, item in enumerate(items):
        total += size([item])
        if total > most:
            return items[: max(number, 1)]
    return items


def take_page(items: Iterator[T], limit: int, most: int, size: Size[T]) -> tuple[list[T], bool]:
    """The first items, up to `limit` and as `cut_page` cuts them, and whether they are the last.

    Chunks grow while items are small. So hardly more bytes are taken than are returned: at most
    those of SMALLEST_CHUNK items, where all are of one size.
    """
    found: list[T] = []
    total, chunk_size = 0, SMALLEST_CHUNK
    while total <= most and len(found) <= limit and (chunk := list(islice(items, chunk_size))):
        found += chunk
        total += size(chunk)
        as_many_as_fit = (most - total) * len(found) // (total + 1) + 1
        chunk_size = max(min(4 * chunk_size, LARGEST_CHUNK, as_many_as_fit), 1)
    page = found if len(found) <= limit else found[:limit]
    if total > most:
        page = list(cut_page(page, most, size))
    return page, len(page) == len(found)


def event_bytes(event: Recorded) -> int:
    """The bytes of an event that count for a page: its data and meta."""
    return len(event.data) + len(event.meta)


def bytes_of_events(events: Sequence[Recorded]) -> int:
    """As `event_bytes`, of many events together."""
    return sum([len(event.data) + len(event.meta) for event in events])


def bytes_of_documents(documents: Sequence[Document]) -> int:
    """The bytes of documents that count for a page: their bodies."""
    return sum([len(document.body) for document in documents if document.body is not None])


def bytes_of_rows(rows: Sequence[tuple[str, Document]]) -> int:
    """The bytes of rows of an index that count for a page: those of their documents."""
    return bytes_of_documents([document for _, document in rows])
