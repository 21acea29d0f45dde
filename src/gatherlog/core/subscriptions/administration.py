"""What an operator asks about subscriptions and tells them to do.

Questions are answered from the documents in the store. A command is appended to the subscription's
own stream, and carried out within moments by the workers that process it, in whatever process; if
no worker runs, as soon as one does.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import no_such, read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid, Refused
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies, documents, stream_events
from gatherlog.core.subscriptions.checkpoints import (
    BACKLOGS,
    CHECKPOINTS,
    Backlog,
    Checkpoint,
    checkpoint_id,
    stream_of,
)
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    FOLD,
    DeadLetter,
    DeadLetterState,
    DeliveryDiscarded,
    DeliveryRedriven,
    SubscriptionPaused,
    SubscriptionReset,
    SubscriptionResumed,
)
from gatherlog.core.subscriptions.waiting_events import WaitingEvents

__all__ = ["DeadLetterPage", "Lag", "State", "Status", "SubscriptionAdmin"]

MOST_COUNTED = 10_000
LONGEST_REASON = 500
"""Characters."""
_PAUSED, _RESUMED = (
    CODEC.encode(command(by=""))[0] for command in (SubscriptionPaused, SubscriptionResumed)
)


State = Literal["reading", "paused", "pausing", "resuming", "never read"]


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How far a subscription is in one partition."""

    partition: int
    position: int
    head: int
    paused: bool
    behind: int = 0
    """Events that are still to be processed, counted up to MOST_BEHIND or MOST_BYTES of them: also
    those that wait for a failed one. The distance of two positions says nothing about that."""
    behind_is_least: bool = False
    """Whether there may be more of them than were counted."""
    oldest_seconds: float | None = None
    """How long the oldest of them has been in the log; None if there is none."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How far a subscription is in all partitions, and what waits, as the store has it."""

    name: str
    lags: tuple[Lag, ...]
    backlogs: tuple[Backlog, ...]
    state: State
    """Whether it is read or paused, and what a command that no worker has carried out yet asks."""

    @property
    def behind(self) -> int:
        """Events that are still to be processed, or at least so many if `behind_is_least`."""
        return sum(lag.behind for lag in self.lags)

    @property
    def behind_is_least(self) -> bool:
        return any(lag.behind_is_least for lag in self.lags)

    @property
    def oldest_seconds(self) -> float | None:
        """How long the oldest of them has been in the log; None if there is none."""
        ages = [lag.oldest_seconds for lag in self.lags if lag.oldest_seconds is not None]
        return max(ages, default=None)

    @property
    def is_paused(self) -> bool:
        return any(lag.paused for lag in self.lags)

    @property
    def held(self) -> int:
        """Destinations, per partition, that get no new events until they have caught up."""
        return sum(backlog.suspended_from is not None for backlog in self.backlogs)

    @property
    def failing(self) -> int:
        """Destinations, per partition, to which all deliveries fail."""
        return sum(backlog.failing_since is not None for backlog in self.backlogs)

    @property
    def parked(self) -> int:
        """How many streams and subjects, per destination, wait because an event has failed."""
        return sum(one.attempts > 0 for backlog in self.backlogs for one in backlog.parked)


class DeadLetterPage(msgspec.Struct, frozen=True):
    """A page of dead letters; `cursor` is None on the last."""

    dead_letters: list[DeadLetter]
    cursor: str | None


