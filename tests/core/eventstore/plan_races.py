"""Random races: a group of commits is planned, and others commit before it is written.

The commits are drawn close together, on two streams and two documents, and many of the others are
rebuilds, which move no stream. So plans often hold although something has changed.
"""

import copy
import random
from typing import Literal

import msgspec

from gatherlog.core import ANY, DELETE, KEEP, Append, Commit, Committed, Event, Write
from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.plan_basis import Basis, carried_out, rests_on
from gatherlog.core.eventstore.planner import KEY_LIFETIME, plan
from gatherlog.core.eventstore.store import Body
from tests.core.eventstore.plan_strategies import Rows

STREAMS = ["a-1", "a-2"]
HAPPENED = Event("e", "tests.happened", 0, 0, b"")
NOW = 5


class Race:
    """A group that was planned on `state`, while `rows` went on."""

    def __init__(self, rows: Rows, group: list[Commit]) -> None:
        self.rows = rows
        self.group = group
        self.state = copy.deepcopy(self.rows.load(group, NOW))
        self.results, self.changes = plan(self.state, group)
        self.basis = rests_on(self.state, group, self.results)

    def meanwhile(self, others: list[Commit]) -> None:
        """Let others commit."""
        self.rows.commit(others, NOW)

    def accepted(self, until: int | None = None) -> list[Commit]:
        """Those of the first commits that were accepted."""
        pairs = zip(self.group[:until], self.results[:until], strict=True)
        return [commit for commit, result in pairs if isinstance(result, Committed)]

    def holds(self) -> bool:
        """Whether everything is still as the basis demands it."""
        return _holds(self.basis, self.rows)

    def is_the_same_anew(self) -> bool:
        """Whether planning the accepted commits again answers the same."""
        state = self.rows.load(commits := self.accepted(), NOW)
        results, _ = plan(state, commits)
        return results == [one for one in self.results if isinstance(one, Committed)]

    def carried_out(self) -> Rows:
        """The store with the changes as they were planned."""
        rows, positions = copy.deepcopy(self.rows), list(self.rows.positions)
        for event in self.changes.events:
            positions[event.partition] = event.position
        documents = carried_out(
            self.state, self.group, self.results, self.changes, self.rows.documents
        )
        rows.save(msgspec.structs.replace(self.changes, positions=positions, documents=documents))
        return rows

    def planned_anew(self) -> Rows:
        """The store with what the accepted commits mean now."""
        rows = copy.deepcopy(self.rows)
        rows.commit(self.accepted(), NOW)
        return rows

    def unfounded_refusals(self) -> list[Commit]:
        """Commits whose refusal was right neither when it was planned nor when it is written."""
        return [
            commit
            for number, (commit, result) in enumerate(zip(self.group, self.results, strict=True))
            if isinstance(result, StoreError)
            and isinstance(plan(self.state, [commit])[0][0], Committed)
            and isinstance(self._now_after_the_first(number), Committed)
        ]

    def _now_after_the_first(self, number: int) -> Committed | StoreError:
        commits = [*self.accepted(number), self.group[number]]
        return plan(self.rows.load(commits, NOW), commits)[0][-1]


def _holds(basis: Basis, rows: Rows) -> bool:
    return (
        all(rows.keys[key].at <= NOW - KEY_LIFETIME for key in basis.keys & rows.keys.keys())
        and all(rows.streams.get(name, 0) == version for name, version in basis.streams.items())
        and all(rows.positions[number] == last for number, last in basis.positions.items())
        and all(basis.holds_for(ref, rows.documents.get(ref)) for ref in basis.refs())
    )


def drawn_race(chance: random.Random) -> Race:
    """A race that was drawn, up to where the group is to be written."""
    rows = Rows(2)
    for _ in range(chance.randint(0, 4)):
        rows.commit([_commit(chance, rows, rebuilds=0.1)], NOW)
    race = Race(rows, [_commit(chance, rows, rebuilds=0.2) for _ in range(chance.randint(1, 3))])
    race.meanwhile([_commit(chance, rows, rebuilds=0.7) for _ in range(chance.randint(1, 2))])
    return race


def _commit(chance: random.Random, rows: Rows, *, rebuilds: float) -> Commit:
    """A commit that fits the store often enough."""
    writes = [_write(chance, rows, id) for id in chance.sample("xy", chance.choice([1, 1, 2]))]
    key = chance.choice([None] * 5 + ["k"])
    if chance.random() < rebuilds:
        return Commit(writes=[_rebuilt(chance, rows, write) for write in writes], key=key)
    changed = {write.stream for write in writes if write.changes_anything}
    appends = [_append(chance, rows, stream, (HAPPENED,)) for stream in sorted(changed)]
    for stream in STREAMS:
        if stream not in changed and chance.random() < 0.2:
            events = chance.choice([(), (HAPPENED,)])
            appends.append(_append(chance, rows, stream, events))
    return Commit(appends=appends, writes=writes, key=key)


def _append(chance: random.Random, rows: Rows, stream: str, events: tuple[Event, ...]) -> Append:
    version = rows.streams.get(stream, 0)
    return Append(stream, events, chance.choice([ANY, ANY, version]) if events else version)


def _write(chance: random.Random, rows: Rows, id: str) -> Write:
    there = rows.documents.get(("card", id))
    known = there is not None and chance.random() < 0.9
    bodies: list[Literal[Body.KEEP, Body.DELETE] | bytes] = [KEEP, KEEP, KEEP, DELETE, b"1", b"2"]
    body = chance.choice(bodies)
    version = 0 if there is None else there.version
    return Write(
        view="card",
        id=id,
        stream=there.stream if known and there else chance.choice(STREAMS),
        body=body,
        expects=chance.choice([None] * 6 + [version, version, 0, 1]),
        index_keys=chance.choice([{}, {"by_name": ("all",)}]) if isinstance(body, bytes) else {},
        indexes=1,
        adds={} if body is DELETE else chance.choice([{}, {"n": -1}, {"n": 1}, {"n": 2}, {"n": 0}]),
        at_most=chance.choice([{}, {}, {"n": chance.randint(0, 3)}]),
        at_least=chance.choice([{}, {}, {"n": chance.randint(-1, 1)}]),
    )


def _rebuilt(chance: random.Random, rows: Rows, write: Write) -> Write:
    there = rows.documents.get((write.view, write.id))
    counted = 0 if there is None else there.counted
    return msgspec.structs.replace(write, at=chance.randint(1, 3), counted=counted)
