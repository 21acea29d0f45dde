"""How the index of one process is doing, for its operator."""

from collections.abc import Sequence

import msgspec

from gatherlog.core.subscriptions.waiting_events import Waiting

__all__ = ["IndexStatus"]


class IndexStatus(msgspec.Struct, frozen=True):
    """An index at one moment."""

    documents: int
    """Documents in which queries look; 0 while there is no index."""
    is_building: bool
    """Whether it is built from scratch; what there was before is searched meanwhile."""
    builds: int
    """How often it was built from scratch, since the process started."""
    failures: int
    """How often following the log has failed and begun again, since the process started."""
    lags: Sequence[Waiting]
    """By partition: the events of the log that are not in it yet."""
