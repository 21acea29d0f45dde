"""The engine of a PostgreSQL database: any number of processes on any number of machines."""

from gatherlog.engines.postgres.engine import PostgresStore, open_postgres

__all__ = ["PostgresStore", "open_postgres"]
