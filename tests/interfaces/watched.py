"""A store that notes what is read of it, for tests that count reads or compare them."""

from typing import Any

from gatherlog.core import Store

__all__ = ["READS", "Watched"]

READS = ("get", "query", "scan", "read_stream", "read_feed", "recall", "streams", "heads")


class Watched:
    """A store that notes what is read of it: the method, and of how many documents."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in READS:
            return method

        def noted(*given: Any, **named: Any) -> Any:
            self.reads.append((name, len(given[0]) if name == "get" else 1))
            return method(*given, **named)

        return noted
