"""The whole meaning of a commit, as one pure function that every engine runs.

An engine loads what `wanted` names, calls `plan`, and writes the `Changes` it gets: the net effect
of the commits that were accepted. Who is refused, and why, is decided here and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.errors import (
    Conflict,
    CounterOutOfBounds,
    HasCounters,
    KeyReused,
    LimitExceeded,
    OwnedElsewhere,
    StoreError,
)
from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import (
    ANY,
    DELETE,
    KEEP,
    VERSION_BYTES,
    Body,
    Commit,
    Committed,
    Document,
    IndexKey,
    Limits,
    Recalled,
    Ref,
    Write,
)

__all__ = ["Changes", "State", "Wanted", "check", "partition_of", "plan", "wanted"]

KEY_LIFETIME = 24 * 3600 * 1_000_000
"""How long a commit's key is remembered, in microseconds."""
MAX_NAME = 255
MAX_ID = 64
MAX_INTEGER = 2**63 - 1
EVENT_OVERHEAD = 100
"""Bytes counted for an event besides its data and meta."""


class Wanted(msgspec.Struct, frozen=True):
    """What an engine must load before it plans."""

    keys: set[str]
    streams: set[str]
    documents: set[Ref]


class State(msgspec.Struct, frozen=True):
    """What an engine loaded. What is missing in a mapping does not exist in the store."""

    now: int
    """The store's clock, in microseconds: keys are remembered from here."""
    positions: Sequence[int]
    keys: Mapping[str, Recalled]
    streams: Mapping[str, int]
    documents: Mapping[Ref, Document]


