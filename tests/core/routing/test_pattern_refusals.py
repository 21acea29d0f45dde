"""Patterns that are refused: the place of each flaw, and its message."""

from typing import Any

import pytest

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.routing.patterns import InvalidPattern, compile_pattern


def flaws(pattern: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    return [(flaw.pointer, flaw.detail) for flaw in caught.value.flaws]


@pytest.mark.parametrize(
    ("leaf", "pointer", "detail"),
    [
        ([], "", "Empty arrays are not allowed"),
        ("a", "", '"a" must be an object or an array'),
        (None, "", '"a" must be an object or an array'),
        ({}, "", "Empty objects are not allowed"),
        ([[]], "/0", "Match value must be String, number, true, false, or null"),
        ([1, {}], "/1", "Match type missing"),
        ([{"prefix": "a", "suffix": "b"}], "/0", "Only one key allowed in match expression"),
        ([{"regex": "a"}], "/0", "Unrecognized match type regex"),
        ([{"prefix": 1}], "/0/prefix", "prefix match pattern must be a string"),
        ([{"prefix": {"suffix": "a"}}], "/0/prefix", "Unsupported prefix pattern: suffix"),
        (
            [{"suffix": {"equals-ignore-case": 1}}],
            "/0/suffix/equals-ignore-case",
            "equals-ignore-case match pattern must be a string",
        ),
        (
            [{"equals-ignore-case": ["a"]}],
            "/0/equals-ignore-case",
            "equals-ignore-case match pattern must be a string",
        ),
        ([{"exactly": 1}], "/0/exactly", "exact match pattern must be a string"),
        ([{"wildcard": 1}], "/0/wildcard", "wildcard match pattern must be a string"),
        ([{"wildcard": "a**"}], "/0/wildcard", "Consecutive wildcard characters at pos 1"),
        ([{"wildcard": "a\\b"}], "/0/wildcard", "Invalid escape character at pos 1"),
        ([{"wildcard": "a\\"}], "/0/wildcard", "Invalid escape character at pos 1"),
        ([{"exists": "true"}], "/0/exists", "exists match pattern must be either true or false."),
        ([{"cidr": "10.0.0.0"}], "/0/cidr", "Malformed CIDR, one '/' required"),
        ([{"cidr": "10.0.0.0/a"}], "/0/cidr", "Malformed CIDR, mask bits must be an integer"),
        ([{"cidr": "10.0.0.0/33"}], "/0/cidr", "Malformed CIDR, no such network: 10.0.0.0/33"),
        ([{"cidr": "::1%1/64"}], "/0/cidr", "Malformed CIDR, not an IP address: ::1%1"),
        ([{"cidr": 1}], "/0/cidr", "cidr match pattern must be a string"),
    ],
)
def test_a_flaw_of_a_leaf_is_reported_with_its_place(leaf: Any, pointer: str, detail: str) -> None:
    assert flaws({"a": leaf}) == [("/a" + pointer, detail)]


@pytest.mark.parametrize(
    ("operand", "detail"),
    [
        (1, "Value of numeric must be an array"),
        ([], "Unrecognized numeric range operator: "),
        ([1, 2], "Unrecognized numeric range operator: 1"),
        (["!=", 2], "Unrecognized numeric range operator: !="),
        ([">"], "Value of > must be numeric"),
        ([">", "1"], "Value of > must be numeric"),
        ([">", True], "Value of > must be numeric"),
        ([">", 1, "<", None], "Value of < must be numeric"),
        ([">", 1, ">", 2], "Bad numeric range operator: >"),
        (["<", 1, ">", 0], "Too many terms in numeric range expression"),
        (["=", 1, 2], "Too many terms in numeric range expression"),
        ([">", 1, "<", 2, 3], "Too many terms in numeric range expression"),
        ([">=", 1, "<=", 1], "Bottom must be less than top"),
    ],
)
def test_a_numeric_matcher_is_a_comparison_or_a_range(operand: Any, detail: str) -> None:
    assert flaws({"a": [{"numeric": operand}]}) == [("/a/0/numeric", detail)]


@pytest.mark.parametrize(
    ("operand", "pointer", "detail"),
    [
        ([], "", "Empty arrays are not allowed"),
        (["a", 1], "", "Value of anything-but must be strings only or numbers only"),
        (None, "", "Value of anything-but must be strings only or numbers only"),
        ([True], "", "Value of anything-but must be strings only or numbers only"),
        ({}, "", "Match type missing"),
        ({"prefix": "a", "suffix": "b"}, "", "Only one key allowed in match expression"),
        ({"numeric": ["=", 1]}, "", "Unsupported anything-but pattern: numeric"),
        ({"prefix": []}, "/prefix", "Empty arrays are not allowed"),
        ({"prefix": ["a", 1]}, "/prefix/1", "prefix match pattern must be a string"),
        ({"wildcard": ["a", "**"]}, "/wildcard/1", "Consecutive wildcard characters at pos 0"),
        (
            {"suffix": ""},
            "/suffix",
            "suffix match pattern must not be empty here: no string would be left",
        ),
    ],
)
def test_anything_but_has_operands_of_one_type(operand: Any, pointer: str, detail: str) -> None:
    assert flaws({"a": [{"anything-but": operand}]}) == [("/a/0/anything-but" + pointer, detail)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ({"$or": [{"a": [1]}]}, ("/$or", "$or takes an array of 2 or more objects")),
        ({"$or": [{"a": [1]}, 1]}, ("/$or", "$or takes an array of 2 or more objects")),
        ({"$or": [{"a": [1]}, {}]}, ("/$or/1", "Empty objects are not allowed")),
        ({"$or": [{"a": [1]}, {"b": 1}]}, ("/$or/1/b", '"b" must be an object or an array')),
        (
            {"$or": [{"a": [1]}, {"b": {"prefix": ["c"]}}]},
            ("/$or/1/b/prefix", '"prefix" cannot be the name of a field inside $or'),
        ),
    ],
)
def test_or_takes_objects(pattern: Any, found: tuple[str, str]) -> None:
    assert flaws(pattern) == [found]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "This is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ('{"a": [NaN]}', "This is not JSON: NaN is not a JSON number"),
        ('{"a": [-Infinity]}', "This is not JSON: -Infinity is not a JSON number"),
        ("[1]", "A pattern must be an object"),
        ("null", "A pattern must be an object"),
        ("{}", "Empty objects are not allowed"),
        ("[" * 60_000, "A pattern may be nested 64 levels deep"),
        (" " * 65_537, "A pattern may have 65,536 characters, not 65,537"),
    ],
)
def test_a_text_that_is_not_a_pattern_is_refused(text: str, detail: str) -> None:
    assert flaws(text) == [("", detail)]


