"""What a plan rests on, apart from what was merely loaded for it.

An engine that plans before it holds any lock makes its write conditional on the `Basis` and on
nothing else. If the condition fails, somebody else has committed meanwhile: it loads again and
plans again.
"""

from collections.abc import Mapping, Sequence

import msgspec

from gatherlog.core.eventstore.commit_checks import MAX_INTEGER
from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.planner import Changes, State, partition_of
from gatherlog.core.eventstore.store import DELETE, KEEP, Commit, Committed, Document, Ref, Write

__all__ = ["Basis", "net_adds", "rests_on"]

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
    """The basis of the commits that were accepted; those that were refused have no effect."""
    basis = Basis()
    written: dict[Ref, dict[str, int]] = {}
    for commit, result in zip(commits, results, strict=True):
        if not isinstance(result, Committed) or result.repeated:
            continue
        if commit.key is not None:
            basis.keys.add(commit.key)
        for append in commit.appends:
            basis.streams.setdefault(append.stream, state.streams.get(append.stream, 0))
            if append.events:
                partition = partition_of(append.stream, len(state.positions))
                basis.positions[partition] = state.positions[partition]
        for write in commit.writes:
            _add_write(basis, state, write, written.setdefault((write.view, write.id), {}))
    return basis


def _add_write(basis: Basis, state: State, write: Write, added: dict[str, int]) -> None:
    """Add what one write rests on. `added` is what earlier writes add to the same counters."""
    ref = (write.view, write.id)
    before = state.documents.get(ref)
    if write.expects is not None or write.body is not KEEP:
        basis.versions.setdefault(ref, _version(before))
    if write.changes_anything:
        basis.owners.setdefault(ref, _owner(before))
    if write.counted is not None or write.body is DELETE:
        basis.counted.setdefault(ref, _counted(before))
    for counter in {**write.adds, **write.at_most, **write.at_least}:
        earlier = added.get(counter, 0)
        total = earlier + write.adds.get(counter, 0)
        added[counter] = total
        low = write.at_least.get(counter, -MAX_INTEGER) - total
        high = write.at_most.get(counter, MAX_INTEGER) - total
        bounds = basis.bounds.setdefault(ref, {})
        lowest, highest = bounds.get(counter, (-2 * MAX_INTEGER, 2 * MAX_INTEGER))
        bounds[counter] = max(lowest, low), min(highest, high)


def net_adds(state: State, changes: Changes) -> dict[Ref, dict[str, int]]:
    """What the changes add to the counters of each document that they leave in place."""
    adds: dict[Ref, dict[str, int]] = {}
    for ref, after in changes.documents.items():
        if after is not None:
            before = _counters(state.documents.get(ref))
            moved = {
                counter: value - before.get(counter, 0)
                for counter, value in after.counters.items()
                if value != before.get(counter, 0)
            }
            if moved:
                adds[ref] = moved
    return adds


def _counters(document: Document | None) -> Mapping[str, int]:
    return {} if document is None else document.counters


def _version(document: Document | None) -> int:
    return 0 if document is None else document.version


def _counted(document: Document | None) -> int:
    return 0 if document is None else document.counted


def _owner(document: Document | None) -> str | None:
    return None if document is None else document.stream
