"""Numbers of any length in patterns and events: they are compared by the value that is written."""

import json
import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatherlog.core.eventstore.exact_json import decode, encode
from gatherlog.core.routing import RuleIndex
from gatherlog.core.routing.patterns import Pattern, compile_pattern

COMPARE = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OF_A_DOUBLE = "0.1000000000000000055511151231257827021181583404541015625"
"""What the double that is written as 0.1 is exactly."""
NUMBERS = (
    st.decimals(-(2**53), 2**53, allow_nan=False).map(str)
    | st.floats(-(2**53), 2**53).map(repr)
    | st.integers(-(10**40), 10**40).map(str)
    | st.sampled_from(["0.1", "0.10000000000000000001", "123.45678901234567890123", OF_A_DOUBLE])
    | st.sampled_from([f"{2**53 + 1}", f"{2**53 + 1}.0", f"{2**53}.5", "1e-400", "-0.0", "0"])
)


def of_text(leaf: str) -> Pattern:
    return compile_pattern(f'{{"n":[{leaf}]}}')


def event_of(number: str) -> Any:
    return decode(f'{{"n":{number}}}')


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(COMPARE)))
@example("123.45678901234567890123", "100", ">")
@example("0.10000000000000000001", "0.1", ">")
@example("0.1", OF_A_DOUBLE, "<")
@example("9007199254740993.0", "9007199254740993", "=")
@example("9007199254740993.0", "9007199254740992", ">")
def test_numbers_are_compared_with_every_digit(value: str, bound: str, sign: str) -> None:
    pattern = of_text(f'{{"numeric":["{sign}",{bound}]}}')

    assert pattern.matches(event_of(value)) == COMPARE[sign](Decimal(value), Decimal(bound))


@given(NUMBERS, NUMBERS)
@example("0.1", OF_A_DOUBLE)
@example("9007199254740993.0", "9007199254740993")
def test_numbers_are_equal_with_every_digit(value: str, wanted: str) -> None:
    event, equal = event_of(value), Decimal(value) == Decimal(wanted)

    assert of_text(wanted).matches(event) == equal
    assert of_text(f"{wanted},true,7777").matches(event) == equal
    assert of_text(f'{{"anything-but":{wanted}}}').matches(event) != equal
    assert RuleIndex({"rule": of_text(wanted)}).match(event) == ["rule"] * equal


@given(NUMBERS)
def test_a_number_is_read_and_written_with_its_value(number: str) -> None:
    written = encode(decode(number)).decode()

    assert Decimal(written) == Decimal(number)


@pytest.mark.parametrize("number", ["1", "1.5", "123.45678901234567890123", "1e23"])
def test_no_number_is_a_text_or_a_boolean(number: str) -> None:
    for event in ('"1"', "true", f'"{number}"', "null"):
        assert not of_text(number).matches(event_of(event))
        assert not of_text(f'{{"numeric":["<=",{number}]}}').matches(event_of(event))


def test_both_bounds_of_a_range_are_exact() -> None:
    pattern = of_text('{"numeric":[">",0.1,"<",0.10000000000000000002]}')

    assert [
        number
        for number in ("0.1", "0.10000000000000000001", "0.10000000000000000002")
        if pattern.matches(event_of(number))
    ] == ["0.10000000000000000001"]


def test_a_pattern_of_python_may_hold_decimals() -> None:
    pattern = compile_pattern({"n": [Decimal("0.10000000000000000001"), {"numeric": [">", 7]}]})

    assert pattern.matches(event_of("0.10000000000000000001"))
    assert not pattern.matches(event_of("0.1"))


def test_events_that_python_decoded_are_compared_by_their_doubles() -> None:
    assert of_text("1e23").matches(json.loads('{"n":1e23}'))
    assert not of_text('{"numeric":[">",0.10000000000000000001]}').matches({"n": float("nan")})
