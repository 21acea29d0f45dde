"""Each operator of the pattern language: which values match it, and which do not."""

import time
from typing import Any

import pytest

from gatherlog.core.routing.patterns import compile_pattern

MISSING = object()


def matches(leaf: list[Any], value: Any) -> bool:
    event = {} if value is MISSING else {"field": value}
    return compile_pattern({"field": leaf}).matches(event)


def matching(leaf: list[Any], values: list[Any]) -> list[Any]:
    return [value for value in values if matches(leaf, value)]


OF_ALL_TYPES = ["a", "", 1, True, False, None, [], {}, {"a": "a"}]


@pytest.mark.parametrize("value", ["a", "", 1, True, False, None])
def test_a_value_matches_equal_values_of_its_type(value: Any) -> None:
    assert [str(found) for found in matching([value], OF_ALL_TYPES)] == [str(value)]


def test_strings_are_compared_character_by_character() -> None:
    assert matching(["Zoë"], ["Zoë", "zoë", "Zoë ", "Zoe\u0308", "Zo"]) == ["Zoë"]


def test_numbers_are_equal_by_value() -> None:
    assert matching([300.0], [300, 3.0e2, 301]) == [300, 3.0e2]
    assert matching([0], [-0.0, 0, ""]) == [-0.0, 0]
    assert not matches([0.3], 0.1 + 0.2)
    assert matching([2**53 + 1], [2**53, 2**53 + 1, float(2**53)]) == [2**53 + 1]
    assert matching([1], [1, 1.0, True, "1"]) == [1, 1.0]


def test_null_is_present_and_not_empty() -> None:
    assert matching([None], [None, "", MISSING, "null", [], {}]) == [None]
    assert matching([""], [None, "", MISSING]) == [""]


def test_one_of_several_is_enough() -> None:
    assert matching(["Credit", {"prefix": "De"}, None], ["Credit", "Debit", None, "Cash"]) == [
        "Credit",
        "Debit",
        None,
    ]


def test_all_fields_must_match_and_others_do_not_matter() -> None:
    pattern = compile_pattern({"a": ["x"], "b": {"c": [1]}})

    assert pattern.matches({"a": "x", "b": {"c": 1, "d": 2}, "e": 3})
    assert not pattern.matches({"a": "x", "b": {"c": 2}})
    assert not pattern.matches({"a": "x", "b": 1})
    assert not pattern.matches({"a": "x"})


@pytest.mark.parametrize(
    ("matcher", "match", "differ"),
    [
        ({"prefix": "us-"}, ["us-", "us-east"], ["US-east", "eu-us-", "u", 1, None, MISSING]),
        ({"prefix": ""}, ["", "a"], [1, None, MISSING, {}]),
        ({"prefix": {"equals-ignore-case": "EventB"}}, ["eventbridge", "EVENTB"], ["event", 1]),
        ({"suffix": ".png"}, [".png", "a.png"], [".PNG", "png", 1, None, MISSING]),
        ({"suffix": {"equals-ignore-case": ".pnG"}}, ["a.PNG", ".png"], ["png", "a.png2"]),
        ({"suffix": {"equals-ignore-case": ""}}, ["", "a"], [1]),
        ({"equals-ignore-case": "aLICE"}, ["alice", "ALICE"], ["alic", "alices", "", 1]),
        ({"exactly": "a"}, ["a"], ["A", "aa", 1]),
        ({"numeric": ["=", 100]}, [100, 1e2], [100.5, "100", True, None, MISSING]),
        ({"numeric": ["<", 1.5]}, [1, -5], [1.5, 2, "1", False]),
        ({"numeric": ["<=", 1.5]}, [1.5], [1.6]),
        ({"numeric": [">", 0, "<=", 5]}, [0.1, 5], [0, 5.1]),
        ({"numeric": [">=", 0, "<", 5]}, [0, 4.9], [-1, 5, True]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "10.0.0", "x", 1]),
        ({"cidr": "10.0.0.77/24"}, ["10.0.0.1"], ["10.0.1.0"]),
        ({"cidr": "10.0.0.1/32"}, ["10.0.0.1"], ["10.0.0.2"]),
        ({"cidr": "2001:db8::/32"}, ["2001:db8::1", "2001:DB8:0:0::1"], ["2001:db9::1", "::"]),
        ({"cidr": "0.0.0.0/0"}, ["1.2.3.4"], ["::1", "1.2.3.4%1", "١.2.3.4"]),
        ({"cidr": "::/0"}, ["fe80::1"], ["fe80::1%eth0", "1.2.3.4"]),
    ],
)
def test_the_values_that_match_an_operator(
    matcher: dict[str, Any], match: list[Any], differ: list[Any]
) -> None:
    assert matching([matcher], [*match, *differ]) == match


@pytest.mark.parametrize(
    ("wildcard", "match", "differ"),
    [
        ("dir/*.png", ["dir/.png", "dir/a/b.png", "dir/\n.png"], ["dir/a.PNG", "dir.png"]),
        ("*", ["", "a"], [1, None]),
        ("", [""], ["a"]),
        ("a*a", ["aa", "aba"], ["a", "ab"]),
        ("*b*", ["b", "abc"], ["a"]),
        ("*a*b*c*", ["abc", "xaxbxcx"], ["acb", "bac", "ab"]),
        ("a*bc*bc", ["abcbc", "abcxbcbc"], ["abc", "abcb"]),
        (r"\*\\", ["*\\"], ["a\\", "**"]),
        ("a?c", ["a?c"], ["abc"]),
    ],
)
def test_the_values_that_match_a_wildcard(
    wildcard: str, match: list[Any], differ: list[Any]
) -> None:
    assert matching([{"wildcard": wildcard}], [*match, *differ]) == match


