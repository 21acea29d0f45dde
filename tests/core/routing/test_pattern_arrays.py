"""Arrays in events: any element may match a field, and one element must match all below it."""

from typing import Any

import pytest

from gatherlog.core.routing.patterns import compile_pattern

ABSENT = [{"exists": False}]


def matches(pattern: dict[str, Any], event: Any) -> bool:
    return compile_pattern(pattern).matches(event)


def matching(leaf: list[Any], arrays: list[Any]) -> list[Any]:
    return [array for array in arrays if matches({"a": leaf}, {"a": array})]


def test_any_element_may_match_a_field() -> None:
    assert matching(["x"], [["y", "x"], ["y"], [], [["x"]], [{"x": "x"}]]) == [["y", "x"], [["x"]]]


def test_anything_but_needs_one_element_that_is_something_else() -> None:
    assert matching([{"anything-but": "x"}], [["x", "y"], ["x", "x"], []]) == [["x", "y"]]


def test_one_element_must_match_both_bounds() -> None:
    assert matching([{"numeric": [">", 2, "<", 4]}], [[1, 5], [1, 3]]) == [[1, 3]]


def test_fields_below_an_array_are_matched_by_the_same_element() -> None:
    pattern = {"a": {"x": [1], "y": [2]}}

    assert not matches(pattern, {"a": [{"x": 1, "y": 9}, {"x": 9, "y": 2}]})
    assert matches(pattern, {"a": [{"x": 1, "y": 9}, {"x": 1, "y": 2}]})
    assert matches(pattern, {"a": [[{"x": 1, "y": 2}]]})
    assert not matches(pattern, {"a": [[{"x": 1}], [{"y": 2}]]})


def test_fields_below_an_array_within_an_array_are_matched_by_the_same_element() -> None:
    pattern = {"a": {"b": {"x": [1], "y": [2]}, "z": [3]}}

    assert matches(pattern, {"a": [{"b": [{"x": 0}, {"x": 1, "y": 2}], "z": 3}]})
    assert not matches(pattern, {"a": [{"b": [{"x": 1}, {"y": 2}], "z": 3}]})
    assert not matches(pattern, {"a": [{"b": [{"x": 1, "y": 2}], "z": 0}, {"z": 3}]})


def test_arrays_beside_each_other_are_matched_independently() -> None:
    assert matches({"a": {"x": [1]}, "b": {"x": [1]}}, {"a": [{}, {"x": 1}], "b": [{"x": 1}, {}]})


def test_branches_of_or_are_matched_by_the_same_element_as_their_siblings() -> None:
    pattern = {"a": {"x": [1]}, "$or": [{"a": {"y": [2]}}, {"b": [3]}]}

    assert matches(pattern, {"a": [{"x": 1, "y": 2}]})
    assert not matches(pattern, {"a": [{"x": 1}, {"y": 2}]})
    assert matches(pattern, {"a": [{"x": 1}, {"y": 2}], "b": 3})


@pytest.mark.parametrize("elements", [[{"b": 1}, {"c": 1}], [{"c": 1}, {"b": 1}], [{"b": [1]}]])
def test_a_field_that_one_element_has_is_not_absent(elements: list[Any]) -> None:
    assert not matches({"a": {"b": ABSENT}}, {"a": elements})
    assert not matches({"a": {"b": ABSENT, "c": [1]}}, {"a": elements})


def test_a_field_that_no_element_has_is_absent() -> None:
    value: Any
    for value in ([{"c": 1}], [], [1], [{"b": []}], [{"b": {"c": 1}}], 1, None):
        assert matches({"a": {"b": ABSENT}}, {"a": value})


def test_an_absent_field_is_looked_for_in_the_element_that_earlier_fields_matched() -> None:
    assert matches({"a": {"b": [1], "c": ABSENT}}, {"a": [{"b": 1}, {"c": 1}]})
    assert not matches({"a": {"b": [1], "c": ABSENT}}, {"a": [{"b": 1, "c": 1}]})


def test_a_field_that_may_be_absent_is_matched_by_the_element_that_has_it() -> None:
    pattern = {"a": {"b": [{"exists": False}, 1], "c": [2]}}

    assert matches(pattern, {"a": [{"c": 2}]})
    assert matches(pattern, {"a": [{"b": 1, "c": 2}, {"b": 9}]})
    assert not matches(pattern, {"a": [{"b": 9}, {"c": 2}]})


def test_an_event_may_be_nested_to_any_depth() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = [deep]

    assert matches({"a": ["x"]}, {"a": deep})
    assert matches({"a": {"b": ABSENT}}, {"a": deep})


def test_many_arrays_beside_each_other_do_not_multiply_the_work() -> None:
    names = [f"f{number}" for number in range(40)]
    pattern: dict[str, Any] = {name: {"x": [1], "y": [2]} for name in names} | {"z": ["no"]}

    assert not matches(pattern, {name: [{"x": 1, "y": 2}] * 50 for name in names} | {"z": "yes"})
