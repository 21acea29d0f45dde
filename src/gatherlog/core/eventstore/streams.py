"""Names of streams: every one reads `category-id`."""

from typing import Final

__all__ = ["INTERNAL", "category_of"]

INTERNAL: Final = frozenset({"subscription", "rules", "queue", "retention", "erasure"})
"""Categories in which the core records its own work: subscriptions, rules, queues,
retention and erasures.

Nobody else appends to them, and their events are not delivered to anybody: a delivery that is
recorded would cause another delivery, without end.
"""


def category_of(stream: str) -> str:
    """The kind of stream: the part of its name before the first `-`, as in `gathering-0198…`."""
    return stream[: stream.index("-")]
