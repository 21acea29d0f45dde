"""Retries: the event that blocks a key is attempted again and again, after pauses. Then the events
that waited for it are delivered, in their order, until none is left and the key is free.

`retry_pauses.py` decides how long a pause is, and `outcomes.py` what follows from an outcome.
"""

import asyncio

from gatherlog.core.commands.service import read
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.attempts import attempt
from gatherlog.core.subscriptions.batch_in_flight import BatchInFlight
from gatherlog.core.subscriptions.blocked_key import BlockedKey, ordering_key
from gatherlog.core.subscriptions.catch_up import CatchUp
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.document_locks import DocumentLocks
from gatherlog.core.subscriptions.outcomes import (
    note_outcome,
    record_failure,
    record_success,
    refuse_redrive,
)
from gatherlog.core.subscriptions.page_delivery import PageDelivery
from gatherlog.core.subscriptions.page_size import LARGEST_PAGE
from gatherlog.core.subscriptions.partition_state import DestinationGone, PartitionState
from gatherlog.core.subscriptions.projection_folding import EventWithRefs, fold_events

__all__ = ["RetryQueues"]


class RetryQueues:
    """Retries each blocked key of a partition in a task of its own.

    `locks` are those of a projection's documents.
    """

    def __init__(self, state: PartitionState, locks: DocumentLocks) -> None:
        self._state = state
        self._locks = locks
        self._catch_up = CatchUp(state, self.block, self.block_unfinished)

    def start(self) -> None:
        """Retry every blocked key and catch up with every suspended destination, from now on.

        Where that is under way already, it goes on.
        """
        for destination in self._state.destinations.values():
            for blocked in destination.retries:
                if blocked.task is None:
                    self.retry(destination, blocked)
            self.catch_up(destination)

    def block(
        self, destination: DestinationState, blocked: BlockedKey, error: DeliveryFailed | None
    ) -> None:
        """Block a key, and retry it; `error` says why its event was not taken just now, if so."""
        destination.block(blocked)
        if error is not None:
            record_failure(self._state, destination, blocked, error)
        self.retry(destination, blocked)

    def block_unfinished(
        self, destination: DestinationState, delivery: PageDelivery, end: int
    ) -> int:
        """Close a delivery and block the keys of all events that it leaves unfinished.

        Returns the position up to which that covers every event: `end`, unless they are too many.
        """
        keys, reached = delivery.close(end)
        errors = delivery.errors()
        for blocked in keys:
            self.block(destination, blocked, errors.get(blocked.key))
        if keys:
            self._state.unsaved.set()
        return reached

    def catch_up(self, destination: DestinationState) -> None:
        """If the destination is suspended, deliver what it missed, once there is room."""
        self._catch_up.start(destination)

    def retry(self, destination: DestinationState, blocked: BlockedKey) -> None:
        """Start to retry a key until nothing waits for it, or a redrive until its event is done."""
        is_redrive = blocked.dead_letter is not None
        work = self._redrive if is_redrive else self._retry_until_free
        blocked.task = self._state.tasks.start(work(destination, blocked))

    async def close(self, patience: float) -> None:
        """Begin nothing more, and wait `patience` seconds at most for what is under way."""
        self._state.stop()
        tasks = []
        for destination in self._state.destinations.values():
            tasks += [
                blocked.task
                for blocked in destination.retries
                if blocked.is_attempting or blocked.in_flight is not None
            ]
            if destination.interrupt_catch_up is not None:
                tasks.append(destination.catch_up_task)
        if running := [task for task in tasks if task is not None]:
            await asyncio.wait(running, timeout=patience)
        self._catch_up.close()

    # One blocked key.

    async def _redrive(self, destination: DestinationState, blocked: BlockedKey) -> None:
        """Redrive a dead letter, after the earlier redrives of the same stream and subject."""
        async with destination.redrive_locks.setdefault(blocked.key, asyncio.Lock()):
            await self._retry_until_free(destination, blocked)
        if not destination.redrives:
            destination.redrive_locks.clear()

    async def _retry_until_free(self, destination: DestinationState, blocked: BlockedKey) -> None:
        try:
            await self._retry(destination, blocked)
        except DestinationGone:
            await self._leave(destination, blocked)

    async def _retry(self, destination: DestinationState, blocked: BlockedKey) -> None:
        state, fold = self._state, self._state.subscription.fold
        is_blocked = True
        while is_blocked and (blocked.in_flight is not None or not state.is_stopping):
            if blocked.in_flight is None and not blocked.is_done:
                await blocked.wait_until_due()
                await state.may_attempt.wait()
            if fold is not None:
                is_blocked = await self._fold(fold, destination, blocked)
                continue
            if not blocked.is_done:
                await self._deliver(destination, blocked)
            if blocked.is_done:
                is_blocked = await self._advance(destination, blocked)

    async def _deliver(self, destination: DestinationState, blocked: BlockedKey) -> None:
        """Make one attempt, or wait for the one that is still in flight."""
        state = self._state
        event = await self._event(blocked)
        if blocked.in_flight is not None:
            return await self._wait_for(blocked.in_flight, destination, blocked)
        breaker = destination.breaker
        is_redrive = blocked.dead_letter is not None  # which an operator does not want to wait
        turn = breaker.turn() if is_redrive else breaker.turn_to_retry()
        async with turn, destination.retry_slots:
            config = await state.current(destination)
            if blocked.is_done or not state.may_attempt.is_set():
                return
            blocked.is_attempting = True
            try:
                error = await attempt(state, config, [event], blocked.failures + 1)
            finally:
                blocked.is_attempting = False
        note_outcome(state, destination, error)
        if error is None:
            record_success(state, destination, blocked)
        else:
            if breaker.is_open:
                breaker.retries.note_failure(destination.config.retry, error)
            record_failure(state, destination, blocked, error)

    async def _leave(self, destination: DestinationState, blocked: BlockedKey) -> None:
        """Try no more unless `start` says so; a redrive ends, with the reason."""
        blocked.task = None
        if blocked.dead_letter is not None:
            dead_letter = await read(self._state.store, DEAD_LETTERS, blocked.dead_letter)
            if dead_letter is not None:
                refuse_redrive(self._state, dead_letter)
            destination.redrives.pop(blocked.dead_letter, None)

    async def _wait_for(
        self, batch: BatchInFlight, destination: DestinationState, blocked: BlockedKey
    ) -> None:
        """Wait for the outcome of the attempt that was under way when the key was blocked."""
        error = await batch.outcome()
        blocked.in_flight = None
        if error is None:
            for event in batch.events:
                if ordering_key(event) == blocked.key:
                    blocked.read_to = event.version
                    destination.mark_done(event.position, self._state.position)
            record_success(self._state, destination, blocked)
        elif len(batch.events) == 1:  # of several, another may be the reason: try this one alone
            record_failure(self._state, destination, blocked, error)

    async def _advance(self, destination: DestinationState, blocked: BlockedKey) -> bool:
        """Go on to the next event that waits; if there is none, free the key and return False."""
        following = None
        if blocked.dead_letter is None:
            following = await self._following(destination, blocked)
            destination.mark_done(blocked.position, self._state.position)
        if following is None:
            destination.unblock(blocked)
            destination.redrives.pop(blocked.dead_letter or "", None)
        else:
            blocked.advance_to(following)
            destination.mark_changed()
        self._state.unsaved.set()
        return following is not None

    async def _fold(
        self, fold: EventFold, destination: DestinationState, blocked: BlockedKey
    ) -> bool:
        """For a projection: `_deliver` and `_advance` in one commit with the documents."""
        state = self._state
        event = EventWithRefs(fold, await self._event(blocked))
        async with state.folding, self._locks.hold(event.refs):
            if not blocked.is_done:
                result = await fold_events(
                    state.store, fold, state.name, [event], epoch=state.epoch
                )
                for _, error in result.failures.values():
                    record_failure(state, destination, blocked, error)
                    return True
                following = await self._following(destination, blocked)
                if following is not None:
                    blocked.read_ahead.appendleft(following)
                state.projection_writes += result.writes
                record_success(state, destination, blocked)
            is_blocked = await self._advance(destination, blocked)
            await state.save()
        return is_blocked

    # The events of a blocked key.

    async def _event(self, blocked: BlockedKey) -> Recorded:
        """The event that is attempted next, as it is now: it may have become blank meanwhile."""
        event = blocked.event
        if event is None or blocked.is_old():
            stream, _ = blocked.key
            now = asyncio.get_running_loop().time()
            [event] = await self._state.store.read_stream(
                stream, after=blocked.version - 1, limit=1
            )
            blocked.take(event, now)
        return event

    async def _following(
        self, destination: DestinationState, blocked: BlockedKey
    ) -> Recorded | None:
        """The next event that waits; None if there is none at this very moment."""
        state, (stream, _) = self._state, blocked.key
        size = min(LARGEST_PAGE, state.store.limits.page)
        while not blocked.read_ahead:
            until, blocked.read_ahead_at = blocked.until, asyncio.get_running_loop().time()
            page = await state.store.read_stream(stream, after=blocked.read_to, limit=size)
            waiting = [event for event in page if event.position <= until]
            is_end = len(waiting) == 0 or len(waiting) < len(page)  # later ones come from the feed
            blocked.read_ahead += [
                event
                for event in waiting
                if ordering_key(event) == blocked.key
                and not destination.is_left_out(event.position)
                and state.routes_to(destination, event)
            ]
            if waiting:
                blocked.read_to = waiting[-1].version
            if is_end and not blocked.read_ahead and blocked.until == until:
                return None
        return blocked.read_ahead.popleft()
