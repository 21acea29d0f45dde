"""A naive model of commits, written from the store's promises and not from the planner.

Each commit is applied to a copy of everything; if any demand fails, the copy is dropped. It is
slow, but obviously right.
"""

import copy
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from gatherlog.core import ANY, DELETE, KEEP, Commit, Committed, Event, Write
from gatherlog.core.eventstore.errors import (
    Conflict,
    CounterOutOfBounds,
    HasCounters,
    KeyReused,
    OwnedElsewhere,
)

DAY = 24 * 3600 * 1_000_000


@dataclass
class StoredDocument:
    """A document with everything that the store knows of it."""

    owner: str
    version: int = 0
    counted: int = 0
    body: bytes | None = None
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass
class ModelStore:
    """A whole store: streams as lists, partitions as lists, documents, and keys."""

    partitions: int
    streams: dict[str, list[Event]] = field(default_factory=dict)
    feeds: dict[int, list[tuple[str, int, Event]]] = field(default_factory=dict)
    documents: dict[tuple[str, str], StoredDocument] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, bytes, int]] = field(default_factory=dict)

    def commit(self, commit: Commit, now: int) -> Committed | set[type[Exception]]:
        """The outcome of the commit, or all errors that it may be refused with."""
        if commit.key in self.keys:
            fingerprint, answer, at = self.keys[commit.key]
            if now - at < DAY:
                if fingerprint != commit.fingerprint:
                    return {KeyReused}
                return Committed(repeated=True, answer=answer)
        after = copy.deepcopy(self)
        reasons: set[type[Exception]] = set()
        done: dict[str, Any] = {"streams": {}, "documents": {}, "positions": {}}
        for append in commit.appends:
            stream = after.streams.setdefault(append.stream, [])
            if append.expected != ANY and append.expected != len(stream):
                reasons.add(Conflict)
            for event in append.events:
                stream.append(event)
                partition = crc32(append.stream.encode()) % self.partitions
                feed = after.feeds.setdefault(partition, [])
                feed.append((append.stream, len(stream), event))
                done["positions"][partition] = len(feed)
            done["streams"][append.stream] = len(stream)
        for write in commit.writes:
            reasons |= after._write(write, done)
        if reasons:
            return reasons
        if commit.key is not None:
            after.keys[commit.key] = (commit.fingerprint, commit.answer, now)
        self.__dict__.update(after.__dict__)
        return Committed(**done, answer=commit.answer)

    def _write(self, write: Write, done: dict[str, Any]) -> set[type[Exception]]:
        reasons: set[type[Exception]] = set()
        ref = (write.view, write.id)
        there = ref in self.documents
        document = self.documents.get(ref) or StoredDocument(write.stream)
        adds = {name: amount for name, amount in write.adds.items() if amount != 0}
        if write.expects is not None and write.expects != document.version:
            reasons.add(Conflict)
        if write.counted is not None and write.counted != document.counted:
            reasons.add(Conflict)
        if (write.body is not KEEP or adds) and document.owner != write.stream:
            reasons.add(OwnedElsewhere)
        if write.body is DELETE and document.counters:
            reasons.add(HasCounters)
        stamp = len(self.streams.get(write.stream, [])) if write.at is None else write.at
        for name, amount in adds.items():
            document.counters[name] = document.counters.get(name, 0) + amount
            document.counted = stamp
            if abs(document.counters[name]) >= 2**63:
                reasons.add(CounterOutOfBounds)
        for bounds, sign in ((write.at_most, 1), (write.at_least, -1)):
            for name, bound in bounds.items():
                if sign * document.counters.get(name, 0) > sign * bound:
                    reasons.add(CounterOutOfBounds)
        if write.body is DELETE:
            self.documents.pop(ref, None)
            return reasons
        if isinstance(write.body, bytes):
            document.body, document.version, document.keys = (
                write.body,
                stamp,
                dict(write.index_keys),
            )
            done["documents"][ref] = stamp
        if there or document.body is not None or document.counters:
            self.documents[ref] = document
        return reasons
