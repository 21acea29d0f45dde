"""An engine for tests that behaves as badly as the store contract allows.

It keeps its data in memory, in eight partitions. The feed lags and moves in uneven steps, queries
lag, pages are short, lists have no order, documents are not one snapshot, plans are made on rows
that may be old, writes collide, and answers to writes are lost. Code that works on it depends on no
more than the contract promises. A seed decides what happens, so that a failure can be repeated.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.commit_checks import count_actions
from gatherlog.core.eventstore.engine import (
    Collision,
    Engine,
    GroupLimits,
    IndexPage,
    OutcomeUnknown,
    Planned,
    RecordedView,
)
from gatherlog.core.eventstore.engine_store import EngineStore
from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import IndexRange
from gatherlog.core.eventstore.page_sizes import bytes_of_documents, cut_page
from gatherlog.core.eventstore.plan_basis import Basis, carried_out, rests_on
from gatherlog.core.eventstore.planner import KEY_LIFETIME, Changes, State, Wanted
from gatherlog.core.eventstore.store import (
    Committed,
    DeclaredView,
    Document,
    Heads,
    Limits,
    Recalled,
    Ref,
    StreamHead,
)
from gatherlog.engines.memory import MemoryEngine

__all__ = ["HostileEngine", "HostileStore", "Hostility"]

LIMITS: Final = Limits(
    partitions=8,
    commit_actions=90,
    index_rows=2,
    commit_bytes=2_900 * 1024,
    event_bytes=300 * 1024,
    body_bytes=300 * 1024,
    answer_bytes=300 * 1024,
    page=1_000,
    page_bytes=1024 * 1024,
    queries_lag=True,
)


class Hostility(msgspec.Struct, frozen=True, kw_only=True):
    """How often something goes wrong, as probabilities, and how long things take."""

    collides: float = 0.1
    """A write is refused as a collision, although nothing has changed."""
    loses_answers: float = 0.05
    """The answer to a write is lost; in half of these cases the write happened."""
    is_busy: float = 0.0
    """A write is refused as Busy."""
    lag: float = 0.01
    """Seconds, at most, until an index shows a commit, and until the feed shows more of it."""
    turns: int = 3
    """Turns of the event loop, at most, that a round trip takes."""
    seconds: float = 0.0
    """Seconds that each round trip takes in addition."""
    page: int = 7
    """The most items that a page has."""
    cuts_pages: bool = True
    """Pages of indexes are shorter at random, and a last one may not tell that it is the last."""


class HostileStore(EngineStore):
    """A `Store` on a `HostileEngine`."""

    engine: "HostileEngine"

    def __init__(
        self,
        views: Sequence[DeclaredView] = (),
        *,
        seed: int = 0,
        hostility: Hostility | None = None,
        limits: Limits | None = None,
        clock: Clock = system_clock,
    ) -> None:
        engine = HostileEngine(limits or LIMITS, seed, hostility or Hostility(), views)
        super().__init__(engine, views, engine.data.recorded, clock=clock)


class HostileEngine(Engine):
    """The engine of a `HostileStore`.

    `data` is what the storage holds. What this process has seen of it may be older, and plans rest
    on that until a write collides.
    """

    def __init__(
        self,
        limits: Limits,
        seed: int,
        hostility: Hostility,
        views: Sequence[DeclaredView] = (),
    ) -> None:
        self.data = MemoryEngine(limits, views)
        self.id = self.data.id
        self.limits = limits
        self.group = GroupLimits(commits=20, actions=limits.commit_actions)
        self.hostility = hostility
        self.trips = 0
        """Round trips so far."""
        self._random = random.Random(seed)
        self._seen_streams: dict[str, int] = {}
        self._seen_documents: dict[Ref, Document | None] = {}
        self._seen_positions: Heads = (0,) * limits.partitions
        self._heads = [0] * limits.partitions
        """How far the feed shows each partition."""
        self._indexes = MemoryEngine(limits)
        """What queries show."""
        self._unindexed: deque[Changes] = deque()
        self._moved: Callable[[Heads | None], None] = lambda heads: None

    # Writing.

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        streams = wanted.streams if anew else wanted.streams - self._seen_streams.keys()
        documents = wanted.documents if anew else wanted.documents - self._seen_documents.keys()
        reads = anew or bool(streams or documents)
        if reads:
            await self._trip()
        keys = (
            wanted.keys & self.data.keys.keys() if reads else ()
        )  # without a read they are taken to be unknown
        is_current = streams == wanted.streams and documents == wanted.documents
        data = self.data
        if is_current:
            self._seen_positions = await data.heads()
        self._seen_streams |= {stream: data.versions.get(stream, 0) for stream in streams}
        self._seen_documents |= {ref: data.documents.get(ref) for ref in documents}
        seen = {ref: self._seen_documents[ref] for ref in wanted.documents}
        return State(
            now,
            self._seen_positions,
            {key: data.keys[key] for key in keys},
            {stream: self._seen_streams[stream] for stream in wanted.streams},
            {ref: document for ref, document in seen.items() if document is not None},
            is_current,
        )

    async def write(self, planned: Planned) -> None:
        _check_counted(planned, self.limits)
        await self._trip()
        draw, hostility = self._random.random, self.hostility
        if draw() < hostility.is_busy:
            raise Busy("the hostile engine is busy at random")
        is_lost = draw() < hostility.loses_answers
        happens = not is_lost or draw() < 0.5
        if happens:
            basis = rests_on(planned.state, planned.commits, planned.results)
            if draw() < hostility.collides or not self._holds(basis, planned.state.now):
                raise Collision("what the plan rests on has changed")
            self._carry_out(planned)
        if is_lost:
            raise OutcomeUnknown("the answer was lost", happens)

    async def happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        await self._trip()
        return unknown.write is True

    async def forget(self, text: str) -> None:
        await self._trip()
        self._collide()
        await self.data.forget(text)
        self._lose_answer()

    async def blank(self, partition: int, positions: Sequence[int]) -> None:
        await self._trip()
        self._collide()
        for position in self._random.sample(positions, len(positions)):
            await self.data.blank(partition, [position])
            if self._random.random() < 0.1:
                await asyncio.sleep(0)
        self._lose_answer()

    def _collide(self) -> None:
        if self._random.random() < self.hostility.collides:
            raise Collision("somebody else was quicker")

    def _lose_answer(self) -> None:
        if self._random.random() < self.hostility.loses_answers:
            raise OutcomeUnknown("the answer was lost")

    def _holds(self, basis: Basis, now: int) -> bool:
        data = self.data
        documents = {ref: data.documents.get(ref) for ref in basis.refs()}
        positions = data.positions()
        return (
            all(not is_remembered(data.keys.get(key), now) for key in basis.keys)
            and all(data.versions.get(name, 0) == at for name, at in basis.streams.items())
            and all(positions[partition] == at for partition, at in basis.positions.items())
            and all(basis.holds_for(ref, document) for ref, document in documents.items())
        )

    def _carry_out(self, planned: Planned) -> None:
        changes = planned.changes
        documents = carried_out(
            planned.state, planned.commits, planned.results, changes, self.data.documents
        )
        done = msgspec.structs.replace(changes, documents=documents)
        self.data.apply(done, planned.state.now)
        self._seen_streams |= changes.streams
        self._seen_documents |= documents
        self._seen_positions = self.data.positions()
        self._unindexed.append(msgspec.structs.replace(done, events=[], keys={}, streams={}))
        self._later(self._index_one)
        for partition in {event.partition for event in changes.events}:
            self._later(partial(self._show, partition))

    # What lags.

    def _later(self, work: Callable[[], None]) -> None:
        wait = self._random.uniform(0, self.hostility.lag)
        asyncio.get_running_loop().call_later(wait, work)

    def _index_one(self) -> None:
        self._indexes.apply(self._unindexed.popleft(), 0)

    def _show(self, partition: int) -> None:
        """Show some more events of a partition in the feed."""
        head = self.data.positions()[partition]
        if self._heads[partition] < head:
            self._heads[partition] += self._random.randint(1, head - self._heads[partition])
            self._moved(None)
        if self._heads[partition] < head:
            self._later(partial(self._show, partition))

    # Reading.

    async def recall(self, key: str) -> Recalled | None:
        await self._trip()
        return await self.data.recall(key)

    async def read_stream(
        self, stream: str, after: int, before: int, limit: int, backwards: bool
    ) -> list[Recorded]:
        await self._trip()
        return await self.data.read_stream(stream, after, before, self._short(limit), backwards)

    async def read_feed(self, partition: int, after: int, limit: int) -> list[Recorded]:
        await self._trip()
        if self._random.random() < self.hostility.collides:
            return []
        found = await self.data.read_feed(partition, after, self._short(limit))
        return [event for event in found if event.position <= self._heads[partition]]

    async def heads(self) -> Heads:
        await self._trip()
        return tuple(self._heads)

    async def get(self, refs: Sequence[Ref]) -> list[Document | None]:
        await self._trip()
        bodies: dict[Ref, Document | None] = {}
        for ref in self._random.sample(refs, len(refs)):
            bodies[ref] = self.data.documents.get(ref)
            if self._random.random() < 0.5:
                await asyncio.sleep(0)
        found = {ref: _mixed(body, self.data.documents.get(ref)) for ref, body in bodies.items()}
        self._seen_documents |= found
        return [found[ref] for ref in refs]

    async def read_index(self, wanted: IndexRange) -> IndexPage:
        await self._trip()
        limit = self._short(wanted.limit) if self.hostility.cuts_pages else wanted.limit
        page = await self._indexes.read_index(msgspec.structs.replace(wanted, limit=limit))
        hides_end = self.hostility.cuts_pages and page.rows and self._random.random() < 0.5
        is_last = page.is_last and not hides_end
        return IndexPage(page.rows, is_last)

    async def read_streams(
        self, category: str, after: str, limit: int
    ) -> tuple[list[StreamHead], str | None]:
        await self._trip()
        names = {name for name in self.data.versions if name.startswith(category + "-")}
        page, place = self._in_no_order(names, after, limit)
        return [StreamHead(name, self.data.versions[name]) for name in page], place

    async def read_view(
        self, view: str, after: str, limit: int
    ) -> tuple[list[Document], str | None]:
        await self._trip()
        ids = {id for name, id in self.data.documents if name == view}
        names, place = self._in_no_order(ids, after, limit)
        found = [self.data.documents[view, id] for id in names]
        page = list(cut_page(found, self.limits.page_bytes, bytes_of_documents))
        return page, place if len(page) == len(found) else _hashed(page[-1].id)

    def _in_no_order(
        self, names: Iterable[str], after: str, limit: int
    ) -> tuple[list[str], str | None]:
        """A page of the names, ordered by their hash, and the place of the next page."""
        rest = sorted((place, name) for name in names if (place := _hashed(name)) > after)
        page = rest[: self._short(limit)]
        return [name for _, name in page], page[-1][0] if len(page) < len(rest) else None

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        self._moved = moved

    async def views(self) -> dict[str, RecordedView]:
        await self._trip()
        return await self.data.views()

    async def record_views(
        self,
        views: Sequence[tuple[RecordedView, RecordedView | None]],
        *,
        only_if_empty: bool,
    ) -> None:
        await self._trip()
        await self.data.record_views(views, only_if_empty=only_if_empty)

    async def _trip(self) -> None:
        """One round trip."""
        self.trips += 1
        for _ in range(self._random.randint(0, self.hostility.turns)):
            await asyncio.sleep(0)
        if self.hostility.seconds:
            await asyncio.sleep(self.hostility.seconds)

    def _short(self, limit: int) -> int:
        return self._random.randint(1, min(limit, self.hostility.page))


def _check_counted(planned: Planned, limits: Limits) -> None:
    """Raise AssertionError if a plan writes more rows than were counted as actions of its commits.

    Then a commit was made without `Write.indexes`, or `count_actions` is wrong.
    """
    counted = sum(
        count_actions(commit, limits)
        for commit, result in zip(planned.commits, planned.results, strict=True)
        if isinstance(result, Committed)
    )
    changes, before = planned.changes, planned.state.documents
    partitions = {event.partition for event in changes.events}
    written = len(changes.events) + len(changes.streams) + len(partitions) + len(changes.keys)
    for ref, document in changes.documents.items():
        written += 1 + limits.index_rows * _changed_keys(before.get(ref), document)
    assert written <= counted, f"{written} rows are written, but {counted} were counted"


def _changed_keys(before: Document | None, after: Document | None) -> int:
    """In how many indexes a document changes its key."""
    was, will = ({} if one is None else one.index_keys for one in (before, after))
    return sum(was.get(index) != will.get(index) for index in was.keys() | will.keys())


def is_remembered(recalled: Recalled | None, now: int) -> bool:
    """Whether a key is known and has not expired."""
    return recalled is not None and recalled.at > now - KEY_LIFETIME


def _hashed(name: str) -> str:
    """The place of a name in lists: its hash, then the name itself."""
    return f"{crc32(name.encode()):08x}{name}"


def _mixed(one: Document | None, other: Document | None) -> Document | None:
    """The body that was read first, with the counters that were read later."""
    if one is None or other is None or one is other:
        return other
    return msgspec.structs.replace(one, counters=other.counters, counted=other.counted)
