"""The index as it was at one moment, with what queries have to know of its contents."""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any

import tantivy
from tantivy import DocAddress, FieldType, Order, Query

from gatherlog.search.calendar import Window
from gatherlog.search.rows import SCHEMA, Kept, kept_in
from gatherlog.search.vocabulary import Vocabulary

__all__ = ["Snapshot"]


class Snapshot:
    """What one commit left: later ones do not change it. Any thread may use it."""

    def __init__(self, searcher: tantivy.Searcher, vocabulary: Vocabulary) -> None:
        self._searcher = searcher
        self.vocabulary = vocabulary
        """Has the words of all documents, and perhaps others."""

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return self._searcher.num_docs

    @cached_property
    def windows(self) -> list[Window]:
        """The windows of all occurrences."""
        terms = self._searcher.terms_with_prefix("windows", "")
        return [Window(*map(int, term.split("-"))) for term, _ in terms]

    @cached_property
    def zones(self) -> list[str]:
        """The time zones of all documents."""
        return sorted(term for term, _ in self._searcher.terms_with_prefix("zone", ""))

    @cached_property
    def last_day(self) -> int:
        """The ordinal number of the last day on which there is an occurrence; 0: there is none."""
        found = self.ordered(Query.exists_query("last_day"), "last_day", 1, backwards=True)
        return int(found[0][0]) if found else 0

    def ids_of_owners(self, owners: Collection[str]) -> list[str]:
        """The ids of all documents of these owners."""
        if not owners:
            return []
        return self._ids(Query.term_set_query(SCHEMA, "owner", [*owners]))

    def ids_to_renew(self, today: int) -> list[str]:
        """The ids of all documents that are to be asked for again on a day, or before it."""
        return self._ids(Query.range_query(SCHEMA, "renew", FieldType.Unsigned, 0, today))

    def _ids(self, query: Query) -> list[str]:
        _, hits = self.some(query)
        return [kept.id for kept in self.kept(address for _, address in hits)]

    def count(self, query: Query) -> int:
        """How many documents a query finds."""
        count: int = self._searcher.search(query, limit=1).count  # type: ignore[attr-defined]
        return count

    def best(self, query: Query, limit: int) -> list[tuple[Any, DocAddress]]:
        """Documents with their scores, those with the highest first."""
        return self._searcher.search(query, limit=max(1, limit), count=False).hits

    def some(
        self, query: Query, limit: int | None = None
    ) -> tuple[int, list[tuple[int, DocAddress]]]:
        """How many documents a query finds, and so many of them, or all, with their ties."""
        most = self._searcher.num_docs if limit is None else limit
        found = self._searcher.search(query, limit=max(1, most), order_by_field="tie")
        count: int = found.count  # type: ignore[attr-defined]
        return count, found.hits

    def ordered(
        self, query: Query, field: str, limit: int, *, backwards: bool = False
    ) -> list[tuple[Any, DocAddress]]:
        """Documents with their values of a field, the lowest first."""
        order = Order.Desc if backwards else Order.Asc
        return self._searcher.search(
            query, limit=max(1, limit), count=False, order_by_field=field, order=order
        ).hits

    def values(self, field: str, addresses: list[DocAddress]) -> list[Any]:
        """The values that documents have in a field of numbers; None where there is none."""
        return self._searcher.fast_field_values(field, addresses)

    def kept(self, addresses: Iterable[DocAddress]) -> list[Kept]:
        """What was kept of documents."""
        return [kept_in(self._searcher.doc(address)) for address in addresses]
