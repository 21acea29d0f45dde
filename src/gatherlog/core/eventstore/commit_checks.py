"""Which commits are well-formed and within an engine's limits, decided without reading a store.

What a well-formed commit means, and whether it is refused because of what is stored, is decided in
`planner`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from gatherlog.core.eventstore.clock import FIRST_TIME, LAST_TIME
from gatherlog.core.eventstore.errors import HasCounters, LimitExceeded
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.store import (
    ANY,
    DELETE,
    KEEP,
    Append,
    Body,
    Commit,
    DeclaredView,
    IndexKey,
    Limits,
    Ref,
    Write,
)

__all__ = [
    "MAX_INTEGER",
    "NAME_BYTES",
    "actions_of",
    "check_commit",
    "check_name",
    "check_stream",
    "count_actions",
]

NAME_BYTES = 400
"""Of the UTF-8 of a stream, a document's id, a key, a subject or an event's type."""
VIEW_BYTES = 48
"""Of the UTF-8 of the name of a view, an index or a counter."""
INDEX_KEYS_BYTES = 64 * 1024
"""Of the UTF-8 of all index keys of a document, before they are cut."""
MAX_ID = 64
MAX_INTEGER = 2**63 - 1
EVENT_OVERHEAD = 100
"""Bytes counted for an event besides its data and meta."""


def check_commit(commit: Commit, limits: Limits) -> tuple[int, int]:
    """The size of a commit in bytes, and in actions, if it is well-formed and within `limits`.

    Raises LimitExceeded, naming the limit, or ValueError for a mistake of the program. A value of
    another type than is declared is a ValueError, an AttributeError or a TypeError.
    """
    if not commit.appends and not commit.writes and commit.key is None:
        raise ValueError("an empty commit: neither appends, nor writes, nor a key")
    if commit.key is not None:
        check_name("an idempotency key", commit.key)
    _check_bytes("an answer", commit.answer)
    _check_bytes("a fingerprint", commit.fingerprint)
    size = len(commit.answer) + len(commit.fingerprint)
    if size > limits.answer_bytes:
        raise LimitExceeded("an answer", "bytes", limits.answer_bytes, size)
    for append in commit.appends:
        size += _check_append(append, limits.event_bytes)
    if len(commit.appends) > 1:
        _check_streams_differ(commit.appends)
    if commit.writes:
        appended = {append.stream for append in commit.appends if append.events}
        size += _check_writes(commit.writes, appended, limits)
    if commit.versioned is not None and commit.versioned not in [
        (write.view, write.id) for write in commit.writes
    ]:
        raise ValueError(f"{commit.versioned} is not a document of this commit")
    if (actions := count_actions(commit, limits)) > limits.commit_actions:
        raise LimitExceeded("a commit", "actions", limits.commit_actions, actions)
    if size > limits.commit_bytes:
        raise LimitExceeded("a commit", "bytes", limits.commit_bytes, size)
    return size, actions


def count_actions(commit: Commit, limits: Limits) -> int:
    """How many rows or items an engine may have to check or write for a commit, at most.

    It counts every event, the heads of each stream and of its partition, documents, their counters
    where they are added to or bounded, the key and, where the engine counts them, index rows. What
    is stored does not matter, so an app can cut its commits by it: see `Limits.commit_actions`.
    """
    actions = 0 if commit.key is None else 1
    actions += 2 * len(commit.appends) + len(commit.writes)
    for append in commit.appends:
        actions += len(append.events)
    for write in commit.writes:
        if write.body is not KEEP:
            actions += limits.index_rows * write.indexes
        if write.adds or write.at_most or write.at_least:
            actions += 1
    return actions


def actions_of(
    limits: Limits,
    *,
    events: int = 0,
    streams: int = 0,
    views: Iterable[DeclaredView] = (),
    counted: int = 0,
) -> int:
    """What events, streams that are appended to, and documents with bodies take of a commit.

    `views` has the view of each document, as often as there are documents of it; of so many
    documents as `counted` says, counters are added to or bounded.
    """
    documents = sum(1 + limits.index_rows * len(view.indexes) for view in views)
    return events + 2 * streams + documents + counted


def _check_append(append: Append, most: int) -> int:
    stream, expected, events = append.stream, append.expected, append.events
    check_stream(stream)
    if type(expected) is not int or expected < ANY:
        raise ValueError(f"{expected!r} is not a version of a stream")
    if not events and expected == ANY:
        raise ValueError(f"nothing to append to {stream!r}")
    size = 0
    for event in events:
        size += _check_event(event, most)
    return size


def _check_streams_differ(appends: Sequence[Append]) -> None:
    streams: set[str] = set()
    for append in appends:
        if append.stream in streams:
            raise ValueError(f"stream {append.stream!r} stands twice in one commit")
        streams.add(append.stream)


def _check_event(event: Event, most: int) -> int:
    data, meta = event.data, event.meta
    if type(data) is not bytes or type(meta) is not bytes:
        _check_bytes("an event's data", data)
        _check_bytes("an event's meta", meta)
    size = len(data) + len(meta)
    if size > most:
        raise LimitExceeded("an event", "bytes", most, size)
    _check_type(event.type)
    id = event.id
    if type(id) is not str or not id or not id.isascii():
        raise ValueError(f"an event's id is ASCII text and not empty; this is {id!r}")
    if len(id) > MAX_ID:
        raise LimitExceeded("an event's id", "characters", MAX_ID, len(id))
    if event.subject != "":
        check_name("an event's subject", event.subject)
    time, recorded, schema = event.time, event.recorded, event.schema
    if not (
        type(time) is type(recorded) is type(schema) is int
        and FIRST_TIME <= time <= LAST_TIME
        and FIRST_TIME <= recorded <= LAST_TIME
        and 0 < schema <= MAX_INTEGER
    ):  # one condition for all, because this is done for every event
        _refuse_numbers(event)
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
        check_name("a document's id", write.id)
        check_stream(write.stream)
        if (expects := write.expects) is not None and (type(expects) is not int or expects < 0):
            raise ValueError(f"{expects!r} is not a version of a document")
        if write.counted is not None:
            _check_integer("the version of counters", write.counted, least=0)
        if write.at is not None:
            _check_rebuild(write, write.at)
        elif write.stream not in streams and write.changes_anything:
            raise ValueError(
                f"{write.view}/{write.id} changes without an event of its stream {write.stream!r}"
            )
        body = write.body
        if write.adds and body is DELETE:
            raise HasCounters(f"{write.view}/{write.id}: deleted and added to in one write")
        if write.adds or write.at_most or write.at_least:
            _check_counters(write)
        if body is not KEEP and body is not DELETE:
            _check_bytes("a document's body", body)
            if len(body) > limits.body_bytes:
                raise LimitExceeded("a document", "bytes", limits.body_bytes, len(body))
            size += len(body)
            _check_keys(write.index_keys)
            if type(write.indexes) is not int or write.indexes < len(write.index_keys):
                raise ValueError(f"{write.view}/{write.id}: indexes={write.indexes!r} are too few")
    return size


def _check_counters(write: Write) -> None:
    for counters in (write.adds, write.at_most, write.at_least):
        for counter, value in counters.items():
            _check_counter(counter)
            if type(value) is not int or not -MAX_INTEGER <= value <= MAX_INTEGER:
                _check_integer("what is added to a counter, or bounds it", value)


def _check_rebuild(write: Write, at: int) -> None:
    _check_integer("the version of a stream", at, least=0)
    if at == 0 and not isinstance(write.body, Body):
        raise ValueError(f"{write.view}/{write.id}: a body has a version, which is not 0")
    if write.adds and write.counted is None:
        raise ValueError(f"{write.view}/{write.id}: a rebuild's adds demand what was counted")


def _check_keys(index_keys: Mapping[str, IndexKey]) -> None:
    characters = 0
    for index, key in index_keys.items():
        _check_counter(index)
        if type(key) is not tuple or not key:
            raise ValueError(f"the key in index {index!r} is a tuple of text, not {key!r}")
        for part in key:
            if not isinstance(part, str):
                raise ValueError(f"a part of the key in index {index!r} is text, not {part!r}")
            if not part.isascii():
                _check_unicode("a part of an index key", part)
            characters += len(part)
    if characters * 4 > INDEX_KEYS_BYTES:
        _check_bytes_of_keys(index_keys)


def _check_bytes_of_keys(index_keys: Mapping[str, IndexKey]) -> None:
    size = sum(len(part.encode()) for key in index_keys.values() for part in key)
    if size > INDEX_KEYS_BYTES:
        raise LimitExceeded("the index keys of a document", "bytes", INDEX_KEYS_BYTES, size)


@lru_cache(maxsize=65_536)
def check_stream(stream: str) -> None:
    """Refuse a name that no stream can have with ValueError, a long one with LimitExceeded."""
    check_name("a stream's name", stream)
    if not re.fullmatch(r"[a-z][a-z0-9_]*-.+", stream, re.DOTALL):
        raise ValueError(f"{stream!r} is not a stream: its name has the form category-id")


@lru_cache(maxsize=1_024)
def _check_view(view: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", view):
        raise ValueError(f"{view!r} is not a name of a view")
    if len(view) > VIEW_BYTES:
        raise LimitExceeded("a view's name", "bytes", VIEW_BYTES, len(view))


@lru_cache(maxsize=1_024)
def _check_type(type: str) -> None:
    check_name("an event's type", type)


@lru_cache(maxsize=1_024)
def _check_counter(counter: str) -> None:
    check_name("the name of a counter or an index", counter, VIEW_BYTES)


def check_name(what: str, name: str, most: int = NAME_BYTES) -> None:
    """Refuse a name that is empty, not valid Unicode, or has a NUL character, with ValueError, and
    one that is too long with LimitExceeded; `what` is the name's own, as in "an event's type"."""
    if not (0 < len(name) <= most and name.isascii() and "\0" not in name):
        _check_odd_name(what, name, most)  # apart, because this is done for every name


def _check_odd_name(what: str, name: str, most: int) -> None:
    if not name:
        raise ValueError(f"{what} is empty")
    size = len(name)
    if not name.isascii():
        _check_unicode(what, name)
        size = len(name.encode())
    if size > most:
        raise LimitExceeded(what, "bytes", most, size)
    if "\0" in name:  # PostgreSQL has no such text
        raise ValueError(f"{what} has a NUL character: {name!r}")


def _check_bytes(what: str, value: object) -> None:
    if type(value) is not bytes:
        raise ValueError(f"{what} is bytes, not {type(value).__name__}")


def _refuse_numbers(event: Event) -> None:
    _check_integer("an event's time", event.time, least=FIRST_TIME, most=LAST_TIME)
    _check_integer("an event's recorded time", event.recorded, least=FIRST_TIME, most=LAST_TIME)
    _check_integer("a schema version", event.schema, least=1)


def _check_integer(
    what: str, value: object, *, least: int = -MAX_INTEGER, most: int = MAX_INTEGER
) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} is an integer from {least:,} to {most:,}, not {value!r}")


def _check_unicode(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} is not valid Unicode: {text!r}") from None