class Changes(msgspec.Struct):
    """The net effect of the accepted commits. A document that is None is to be deleted."""

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
    """Decide `commits` in order, each upon the effect of those accepted before it.

    A refused commit is answered with its error and leaves nothing behind. `state` stays as it is.
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
    """All demands first, then all effects, so that a refusal leaves `changes` untouched."""
    if commit.key is not None:
        earlier = changes.keys.get(commit.key) or state.keys.get(commit.key)
        if earlier is not None and earlier.at > state.now - KEY_LIFETIME:
            return _repeat(commit, earlier)

    streams: dict[str, int] = {}
    for append in commit.appends:
        stream = append.stream
        actual = changes.streams.get(stream)
        if actual is None:
            actual = state.streams.get(stream, 0)
        if append.expected not in (ANY, actual):
            raise Conflict("stream", stream, append.expected, actual)
        streams[stream] = actual + len(append.events)

    documents: dict[Ref, Document | None] = {}
    versions: dict[Ref, int] = {}
    answer = commit.answer
    for write in commit.writes:
        ref = (write.view, write.id)
        if ref in changes.documents:
            before = changes.documents[ref]
        else:
            before = state.documents.get(ref)
        _demand(write, before)
        after = _written(write, before, streams.get(write.stream))
        if ref == commit.versioned:
            answer += (0 if after is None else after.version).to_bytes(VERSION_BYTES)
        if after is not before:
            documents[ref] = after
            if write.body is not KEEP and after is not None:
                versions[ref] = after.version

    positions = _append(changes, commit, streams)
    changes.streams.update(streams)
    changes.documents.update(documents)
    if commit.key is not None:
        changes.keys[commit.key] = Recalled(commit.fingerprint, answer, state.now)
    return Committed(streams, versions, positions, False, answer)


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
    if before is not None and before.stream != write.stream and _changes_anything(write):
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
    """The document after the write; `before` itself where the write only demands."""
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
                raise CounterOutOfBounds(f"{write.view}/{write.id}", counter, value, MAX_INTEGER)
            added[counter] = value
    return added


def _changes_anything(write: Write) -> bool:
    return write.body is not KEEP or any(write.adds.values())


def _append(changes: Changes, commit: Commit, streams: Mapping[str, int]) -> dict[int, int]:
    """Give every event its place; the positions reached, per partition."""
    reached: dict[int, int] = {}
    for append in commit.appends:
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
    """The partition in which a stream lands, for ever: crc32 of its name modulo their number."""
    return crc32(stream.encode()) % partitions


def check(commit: Commit, limits: Limits) -> int:
    """Refuse what is malformed or beyond `limits`; the commit's size in bytes.

    Raises LimitExceeded naming the limit, or ValueError for a mistake of the program.
    """
    if not commit.appends and not commit.writes and commit.key is None:
        raise ValueError("an empty commit: neither appends, nor writes, nor a key")
    if commit.key is not None:
        _check_name("an idempotency key", commit.key)
    _check_bytes("an answer", commit.answer)
    _check_bytes("a fingerprint", commit.fingerprint)
    actions = len(commit.appends) + len(commit.writes)
    size = len(commit.answer) + len(commit.fingerprint)
    streams: set[str] = set()
    for append in commit.appends:
        _check_stream(append.stream)
        if append.stream in streams:
            raise ValueError(f"stream {append.stream!r} stands twice in one commit")
        if not append.events:
            raise ValueError(f"nothing to append to {append.stream!r}")
        if append.expected < ANY:
            raise ValueError(f"{append.expected} is no version of a stream")
        streams.add(append.stream)
        actions += len(append.events)
        for event in append.events:
            size += _check_event(event, limits.event_bytes)
    if commit.writes:
        size += _check_writes(commit.writes, streams, limits)
    if commit.versioned is not None and commit.versioned not in [
        (write.view, write.id) for write in commit.writes
    ]:
        raise ValueError(f"{commit.versioned} is no document of this commit")
    if actions > limits.commit_actions:
        raise LimitExceeded("a commit's actions", limits.commit_actions, actions)
    if size > limits.commit_bytes:
        raise LimitExceeded("a commit's bytes", limits.commit_bytes, size)
    return size


def _check_event(event: Event, most: int) -> int:
    data, meta = event.data, event.meta
    if type(data) is not bytes or type(meta) is not bytes:
        _check_bytes("an event's data", data)
        _check_bytes("an event's meta", meta)
    size = len(data) + len(meta)
    if size > most:
        raise LimitExceeded("an event's bytes", most, size)
    _check_type(event.type)
    if not event.id or not event.id.isascii():
        raise ValueError(f"an event's id is ASCII and not empty; this is {event.id!r}")
    if len(event.id) > MAX_ID:
        raise LimitExceeded("an event's id (characters)", MAX_ID, len(event.id))
    if event.subject:
        _check_name("an event's subject", event.subject)
    if not _are_usual(event.time, event.recorded, event.schema):
        _check_integer("an event's time", event.time)
        _check_integer("an event's recorded time", event.recorded)
        _check_integer("a schema version", event.schema, least=1)
    return size + EVENT_OVERHEAD


def _check_writes(writes: Sequence[Write], streams: set[str], limits: Limits) -> int:
    size = 0
    refs: set[Ref] = set()
    for write in writes:
        ref = (write.view, write.id)
        if ref in refs:
            raise ValueError(f"document {write.view}/{write.id} stands twice in one commit")
        refs.add(ref)
        _check_view(write.view)
        _check_name("a document's id", write.id)
        _check_stream(write.stream)
        if write.at is None and write.stream not in streams and _changes_anything(write):
            raise ValueError(
                f"{write.view}/{write.id} changes without an event of its stream {write.stream!r}"
            )
        if write.at is not None:
            _check_rebuild(write, write.at)
        if write.body is DELETE and write.adds:
            raise HasCounters(f"{write.view}/{write.id}: deleted and added to in one write")
        for counter, amount in write.adds.items():
            _check_counter(counter)
            _check_integer("what is added to a counter", amount)
        if not isinstance(write.body, Body):
            _check_bytes("a document's body", write.body)
            if len(write.body) > limits.body_bytes:
                raise LimitExceeded("a document's bytes", limits.body_bytes, len(write.body))
            size += len(write.body)
            _check_keys(write.index_keys)
    return size


def _check_rebuild(write: Write, at: int) -> None:
    _check_integer("the version of a stream", at, least=0)
    if write.adds and write.counted is None:
        raise ValueError(f"{write.view}/{write.id}: a rebuild's adds demand what was counted")


def _check_keys(index_keys: Mapping[str, IndexKey]) -> None:
    for index, key in index_keys.items():
        _check_counter(index)
        for part in key:
            if not part.isascii():
                _check_unicode("a part of an index key", part)


@lru_cache(maxsize=65_536)
def _check_stream(stream: str) -> None:
    _check_name("a stream's name", stream)
    if not re.fullmatch(r"[a-z][a-z0-9_]*-.+", stream, re.DOTALL):
        raise ValueError(f"{stream!r} is no stream: it should read category-id")


@lru_cache(maxsize=1_024)
def _check_view(view: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", view):
        raise ValueError(f"{view!r} is no name of a view")


@lru_cache(maxsize=1_024)
def _check_type(type: str) -> None:
    _check_name("an event's type", type)


@lru_cache(maxsize=1_024)
def _check_counter(counter: str) -> None:
    _check_name("the name of a counter or an index", counter)


def _check_name(what: str, name: str) -> None:
    """Refuse an empty or overlong name, or one that is no valid Unicode."""
    if not name:
        raise ValueError(f"{what} is empty")
    if len(name) > MAX_NAME:
        raise LimitExceeded(f"{what} (characters)", MAX_NAME, len(name))
    if "\0" in name:  # PostgreSQL has no such text
        raise ValueError(f"{what} has a NUL character: {name!r}")
    if not name.isascii():
        _check_unicode(what, name)


def _check_bytes(what: str, value: object) -> None:
    if type(value) is not bytes:
        raise ValueError(f"{what} is bytes, not {type(value).__name__}")


def _are_usual(time: object, recorded: object, schema: object) -> bool:
    """The quick way to what `_check_integer` would find right one by one."""
    return (
        type(time) is int
        and type(recorded) is int
        and type(schema) is int
        and 0 <= time <= MAX_INTEGER
        and 0 <= recorded <= MAX_INTEGER
        and 0 < schema <= MAX_INTEGER
    )


def _check_integer(what: str, value: object, *, least: int = -MAX_INTEGER) -> None:
    if type(value) is not int or not least <= value <= MAX_INTEGER:
        raise ValueError(f"{what} is an integer from {least:,} to {MAX_INTEGER:,}, not {value!r}")


def _check_unicode(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} is no valid Unicode: {text!r}") from None
