"""What a plan rests on, apart from what was merely loaded for it.

An engine that plans before it holds any lock makes its write conditional on the `Basis` and on
nothing else. If the condition fails, somebody else has committed meanwhile: it loads again and
plans again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.commit_checks import MAX_INTEGER
from gatherlog.core.eventstore.errors import CounterOutOfBounds, KeyReused, StoreError
from gatherlog.core.eventstore.planner import Changes, State, partition_of
from gatherlog.core.eventstore.store import DELETE, KEEP, Commit, Committed, Document, Ref, Write

__all__ = ["Basis", "carried_out", "net_adds", "rests_on", "written"]

WIDEST: Final = 2 * MAX_INTEGER
"""No counter is ever beyond."""
Bounds = tuple[int, int]
"""The lowest and the highest value that a counter may have before the plan is carried out."""


class Basis(msgspec.Struct):
    """What must still be so when a plan is written.

    Where a plan does not depend on a value, it does not stand here: a commit that only moves a
    counter within its bounds does not collide with others that do the same.
    """

    keys: set[str] = msgspec.field(default_factory=set)
    """Idempotency keys that must be unknown, or expired."""
    streams: dict[str, int] = msgspec.field(default_factory=dict)
    """The version that each stream must have; 0: it must have no event."""
    positions: dict[int, int] = msgspec.field(default_factory=dict)
    """The last position that each partition must have, where positions are counted."""
    versions: dict[Ref, int] = msgspec.field(default_factory=dict)
    """The version that each document must have; 0: it must have no body."""
    owners: dict[Ref, str | None] = msgspec.field(default_factory=dict)
    """The stream that must own each document; None: there must be no such document."""
    counted: dict[Ref, int] = msgspec.field(default_factory=dict)
    """The version at which the counters of each document must have changed last."""
    bounds: dict[Ref, dict[str, Bounds]] = msgspec.field(default_factory=dict)
    """Between which values each counter must lie."""

    def refs(self) -> set[Ref]:
        """Every document of which something is demanded."""
        return {*self.versions, *self.owners, *self.counted, *self.bounds}

    def holds_for(self, ref: Ref, document: Document | None) -> bool:
        """Whether a document is still as the plan needs it."""
        counters = _counters(document)
        return (
            (ref not in self.versions or self.versions[ref] == _version(document))
            and (ref not in self.owners or self.owners[ref] == _owner(document))
            and (ref not in self.counted or self.counted[ref] == _counted(document))
            and all(
                low <= counters.get(counter, 0) <= high
                for counter, (low, high) in self.bounds.get(ref, {}).items()
            )
        )


def rests_on(
    state: State, commits: Sequence[Commit], results: Sequence[Committed | StoreError]
) -> Basis:
    """The basis of a plan.

    A refusal needs nothing to hold if it was right when `state` was loaded. If it follows from
    commits that were accepted before it in the group, it has to be right when they are written.
    """
    basis = Basis()
    added: dict[Ref, dict[str, int]] = {}
    is_first = True
    for commit, result in zip(commits, results, strict=True):
        if not isinstance(result, Committed):
            if not is_first:
                _add_refusal(basis, state, commit, result, added)
        elif not result.repeated:
            _add_commit(basis, state, commit, added)
            is_first = False
    return basis


def _add_commit(
    basis: Basis, state: State, commit: Commit, added: dict[Ref, dict[str, int]]
) -> None:
    """Add what an accepted commit rests on."""
    if commit.key is not None:
        basis.keys.add(commit.key)
    for append in commit.appends:
        basis.streams.setdefault(append.stream, state.streams.get(append.stream, 0))
        if append.events:
            partition = partition_of(append.stream, len(state.positions))
            basis.positions[partition] = state.positions[partition]
    for write in commit.writes:
        _add_write(basis, state, write, added)


def _add_refusal(
    basis: Basis,
    state: State,
    commit: Commit,
    refusal: StoreError,
    added: Mapping[Ref, Mapping[str, int]],
) -> None:
    """Add what a refusal rests on that may follow from the commits accepted before it.

    Versions, owners and heads that these commits have changed are in the basis already. Others may
    still use the commit's key, or move a counter that both have moved.
    """
    if commit.key is not None and not isinstance(refusal, KeyReused):
        basis.keys.add(commit.key)
    if not isinstance(refusal, CounterOutOfBounds):
        return
    view, _, id = refusal.document.partition("/")
    counter, beyond = refusal.counter, refusal.value - refusal.bound
    if added.get((view, id), {}).get(counter, 0):
        loaded = _counters(state.documents.get((view, id))).get(counter, 0)
        low = loaded - beyond + 1 if beyond > 0 else -WIDEST
        high = loaded - beyond - 1 if beyond < 0 else WIDEST
        _narrow(basis.bounds.setdefault((view, id), {}), counter, low, high)


def _add_write(basis: Basis, state: State, write: Write, added: dict[Ref, dict[str, int]]) -> None:
    """Add what one write rests on. `added` is what earlier writes add to counters."""
    ref = (write.view, write.id)
    before = state.documents.get(ref)
    has_body = write.body is not KEEP
    if has_body or write.expects is not None:
        basis.versions.setdefault(ref, _version(before))
    if has_body or write.changes_anything:
        basis.owners.setdefault(ref, _owner(before))
    if write.counted is not None or write.body is DELETE:
        basis.counted.setdefault(ref, _counted(before))
    if write.adds or write.at_most or write.at_least:
        _add_bounds(basis.bounds.setdefault(ref, {}), write, added.setdefault(ref, {}))


def _add_bounds(bounds: dict[str, Bounds], write: Write, added: dict[str, int]) -> None:
    """Add between which values the counters of one document must lie for one write."""
    adds, at_most, at_least = write.adds, write.at_most, write.at_least
    for counter in {**adds, **at_most, **at_least}:
        total = added.get(counter, 0) + adds.get(counter, 0)
        added[counter] = total
        low = at_least.get(counter, -MAX_INTEGER) - total
        high = at_most.get(counter, MAX_INTEGER) - total
        _narrow(bounds, counter, low, high)


def _narrow(bounds: dict[str, Bounds], counter: str, low: int, high: int) -> None:
    """Demand of a counter to lie between two values, too."""
    known = bounds.get(counter)
    if known is not None:
        low = low if low > known[0] else known[0]
        high = high if high < known[1] else known[1]
    bounds[counter] = low, high


def net_adds(state: State, changes: Changes) -> dict[Ref, dict[str, int]]:
    """What the changes add to the counters of each document that they leave in place.

    A counter that is made with the value 0 is in it, with 0.
    """
    adds: dict[Ref, dict[str, int]] = {}
    for ref, after in changes.documents.items():
        if after is not None:
            before = _counters(state.documents.get(ref))
            moved = {
                counter: value - before.get(counter, 0)
                for counter, value in after.counters.items()
                if value != before.get(counter)
            }
            if moved:
                adds[ref] = moved
    return adds


def carried_out(
    state: State,
    commits: Sequence[Commit],
    results: Sequence[Committed | StoreError],
    changes: Changes,
    now: Mapping[Ref, Document],
) -> dict[Ref, Document | None]:
    """The changed documents, if they are `now` otherwise than they were loaded.

    Bodies are written as planned, and counters move by what was added to them. Where no body was
    written or no counter moved, these stay as they are now.
    """
    bodies, counted = written(commits, results)
    adds = net_adds(state, changes)
    documents: dict[Ref, Document | None] = {}
    for ref, after in changes.documents.items():
        current = now.get(ref)
        if after is None or current is None:
            documents[ref] = after
            continue
        counters = dict(current.counters)
        for counter, amount in adds.get(ref, {}).items():
            counters[counter] = counters.get(counter, 0) + amount
        documents[ref] = msgspec.structs.replace(
            after if ref in bodies else current,
            counters=counters,
            counted=after.counted if ref in counted else current.counted,
        )
    return documents


def written(
    commits: Sequence[Commit], results: Sequence[Committed | StoreError]
) -> tuple[set[Ref], set[Ref]]:
    """The documents whose bodies were written or deleted, and those whose counters moved."""
    bodies: set[Ref] = set()
    counted: set[Ref] = set()
    for commit, result in zip(commits, results, strict=True):
        if isinstance(result, Committed) and not result.repeated:
            for write in commit.writes:
                if write.body is not KEEP:
                    bodies.add((write.view, write.id))
                if any(write.adds.values()):
                    counted.add((write.view, write.id))
    return bodies, counted


def _counters(document: Document | None) -> Mapping[str, int]:
    return {} if document is None else document.counters


def _version(document: Document | None) -> int:
    return 0 if document is None else document.version


def _counted(document: Document | None) -> int:
    return 0 if document is None else document.counted


def _owner(document: Document | None) -> str | None:
    return None if document is None else document.stream
