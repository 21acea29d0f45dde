"""Patterns under Hypothesis: they agree with the plain model, and nothing makes them raise."""

import json
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.routing.patterns import InvalidPattern, compile_pattern
from tests.core.routing.pattern_model import model_matches
from tests.core.routing.pattern_strategies import (
    ANY_JSON,
    EVENTS,
    LEAVES,
    NAMES,
    PATTERNS,
    SEEDS,
    VALUES,
    event_for,
)


@settings(max_examples=200)
@given(PATTERNS, SEEDS)
def test_patterns_agree_with_the_plain_model(pattern: Any, random: Random) -> None:
    compiled = compile_pattern(pattern)

    for event in [event_for(pattern, random) for _ in range(20)]:
        assert compiled.matches(event) == model_matches(pattern, event), event


@given(PATTERNS, st.lists(EVENTS, min_size=1, max_size=3))
def test_patterns_agree_with_the_plain_model_on_any_event(pattern: Any, events: list[Any]) -> None:
    compiled = compile_pattern(pattern)

    for event in events:
        assert compiled.matches(event) == model_matches(pattern, event), event


@settings(max_examples=500)
@given(LEAVES, VALUES | st.lists(VALUES, max_size=3))
def test_every_matcher_agrees_with_the_plain_model(leaf: Any, value: Any) -> None:
    pattern, event = {"a": leaf}, {"a": value}

    assert compile_pattern(pattern).matches(event) == model_matches(pattern, event)


FIELDS = st.dictionaries(
    st.sampled_from("xyz"),
    st.lists(st.sampled_from([1, 2, {"exists": False}, {"exists": True}]), min_size=1, max_size=2),
    min_size=1,
)
ELEMENTS = st.lists(st.dictionaries(st.sampled_from("xyz"), st.integers(1, 2)), max_size=3)


@settings(max_examples=500)
@given(FIELDS, st.lists(ELEMENTS | st.lists(ELEMENTS, max_size=2), max_size=2))
@example({"x": [{"exists": False}], "y": [1]}, [[{"x": 1}, {"y": 1}]])
@example({"x": [1], "y": [{"exists": False}]}, [[{"x": 1}, {"y": 1}]])
def test_arrays_of_objects_agree_with_the_plain_model(fields: Any, elements: Any) -> None:
    event = {"a": [{"b": element, "c": 1} for element in elements]}

    for pattern in ({"a": {"b": fields}}, {"a": {"b": fields, "c": [1]}}):
        assert compile_pattern(pattern).matches(event) == model_matches(pattern, event)


@given(PATTERNS, ANY_JSON)
def test_no_event_makes_a_pattern_raise(pattern: Any, event: Any) -> None:
    compiled = compile_pattern(pattern)

    assert compiled.matches({"a": event}) in (True, False)
    assert compiled.matches(event) in (True, False)


def flaws_of(pattern: Any) -> tuple[Flaw, ...] | None:
    """What a pattern is refused for; None if it is not."""
    try:
        compile_pattern(pattern)
    except InvalidPattern as error:
        return error.flaws
    return None


@settings(max_examples=200)
@given(ANY_JSON | st.dictionaries(NAMES, ANY_JSON) | st.dictionaries(NAMES, st.lists(ANY_JSON)))
def test_any_json_is_a_pattern_or_is_refused_in_words_that_can_be_sent(pattern: Any) -> None:
    for flaws in (flaws_of(pattern), flaws_of(json.dumps(pattern))):
        if flaws is not None:
            assert 1 <= len(flaws) <= 20
            json.dumps([(flaw.pointer, flaw.detail) for flaw in flaws], ensure_ascii=False).encode()


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    assert flaws_of(text) != ()


@given(PATTERNS)
def test_a_pattern_and_its_text_are_the_same(pattern: Any) -> None:
    from_text = compile_pattern(json.dumps(pattern))
    from_dict = compile_pattern(pattern)

    assert [[field.path for field in branch.fields] for branch in from_text.branches] == [
        [field.path for field in branch.fields] for branch in from_dict.branches
    ]
