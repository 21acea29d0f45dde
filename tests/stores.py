"""What tests of all kinds read from a store: whole views and categories, in a fixed order."""

from gatherlog.core import Document, Store, StreamHead
from gatherlog.core.projections.paging import all_documents, all_streams


async def scanned(store: Store, view: str) -> list[Document]:
    """All documents of a view, by id."""
    found = [document async for document in all_documents(store, view)]
    return sorted(found, key=lambda document: document.id)


async def streams_of(store: Store, category: str) -> list[StreamHead]:
    """All streams of a category, by name."""
    found = [head async for head in all_streams(store, category)]
    return sorted(found, key=lambda head: head.stream)