def test_case_of_other_scripts() -> None:
    assert matching([{"equals-ignore-case": "ÉTÉ"}], ["été", "Été", "ete"]) == ["été", "Été"]
    assert matches([{"prefix": {"equals-ignore-case": "straße"}}], "STRASSE 1")
    assert matches([{"suffix": {"equals-ignore-case": "straße"}}], "HAUPTSTRASSE")
    assert not matches([{"suffix": {"equals-ignore-case": "straße"}}], "TRASSE")
    assert not matches([{"equals-ignore-case": "straße"}], "STRASSEN")
    assert not matches([{"equals-ignore-case": "k"}], "\N{KELVIN SIGN}")


@pytest.mark.parametrize(
    ("anything_but", "differ"),
    [
        ("a", ["a"]),
        (["a", ""], ["a", ""]),
        (1, [1]),
        ([1, 2], [1, 2]),
        ({"prefix": "a"}, ["a", "ab"]),
        ({"prefix": ["a", "b"]}, ["a", "ab", "b"]),
        ({"suffix": "b"}, ["ab", "b"]),
        ({"suffix": ["b", "a"]}, ["a", "ab", "b"]),
        ({"equals-ignore-case": "A"}, ["a"]),
        ({"equals-ignore-case": ["A", "aB"]}, ["a", "ab"]),
        ({"wildcard": "*b"}, ["ab", "b"]),
        ({"wildcard": ["a*", "b"]}, ["a", "ab", "b"]),
    ],
)
def test_anything_but_matches_every_other_value_that_is_there(
    anything_but: Any, differ: list[Any]
) -> None:
    values = ["a", "ab", "b", "", 1, 2, True, None]
    left = [value for value in values if not matches([{"anything-but": anything_but}], value)]

    assert left == differ
    assert matching([{"anything-but": anything_but}], [MISSING, [], {}, {"a": "z"}]) == []


def test_exists_means_a_single_value() -> None:
    nothing = [MISSING, [], {}, {"a": 1}, [{}], [[]], [{"a": 1}]]
    something = ["", None, False, 0, ["a"], [{}, 1], [[None]]]

    assert matching([{"exists": True}], nothing + something) == something
    assert matching([{"exists": False}], nothing + something) == nothing


def test_absent_or_of_some_value() -> None:
    assert matching([{"exists": False}, None], [MISSING, None, 1, []]) == [MISSING, None, []]


def test_one_branch_of_or_is_enough_beside_the_other_fields() -> None:
    pattern = compile_pattern({"kind": ["x"], "$or": [{"a": [1]}, {"b": {"c": [2]}, "d": [3]}]})

    assert pattern.matches({"kind": "x", "a": 1})
    assert pattern.matches({"kind": "x", "a": 2, "b": {"c": 2}, "d": 3})
    assert not pattern.matches({"kind": "x", "b": {"c": 2}})
    assert not pattern.matches({"a": 1})


def test_or_within_or_and_within_a_field() -> None:
    inner = {"$or": [{"a": [1]}, {"b": [2]}]}
    pattern = compile_pattern({"detail": {"$or": [inner, {"c": [3]}]}})

    details: list[dict[str, Any]] = [{"a": 1}, {"b": 2}, {"c": 3}, {"c": 1}]
    assert [pattern.matches({"detail": detail}) for detail in details] == [True, True, True, False]
    assert not pattern.matches({"a": 1})


@pytest.mark.parametrize("value", [["x"], [{"prefix": "x"}, {"suffix": "y"}], [1, 2]])
def test_or_that_cannot_be_an_operator_is_the_name_of_a_field(value: list[Any]) -> None:
    pattern = compile_pattern({"$or": value})

    assert pattern.matches({"$or": ["x", 1]})
    assert not pattern.matches({"$or": "z"})


def test_the_later_of_two_mentions_of_a_field_counts() -> None:
    later = compile_pattern({"a": [1], "$or": [{"a": [2]}, {"b": [3]}]})
    earlier = compile_pattern({"$or": [{"a": [2]}, {"b": [3]}], "a": [1]})

    assert [later.matches(event) for event in ({"a": 2}, {"a": 1, "b": 3}, {"a": 1})] == [
        True,
        True,
        False,
    ]
    assert [earlier.matches(event) for event in ({"a": 2}, {"a": 1})] == [False, True]


@pytest.mark.parametrize("event", [None, 1, "a", [], [{"field": "a"}]])
def test_only_an_object_is_an_event(event: Any) -> None:
    assert not compile_pattern({"field": [{"exists": False}, "a"]}).matches(event)


def test_a_wildcard_takes_no_time_to_fail() -> None:
    patterns = ["*a" * 200 + "*b", "a*" * 200 + "b", "*ab" * 200, "*" + "a" * 500 + "b*"]
    begun = time.process_time()

    assert not any(matches([{"wildcard": pattern}], "a" * 100_000) for pattern in patterns)
    assert not matches([{"suffix": {"equals-ignore-case": "é" * 500 + "b"}}], "é" * 100_000)
    assert time.process_time() - begun < 5
