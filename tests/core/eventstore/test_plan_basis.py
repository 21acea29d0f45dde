"""What a plan rests on: if that still holds, the plan comes out the same on what is there now."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core import NEW, Append, Commit, Write
from tests.contracts.commits import append, commit, count, demand, put, writing
from tests.core.eventstore.plan_races import NOW, Race, drawn_race
from tests.core.eventstore.plan_strategies import Rows, commits

groups = st.lists(commits(), min_size=1, max_size=4)


@settings(max_examples=150)
@given(st.lists(commits(), max_size=5), groups, groups, st.sampled_from([1, 4]))
def test_a_plan_whose_basis_holds_does_what_a_new_one_would_do(
    before: list[Commit], group: list[Commit], others: list[Commit], partitions: int
) -> None:
    rows = Rows(partitions)
    rows.commit(before, NOW)
    race = Race(rows, group)
    race.meanwhile(others)

    if race.holds():
        assert race.is_the_same_anew()
        assert race.carried_out().everything() == race.planned_anew().everything()
        assert race.unfounded_refusals() == []


@pytest.mark.parametrize("seed", range(4))
def test_no_close_race_is_decided_wrongly_and_few_collide_in_vain(seed: int) -> None:
    chance, seen = random.Random(seed), Counter[tuple[bool, bool]]()
    for _ in range(2000):
        race = drawn_race(chance)
        seen[race.holds(), race.is_the_same_anew()] += 1

        if race.holds():
            assert race.is_the_same_anew()
            assert race.carried_out().everything() == race.planned_anew().everything()
            assert race.unfounded_refusals() == []
    assert seen[True, True] > 1000
    assert seen[False, True] < 0.1 * seen.total()


# What a plan does not rest on.


def race(before: list[Commit], group: list[Commit], others: list[Commit]) -> Race:
    """A group that is planned after `before`, while the others commit."""
    rows = Rows(8)
    rows.commit(before, NOW)
    race = Race(rows, group)
    race.meanwhile(others)
    return race


HALL = writing(put("hall", b"{}"), count("seats", taken=1))
CHECK = Commit(appends=[append("card-9")], writes=[count("seats", at_most={"taken": 3})])


def test_a_check_of_a_counter_holds_while_that_moves_within_its_bounds() -> None:
    assert race([HALL], [CHECK], [writing(count("seats", taken=2))]).holds()
    assert not race([HALL], [CHECK], [writing(count("seats", taken=3))]).holds()


def test_a_demand_on_a_document_holds_while_its_counters_and_its_stream_move() -> None:
    asked = Commit(appends=[append("card-9")], writes=[demand("hall", 1)])

    assert race([HALL], [asked], [writing(count("hall", n=1)), commit("card-1")]).holds()
    assert not race([HALL], [asked], [writing(put("hall", b"2"))]).holds()


def test_a_demand_for_absence_fails_once_the_document_is_made() -> None:
    asked = Commit(appends=[append("card-9")], writes=[demand("new", NEW)])

    assert race([HALL], [asked], [writing(put("other", b"{}"))]).holds()
    assert not race([HALL], [asked], [writing(put("new", b"{}"))]).holds()


def test_a_demand_on_a_stream_fails_once_it_is_appended_to() -> None:
    asked = Commit(appends=[append("card-9"), Append("card-1", (), 1)])

    assert race([HALL], [asked], [commit("card-4")]).holds()
    assert not race([HALL], [asked], [commit("card-1")]).holds()


def test_commits_that_were_refused_or_repeated_rest_on_nothing() -> None:
    kept = commit("card-1", key="k")
    refused = commit("card-1", expected=7)

    moved = race([kept], [kept, refused], [commit("card-1")])

    assert moved.holds()
    assert moved.accepted() == [kept]


def test_a_refusal_by_a_counter_that_its_group_has_moved_has_to_stand() -> None:
    last_seat = writing(count("seats", taken=1, at_most={"taken": 2}))
    given_back = Commit(writes=[_repair("seats", -1)])

    assert race([HALL], [last_seat, last_seat], [commit("card-2")]).holds()
    assert not race([HALL], [last_seat, last_seat], [given_back]).holds()


def _repair(id: str, amount: int) -> Write:
    """A counter that a rebuild moves."""
    return Write(view="card", id=id, stream="card-1", adds={"taken": amount}, counted=1, at=1)


def test_a_counter_that_a_plan_makes_at_zero_is_made() -> None:
    up, down = writing(count("seats", n=1)), writing(count("seats", n=-1))

    done = race([], [up, down], [commit("card-2")]).carried_out()

    assert done.documents["card", "seats"].counters == {"n": 0}


def test_adds_to_a_document_leave_it_the_body_that_it_has_by_then() -> None:
    written = Write(view="card", id="hall", stream="card-1", body=b"newer", at=1, expects=1)

    counted = race([HALL], [writing(count("hall", n=2))], [Commit(writes=[written])])

    hall = counted.carried_out().documents["card", "hall"]
    assert counted.holds()
    assert (hall.body, hall.counters) == (b"newer", {"n": 2})
