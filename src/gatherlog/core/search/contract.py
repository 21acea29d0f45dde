"""Who answers a search, and from what: the two seams between apps, interfaces and an index."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.search.documents import Occurrence, SearchDocument
from gatherlog.core.search.queries import SearchQuery

__all__ = ["Found", "Search", "SearchPage", "SearchSource", "Touched"]


class Found(msgspec.Struct, frozen=True):
    """One document that a query finds."""

    id: str
    version: int
    """`SearchDocument.version` as it was indexed."""
    cursor: str
    distance: int | None
    """Whole metres, if the query has a place to measure from, and the document has a place."""
    occurrence: Occurrence | None
    """The first occurrence that the query finds and that is not over."""


class SearchPage(msgspec.Struct, frozen=True):
    """A part of what a query finds, always in the order asked for."""

    total: int
    """How many documents the query finds on all pages together; exact."""
    found: Sequence[Found]
    has_next: bool
    has_previous: bool
    """Whether more is found after the last of this page, and before the first."""


class Search(Protocol):
    """Answers queries about the documents of one source."""

    async def find(self, query: SearchQuery) -> SearchPage:
        """A page of what a query finds.

        What the log has is found soon after, not at once. Raises Invalid, CursorInvalid for a
        cursor of another query or a forged one, SearchNotReady while there is no index, and Busy.
        """
        ...


class Touched(msgspec.Struct, frozen=True):
    """Which documents an event may have changed, made or removed."""

    ids: Collection[str] = ()
    owners: Collection[str] = ()
    """All documents of these owners."""
    everything: bool = False
    """All documents: the index is built anew."""


class SearchSource(Protocol):
    """Where the documents of an index come from: given by an app.

    The index asks for the present documents of whatever an event has touched, so it does not matter
    if an event is seen twice.
    """

    name: str
    version: int
    """To be raised when documents are made in another way: indexes are built anew then."""

    def touched(self, event: Recorded) -> Touched | None:
        """What an event may have changed; None if it does not concern the documents."""
        ...

    async def read(self, ids: Sequence[str]) -> Sequence[SearchDocument | None]:
        """The present documents, in the order of `ids`; None for what nobody may find.

        It has to see what was committed before, as `Store.get` does and `Store.query` does not.
        """
        ...

    def everything(self) -> AsyncIterator[SearchDocument]:
        """All documents, each once. Those that are changed meanwhile may be missing or old."""
        ...
