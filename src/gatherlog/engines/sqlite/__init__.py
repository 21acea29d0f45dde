"""The embedded engine: one SQLite file, several processes, grouped durable commits."""

from gatherlog.engines.sqlite.engine import SqliteStore, open_sqlite
from gatherlog.engines.sqlite.file import backup

__all__ = ["SqliteStore", "backup", "open_sqlite"]
