"""The raw limits: the same work with apsw alone; the SQL is at the top of each module."""
