"""The planner against a naive model of commits, on random groups of commits."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core import (
    DELETE,
    KEEP,
    NEW,
    Append,
    Commit,
    Committed,
    Document,
    Event,
    Limits,
    Recalled,
    Write,
)
from gatherlog.core.eventstore.commit_checks import check_commit
from gatherlog.core.eventstore.errors import GatherlogError, StoreError
from gatherlog.core.eventstore.planner import State, partition_of, plan, wanted
from tests.core.eventstore.plan_model import DAY, ModelStore
from tests.core.eventstore.plan_strategies import STREAMS, Rows, commits, events

LIMITS = Limits()

groups = st.lists(
    st.tuples(st.lists(commits(), min_size=1, max_size=5), st.sampled_from([0, 1, DAY // 2, DAY])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150)
@given(groups, st.sampled_from([1, 4]))
def test_the_planner_agrees_with_the_model(
    asked: list[tuple[list[Commit], int]], partitions: int
) -> None:
    rows, model = Rows(partitions), ModelStore(partitions)
    now = DAY
    for group, passed in asked:
        now += passed
        for commit in group:
            check_commit(commit, LIMITS)
        for commit, result in zip(group, rows.commit(group, now), strict=True):
            expected = model.commit(commit, now)
            if isinstance(expected, set):
                assert type(result) in expected
            else:
                assert result == expected
        _same(rows, model)


def _same(rows: Rows, model: ModelStore) -> None:
    feeds: dict[int, list[tuple[str, int, Event]]] = {}
    for e in rows.events:
        event = Event(e.id, e.type, e.time, e.recorded, e.data, e.schema, e.subject, e.meta)
        feeds.setdefault(e.partition, []).append((e.stream, e.version, event))
        assert e.position == len(feeds[e.partition])
        assert e.partition == partition_of(e.stream, model.partitions)
    assert feeds == model.feeds
    assert rows.positions == [len(feeds.get(p, [])) for p in range(model.partitions)]
    assert rows.streams == {name: len(events) for name, events in model.streams.items() if events}
    assert rows.keys == {key: Recalled(*kept) for key, kept in model.keys.items()}
    assert rows.documents == {
        (view, id): Document(view, id, p.owner, p.version, p.counted, p.body, p.keys, p.counters)
        for (view, id), p in model.documents.items()
    }


@settings(max_examples=80)
@given(st.lists(commits(), max_size=4), st.lists(commits(), min_size=1, max_size=6))
def test_a_group_means_the_same_as_its_commits_one_by_one(
    before: list[Commit], group: list[Commit]
) -> None:
    together, apart = Rows(2), Rows(2)
    for rows in (together, apart):
        rows.commit(before, 5)

    grouped = together.commit(group, 6)
    single = [apart.commit([commit], 6)[0] for commit in group]

    assert [_outcome(result) for result in grouped] == [_outcome(result) for result in single]
    assert together.everything() == apart.everything()


def _outcome(result: Committed | StoreError) -> Any:
    return result if isinstance(result, Committed) else (type(result), str(result))


@given(st.lists(commits(), max_size=4), commits())
def test_a_refused_commit_leaves_nothing_behind(before: list[Commit], last: Commit) -> None:
    rows = Rows(2)
    rows.commit(before, 5)
    kept = copy.deepcopy(rows.everything())

    [result] = rows.commit([last], 5)

    if not isinstance(result, Committed) or result.repeated:
        assert rows.everything() == kept


@given(st.lists(commits(), min_size=1, max_size=8))
def test_no_accepted_commit_breaks_its_bounds(group: list[Commit]) -> None:
    rows = Rows(1)
    for commit in group:
        [result] = rows.commit([commit], 5)
        if not isinstance(result, Committed) or result.repeated:
            continue
        for write in commit.writes:
            document = rows.documents.get((write.view, write.id))
            counters = document.counters if document else {}
            assert all(counters.get(name, 0) <= bound for name, bound in write.at_most.items())
            assert all(counters.get(name, 0) >= bound for name, bound in write.at_least.items())


@given(st.lists(commits(), max_size=8))
def test_versions_have_no_gap_and_positions_only_increase(group: list[Commit]) -> None:
    rows = Rows(3)
    rows.commit(group, 5)

    for partition in range(3):
        positions = [e.position for e in rows.events if e.partition == partition]
        assert positions == sorted(set(positions))
    for stream in STREAMS:
        of_it = [e.version for e in rows.events if e.stream == stream]
        assert of_it == list(range(1, len(of_it) + 1))


@given(commits())
def test_wanted_names_all_that_a_commit_depends_on(commit: Commit) -> None:
    needs = wanted([commit])

    assert needs.keys == ({commit.key} if commit.key else set())
    assert needs.streams == {append.stream for append in commit.appends}
    assert needs.documents == {(write.view, write.id) for write in commit.writes}


@given(
    st.builds(
        Commit,
        appends=st.lists(
            st.builds(
                Append,
                stream=st.text(max_size=8) | st.sampled_from(STREAMS),
                events=events | st.just([]),
                expected=st.integers(-3, 3),
            ),
            max_size=3,
        ),
        writes=st.lists(
            st.builds(
                Write,
                view=st.text(max_size=4),
                id=st.text(max_size=4),
                stream=st.text(max_size=4) | st.sampled_from(STREAMS),
                body=st.sampled_from([KEEP, DELETE, b""]),
                adds=st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
                at=st.none() | st.integers(),
                counted=st.none() | st.integers(),
            ),
            max_size=2,
        ),
        key=st.none() | st.text(max_size=300),
    )
)
def test_what_passes_the_check_never_fails_the_plan_but_by_refusal(commit: Commit) -> None:
    try:
        check_commit(commit, LIMITS)
    except (ValueError, GatherlogError):
        return
    plan(State(0, (0,), {}, {}, {}), [commit])


def test_a_group_may_build_on_itself() -> None:
    rows = Rows(1)
    steps = [
        Commit(
            appends=[Append("a-1", [Event("1", "t", 0, 0, b"")], NEW)],
            writes=[Write(view="card", id="x", stream="a-1", expects=NEW, body=b"1")],
        ),
        Commit(
            appends=[Append("a-1", [Event("2", "t", 0, 0, b"")], 1)],
            writes=[Write(view="card", id="x", stream="a-1", expects=1, body=DELETE)],
        ),
        Commit(
            appends=[Append("a-2", [Event("3", "t", 0, 0, b"")], NEW)],
            writes=[Write(view="card", id="x", stream="a-2", expects=NEW, body=b"3")],
        ),
    ]

    assert [type(result) for result in rows.commit(steps, 5)] == [Committed] * 3
    assert rows.documents["card", "x"] == Document("card", "x", "a-2", 1, 0, b"3", {}, {})


@pytest.mark.parametrize("partitions", [1, 4, 8])
def test_the_partition_of_a_stream_never_changes(partitions: int) -> None:
    known = {"a-1": 3349160656, "gathering-é": 2648732133}
    for name, checksum in known.items():
        assert partition_of(name, partitions) == checksum % partitions
