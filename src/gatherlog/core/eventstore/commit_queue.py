"""The commits of one process on their way into a store: queued, grouped, planned, written.

Commits that arrive in one turn of the event loop become one group, which shares one write. While a
group is being written, the next one forms. A long commit is written alone, and after it those first
that are short, so that a short one waits for one long commit at most. Other work that has to be
alone, such as blanking events, takes turns with groups (`alone`). A group that collides with
another process steps aside for a pause and then comes again in two halves, so that in the end a
commit that keeps colliding is tried alone. A collision that all of the group are said to share
divides it only after some more tries. Meanwhile other groups go on. The same holds for a group
whose outcome is unknown.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
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
from gatherlog.core.eventstore.planner import plan, wanted
from gatherlog.core.eventstore.retrying import DEADLINE, Backoff
from gatherlog.core.eventstore.store import Commit, Committed

__all__ = ["CommitQueue"]

QUEUE_COMMITS: Final = 16_384
SHARED_COLLISIONS: Final = 8
"""So often a group comes again as a whole, if its commits are said to share their collisions."""
LONG: Final = 40
"""Actions beyond which a commit is long; an answer of a guest has some five. Imports write
some hundred."""
QUEUE_BYTES: Final = 128 * 1024 * 1024

Outcome = Committed | StoreError
Work = Callable[[], Awaitable[None]]
Pending = tuple[Commit, int, int, "asyncio.Future[Committed]"]
"""A commit, its bytes, its actions, and the future of its caller."""


class _Group:
    """Commits that are written together, and how often that failed."""

    __slots__ = ("anew", "backoff", "collisions", "commits", "members", "needed")

    def __init__(self, members: Sequence[Pending]) -> None:
        self.members = members
        self.commits = [commit for commit, _, _, _ in members]
        self.needed = wanted(self.commits)
        self.backoff: Backoff | None = None
        self.anew = False
        """Whether what this process knows of the store has turned out to be old."""
        self.collisions = 0
        """How often it has come again as a whole."""

    def parts(self, reason: Exception) -> "list[_Group]":
        """The two halves, or the group itself if it is one commit; to be tried anew."""
        is_shared = isinstance(reason, Collision) and reason.shared
        if is_shared and self.collisions < SHARED_COLLISIONS:
            self.collisions += 1
            self.anew = True
            self.backoff = self.backoff or Backoff()
            return [self]
        middle = (len(self.members) + 1) // 2
        halves = self.members[:middle], self.members[middle:]
        parts = [_Group(half) for half in halves if half]
        for part in parts:
            part.backoff = Backoff() if self.backoff is None else self.backoff.copy()
            part.anew = True
        return parts


class CommitQueue:
    """All methods are called on the event loop of the store."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._pending: deque[Pending] = deque()
        self._long: deque[Pending] = deque()
        self._was_long = False
        """Whether the last group was a long commit."""
        self._works: deque[tuple[Work, asyncio.Future[None]]] = deque()
        """What is to be done while nothing is loaded or written."""
        self._again: deque[_Group] = deque()
        """Groups that are to be tried again now."""
        self._aside: set[asyncio.Task[None]] = set()
        """One for each group that waits to be tried again, or whose outcome is unknown."""
        self._commits = 0
        self._bytes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None
        self._is_closed = False

    def submit(self, commit: Commit, size: int, actions: int) -> "asyncio.Future[Committed]":
        """Queue a commit. The future is done when the commit is durable, or refused."""
        if self._is_closed:
            raise StoreClosed("the store is closed")
        if self._commits >= QUEUE_COMMITS or self._bytes + size > QUEUE_BYTES:
            raise Busy("too many commits are waiting already")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Committed] = self._loop.create_future()
        queue = self._pending if actions <= LONG else self._long
        queue.append((commit, size, actions, future))
        self._commits += 1
        self._bytes += size
        if self._work is None:
            self._start()
        return future

    async def alone(self, work: Work) -> None:
        """Do `work` while no commit is loaded or written; raises what it raises.

        Cancelling this does not cancel the work.
        """
        if self._is_closed:
            raise StoreClosed("the store is closed")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._works.append((work, future))
        self._start()
        await future

    async def close(self) -> None:
        """Accept no more, and finish what was accepted."""
        self._is_closed = True
        while self._work is not None or self._aside:
            await asyncio.wait([*self._aside, *([] if self._work is None else [self._work])])

    def _start(self) -> None:
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._work_off())

    async def _work_off(self) -> None:
        """Try group after group until nothing is queued."""
        try:
            while self._pending or self._long or self._again or self._works:
                if self._again:
                    await self._try(self._again.popleft())
                if self._works:
                    await self._do(*self._works.popleft())
                if self._pending or self._long:
                    await self._try(_Group(self._next_members()))
                await asyncio.sleep(0)  # so that the next commits of these callers join the group
        except asyncio.CancelledError:  # the loop is ending
            self._is_closed = True
            waiting = [
                *self._pending,
                *self._long,
                *[one for group in self._again for one in group.members],
            ]
            self._fail(_Group(waiting), StoreClosed("the event loop has ended"))
            for _, future in self._works:
                _end(future, StoreClosed("the event loop has ended"))
            raise
        finally:
            self._work = None

    def _next_members(self) -> list[Pending]:
        self._was_long = bool(self._long) and not (self._was_long and self._pending)
        if self._was_long:
            return [self._long.popleft()]
        limits, pending = self._engine.group, self._pending
        members = [pending.popleft()]
        _, size, actions, _ = members[0]
        while pending and len(members) < limits.commits:
            _, more_size, more_actions, _ = pending[0]
            size += more_size
            actions += more_actions
            if size > limits.bytes or actions > limits.actions:
                break
            members.append(pending.popleft())
        return members

    async def _try(self, group: _Group) -> None:
        """Plan and write a group, once, and answer its callers if that settles it."""
        try:
            planned = await self._plan(group)
            if planned is None and not group.anew:
                group.anew = True
                planned = await self._plan(group)
            if planned is None:
                self._step_aside(group, Collision("what was read anew was old already"))
                return
            try:
                await self._engine.write(planned)
            except OutcomeUnknown as unknown:
                self._beside(group, partial(self._find_out, group, planned, unknown))
            else:
                self._answer(group, planned.results)
        except Collision as collision:
            self._step_aside(group, collision)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - no caller may hang
            self._failed(group, error)

    async def _do(self, work: Work, future: "asyncio.Future[None]") -> None:
        """Do other work, whose caller gets its error."""
        try:
            await work()
        except asyncio.CancelledError:
            _end(future, StoreFailed("the work was broken off"))
            raise
        except Exception as error:  # noqa: BLE001 - the queue goes on
            _end(future, error)
        else:
            _end(future)

    async def _plan(self, group: _Group) -> Planned | None:
        """The group, decided; None if a refusal rests on what may be old."""
        commits = group.commits
        state = await self._engine.load(group.needed, self._clock(), anew=group.anew)
        try:
            results, changes = plan(state, commits)
            if state.is_current or not any(isinstance(one, StoreError) for one in results):
                return Planned(state, commits, results, changes)
        except BaseException:
            await self._engine.abandon()
            raise
        await self._engine.abandon()
        return None

    def _step_aside(self, group: _Group, reason: Exception) -> None:
        """Try the parts of a group again after a pause, each until its deadline."""
        for part in group.parts(reason):
            try:
                assert part.backoff is not None
                pause = part.backoff.next_pause(reason)
            except Busy as busy:
                self._fail(part, busy)
            else:
                self._beside(part, partial(self._come_again, part, pause))

    async def _come_again(self, group: _Group, pause: float) -> None:
        await asyncio.sleep(pause)
        self._again.append(group)
        self._start()

    def _beside(self, group: _Group, work: Callable[[], Awaitable[None]]) -> None:
        """Do something for one group while others go on."""

        async def do() -> None:
            try:
                await work()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - no caller may hang
                self._failed(group, error)

        task = asyncio.get_running_loop().create_task(do())
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _find_out(self, group: _Group, planned: Planned, unknown: OutcomeUnknown) -> None:
        if await self._happened(planned, unknown):
            self._answer(group, planned.results)
        else:
            self._step_aside(group, unknown)

    async def _happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        """Find out whether a write happened. Raises StoreFailed if that takes beyond DEADLINE."""
        backoff = Backoff()
        while True:
            try:
                return await self._engine.happened(planned, unknown)
            except (Busy, StoreFailed) as failure:
                try:
                    await backoff.pause(failure)
                except Busy:
                    raise StoreFailed(
                        f"for {DEADLINE:g} s it could not be found out whether the commit happened:"
                        f" {failure}"
                    ) from unknown

    def _answer(self, group: _Group, results: Sequence[Outcome]) -> None:
        """Give every caller the outcome; those who were cancelled are passed over."""
        if len(results) != len(group.members):
            raise StoreFailed("the engine gave another number of results than of commits")
        for (_, size, _, future), result in zip(group.members, results, strict=True):
            self._commits -= 1
            self._bytes -= size
            if future.done():
                continue
            if isinstance(result, Committed):
                future.set_result(result)
            else:
                future.set_exception(result)

    def _failed(self, group: _Group, error: Exception | asyncio.CancelledError) -> None:
        """Whatever goes wrong with a group fails its callers, and not the queue.

        Raises CancelledError only if the queue itself was cancelled, and not if the engine raised
        it.
        """
        if isinstance(error, Exception):
            self._fail(group, error)
            return
        self._fail(group, StoreFailed("the write was broken off"))
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise error

    def _fail(self, group: _Group, error: Exception) -> None:
        """Give every caller an error of its own."""
        self._answer(group, [_own_instance(error) for _ in group.members])


def _end(future: "asyncio.Future[None]", error: Exception | None = None) -> None:
    """Tell whoever waits, unless they were cancelled."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _own_instance(error: Exception) -> StoreError:
    """The error for one of several callers: a shared instance would share its traceback."""
    kind = next((k for k in (Busy, DiskFull, NotAStore, StoreClosed) if isinstance(error, k)), None)
    text = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
    own = (kind or StoreFailed)(text)
    own.__cause__ = error
    return own
