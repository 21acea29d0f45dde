"""A plan as the arguments of the function `write_plan`: what it rests on and what it changes."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.commit_checks import MAX_INTEGER
from gatherlog.core.eventstore.engine import Planned
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.index_keys import split_key
from gatherlog.core.eventstore.plan_basis import Basis, net_adds, rests_on, written
from gatherlog.core.eventstore.planner import KEY_LIFETIME
from gatherlog.core.eventstore.store import Document, IndexKey, Ref

__all__ = ["ARGUMENTS", "arguments_of", "pack"]

ARGUMENTS: Final = 34
"""How many arguments `write_plan` has."""
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

Row = tuple[Any, ...]
Column = list[Any] | None


def arguments_of(planned: Planned) -> tuple[Any, ...] | None:
    """The arguments of `write_plan` after those that name the writer; None: nothing to do."""
    state, changes = planned.state, planned.changes
    basis = rests_on(state, planned.commits, planned.results)
    plan = _Plan(planned, basis)
    keys, streams = plan.keys(), plan.streams()
    puts, documents = plan.documents()
    tallies, bounds = (plan.tallies(), plan.bounds()) if basis.refs() else ([], [])
    if not (keys or streams or puts or documents or tallies or bounds):
        return None
    return (
        state.now,
        state.now - KEY_LIFETIME,
        _is_locking(streams, documents, tallies),
        *_key_columns(keys),
        *_columns(streams, 3),
        *_put_columns(puts),
        documents or None,
        tallies or None,
        bounds or None,
        plan.index_rows() or None,
        plan.absences(streams, documents, tallies) or None,
        *_event_columns(changes.events, streams),
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

    def keys(self) -> list[Row]:
        keys = self._changes.keys
        return [
            (key, keys[key].fingerprint, keys[key].answer) if key in keys else (key, None, None)
            for key in sorted(self._basis.keys)
        ]

    def streams(self) -> list[Row]:
        after = self._changes.streams
        return [(name, at, after.get(name)) for name, at in sorted(self._basis.streams.items())]

    def documents(self) -> tuple[list[Row], list[Row]]:
        """Bodies of documents that are there already, and what else is demanded or done."""
        basis = self._basis
        puts: list[Row] = []
        others: list[Row] = []
        for ref in sorted({*basis.versions, *basis.owners, *self._after}):
            before, after = self._before.get(ref), self._after.get(ref)
            if before and after and before.stream == after.stream and ref in self._bodies:
                puts.append(_put(before, after))
            elif (row := self._other(ref, before, after)) is not None:
                others.append(row)
        return puts, others

    def _other(self, ref: Ref, before: Document | None, after: Document | None) -> Row | None:
        version, owner = self._basis.versions.get(ref), self._basis.owners.get(ref)
        is_put = after is not None and (before is None or ref in self._bodies)
        is_gone = before is not None and after is None and ref in self._after
        if before is not None and before.counters and version is None and not is_put:
            return None  # who has counters is never deleted, so its owner stays
        keys = pack(before.index_keys) if before is not None and (is_put or is_gone) else None
        demanded = (*ref, before is not None, version, owner, keys)
        if is_put and after is not None:
            fields = (after.stream, after.version, after.body, pack(after.index_keys))
            return (*demanded, "put", *fields)
        return (*demanded, "delete" if is_gone else None, None, None, None, None)

    def tallies(self) -> list[Row]:
        basis = self._basis
        return [self._tally(ref) for ref in sorted({*basis.counted, *basis.bounds, *self._counted})]

    def _tally(self, ref: Ref) -> tuple[Any, ...]:
        before, after = self._before.get(ref), self._after.get(ref)
        is_there = before is not None and bool(before.counters)
        demanded = (*ref, is_there, self._basis.counted.get(ref) if is_there else None)
        if ref not in self._counted or after is None:
            return (*demanded, None, None)
        return (*demanded, _encode(self._adds.get(ref, {})).decode(), after.counted)

    def bounds(self) -> list[Row]:
        return [
            (*ref, counter, max(low, -MAX_INTEGER), min(high, MAX_INTEGER))
            for ref, counters in sorted(self._basis.bounds.items())
            for counter, (low, high) in counters.items()
            if low > -FAR or high < FAR
        ]

    def index_rows(self) -> list[Row]:
        """Rows that end and rows that begin, by document."""
        rows: list[Row] = []
        for (view, id), after in self._after.items():
            was, will = _index_keys(self._before.get((view, id))), _index_keys(after)
            if was == will:
                continue
            for keys, others, is_listed in ((was, will, False), (will, was, True)):
                rows += [
                    (view, index, *split_key(key), id, is_listed)
                    for index, key in keys.items()
                    if others.get(index) != key
                ]
        return sorted(rows)

    def absences(self, *demanded: Sequence[Row]) -> list[int]:
        """The numbers of the locks on names that must be absent; see `write_plan`."""
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


def _put(before: Document, after: Document) -> Row:
    """The body of a document that stays where it is."""
    keys, keys_after = before.index_keys, after.index_keys
    return (
        before.view,
        before.id,
        before.version,
        before.stream,
        pack(keys),
        after.version,
        after.body,
        None if keys == keys_after else pack(keys_after),
    )


def _is_locking(streams: Sequence[Row], documents: Sequence[Row], tallies: Sequence[Row]) -> bool:
    """Whether rows have to be locked and looked at before anything is changed; see `write_plan`."""
    if documents or len(streams) != 1 or len(tallies) > 1:
        return True
    [(_, before, after)] = streams
    are_moved = all(is_there and adds is not None for _, _, is_there, _, adds, _ in tallies)
    return not before or after is None or not are_moved


def _columns(rows: Sequence[Row], count: int) -> list[Column]:
    """The columns of rows, as many as they have; without rows NULL, which is encoded fastest."""
    return list(map(list, zip(*rows, strict=True))) if rows else [None] * count


def _key_columns(rows: Sequence[Row]) -> list[Column]:
    keys, fingerprints, answers = _columns(rows, 3)
    return [keys, _short(fingerprints), answers]


def _put_columns(rows: Sequence[Row]) -> list[Column]:
    views, ids, befores, owners, keys_before, versions, bodies, keys = _columns(rows, 8)
    if keys is not None and not any(keys):
        keys = None
    return [_short(views), ids, befores, _short(owners), keys_before, versions, bodies, keys]


def _event_columns(events: Sequence[Recorded], streams: Sequence[Row]) -> list[Column]:
    columns = _columns(list(map(_columns_of, events)), len(_EVENT_COLUMNS))
    streams_, versions, ids, types, times, recorded, data, schemas, subjects, meta = columns
    return [
        None if len(streams) == 1 else _short(streams_),
        versions,
        ids,
        _short(types),
        _short(times),
        _short(recorded),
        data,
        _short(schemas, 1),
        _short(subjects, ""),
        _short(meta, b""),
    ]


def _short(column: Column, usual: object = None) -> Column:
    """One element for all if they are the same; NULL if they are what is usual. See `write_plan`.

    Each element that is not sent spares the driver three checks of its kind.
    """
    if not column or column[0] != column[-1] or column.count(column[0]) < len(column):
        return column
    return None if column[0] == usual else column[:1]
