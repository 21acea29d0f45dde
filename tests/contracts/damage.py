"""Damage that a store's data may suffer from outside, for each engine."""

from collections.abc import Mapping
from typing import Protocol

import apsw

from gatherlog.core import Store
from gatherlog.core.eventstore.index_keys import split_key
from gatherlog.core.eventstore.store import IndexKey
from gatherlog.engines.postgres import PostgresStore
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.sqlite import SqliteStore
from tests.postgres import execute

__all__ = ["DAMAGE", "Damage"]


class Damage(Protocol):
    """Done to an open store."""

    def __init__(self, store: Store) -> None: ...

    def unlist(self, view: str, id: str) -> None:
        """No index lists the document any more."""
        ...

    def list_also(self, view: str, index: str, key: IndexKey, id: str) -> None:
        """An index lists a document, or what is none, under this key too."""
        ...

    def lose(self, view: str, id: str) -> None:
        """The document is gone; indexes list it as before."""
        ...


class InSqlite:
    """To the file."""

    def __init__(self, store: Store) -> None:
        assert isinstance(store, SqliteStore)
        self._path = store.engine.path

    def unlist(self, view: str, id: str) -> None:
        self._do("DELETE FROM index_row WHERE view = ? AND id = ?", view, id)

    def list_also(self, view: str, index: str, key: IndexKey, id: str) -> None:
        row = (view, index, *split_key(key), id)
        self._do("INSERT INTO index_row VALUES (?, ?, ?, ?, ?)", *row)

    def lose(self, view: str, id: str) -> None:
        self._do("DELETE FROM document WHERE view = ? AND id = ?", view, id)

    def _do(self, sql: str, *values: str) -> None:
        connection = apsw.Connection(self._path)
        connection.execute(sql, values)
        connection.close()


class InPostgres:
    """To the schema."""

    def __init__(self, store: Store) -> None:
        assert isinstance(store, PostgresStore)
        self._place = store.engine.place

    def unlist(self, view: str, id: str) -> None:
        self._do("DELETE FROM gatherlog.index_row WHERE view = $1 AND id = $2", view, id)

    def list_also(self, view: str, index: str, key: IndexKey, id: str) -> None:
        row = (view, index, *split_key(key), id)
        self._do("INSERT INTO gatherlog.index_row VALUES ($1, $2, $3, $4, $5)", *row)

    def lose(self, view: str, id: str) -> None:
        self._do("DELETE FROM gatherlog.document WHERE view = $1 AND id = $2", view, id)

    def _do(self, sql: str, *values: str) -> None:
        execute(self._place.dsn, script(sql, self._place), *values)


DAMAGE: Mapping[str, type[Damage]] = {"sqlite": InSqlite, "postgres": InPostgres}
"""By driver, for the engines that keep index rows apart from their documents."""
