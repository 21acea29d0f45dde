"""The commits of one process on their way into a store: queued, grouped, planned, written.

Commits that arrive in one turn of the event loop become one group, which shares one write. While a
group is being written, the next one forms.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.engine import Collision, Engine, OutcomeUnknown, Planned
from gatherlog.core.eventstore.errors import (
    Busy,
    DiskFull,
    NotAStore,
    StoreClosed,
    StoreError,
    StoreFailed,
)
from gatherlog.core.eventstore.planner import Wanted, plan, wanted
from gatherlog.core.eventstore.retrying import DEADLINE, Backoff
from gatherlog.core.eventstore.store import Commit, Committed

__all__ = ["CommitQueue"]

QUEUE_COMMITS: Final = 16_384
QUEUE_BYTES: Final = 128 * 1024 * 1024

Outcome = Committed | StoreError
Pending = tuple[Commit, int, int, "asyncio.Future[Committed]"]
"""A commit, its bytes, its actions, and the future of its caller."""


class CommitQueue:
    """All methods are called on the event loop of the store."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._pending: deque[Pending] = deque()
        self._bytes = 0
        self._work: asyncio.Task[None] | None = None
        self._is_closed = False

    def submit(self, commit: Commit, size: int, actions: int) -> "asyncio.Future[Committed]":
        """Queue a commit. The future is done when the commit is durable, or refused."""
        if self._is_closed:
            raise StoreClosed("the store is closed")
        if len(self._pending) >= QUEUE_COMMITS or self._bytes + size > QUEUE_BYTES:
            raise Busy("too many commits are waiting already")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Committed] = loop.create_future()
        self._pending.append((commit, size, actions, future))
        self._bytes += size
        if self._work is None:
            self._work = loop.create_task(self._work_off())
        return future

    async def close(self) -> None:
        """Accept no more, and finish what was accepted."""
        self._is_closed = True
        if self._work is not None:
            await asyncio.wait([self._work])

    async def _work_off(self) -> None:
        """Commit group after group until nothing is queued."""
        try:
            while self._pending:
                await self._settle(self._next_group())
                await asyncio.sleep(0)  # so that the next commits of these callers join the group
        except asyncio.CancelledError:  # the loop is ending
            self._is_closed = True
            _fail(self._pending, StoreClosed("the event loop of the store has ended"))
            raise
        finally:
            self._work = None

    async def _settle(self, group: Sequence[Pending]) -> None:
        """Commit a group and answer all its callers; what goes wrong with it is theirs alone."""
        try:
            _answer(group, await self._commit([commit for commit, *_ in group]))
        except asyncio.CancelledError:
            _fail(group, StoreFailed("the write was broken off"))
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # otherwise the engine raised it, and nobody has cancelled the queue
        except Exception as error:  # noqa: BLE001 - it fails its callers, not the queue
            _fail(group, error)

    def _next_group(self) -> list[Pending]:
        limits, group = self._engine.group, [self._pending.popleft()]
        _, size, actions, _ = group[0]
        while self._pending and len(group) < limits.commits:
            _, more_size, more_actions, _ = self._pending[0]
            if size + more_size > limits.bytes or actions + more_actions > limits.actions:
                break
            size, actions = size + more_size, actions + more_actions
            group.append(self._pending.popleft())
        self._bytes -= size
        return group

    async def _commit(self, commits: Sequence[Commit]) -> Sequence[Outcome]:
        """Plan and write a group, and again after each collision. Raises Busy after DEADLINE."""
        needed, backoff, anew = wanted(commits), Backoff(), False
        while True:
            planned = await self._plan(commits, needed, anew=anew)
            if planned is not None:
                try:
                    await self._engine.write(planned)
                except Collision as collision:
                    await backoff.pause(collision)
                except OutcomeUnknown as unknown:
                    if await self._happened(planned, unknown):
                        break
                    await backoff.pause(unknown)
                else:
                    break
            anew = True
        return planned.results

    async def _plan(
        self, commits: Sequence[Commit], needed: Wanted, *, anew: bool
    ) -> Planned | None:
        """The group, decided; None if a refusal rests on what may be old."""
        state = await self._engine.load(needed, self._clock(), anew=anew)
        try:
            results, changes = plan(state, commits)
            if state.is_current or not any(isinstance(one, StoreError) for one in results):
                return Planned(state, commits, results, changes)
        except BaseException:
            await self._engine.abandon()
            raise
        await self._engine.abandon()
        return None

    async def _happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        """Find out whether a write happened. Raises StoreFailed if that takes beyond DEADLINE."""
        backoff = Backoff()
        while True:
            try:
                return await self._engine.happened(planned)
            except (Busy, StoreFailed) as failure:
                try:
                    await backoff.pause(failure)
                except Busy:
                    raise StoreFailed(
                        f"for {DEADLINE:g} s it could not be found out whether the commit happened:"
                        f" {failure}"
                    ) from unknown


def _answer(group: Sequence[Pending], results: Sequence[Outcome]) -> None:
    """Give every caller the outcome; those who were cancelled are passed over."""
    for (*_, future), result in zip(group, results, strict=True):
        if future.done():
            continue
        if isinstance(result, StoreError):
            future.set_exception(result)
        else:
            future.set_result(result)


def _fail(group: Iterable[Pending], error: Exception) -> None:
    for *_, future in group:
        if not future.done():
            future.set_exception(_own_instance(error))


def _own_instance(error: Exception) -> StoreError:
    """The error for one of several callers: a shared instance would share its traceback."""
    kind = next((k for k in (Busy, DiskFull, NotAStore, StoreClosed) if isinstance(error, k)), None)
    text = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
    own = (kind or StoreFailed)(text)
    own.__cause__ = error
    return own
