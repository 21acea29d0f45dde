"""The engine of a PostgreSQL database: any number of processes on any number of machines."""

from gatherlog.engines.postgres.engine import PostgresStore
from gatherlog.engines.postgres.opening import let_role_use, open_postgres

__all__ = ["PostgresStore", "let_role_use", "open_postgres"]
