"""Running a projection: pages are folded into documents, in commits that move the checkpoint."""

from collections.abc import Sequence
from typing import Final

from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.blocked_key import BlockedKey, ordering_key
from gatherlog.core.subscriptions.destination_state import MOST_BLOCKED, DestinationState
from gatherlog.core.subscriptions.document_locks import DocumentLocks
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection_folding import EventWithRefs, fold_events, slices
from gatherlog.core.subscriptions.retry_queues import RetryQueues

__all__ = ["ProjectionRunner"]

MOST_DOCUMENTS: Final = 128
"""Documents that are changed in one commit, so that other commits need not wait long."""


class ProjectionRunner:
    """Folds the pages of a partition; an event that cannot be folded blocks its key.

    `locks` are those of its documents, which partitions of one process share.
    """

    def __init__(
        self, state: PartitionState, retries: RetryQueues, fold: EventFold, locks: DocumentLocks
    ) -> None:
        self._state = state
        self._retries = retries
        self._fold = fold
        self._locks = locks

    @property
    def is_stuck(self) -> bool:
        """Whether so many keys are blocked that it goes on only after an operator's command."""
        return self._destination.is_full

    def stop(self) -> None:
        """Nothing to do: `process` ends at the next commit once the partition is stopping."""

    async def process(self, page: Sequence[Recorded]) -> int:
        """Fold a page, slice by slice, as far as possible; returns how many events that was."""
        state, processed = self._state, 0
        limits = state.store.limits
        each = max([actions_of(limits, views=[view]) for view in self._fold.views])
        most = max(1, min(MOST_DOCUMENTS, (limits.commit_actions // 2 - 10) // each))
        route = state.subscription.route
        for slice in slices(self._fold, ((event, bool(route(event))) for event in page), most):
            refs = [ref for one in slice for ref in one.refs]
            async with state.folding, self._locks.hold(refs):
                if state.is_stopping or self.is_stuck or not state.may_attempt.is_set():
                    break
                covered = await self._fold_slice(slice)
            processed += covered
            if covered < len(slice):
                break
        return processed

    async def _fold_slice(self, slice: Sequence[EventWithRefs]) -> int:
        """Fold some events in one commit with the checkpoint; returns how many that covers."""
        state, destination = self._state, self._destination
        result = await fold_events(
            state.store,
            self._fold,
            state.name,
            slice,
            epoch=state.epoch,
            most_failures=MOST_BLOCKED - len(destination.blocked),
            blocked=destination.blocked,
        )
        covered = [one.event for one in slice[: result.processed]]
        for event in covered:
            if (blocked := destination.blocked.get(ordering_key(event))) is not None:
                blocked.until = max(blocked.until, event.position)
        state.position = covered[-1].position
        for event, error in result.failures.values():
            blocked = BlockedKey.starting_with(event, until=state.position)
            self._retries.block(destination, blocked, error)
        state.projection_writes += result.writes
        if result.writes or result.failures:
            await state.save()
        return result.processed

    @property
    def _destination(self) -> DestinationState:
        """The one that stands for the projection's documents."""
        [destination] = self._state.destinations.values()
        return destination
