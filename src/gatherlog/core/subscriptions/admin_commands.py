"""Administrative commands, as a processor carries them out: redrive, discard, pause, resume, reset.

`SubscriptionAdmin` (`administration.py`) appends them to the subscription's own stream, and each
partition's checkpoint says which of them were carried out there.
"""

from typing import Final

from gatherlog.core.eventstore.errors import DocumentUndecodable, StoreError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.projections.paging import stream_events
from gatherlog.core.subscriptions.blocked_key import BlockedKey
from gatherlog.core.subscriptions.checkpoint_store import Redrive
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    DeadLetter,
    DeliveryDiscarded,
    DeliveryRedriven,
    SubscriptionPaused,
    SubscriptionReset,
    SubscriptionResumed,
)
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.failure_texts import failure_of
from gatherlog.core.subscriptions.leases import LeaseLost
from gatherlog.core.subscriptions.outcomes import finish_redrive, refuse_redrive
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection_folding import first_version
from gatherlog.core.subscriptions.retry_queues import RetryQueues

__all__ = ["AdminCommands", "ResetDone"]

_PAGE: Final = 100
_LARGEST_SCAN: Final = 500
"""Documents of a projection that a reset reads at a time, at most."""


class ResetDone(Exception):
    """The partition was reset in the store: the processor ends, and the next one begins anew."""


class AdminCommands:
    """Carries out the commands of a subscription in one partition, each of them once."""

    def __init__(self, state: PartitionState, retries: RetryQueues) -> None:
        self._state = state
        self._retries = retries

    async def carry_out(self) -> None:
        """Carry out all commands given since the last time; ResetDone if one was a reset.

        One that cannot be read or carried out is set aside, and the next ones follow.
        """
        state, stream = self._state, stream_of(self._state.name)
        read = state.store.read_stream
        while events := await read(stream, after=state.commands_done, limit=_PAGE):
            for event in events:
                if not event.is_blank:
                    await self._obey(event)
                state.commands_done = event.version

    async def _obey(self, event: Recorded) -> None:
        try:
            reset_to = await self._carry_out(CODEC.decode(event), event)
        except DocumentUndecodable as damaged:
            self._state.notices.command_set_aside(event.version, str(damaged))
        except (StoreError, LeaseLost):
            raise
        except Exception as error:  # noqa: BLE001 - it is told, and the next commands follow
            self._state.notices.command_set_aside(event.version, str(failure_of(error)))
        else:
            if reset_to is not None:
                await self._reset(reset_to, event.version)

    async def _carry_out(self, command: object, event: Recorded) -> int | None:
        """Carry out any command but a reset, of which the position is returned."""
        match command:
            case DeliveryRedriven():
                await self._begin_redrive(event)
            case DeliveryDiscarded():
                if (found := await self._dead_letter(event.subject)) is not None:
                    self._discard(found[1])
            case SubscriptionPaused():
                self._state.pause()
            case SubscriptionResumed():
                self._state.resume()
            case SubscriptionReset(positions=positions):
                return positions[self._state.partition]
        return None

    async def _begin_redrive(self, command: Recorded) -> None:
        """Try a dead letter again, unless another command about it has followed."""
        if (found := await self._dead_letter(command.subject)) is None:
            return
        version, dead_letter = found
        if version != command.version and await self._is_followed(command):
            return
        self._state.redrives[dead_letter.id] = Redrive(command.version, version)
        self.redrive(dead_letter)

    async def _is_followed(self, command: Recorded) -> bool:
        """Whether there is a later event about the same dead letter; if not, it was rebuilt."""
        later = stream_events(self._state.store, command.stream, after=command.version)
        return any([event.subject == command.subject async for event in later])

    async def _dead_letter(self, id: str) -> tuple[int, DeadLetter] | None:
        """A dead letter and its version, if it is of this partition and was not deleted since."""
        [document] = await self._state.store.get([DEAD_LETTERS.ref(id)])
        dead_letter = DEAD_LETTERS.read(document)
        if document is None or dead_letter is None:
            return None
        if dead_letter.partition != self._state.partition:
            return None
        if await self._state.refresh():  # its destination may have been removed, or made
            self._retries.start()
        return document.version, dead_letter

    def redrive(self, dead_letter: DeadLetter) -> None:
        """Try a dead letter again."""
        state, destination = self._state, self._state.destinations.get(dead_letter.destination)
        if destination is None:
            refuse_redrive(state, dead_letter)
        elif self._go_on_with(dead_letter, destination, is_done=False):
            return
        elif state.subscription.fold is not None:
            finish_redrive(state, dead_letter.id)  # a reset has folded the event meanwhile
        else:
            redrive = BlockedKey(
                (dead_letter.stream, dead_letter.about),
                dead_letter.version,
                dead_letter.position,
                until=dead_letter.position,
                dead_letter=dead_letter.id,
            )
            destination.redrives[dead_letter.id] = redrive
            self._retries.retry(destination, redrive)

    def _discard(self, dead_letter: DeadLetter) -> None:
        """Go on without a dead letter."""
        self._state.redrives.pop(dead_letter.id, None)
        destination = self._state.destinations.get(dead_letter.destination)
        if destination is not None:
            self._go_on_with(dead_letter, destination, is_done=True)

    def _go_on_with(
        self, dead_letter: DeadLetter, destination: DestinationState, *, is_done: bool
    ) -> bool:
        """If it blocks its key or is being redriven, attempt it now or, if `is_done`, pass it."""
        blocked = destination.blocked.get((dead_letter.stream, dead_letter.about))
        if blocked is not None and blocked.given_up and blocked.version == dead_letter.version:
            blocked.is_done = is_done
            blocked.start_over()
            destination.breaker.try_now()
            destination.mark_changed()  # to be saved with `commands_done`, lest a crash undo it
        elif (redrive := destination.redrives.get(dead_letter.id)) is not None:
            redrive.is_done = is_done
            redrive.try_now()
        else:
            return False
        return True

    async def _reset(self, position: int, version: int) -> None:
        """Delete what waits and what a projection made, and set the position. Raises ResetDone."""
        state, fold = self._state, self._state.subscription.fold
        async with state.checkpoint_store.lock:  # so that no write is under way
            await state.tasks.cancel()
            if fold is not None:
                state.epoch, position = version, 0
                await self._delete_documents(fold)
        for destination in state.destinations.values():
            destination.blocked.clear()
            destination.suspended_from = None
            destination.is_dirty = bool(destination.backlog_version)
        state.position, state.commands_done = position, version
        state.projection_writes.clear()
        await state.save()
        raise ResetDone

    async def _delete_documents(self, fold: EventFold) -> None:
        """Delete the documents of earlier epochs, but none that another partition made since."""
        state, stream = self._state, stream_of(self._state.name)
        first, size = first_version(state.epoch), min(_LARGEST_SCAN, state.store.limits.page)
        for view in fold.views:
            cursor: str | None = None
            while True:
                page = await state.store.scan(view.name, cursor=cursor, limit=size)
                await state.checkpoint_store.delete(
                    [
                        view.write(d.id, stream, DELETE, expects=d.version, at=d.version + 1)
                        for d in page.documents
                        if d.version < first and d.stream == stream
                    ]
                )
                if (cursor := page.cursor) is None:
                    break
