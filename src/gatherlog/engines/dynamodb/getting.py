"""Documents by their names: what is asked for in one turn of the event loop is one request.

Many callers who answer for one gathering read the same documents at the same moment. Counters are
an item of their own. They are asked for together with the body where documents of the view are
known to have any, and otherwise after it, if the body says so: most views have none.
"""

import asyncio
from collections.abc import Iterable, Mapping

from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.store import Document, Ref
from gatherlog.engines.dynamodb.items import Item, documents_of
from gatherlog.engines.dynamodb.keys import ItemKey, counters_key, document_key
from gatherlog.engines.dynamodb.table import Table

__all__ = ["DocumentReads"]

Found = Mapping[ItemKey, Item]


class DocumentReads:
    """Consistent reads of the documents of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._wanted: dict[ItemKey, None] = {}
        self._next: asyncio.Task[Found] | None = None
        self._counted: set[str] = set()
        """Views of which a document with counters was seen."""

    async def get(self, refs: Iterable[Ref]) -> Mapping[Ref, Document]:
        """Those that there are of these documents."""
        items = await self.with_items(refs, ())
        return documents_of(items)

    async def with_items(self, refs: Iterable[Ref], others: Iterable[ItemKey]) -> list[Item]:
        """The items of documents with their counters, and others."""
        refs = list(refs)
        keys = [*map(document_key, refs), *others]
        keys += [counters_key(ref) for ref in refs if ref[0] in self._counted]
        found = await self._asked(keys)
        items = [found[key] for key in keys if key in found]
        asked = set(keys)
        late = [
            ref
            for ref in refs
            if "t" in found.get(document_key(ref), ()) and counters_key(ref) not in asked
        ]
        if late:
            self._counted |= {view for view, _ in late}
            more = await self._asked(map(counters_key, late))
            items += [more[key] for key in map(counters_key, late) if key in more]
        return items

    async def _asked(self, keys: Iterable[ItemKey]) -> Found:
        """Items that are asked for together with what others ask for in this turn of the loop."""
        self._wanted.update(dict.fromkeys(keys))
        if self._next is None:
            self._next = asyncio.ensure_future(self._ask())
        try:
            return await asyncio.shield(self._next)
        except StoreError as error:
            raise type(error)(str(error)) from error  # each caller has an error of its own

    async def _ask(self) -> Found:
        wanted, self._wanted, self._next = list(self._wanted), {}, None
        items = await self._table.get(wanted) if wanted else []
        return {ItemKey(item["pk"].S, item["sk"].S): item for item in items}
