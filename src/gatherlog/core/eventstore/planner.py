"""What a commit means, as one pure function that every engine runs.

An engine loads what `wanted` names, calls `plan`, and writes the `Changes` that it returns: the net
effect of the commits that were accepted. Which commits are refused, and why, is decided here and
nowhere else. This is also where events get their versions and positions.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.commit_checks import MAX_INTEGER
from gatherlog.core.eventstore.errors import (
    Conflict,
    CounterOutOfBounds,
    HasCounters,
    KeyReused,
    OwnedElsewhere,
    StoreError,
)
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import (
    ANY,
    DELETE,
    KEEP,
    VERSION_BYTES,
    Commit,
    Committed,
    Document,
    Recalled,
    Ref,
    Write,
)

__all__ = ["Changes", "State", "Wanted", "partition_of", "plan", "wanted"]

KEY_LIFETIME = 24 * 3600 * 1_000_000
"""How long a commit's key is remembered, in microseconds."""


class Wanted(msgspec.Struct, frozen=True):
    """What an engine has to load before it plans."""

    keys: set[str]
    streams: set[str]
    documents: set[Ref]


class State(msgspec.Struct, frozen=True):
    """What an engine has loaded. What a mapping does not contain does not exist in the store."""

    now: int
    """The store's clock, in microseconds: from this moment on, new keys are remembered."""
    positions: Sequence[int]
    """The last position of each partition."""
    keys: Mapping[str, Recalled]
    streams: Mapping[str, int]
    documents: Mapping[Ref, Document]
    is_current: bool = True
    """Whether this is what the store holds now. If it may be older, a refusal that rests on it is
    not final."""


class Changes(msgspec.Struct):
    """The net effect of the accepted commits. A document that is None has to be deleted."""

    positions: list[int]
    events: list[Recorded] = []
    keys: dict[str, Recalled] = {}
    streams: dict[str, int] = {}
    documents: dict[Ref, Document | None] = {}


def wanted(commits: Iterable[Commit]) -> Wanted:
    """The keys, streams and documents that the meaning of `commits` depends on."""
    keys: set[str] = set()
    streams: set[str] = set()
    documents: set[Ref] = set()
    for commit in commits:
        if commit.key is not None:
            keys.add(commit.key)
        for append in commit.appends:
            streams.add(append.stream)
        for write in commit.writes:
            documents.add((write.view, write.id))
    return Wanted(keys, streams, documents)


def plan(state: State, commits: Sequence[Commit]) -> tuple[list[Committed | StoreError], Changes]:
    """Decide `commits` in order, each on the effect of those accepted before it.

    The result of a refused commit is its error, and it has no effect. `state` is not changed.
    """
    changes = Changes(list(state.positions))
    results: list[Committed | StoreError] = []
    for commit in commits:
        try:
            results.append(_plan_one(state, changes, commit))
        except StoreError as refusal:
            results.append(refusal)
    return results, changes


def _plan_one(state: State, changes: Changes, commit: Commit) -> Committed:
    """Check all demands before any effect, so that a refusal leaves `changes` as it was."""
    if commit.key is not None:
        earlier = changes.keys.get(commit.key) or state.keys.get(commit.key)
        if earlier is not None and earlier.at > state.now - KEY_LIFETIME:
            return _repeat(commit, earlier)

    streams = _stream_versions(state, changes, commit)
    documents: dict[Ref, Document | None] = {}
    versions: dict[Ref, int] = {}
    answer, versioned = commit.answer, commit.versioned
    loaded, changed = state.documents, changes.documents
    for write in commit.writes:
        ref = (write.view, write.id)
        before = after = changed[ref] if ref in changed else loaded.get(ref)
        _demand(write, before)
        if write.body is not KEEP or write.adds:
            after = _written(write, before, streams.get(write.stream))
            if after is not before:
                documents[ref] = after
                if write.body is not KEEP and after is not None:
                    versions[ref] = after.version
        if versioned is not None and ref == versioned:
            answer += (0 if after is None else after.version).to_bytes(VERSION_BYTES)

    positions = _append(changes, commit, streams)
    changes.streams.update(streams)
    changes.documents.update(documents)
    if commit.key is not None:
        changes.keys[commit.key] = Recalled(commit.fingerprint, answer, state.now)
    return Committed(streams, versions, positions, False, answer)


