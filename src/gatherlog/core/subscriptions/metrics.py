"""What a worker counts for each of its subscriptions."""

import msgspec

__all__ = ["Metrics"]


class Metrics(msgspec.Struct):
    """Counts since the process started, which only grow."""

    delivered: int = 0
    failed: int = 0
    """Attempts that failed, counted per event."""
    given_up: int = 0
    redriven: int = 0
    events: int = 0
    """Events that were read from the feed."""
