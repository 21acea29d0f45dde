"""How large a commit is: what is counted for it, against what a plan of it needs and writes."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core import DELETE, NEW, Append, Commit, Committed, Limits, Write
from gatherlog.core.eventstore.commit_checks import actions_of, count_actions
from gatherlog.core.eventstore.planner import plan
from tests.contracts.commits import CARDS, append, commit, count, demand, put, writing
from tests.core.eventstore.plan_strategies import Rows, commits

LIMITS = Limits()
COUNTED: dict[str, tuple[Commit, int]] = {
    "an event, its stream and its partition": (commit("card-1"), 3),
    "three events of one stream": (commit("card-1", events=3), 5),
    "two streams": (commit("card-1", "card-2"), 6),
    "a key": (Commit(key="k"), 1),
    "a demand on a stream": (Commit(appends=[Append("card-1", (), NEW)]), 2),
    "a demand on a document": (Commit(writes=[demand("a", NEW)]), 1),
    "a body": (writing(put("a", b"")), 3 + 1),
    "a deletion": (writing(Write(view="card", id="a", stream="card-1", body=DELETE)), 3 + 1),
    "adds": (writing(count("a", n=1, m=2)), 3 + 2),
    "a body with adds": (writing(msgspec.structs.replace(put("a", b""), adds={"n": 1})), 3 + 2),
    "a body with a bound": (
        writing(msgspec.structs.replace(put("a", b""), at_most={"n": 1})),
        3 + 2,
    ),
}


@pytest.mark.parametrize(("asked", "actions"), COUNTED.values(), ids=COUNTED.keys())
def test_what_is_counted_for_a_commit(asked: Commit, actions: int) -> None:
    assert count_actions(asked, LIMITS) == actions


def test_index_rows_count_for_bodies_where_the_engine_says_so() -> None:
    both = [msgspec.structs.replace(one, indexes=2) for one in (put("a", b""), count("b", n=1))]

    assert count_actions(writing(*both), LIMITS) == 3 + 3
    assert count_actions(writing(*both), Limits(index_rows=2)) == 3 + 3 + 2 * 2


def test_an_app_counts_beforehand_what_its_commit_is_counted_as() -> None:
    limits = Limits(index_rows=2)
    indexed = [msgspec.structs.replace(put(id, b""), indexes=2) for id in "abc"]
    asked = Commit(appends=[append("card-1"), append("card-2")], writes=indexed)

    counted = actions_of(limits, events=2, streams=2, views=[CARDS] * 3)

    assert counted == count_actions(asked, limits)


@settings(max_examples=150)
@given(st.lists(commits(), max_size=4), commits())
def test_no_plan_checks_or_writes_more_than_was_counted(
    before: list[Commit], asked: Commit
) -> None:
    rows = Rows(4)
    rows.commit(before, 5)

    [result], changes = plan(rows.load([asked], 5), [asked])

    needed = len({append.stream for append in asked.appends}) + len(asked.writes)
    needed += len(changes.events) + (asked.key is not None)
    if isinstance(result, Committed):
        needed += len(result.positions)
    assert needed <= count_actions(asked, LIMITS)
