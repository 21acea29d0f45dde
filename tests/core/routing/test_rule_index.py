"""The index of rules: it gives the answers of all patterns, and tests few of them per event."""

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.routing.patterns import Pattern, compile_pattern
from gatherlog.core.routing.rule_index import RuleIndex
from tests.core.routing.pattern_strategies import ANY_JSON, EVENTS, PATTERNS, SEEDS, event_for

ITEMS = [
    *("a", "ab", "", 1, 1.0, True, None),
    *({"prefix": "a"}, {"prefix": ""}, {"prefix": "ab"}, {"wildcard": "a*b"}),
    *({"wildcard": "*a"}, {"wildcard": "*ab*"}, {"wildcard": "*b*a*"}, {"wildcard": "*"}),
    *({"exists": False}, {"anything-but": "a"}),
]
ALIKE = st.dictionaries(
    st.sampled_from("abc"),
    st.lists(st.sampled_from(ITEMS), min_size=1, max_size=2),
    min_size=1,
    max_size=3,
)
"""Patterns with the same fields, and often with the same values."""
RULES = st.lists(ALIKE, max_size=12) | st.lists(PATTERNS, max_size=3)


def compiled(patterns: list[Any]) -> dict[str, Pattern]:
    return {str(number): compile_pattern(pattern) for number, pattern in enumerate(patterns)}


def one_by_one(rules: dict[str, Pattern], event: Any) -> list[str]:
    return [name for name, pattern in rules.items() if pattern.matches(event)]


@settings(max_examples=200)
@given(RULES, st.lists(EVENTS, max_size=2), SEEDS)
def test_the_index_answers_as_all_patterns_do_one_by_one(
    patterns: list[Any], events: list[Any], random: Random
) -> None:
    rules = compiled(patterns)
    index = RuleIndex(rules)

    events += [event_for(pattern, random) for pattern in patterns for _ in range(3)]
    events += [one | other for one, other in pairwise(events)]
    for event in events:
        assert index.match(event) == one_by_one(rules, event), event


@given(RULES, SEEDS)
def test_rules_can_be_added_and_removed_in_any_order(patterns: list[Any], random: Random) -> None:
    rules = compiled(patterns)
    index = RuleIndex()
    there: dict[str, Pattern] = {}

    for _ in range(30 if rules else 0):
        name = random.choice(list(rules))
        if name in there:
            index.remove(name)
            del there[name]
        else:
            there[name] = rules[name]
            index.add(name, rules[name])
        event = event_for(random.choice(patterns), random)
        assert index.match(event) == one_by_one(there, event), event
        assert (len(index), name in index) == (len(there), name in there)


@given(RULES)
def test_nothing_is_left_of_removed_rules(patterns: list[Any]) -> None:
    rules = RuleIndex(compiled(patterns))

    for name in reversed(list(compiled(patterns))):
        rules.remove(name)

    assert (rules._fields.fields, rules._fields.conditions) == ({}, 0)
    assert (rules._root.edges, rules._root.candidates, rules._names) == ({}, [], {})


@given(RULES, ANY_JSON)
def test_no_event_makes_the_index_raise(patterns: list[Any], event: Any) -> None:
    rules = compiled(patterns)

    assert RuleIndex(rules).match(event) == one_by_one(rules, event)


def test_names_come_in_the_order_in_which_rules_were_added() -> None:
    anything = compile_pattern({"a": [{"exists": True}]})
    exact = compile_pattern({"a": [1]})
    rules = RuleIndex({"z": anything, "b": exact, "y": anything, "a": exact})

    assert rules.match({"a": 1}) == ["z", "b", "y", "a"]


def test_a_new_rule_replaces_the_one_of_its_name() -> None:
    rules = RuleIndex({"a": compile_pattern({"x": [1]}), "b": compile_pattern({"x": [1, 2]})})

    rules.add("a", compile_pattern({"x": [2]}))

    assert (rules.match({"x": 1}), rules.match({"x": 2}), len(rules)) == (["b"], ["b", "a"], 2)


def test_a_missing_rule_cannot_be_removed() -> None:
    with pytest.raises(NotFound, match="there is no rule 'a'"):
        RuleIndex().remove("a")


