"""Administrative commands to a subscription, carried out by whoever reads each partition."""

from functools import partial
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.projections.paging import pages
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    DeadLetter,
    DeliveryDiscarded,
    DeliveryRedriven,
    State,
    SubscriptionPaused,
    SubscriptionReset,
    SubscriptionResumed,
)
from gatherlog.core.subscriptions.destination_state import BlockedKey
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection_runner import first_version
from gatherlog.core.subscriptions.retry_queues import RetryQueues

__all__ = ["AdminCommands", "ResetDone"]

_PAGE: Final = 100


class ResetDone(Exception):
    """The store says now that everything begins anew; what a hold knows is of no use any more."""


class AdminCommands:
    """Obeys what is in the subscription's own stream, each order once."""

    def __init__(self, hold: PartitionState, lanes: RetryQueues) -> None:
        self._hold = hold
        self._lanes = lanes

    async def obey(self) -> None:
        """Carry out what was ordered since the last look; ResetDone if that ends the hold."""
        hold = self._hold
        stream = stream_of(hold.name)
        while events := await hold.store.read_stream(stream, after=hold.obeyed, limit=_PAGE):
            for event in events:
                await self._carry_out(CODEC.decode(event), event)
                hold.obeyed = event.version

    async def _carry_out(self, order: object, event: Recorded) -> None:
        hold = self._hold
        match order:
            case DeliveryRedriven():
                await self._redrive_or_not(event.subject, "redriving")
            case DeliveryDiscarded():
                await self._redrive_or_not(event.subject, "discarded")
            case SubscriptionPaused():
                hold.is_paused = True
                hold.going.clear()
                self._lanes.leave()
                hold.unsaved.set()
            case SubscriptionResumed():
                hold.is_paused = False
                hold.going.set()
                self._stir()
                hold.unsaved.set()
            case SubscriptionReset(positions=positions):
                await self._reset(positions[hold.partition], event.version)

    async def _redrive_or_not(self, id: str, state: State) -> None:
        """Go by the order: its event may be seen a moment before the letter has changed."""
        [document] = await self._hold.store.get(DEAD_LETTERS.name, [id])
        letter = DEAD_LETTERS.read(document)
        if letter is None or letter.partition != self._hold.partition:
            return
        if letter.destination not in self._hold.outlets and await self._hold.refresh():
            self._lanes.start()  # it may have come back a moment ago
        self.redrive(letter, state)

    def redrive(self, letter: DeadLetter, state: State) -> None:
        """Try a dead letter again; or, if it is discarded, go on without it."""
        hold, is_discarded = self._hold, state == "discarded"
        if (outlet := hold.outlets.get(letter.destination)) is None:
            return None if is_discarded else hold.give_back(letter)
        lane = outlet.lanes.get((letter.stream, letter.about))
        if lane is not None and lane.given_up and lane.version == letter.version:
            lane.is_past = is_discarded
            lane.try_anew()
            outlet.moved()  # written down with the order, or it would be lost in a crash
        elif (redrive := outlet.redrives.get(letter.id)) is not None:
            redrive.is_past = is_discarded
            redrive.stir()
        elif not is_discarded and hold.subscription.fold is not None:
            hold.settle(letter.id)  # it was folded since: once more would be once too often
        elif not is_discarded:
            key, position = (letter.stream, letter.about), letter.position
            redrive = BlockedKey(key, letter.version, position, until=position, letter=letter.id)
            outlet.redrives[letter.id] = redrive
            self._lanes.follow(outlet, redrive)
        return None

    def _stir(self) -> None:
        """Try what waits for its time; dead letters wait for an operator still."""
        for outlet in self._hold.outlets.values():
            for lane in outlet.lanes.values():
                if lane.next_try is not None:
                    lane.stir()

    async def _reset(self, position: int, version: int) -> None:
        """Forget what waits, and what a projection made, and begin anew after a position."""
        hold = self._hold
        async with hold.ledger.turn:  # nobody is in the middle of a write
            await hold.cancel()
            if hold.subscription.fold is not None:
                hold.epoch, position = version, 0
                await self._forget_documents(hold.subscription.fold)
        for outlet in hold.outlets.values():
            outlet.lanes.clear()
            outlet.held_from, outlet.is_dirty = None, bool(outlet.version)
        hold.position, hold.obeyed = position, version
        hold.writes.clear()
        await hold.save()
        raise ResetDone

    async def _forget_documents(self, projection: EventFold) -> None:
        """Delete what was made before; what another partition made since has a later version."""
        hold, stream = self._hold, stream_of(self._hold.name)
        first, size = first_version(hold.epoch), min(500, hold.store.limits.page)
        for view in projection.views:
            read = partial(hold.store.scan, view.name, limit=size)
            async for documents in pages(read, lambda one: one.id):
                await hold.ledger.forget(
                    [
                        view.write(d.id, stream, DELETE, expects=d.version, at=d.version + 1)
                        for d in documents
                        if d.version < first and d.stream == stream
                    ]
                )
