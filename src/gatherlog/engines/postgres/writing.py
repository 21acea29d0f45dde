"""A plan as the arguments of the SQL function `write`: what it rests on, and what it changes."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.commit_checks import MAX_INTEGER
from gatherlog.core.eventstore.engine import Planned
from gatherlog.core.eventstore.index_keys import split_key
from gatherlog.core.eventstore.plan_basis import Basis, net_adds, rests_on, written
from gatherlog.core.eventstore.planner import KEY_LIFETIME
from gatherlog.core.eventstore.store import Document, IndexKey, Ref

__all__ = ["ARGUMENTS", "arguments_of", "pack"]

ARGUMENTS: Final = 21
"""How many arguments `write` has."""
ABSENCES: Final = 512
"""How many locks there are for names that must be absent."""
FAR: Final = 2**62
"""A bound beyond this is not worth a check: the database refuses what does not fit."""
_EVENT_COLUMNS: Final = (
    "stream",
    "version",
    "id",
    "type",
    "time",
    "recorded",
    "data",
    "schema",
    "subject",
    "meta",
)
_columns_of = attrgetter(*_EVENT_COLUMNS)
_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = b"{}"


def arguments_of(planned: Planned) -> tuple[Any, ...] | None:
    """The arguments of `write` after those that name the writer; None: there is nothing to do."""
    state, changes = planned.state, planned.changes
    basis = rests_on(state, planned.commits, planned.results)
    plan = _Plan(planned, basis)
    keys, streams = plan.keys(), plan.streams()
    documents, tallies, bounds = plan.documents(), plan.tallies(), plan.bounds()
    if not (keys or streams or documents or tallies or bounds):
        return None
    return (
        state.now,
        state.now - KEY_LIFETIME,
        keys,
        streams,
        documents,
        tallies,
        bounds,
        plan.index_rows(),
        plan.absences(streams, documents, tallies),
        *_events(changes.events),
    )


def pack(mapping: Mapping[str, object]) -> bytes:
    """A mapping as it is stored."""
    return _encode(mapping) if mapping else _NOTHING


class _Plan:
    """One plan, from which each argument is made. All are sorted, as the locks have to be."""

    def __init__(self, planned: Planned, basis: Basis) -> None:
        self._before = planned.state.documents
        self._changes = planned.changes
        self._after = planned.changes.documents
        self._basis = basis
        self._bodies, self._counted = written(planned.commits, planned.results)
        self._adds = net_adds(planned.state, planned.changes)

    def keys(self) -> list[tuple[Any, ...]]:
        keys = self._changes.keys
        return [
            (key, keys[key].fingerprint, keys[key].answer) if key in keys else (key, None, None)
            for key in sorted(self._basis.keys)
        ]

    def streams(self) -> list[tuple[Any, ...]]:
        after = self._changes.streams
        return [(name, at, after.get(name)) for name, at in sorted(self._basis.streams.items())]

    def documents(self) -> list[tuple[Any, ...]]:
        basis = self._basis
        rows = (
            self._document(ref, self._before.get(ref))
            for ref in sorted({*basis.versions, *basis.owners, *self._after})
        )
        return [row for row in rows if row is not None]

    def _document(self, ref: Ref, before: Document | None) -> tuple[Any, ...] | None:
        version, owner = self._basis.versions.get(ref), self._basis.owners.get(ref)
        after, is_there = self._after.get(ref), before is not None
        is_put = after is not None and (not is_there or ref in self._bodies)
        is_gone = is_there and after is None and ref in self._after
        if before is not None and before.counters and version is None and not is_put:
            return None  # who has counters is never deleted, so its owner stays
        keys = pack(before.index_keys) if before is not None and (is_put or is_gone) else None
        demanded = (*ref, is_there, version, owner, keys)
        if is_put and after is not None:
            fields = (after.stream, after.version, after.body, pack(after.index_keys))
            return (*demanded, "put", *fields)
        return (*demanded, "delete" if is_gone else None, None, None, None, None)

    def tallies(self) -> list[tuple[Any, ...]]:
        basis = self._basis
        return [self._tally(ref) for ref in sorted({*basis.counted, *basis.bounds, *self._counted})]

    def _tally(self, ref: Ref) -> tuple[Any, ...]:
        before, after = self._before.get(ref), self._after.get(ref)
        is_there = before is not None and bool(before.counters)
        demanded = (*ref, is_there, self._basis.counted.get(ref) if is_there else None)
        if ref not in self._counted or after is None:
            return (*demanded, None, None)
        return (*demanded, _encode(self._adds.get(ref, {})).decode(), after.counted)

    def bounds(self) -> list[tuple[Any, ...]]:
        return [
            (*ref, counter, max(low, -MAX_INTEGER), min(high, MAX_INTEGER))
            for ref, counters in sorted(self._basis.bounds.items())
            for counter, (low, high) in counters.items()
            if low > -FAR or high < FAR
        ]

    def index_rows(self) -> list[tuple[Any, ...]]:
        """Rows that end and rows that begin, by document."""
        rows: list[tuple[Any, ...]] = []
        for (view, id), after in self._after.items():
            was = _index_keys(self._before.get((view, id)))
            will = _index_keys(after)
            for keys, others, is_listed in ((was, will, False), (will, was, True)):
                rows += [
                    (view, index, *split_key(key), id, is_listed)
                    for index, key in keys.items()
                    if others.get(index) != key
                ]
        return sorted(rows)

    def absences(self, *demanded: Sequence[tuple[Any, ...]]) -> list[int]:
        """The numbers of the locks on names that must be absent; see `write`."""
        streams, documents, tallies = demanded
        alone: set[int] = set()
        shared: set[int] = set()
        for name, before, after in streams:
            if not before:
                (alone if after is None else shared).add(_absence(name))
        for view, id, is_there, *_, deed, _, _, _, _ in documents:
            if not is_there:
                (alone if deed is None else shared).add(_absence(f"{view}/{id}"))
        for view, id, is_there, _, adds, _ in tallies:
            if not is_there:
                (alone if adds is None else shared).add(_absence(f"{view}/{id}"))
        return [-n if n in alone else n for n in sorted(alone | shared)]


def _absence(name: str) -> int:
    return 1 + crc32(name.encode()) % ABSENCES


def _index_keys(document: Document | None) -> Mapping[str, IndexKey]:
    return {} if document is None else document.index_keys


def _events(events: Iterable[Any]) -> list[list[Any]]:
    """The columns of the events."""
    columns = list(map(list, zip(*map(_columns_of, events), strict=True)))
    return columns or [[] for _ in _EVENT_COLUMNS]
