"""What workers that were killed have observed of a lease, so that the next one need not begin anew.

A worker takes over a lease once it has observed for its length that the holder makes no progress.
Where every worker is killed sooner than that, none would ever take it. So each notes, at its first
look, what it saw and when; if the next one sees the same, it counts the time since then.

That time is by wall clocks, of two machines perhaps. If they disagree, a lease may be taken from a
live holder that has not renewed it since the note, which is a third of its length at most: events
may then be delivered twice, but none is lost, for every write of a holder is fenced.
"""

from contextlib import suppress

import msgspec

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.store import Commit, Store
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.checkpoints import checkpoint_id, versioned_write

__all__ = ["OBSERVATIONS", "Observation", "seconds_observed"]


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """That a worker held a lease and there was work for it."""

    subscription: str
    partition: int
    holder: str
    lease: int
    """Version of the lease."""
    progress: int
    """Version of the checkpoint; 0 if there was none."""
    since: int = 0
    """When it was first seen like this: microseconds since the epoch."""


OBSERVATIONS = View("lease_observation", Observation)


async def seconds_observed(store: Store, clock: Clock, seen: Observation) -> float:
    """For how long the same has been seen, by whichever worker; it is noted if it is new."""
    id = checkpoint_id(seen.subscription, seen.partition)
    [document] = await store.get([OBSERVATIONS.ref(id)])
    noted, now = OBSERVATIONS.read(document), clock()
    if noted is not None and noted == msgspec.structs.replace(seen, since=noted.since):
        return max(0.0, (now - noted.since) / 1_000_000)
    version = 0 if document is None else document.version
    note = msgspec.structs.replace(seen, since=now)
    write = versioned_write(OBSERVATIONS, id, seen.subscription, version, note)
    with suppress(Conflict):  # another worker notes it at this moment
        await store.commit(Commit(writes=[write]))
    return 0.0