def test_a_repeated_name_is_reported_with_its_place() -> None:
    assert flaws('{"a": {"b": [1], "c": [1], "b": [2]}}') == [("/a", '"b" is there twice')]
    assert flaws('{"a": [{"prefix": "a", "prefix": "b"}]}') == [("/a/0", '"prefix" is there twice')]


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (float("nan"), "The number is out of range"),
        (float("inf"), "The number is out of range"),
        ("\ud800", "The string is not valid Unicode"),
        (b"a", "bytes is not a JSON type"),
        ((1,), "tuple is not a JSON type"),
    ],
)
def test_a_dict_holds_only_values_of_json(value: Any, detail: str) -> None:
    assert flaws({"a": [value]}) == [("/a/0", detail)]


def test_the_names_of_a_dict_are_strings_of_unicode() -> None:
    assert flaws({"a": {1: [2]}}) == [("/a", "The names of an object must be strings")]
    assert flaws({"a": {"\udfff": [2]}}) == [("/a", "A name is not valid Unicode")]
    assert flaws('{"a": ["\\ud800"]}') == [("/a/0", "The string is not valid Unicode")]


def test_numbers_beyond_all_range_are_refused() -> None:
    assert flaws('{"a": [1e999]}') == [("/a/0", "The number is out of range")]
    assert [place for place, _ in flaws('{"a": [' + "9" * 5000 + "]}")] == [""]


def test_all_flaws_are_reported_up_to_twenty() -> None:
    assert flaws({"a~/b": [], "c": {"d": [{"prefix": 1}]}}) == [
        ("/a~0~1b", "Empty arrays are not allowed"),
        ("/c/d/0/prefix", "prefix match pattern must be a string"),
    ]
    assert len(flaws({str(number): [] for number in range(100)})) == 20
    assert len(flaws({"a": [[] for _ in range(100)]})) == 20


def test_messages_quote_the_pattern_briefly() -> None:
    ((_, detail),) = flaws({"a": [{"x" * 1000: 1}]})

    assert detail == f"Unrecognized match type {'x' * 59}…"


def test_an_invalid_pattern_is_invalid_input() -> None:
    assert (issubclass(InvalidPattern, Invalid), InvalidPattern.code) == (True, "invalid")


def nested(depth: int) -> dict[str, Any]:
    pattern: Any = [1]
    for _ in range(depth):
        pattern = {"a": pattern}
    return dict(pattern)


def test_a_pattern_may_be_nested_64_levels_deep() -> None:
    event: Any = 1
    for _ in range(63):
        event = [{"a": event}]

    assert compile_pattern(nested(63)).matches(event[0])
    assert [detail for _, detail in flaws(nested(64))] == ["A pattern may be nested 64 levels deep"]
    endless: dict[str, Any] = {}
    endless["a"] = endless
    assert [detail for _, detail in flaws(endless)] == ["A pattern may be nested 64 levels deep"]


def test_a_dict_is_limited_in_size_like_a_text() -> None:
    wide = {f"{number:05}": ["0123456789"] for number in range(4_000)}

    assert flaws(wide) == [("", "A pattern may have 65,536 characters")]


def alternatives(count: int, of: int, wide: int = 1) -> dict[str, Any]:
    """A pattern with `count` fields of `$or`, each of `of` branches with `wide` fields."""
    branches = [
        [{f"{one}-{two}-{field}": [1] for field in range(wide)} for two in range(of)]
        for one in range(count)
    ]
    return {f"f{one}": {"$or": branches[one]} for one in range(count)}


def test_or_may_make_a_thousand_combinations() -> None:
    assert len(compile_pattern(alternatives(3, 10)).branches) == 1000
    assert flaws(alternatives(3, 11)) == [("/f2/$or", "$or may make 1,000 combinations")]
    assert flaws(alternatives(20, 10)) == [("/f3/$or", "$or may make 1,000 combinations")]


def test_the_number_of_fields_is_limited() -> None:
    wide = {str(number): [1] for number in range(257)}

    assert flaws(wide) == [("", "A pattern may have 256 fields")]
    assert flaws(alternatives(3, 9, 9)) == [
        ("/f2/$or", "$or may make combinations of 10,000 fields in all")
    ]
