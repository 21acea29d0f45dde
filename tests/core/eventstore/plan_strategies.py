"""Random commits for the planner's tests, and a store that keeps what was planned."""

import copy
from typing import Any

import msgspec
from hypothesis import strategies as st

from gatherlog.core import (
    ANY,
    DELETE,
    KEEP,
    Append,
    Commit,
    Committed,
    Document,
    Event,
    Recalled,
    Recorded,
    Write,
)
from gatherlog.core.eventstore.errors import StoreError
from gatherlog.core.eventstore.planner import Changes, State, plan, wanted

STREAMS = ["a-1", "a-2", "b-1"]


class Rows:
    """A store as an engine implements it: it loads what is wanted, and writes what is planned."""

    def __init__(self, partitions: int) -> None:
        self.positions = [0] * partitions
        self.events: list[Recorded] = []
        self.streams: dict[str, int] = {}
        self.documents: dict[tuple[str, str], Document] = {}
        self.keys: dict[str, Recalled] = {}

    def load(self, commits: list[Commit], now: int) -> State:
        needs = wanted(commits)
        return State(
            now,
            tuple(self.positions),
            {key: self.keys[key] for key in needs.keys & self.keys.keys()},
            {name: self.streams[name] for name in needs.streams & self.streams.keys()},
            {ref: self.documents[ref] for ref in needs.documents & self.documents.keys()},
        )

    def save(self, changes: Changes) -> None:
        self.positions = changes.positions
        self.events += changes.events
        self.streams.update(changes.streams)
        self.keys.update(changes.keys)
        for ref, document in changes.documents.items():
            if document is None:
                self.documents.pop(ref, None)
            else:
                self.documents[ref] = document

    def commit(self, commits: list[Commit], now: int) -> list[Committed | StoreError]:
        state = self.load(commits, now)
        untouched = copy.deepcopy(state)
        results, changes = plan(state, commits)
        assert state == untouched
        self.save(changes)
        return results

    def everything(self) -> tuple[Any, ...]:
        return self.positions, self.events, self.streams, self.documents, self.keys


versions = st.sampled_from([0, 1, 2, 3, 4])
events = st.lists(
    st.builds(
        Event,
        id=st.uuids().map(str),
        type=st.just("tests.happened"),
        time=st.just(0),
        recorded=st.just(0),
        data=st.binary(max_size=2),
    ),
    min_size=1,
    max_size=3,
)
bounds = st.dictionaries(st.sampled_from("nm"), st.integers(-2, 3), max_size=1)
writes = st.builds(
    Write,
    view=st.sampled_from(["card", "seat"]),
    id=st.sampled_from("xy"),
    stream=st.sampled_from(STREAMS),
    expects=st.none() | versions,
    body=st.sampled_from([KEEP, KEEP, DELETE, b"1", b"2"]),
    index_keys=st.sampled_from([{}, {"by_name": ("all", "x")}]),
    indexes=st.just(1),
    adds=st.dictionaries(
        st.sampled_from("nm"), st.integers(-2, 2) | st.sampled_from([2**63 - 1]), max_size=2
    ),
    at_most=bounds,
    at_least=bounds,
)


@st.composite
def commits(draw: st.DrawFn) -> Commit:
    """Well-formed commits: they append an event for what they change, or they are rebuilds."""
    asked = draw(st.lists(writes, max_size=3, unique_by=lambda write: (write.view, write.id)))
    streams = draw(st.sets(st.sampled_from(STREAMS), max_size=2))
    if asked and draw(st.integers(0, 4)) == 0:
        stamp, counted = draw(versions.filter(bool)), draw(versions)
        asked = [msgspec.structs.replace(w, at=stamp, counted=counted) for w in asked]
    else:
        streams |= {w.stream for w in asked if w.body is not KEEP or any(w.adds.values())}
    commit = Commit(
        appends=[
            Append(stream, draw(events), draw(st.just(ANY) | versions))
            for stream in sorted(streams)
        ],
        writes=[msgspec.structs.replace(w, adds={}) if w.body is DELETE else w for w in asked],
        key=draw(st.sampled_from([None, None, "k1", "k2"])),
        fingerprint=draw(st.sampled_from([b"", b"f"])),
        answer=draw(st.binary(max_size=2)),
    )
    if not commit.appends and not commit.writes:
        return msgspec.structs.replace(commit, appends=[Append("a-1", draw(events))])
    return commit