@pytest.mark.parametrize("size", [1, 50, 5_000], ids=["short", "middling", "long"])
def test_a_text_within_a_value_is_found_wherever_it_is(size: int) -> None:
    texts = ["x", "xy", "of some length", "y" * 9]
    rules = compiled([{"a": [{"wildcard": f"*{text}*"}]} for text in texts])
    index = RuleIndex(rules)

    for text in texts:
        for value in (text, "-" * size + text, text + "-" * size, "-" * size + text[:-1]):
            assert index.match({"a": value}) == one_by_one(rules, {"a": value})


def test_a_rule_that_only_demands_absence_matches_any_other_event() -> None:
    rules = RuleIndex({"a": compile_pattern({"x": [{"exists": False}]})})

    assert (rules.match({}), rules.match({"x": 1}), rules.match({"y": 1})) == (["a"], [], ["a"])


def test_a_rule_is_named_once_however_many_values_lead_to_it() -> None:
    rules = RuleIndex({"a": compile_pattern({"x": [1, 2, {"prefix": "a"}, {"prefix": "ab"}]})})

    assert rules.match({"x": [1, 2, "abc"]}) == ["a"]


MANY = 2_500
KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "one field": lambda number: {"id": [number]},
    "a shared source": lambda number: {"source": ["shop"], "id": [number]},
    "two fields, each shared by fifty": lambda number: {
        "a": [f"a{number // 50}"],
        "b": [f"b{number % 50}"],
    },
    "prefixes": lambda number: {"source": ["shop"], "path": [{"prefix": f"dir/{number:05}/"}]},
    "wildcards with a beginning": lambda number: {"path": [{"wildcard": f"dir/{number:05}/*.p*"}]},
    "wildcards without a beginning": lambda number: {"path": [{"wildcard": f"*/{number:05}/*"}]},
    "another test beside a field": lambda number: {
        "id": [number],
        "path": [{"wildcard": "*.png"}],
        "none": [{"exists": False}],
    },
    "branches": lambda number: {
        "source": ["shop"],
        "$or": [{"id": [number]}, {"path": [{"prefix": f"elsewhere/{number}/"}]}],
    },
    "fields that the event lacks": lambda number: {
        "source": ["shop"],
        f"field{number}": ["x"],
    },
    "elements of an array": lambda number: {"items": {"kind": ["x"], "id": [number]}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_few_of_many_rules_are_tested(kind: str) -> None:
    rules = {str(number): compile_pattern(KINDS[kind](number)) for number in range(MANY)}
    tested = count_tests(rules)
    index = RuleIndex(rules)

    event = {"source": "shop", "id": 7, "a": "a0", "b": "b7", "path": "dir/00007/x.png"}
    found = index.match(event | {"items": [{"kind": "x", "id": 7}, {"kind": "y", "id": 8}]})

    assert found == ([] if kind == "fields that the event lacks" else ["7"])
    assert len(tested) <= 2


def count_tests(rules: dict[str, Pattern]) -> list[str]:
    """Names of the rules, each time that one of their branches is tested from now on."""
    tested: list[str] = []

    def counted(name: str, test: Callable[[object], bool]) -> Callable[[object], bool]:
        def counting(event: object) -> bool:
            tested.append(name)
            return test(event)

        return counting

    for name, pattern in rules.items():
        for branch in pattern.branches:
            branch.test = counted(name, branch.made_test())
    return tested


def test_a_rule_with_thousands_of_values_has_at_most_1024_nodes() -> None:
    values = [{"b": list(range(2_000))}, {"c": list(range(2_000, 3_000))}]
    pattern = compile_pattern({"a": list(range(2_000)), "$or": values})
    rules = RuleIndex({"a": pattern})

    assert rules.match({"a": 1, "b": 1_999}) == rules.match({"a": 1, "c": 2_999}) == ["a"]
    assert rules.match({"a": 2_000, "b": 1}) == []
    assert size_of(rules) <= 1_024


def size_of(rules: RuleIndex) -> int:
    """Nodes of the tree."""
    nodes = [rules._root]
    for node in nodes:
        nodes += [child for edges in node.edges.values() for child in edges.children.values()]
    return len(nodes)
