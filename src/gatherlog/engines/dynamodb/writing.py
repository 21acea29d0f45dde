"""A plan as the actions of one transaction: what it rests on, and what it changes.

Each item is in it once. Positions are numbered from 1 in a plan; where they begin is known only
when it is written, and may move between two tries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.engine import Planned
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.plan_basis import net_adds, rests_on, written
from gatherlog.core.eventstore.planner import KEY_LIFETIME
from gatherlog.core.eventstore.store import Committed, Document, Ref
from gatherlog.engines.dynamodb.actions import Change
from gatherlog.engines.dynamodb.items import COUNTER, number, packed_events, packed_keys, text
from gatherlog.engines.dynamodb.keys import (
    bucket_key,
    counters_key,
    document_key,
    events_key,
    idempotency_key,
    index_attributes,
    index_names,
    partition_key,
    stream_key,
)

__all__ = ["Transaction"]

ITEM_BYTES: Final = 300 * 1024
"""The most bytes of data and meta that one item with several events holds."""
EXPIRES_AFTER: Final = (KEY_LIFETIME + 3600 * 1_000_000) // 1_000_000
"""Seconds after which DynamoDB may remove an idempotency key."""

Places = Mapping[tuple[str, str], int | None]
"""The place of each index among the indexes of the table, by view and name."""


class Transaction:
    """What is written for one plan."""

    def __init__(self, planned: Planned, places: Places) -> None:
        self.planned = planned
        self._places = places
        self._basis = rests_on(planned.state, planned.commits, planned.results)
        self._before = planned.state.documents
        self._after = planned.changes.documents
        self._bodies, self._counted = written(planned.commits, planned.results)
        self._adds = net_adds(planned.state, planned.changes)
        self._runs = _runs(planned.changes.events)
        self.fixed = [one for one in self._changes() if not one.demands_nothing]
        """All changes that do not depend on positions."""

    @property
    def counts(self) -> dict[int, int]:
        """How many events there are for each partition."""
        return {partition: sum(map(len, runs)) for partition, runs in self._runs.items()}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to demand and nothing to write."""
        return not self.fixed and not self._runs

    def actions(self, table: str, heads: Sequence[int]) -> list[dict[str, Any]]:
        """All actions, if the last positions are these. Those of partitions come first."""
        changes = [_moved_head(one, heads[one], count) for one, count in self.counts.items()]
        actions = [one.action(table) for one in (*changes, *self.fixed)]
        for partition, runs in self._runs.items():
            position = heads[partition]
            for run in runs:
                position += len(run)
                actions.append(_put_events(table, partition, position, run))
        return actions

    def tell_positions(self, heads: Sequence[int]) -> None:
        """Put the positions that were written into the results of the callers."""
        places = {
            partition: _places_of(heads[partition], runs) for partition, runs in self._runs.items()
        }
        reached = dict.fromkeys(places, 0)
        for result in self.planned.results:
            if isinstance(result, Committed):
                for partition, number in result.positions.items():
                    mine = range(reached[partition] + 1, number + 1)
                    reached[partition] = number
                    result.positions[partition] = max(places[partition][one] for one in mine)

    def _changes(self) -> Iterable[Change]:
        yield from map(self._key, sorted(self._basis.keys))
        yield from map(self._stream, sorted(self._basis.streams))
        basis = self._basis
        for ref in sorted({*basis.refs(), *self._after}):
            yield self._document(ref)
            if ref in basis.counted or ref in basis.bounds or ref in self._counted:
                yield self._counters(ref)

    def _key(self, key: str) -> Change:
        change = Change(idempotency_key(key))
        change.demand_at_most("w", self.planned.state.now - KEY_LIFETIME)
        recalled = self.planned.changes.keys.get(key)
        if recalled is not None:
            change.set("f", {"B": recalled.fingerprint})
            change.set("r", {"B": recalled.answer})
            change.set("w", number(recalled.at))
            change.set("x", number(recalled.at // 1_000_000 + EXPIRES_AFTER))
        return change

    def _stream(self, stream: str) -> Change:
        change = Change(stream_key(stream))
        version = self._basis.streams[stream]
        if version:
            change.demand("v", number(version))
        else:
            change.demand_absent()
        after = self.planned.changes.streams.get(stream)
        if after is not None:
            change.set("v", number(after))
        return change

    def _document(self, ref: Ref) -> Change:
        """The item with the body, which is there as long as the document is."""
        before, after = self._before.get(ref), self._after.get(ref)
        change = Change(document_key(ref))
        is_gone = before is not None and after is None and ref in self._after
        is_put = after is not None and (before is None or ref in self._bodies)
        self._demand_document(change, ref, is_written=is_gone or is_put)
        if is_gone:
            change.demand_none("t")
            change.delete()
        elif is_put and after is not None:
            self._put(change, ref, before, after)
        if after is not None and after.counters and not (before and before.counters):
            change.set("t", number(1))
        return change

    def _demand_document(self, change: Change, ref: Ref, *, is_written: bool) -> None:
        """Its version, its owner, and that it has no counters, which the item with the body tells.

        Of who has counters, and so is never deleted, the owner is demanded only if the item is in
        the transaction anyway.
        """
        basis, before = self._basis, self._before.get(ref)
        if before is None and ref in basis.owners:
            change.demand_absent()
            return
        if ref in basis.counted and not (before and before.counters):
            change.demand_none("t")
        if ref in basis.versions:
            _demand_version(change, basis.versions[ref])
        is_there = is_written or ref in basis.versions
        if before is not None and ref in basis.owners and (is_there or not before.counters):
            change.demand("o", text(before.stream))

    def _put(self, change: Change, ref: Ref, before: Document | None, after: Document) -> None:
        change.set("o", text(after.stream))
        change.set("v", number(after.version))
        attributes: dict[str, Any] = {}
        if after.body is not None:
            attributes = {"b": {"B": after.body}, **self._listed(ref, after)}
            if after.index_keys:
                attributes["i"] = {"B": packed_keys(after.index_keys)}
        for attribute, value in attributes.items():
            change.set(attribute, value)
        if before is not None and before.body is not None:
            for attribute in self._kept_of(ref, before):
                if attribute not in attributes:
                    change.remove(attribute)

    def _listed(self, ref: Ref, document: Document) -> dict[str, Any]:
        """The attributes that list a document in the indexes of the table."""
        attributes: dict[str, Any] = {}
        for index, key in document.index_keys.items():
            place = self._places[ref[0], index]
            if place is not None:
                attributes |= index_attributes(ref, index, place, key)
        return attributes

    def _kept_of(self, ref: Ref, document: Document) -> Iterator[str]:
        """The attributes that a document with a body may have besides those of every document."""
        yield from ("b", "i")
        for index in document.index_keys:
            place = self._places[ref[0], index]
            if place is not None:
                yield from index_names(place)

    def _counters(self, ref: Ref) -> Change:
        basis, before, after = self._basis, self._before.get(ref), self._after.get(ref)
        change = Change(counters_key(ref))
        if ref in basis.counted and before is not None and before.counters:
            change.demand("n", number(basis.counted[ref]))
        for counter, (low, high) in basis.bounds.get(ref, {}).items():
            change.demand_between(COUNTER + counter, low, high)
        if after is not None and ref in self._counted:
            for counter, amount in self._adds.get(ref, {}).items():
                change.add(COUNTER + counter, amount)
            change.set("n", number(after.counted))
        return change


def _demand_version(change: Change, version: int) -> None:
    if version:
        change.demand("v", number(version))
    else:
        change.demand_none_or_zero("v")


def _moved_head(partition: int, head: int, count: int) -> Change:
    change = Change(partition_key(partition))
    change.demand("p", number(head))
    change.set("p", number(head + count))
    change.tells = True
    return change


def _put_events(table: str, partition: int, position: int, run: list[Recorded]) -> dict[str, Any]:
    """The item of events of one stream, of which the last has this position."""
    item = {
        **events_key(run[-1].stream, run[-1].version).attributes,
        "g": text(bucket_key(partition, position)),
        "s": number(position),
        "e": {"B": packed_events(run)},
    }
    absent = "attribute_not_exists(pk)"
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": absent}}


def _runs(events: Sequence[Recorded]) -> dict[int, list[list[Recorded]]]:
    """The events of each partition, stream by stream, in parts that fit into an item each."""
    streams: dict[tuple[int, str], list[Recorded]] = {}
    for event in events:
        streams.setdefault((event.partition, event.stream), []).append(event)
    runs: dict[int, list[list[Recorded]]] = {}
    for (partition, _), found in streams.items():
        runs.setdefault(partition, []).extend(_cut(found))
    return runs


def _cut(events: Sequence[Recorded]) -> list[list[Recorded]]:
    parts: list[list[Recorded]] = []
    room = 0
    for event in events:
        size = event_bytes(event)
        if not parts or size > room:
            parts.append([])
            room = ITEM_BYTES
        parts[-1].append(event)
        room -= size
    return parts


def _places_of(head: int, runs: Sequence[Sequence[Recorded]]) -> dict[int, int]:
    """The position that each event gets, by its number in the plan."""
    return {
        event.position: head + place
        for place, event in enumerate((event for run in runs for event in run), 1)
    }