def _stream_versions(state: State, changes: Changes, commit: Commit) -> dict[str, int]:
    """The version of each stream that is appended to, after the append."""
    streams: dict[str, int] = {}
    for append in commit.appends:
        stream = append.stream
        actual = changes.streams.get(stream)
        if actual is None:
            actual = state.streams.get(stream, 0)
        if append.expected not in (ANY, actual):
            raise Conflict("stream", stream, append.expected, actual)
        if append.events:
            streams[stream] = actual + len(append.events)
    return streams


def _repeat(commit: Commit, earlier: Recalled) -> Committed:
    if earlier.fingerprint != commit.fingerprint:
        raise KeyReused(f"the key {commit.key!r} was used before, for another command")
    return Committed(repeated=True, answer=earlier.answer)


def _demand(write: Write, before: Document | None) -> None:
    """Refuse unless the document is what the write expects it to be."""
    if write.expects is not None:
        actual = 0 if before is None else before.version
        if actual != write.expects:
            raise Conflict("document", f"{write.view}/{write.id}", write.expects, actual)
    if write.counted is not None:
        counted = 0 if before is None else before.counted
        if counted != write.counted:
            raise Conflict("counters", f"{write.view}/{write.id}", write.counted, counted)
    if before is not None and before.stream != write.stream and write.changes_anything:
        raise OwnedElsewhere(f"{write.view}/{write.id}", before.stream, write.stream)
    if write.at_most or write.at_least:
        _demand_bounds(write, {} if before is None else before.counters)


def _demand_bounds(write: Write, counters: Mapping[str, int]) -> None:
    for counter, bound in write.at_most.items():
        value = counters.get(counter, 0) + write.adds.get(counter, 0)
        if value > bound:
            raise CounterOutOfBounds(f"{write.view}/{write.id}", counter, value, bound)
    for counter, bound in write.at_least.items():
        value = counters.get(counter, 0) + write.adds.get(counter, 0)
        if value < bound:
            raise CounterOutOfBounds(f"{write.view}/{write.id}", counter, value, bound)


def _written(write: Write, before: Document | None, appended: int | None) -> Document | None:
    """The document after the write; `before` itself if the write changes nothing."""
    body = write.body
    if body is DELETE:
        if before is not None and before.counters:
            raise HasCounters(f"{write.view}/{write.id} has counters; it cannot be deleted")
        return None
    stamp = appended if write.at is None else write.at
    counters: Mapping[str, int] = {} if before is None else before.counters
    counted = 0 if before is None else before.counted
    if write.adds:
        added = _added(write, counters)
        if added != counters:
            if stamp is None:
                raise ValueError(
                    f"{write.view}/{write.id}: adds need an append to {write.stream!r}"
                )
            counters, counted = added, stamp
    if body is not KEEP:
        if stamp is None:
            raise ValueError(f"{write.view}/{write.id}: a body needs an append to {write.stream!r}")
        return Document(
            write.view, write.id, write.stream, stamp, counted, body, write.index_keys, counters
        )
    if before is None:
        if not counters:
            return None
        return Document(write.view, write.id, write.stream, 0, counted, None, {}, counters)
    if counters is before.counters:
        return before
    return Document(
        before.view,
        before.id,
        before.stream,
        before.version,
        counted,
        before.body,
        before.index_keys,
        counters,
    )


def _added(write: Write, counters: Mapping[str, int]) -> dict[str, int]:
    added = dict(counters)
    for counter, amount in write.adds.items():
        if amount:
            value = added.get(counter, 0) + amount
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                most = MAX_INTEGER if value > 0 else -MAX_INTEGER
                raise CounterOutOfBounds(f"{write.view}/{write.id}", counter, value, most)
            added[counter] = value
    return added


def _append(changes: Changes, commit: Commit, streams: Mapping[str, int]) -> dict[int, int]:
    """Give every event its version and position; the last position in each partition used."""
    reached: dict[int, int] = {}
    for append in commit.appends:
        if not append.events:
            continue
        stream = append.stream
        partition = partition_of(stream, len(changes.positions))
        position = changes.positions[partition]
        version = streams[stream] - len(append.events)
        for event in append.events:
            position += 1
            version += 1
            changes.events.append(
                Recorded(
                    partition,
                    position,
                    stream,
                    version,
                    event.id,
                    event.type,
                    event.time,
                    event.recorded,
                    event.data,
                    event.schema,
                    event.subject,
                    event.meta,
                )
            )
        changes.positions[partition] = reached[partition] = position
    return reached


@lru_cache(maxsize=65_536)
def partition_of(stream: str, partitions: int) -> int:
    """The partition of a stream, which never changes: CRC-32 of its name modulo their number."""
    return crc32(stream.encode()) % partitions