class SubscriptionAdmin:
    """Questions and commands about the subscriptions of one store.

    `by` says who gives a command, as in `key:0198…`, and is recorded with it. `known` are names of
    subscriptions that exist though no worker has processed them yet.
    """

    def __init__(self, store: Store, *, clock: Clock, ids: Ids, known: Sequence[str] = ()) -> None:
        self._store = store
        self._clock = clock
        self._known = known
        self._waiting = WaitingEvents(store)
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)

    async def names(self) -> list[str]:
        """Every subscription that is known or that a worker has ever processed.

        One whose first worker has just started may be missing: queries lag.
        """
        names: dict[str, None] = dict.fromkeys(self._known)
        query = CHECKPOINTS.query("by_subscription", "all", limit=1000)
        async for checkpoint in bodies(self._store, CHECKPOINTS, query):
            names[checkpoint.subscription] = None
        return list(names)

    async def status(self, name: str) -> Status:
        """How far it is and what waits; NotFound if it is none of `names`.

        Events that the feed does not show yet are not counted, and what waits is found by a query,
        which may lag as well. How many events it is behind may be a second old.
        """
        checkpoints = await self._checkpoints(name)
        heads, backlogs = await self._store.heads(), await self._backlogs(name)
        lags = [
            await self._lag(name, partition, one, heads[partition], backlogs)
            for partition, one in enumerate(checkpoints)
        ]
        return Status(
            name=name,
            lags=tuple(lags),
            backlogs=backlogs,
            state=await self._state(name, checkpoints),
        )

    async def dead_letters(
        self,
        *,
        subscription: str | None = None,
        destination: str | None = None,
        state: DeadLetterState = "dead",
        limit: int = 100,
        cursor: str | None = None,
    ) -> DeadLetterPage:
        """Dead letters in a state, the oldest first.

        Raises Invalid for a destination without its subscription, and CursorInvalid.
        """
        if destination is not None and subscription is None:
            raise Invalid(Flaw("/subscription", "say of which subscription, with a destination"))
        if destination is not None:
            index, partition = "by_destination", f"{subscription}/{destination}"
        elif subscription is not None:
            index, partition = "by_subscription", subscription
        else:
            index, partition = "by_state", state
        prefix = () if index == "by_state" else (state,)
        size = min(limit, self._store.limits.page)
        query = DEAD_LETTERS.query(index, partition, prefix=prefix, limit=size, cursor=cursor)
        page = await self._store.query(query)
        found = [DEAD_LETTERS.read(document) for document in page.documents]
        return DeadLetterPage([one for one in found if one and one.state == state], page.cursor)

    async def count_dead_letters(self, subscription: str) -> int:
        """How many dead letters a subscription has, counted up to MOST_COUNTED."""
        query = DEAD_LETTERS.query("by_subscription", subscription, prefix=("dead",), limit=1000)
        counted = 0
        async for _ in documents(self._store, query):
            counted += 1
            if counted == MOST_COUNTED:
                break
        return counted

    async def dead_letter(self, id: str) -> DeadLetter:
        """One dead letter; NotFound if there is none, as after a redrive that succeeded."""
        found = await read(self._store, DEAD_LETTERS, id)
        if found is None:
            raise no_such("dead letter", id)
        return found

    async def redrive(self, id: str, *, by: str) -> DeadLetter:
        """Have a dead letter tried again soon, even if it was discarded; repeating it does nothing.

        Raises NotFound, and Refused for a discarded one of a projection: the events after it were
        folded without it, and only a reset folds all of them in their order.
        """

        def decide(dead_letter: DeadLetter) -> list[Decided]:
            if dead_letter.state == "redriving":
                return []
            if dead_letter.state == "discarded" and dead_letter.is_of_projection:
                raise Refused(
                    f"{id} was discarded, and later events were folded without it: reset"
                    f" {dead_letter.subscription} to fold all of them"
                )
            return [Decided(DeliveryRedriven(by=by), subject=id)]

        return await self._change(id, decide)

    async def discard(self, id: str, reason: str, *, by: str) -> DeadLetter:
        """Set a dead letter aside; the events that wait for it are delivered.

        `DeadLetter.if_discarded` says what becomes of its own event. Repeating it does nothing.
        Raises Invalid without a reason, and NotFound.
        """
        reason = " ".join(reason.split())
        if not reason or len(reason) > LONGEST_REASON:
            raise Invalid(Flaw("/reason", f"say why, in up to {LONGEST_REASON} characters"))

        def decide(dead_letter: DeadLetter) -> list[Decided]:
            if dead_letter.state == "discarded":
                return []
            return [Decided(DeliveryDiscarded(by=by, reason=reason), subject=id)]

        return await self._change(id, decide)

    async def pause(self, name: str, *, by: str) -> None:
        """Deliver nothing until it is resumed. Raises NotFound."""
        await self._command(name, SubscriptionPaused(by=by))

    async def resume(self, name: str, *, by: str) -> None:
        """Go on after a pause, and try parked events at once, but no dead letters. NotFound."""
        await self._command(name, SubscriptionResumed(by=by))

    async def reset(self, name: str, positions: Sequence[int], *, by: str) -> None:
        """Begin anew after `positions`, one per partition, with nothing parked.

        Handlers get all later events once more, with the same delivery ids. The documents of a
        projection are deleted and made again from the first event on, whatever the positions. Dead
        letters stay until they are redriven or discarded. Raises NotFound, and Invalid for
        positions that the log does not have.
        """
        heads = await self._store.heads()  # they never decrease, so those that were read before fit
        fits = len(positions) == len(heads)
        if not fits or any(not 0 <= p <= h for p, h in zip(positions, heads, strict=False)):
            listed = ", ".join(map(str, heads))
            raise Invalid(Flaw("/positions", f"one per partition, from 0 to its head: {listed}"))
        await self._command(name, SubscriptionReset(by=by, positions=tuple(positions)))

    async def _checkpoints(self, name: str) -> list[Checkpoint | None]:
        """One per partition; raises NotFound if it is none of `names`."""
        ids = [checkpoint_id(name, one) for one in range(self._store.limits.partitions)]
        found = await self._store.get([CHECKPOINTS.ref(id) for id in ids])
        checkpoints = [CHECKPOINTS.read(document) for document in found]
        if not any(checkpoints) and name not in self._known:
            raise no_such("subscription", name)
        return checkpoints

    async def _state(self, name: str, checkpoints: Sequence[Checkpoint | None]) -> State:
        done = min(0 if one is None else one.commands_done for one in checkpoints)
        is_paused = [one is not None and one.paused for one in checkpoints]
        is_to_pause = any(is_paused)
        async for event in stream_events(self._store, stream_of(name), after=done):
            if event.type in (_PAUSED, _RESUMED):
                is_to_pause = event.type == _PAUSED
        if is_to_pause:
            return "paused" if all(is_paused) else "pausing"
        if any(is_paused):
            return "resuming"
        return "reading" if any(checkpoints) else "never read"

    async def _lag(
        self,
        name: str,
        partition: int,
        checkpoint: Checkpoint | None,
        head: int,
        backlogs: Sequence[Backlog],
    ) -> Lag:
        """How far it is in one partition."""
        position = 0 if checkpoint is None else checkpoint.position
        here = [backlog for backlog in backlogs if backlog.partition == partition]
        waiting = await self._waiting.count(name, partition, position, head, here)
        age = None if waiting.oldest is None else max(0, self._clock() - waiting.oldest)
        return Lag(
            partition=partition,
            position=position,
            head=head,
            paused=checkpoint is not None and checkpoint.paused,
            behind=waiting.events,
            behind_is_least=waiting.is_least,
            oldest_seconds=None if age is None else age / 1_000_000,
        )

    async def _backlogs(self, name: str) -> tuple[Backlog, ...]:
        query = BACKLOGS.query("by_subscription", name, limit=1000)
        return tuple([backlog async for backlog in bodies(self._store, BACKLOGS, query)])

    async def _change(self, id: str, decide: Callable[[DeadLetter], list[Decided]]) -> DeadLetter:
        subscription = (await self.dead_letter(id)).subscription

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            present = await unit.get(DEAD_LETTERS, id)
            if present is None:
                raise no_such("dead letter", id)
            return decide(present)

        handled = await self._handler.handle(stream_of(subscription), attempt)
        changed: DeadLetter = handled.bodies[DEAD_LETTERS.ref(id)]
        return changed

    async def _command(self, name: str, command: msgspec.Struct) -> None:
        await self._checkpoints(name)  # NotFound

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return [Decided(command)]

        await self._handler.handle(stream_of(name), attempt)
