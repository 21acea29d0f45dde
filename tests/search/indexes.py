"""Indexes without a log, for tests of what is found in them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from gatherlog.core.search import SearchDocument, SearchPage, SearchQuery, check_query
from gatherlog.search.finding import find
from gatherlog.search.index import Index, Origin, Reached
from gatherlog.search.rows import row_of
from tests.search.oracle import micros
from tests.search.strategies import NOW

_MEMORY = Path("/dev/shm")
ORIGIN = Origin("store", "things", 1)


class Indexed:
    """Some documents in an index, which may be changed."""

    def __init__(self, folder: Path, documents: Iterable[SearchDocument] = ()) -> None:
        self.index = Index.open(folder, ORIGIN)
        self.put(*documents)

    def put(self, *documents: SearchDocument) -> None:
        self.index.replace({document.id: row_of(document) for document in documents})
        self.index.commit(Reached((1,), ("event",)))

    def remove(self, *ids: str) -> None:
        self.index.replace(dict.fromkeys(ids))
        self.index.commit(Reached((1,), ("event",)))

    def find(self, query: SearchQuery) -> SearchPage:
        check_query(query)
        return find(self.index.snapshot, query, now=micros(NOW), store_id="store")

    def ids(self, query: SearchQuery) -> list[str]:
        return [found.id for found in self.find(query).found]

    def pages(self, query: SearchQuery, size: int, *, backwards: bool = False) -> list[SearchPage]:
        """All pages, as a reader goes through them, in either direction."""
        pages: list[SearchPage] = []
        size_of_page = {"last": size} if backwards else {"first": size}
        asked = msgspec.structs.replace(query, **size_of_page)
        while True:
            page = self.find(asked)
            pages.append(page)
            if not (page.has_previous if backwards else page.has_next):
                return pages
            edge = page.found[0 if backwards else -1].cursor
            asked = msgspec.structs.replace(asked, **{"before" if backwards else "after": edge})


@contextmanager
def indexed(documents: Iterable[SearchDocument]) -> Iterator[Indexed]:
    """An index of these documents, in memory if possible, for as long as the block runs."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        found = Indexed(Path(folder) / "index", documents)
        try:
            yield found
        finally:
            found.index.close()
