"""How many bytes items have, and where a page ends because it has enough of them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.giving_way import Steps, at_once
from gatherlog.core.eventstore.store import Document

__all__ = [
    "bytes_of_documents",
    "bytes_of_events",
    "bytes_of_rows",
    "cut_page",
    "event_bytes",
    "take_page",
    "taking_page",
]

T = TypeVar("T")
Size = Callable[[Sequence[T]], int]
"""The bytes that some items have together."""

FIRST_CHUNK: Final = 32
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

    After the first chunk, no more items are taken at once than fit if they are as large as those
    before. So where all have one size, at most FIRST_CHUNK items more are taken than are returned.
    """
    return at_once(taking_page(items, limit, most, size, LARGEST_CHUNK))


def taking_page(
    items: Iterator[T], limit: int, most: int, size: Size[T], together: int = FIRST_CHUNK
) -> Steps[tuple[list[T], bool]]:
    """As `take_page`, in steps of up to `together` items."""
    found = list(islice(items, FIRST_CHUNK))
    total, is_end = size(found), len(found) < FIRST_CHUNK
    while not is_end and total <= most and len(found) <= limit:
        yield
        fitting = (most - total) * len(found) // (total + 1) + 1
        chunk = list(islice(items, min(together, fitting)))
        found += chunk
        total += size(chunk)
        is_end = not chunk
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
