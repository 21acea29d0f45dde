"""The embedded engine: one SQLite file, several processes, grouped durable commits."""

from gatherlog.engines.sqlite.file import backup
from gatherlog.engines.sqlite.store import SqliteStore, open_sqlite

__all__ = ["SqliteStore", "backup", "open_sqlite"]
