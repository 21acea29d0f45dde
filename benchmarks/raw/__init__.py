"""The raw limits: the same work by hand with apsw and nothing between, exact SQL in each module."""
