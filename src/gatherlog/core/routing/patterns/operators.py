"""The operators of the pattern language: from an item of a leaf's array to its matcher."""

from collections.abc import Callable

from gatherlog.core.routing.patterns.matchers import (
    ABSENT,
    PRESENT,
    Matcher,
    Test,
    equal,
    one_of,
    string,
)
from gatherlog.core.routing.patterns.numbers import is_number
from gatherlog.core.routing.patterns.pattern_json import Place, quoted, refuse
from gatherlog.core.routing.patterns.range_matchers import cidr, numeric
from gatherlog.core.routing.patterns.string_matchers import (
    begins_with,
    ends_with,
    ignore_case,
    prefix,
    suffix,
    wildcard,
)

__all__ = ["OPERATORS", "RESERVED", "read_matcher"]


def read_matcher(item: object, place: Place) -> Matcher:
    """The matcher for an item; InvalidPattern if the item is neither a value nor a matcher."""
    if isinstance(item, list):
        refuse(place, "Match value must be String, number, true, false, or null")
    if not isinstance(item, dict):
        return equal(item)
    if len(item) != 1:
        refuse(place, "Only one key allowed in match expression" if item else "Match type missing")
    ((name, operand),) = item.items()
    if name not in OPERATORS:
        refuse(place, f"Unrecognized match type {quoted(name)}")
    return OPERATORS[name](operand, place.down(name))


def _exactly(operand: object, place: Place) -> Matcher:
    return equal(string(operand, place, "exact match"))


def _exists(operand: object, place: Place) -> Matcher:
    if not isinstance(operand, bool):
        refuse(place, "exists match pattern must be either true or false.")
    return PRESENT if operand else ABSENT


def _anything_but(operand: object, place: Place) -> Matcher:
    if isinstance(operand, dict):
        return _none_of(_negated(operand, place))
    if not isinstance(operand, list):
        operand = [operand]
    _refuse_empty(operand, place)
    if all(isinstance(value, str) for value in operand) or all(map(is_number, operand)):
        return _none_of(one_of(operand))
    refuse(place, "Value of anything-but must be strings only or numbers only")


def _negated(operand: dict[str, object], place: Place) -> Test:
    if len(operand) != 1:
        refuse(
            place, "Only one key allowed in match expression" if operand else "Match type missing"
        )
    ((name, value),) = operand.items()
    if name not in _NEGATABLE:
        refuse(place, f"Unsupported anything-but pattern: {quoted(name)}")
    place = place.down(name)
    if not isinstance(value, list):
        return _NEGATABLE[name]([(value, place)])
    _refuse_empty(value, place)
    return _NEGATABLE[name]([(item, place.down(index)) for index, item in enumerate(value)])


def _refuse_empty(array: list[object], place: Place) -> None:
    if not array:
        refuse(place, "Empty arrays are not allowed")


def _none_of(test: Test) -> Matcher:
    return Matcher(lambda value: not test(value))


_Operands = list[tuple[object, Place]]


def _any_prefix(operands: _Operands) -> Test:
    return begins_with(tuple(_non_empty_string(*one, "prefix match") for one in operands))


def _any_suffix(operands: _Operands) -> Test:
    return ends_with(tuple(_non_empty_string(*one, "suffix match") for one in operands))


def _non_empty_string(operand: object, place: Place, what: str) -> str:
    found = string(operand, place, what)
    if not found:
        refuse(place, f"{what} pattern must not be empty here: no string would be left")
    return found


def _any_case(operands: _Operands) -> Test:
    return _any([ignore_case(*one).test for one in operands])


def _any_wildcard(operands: _Operands) -> Test:
    return _any([wildcard(*one).test for one in operands])


def _any(tests: list[Test]) -> Test:
    return lambda value: any(test(value) for test in tests)


OPERATORS: dict[str, Callable[[object, Place], Matcher]] = {
    "exactly": _exactly,
    "prefix": prefix,
    "suffix": suffix,
    "equals-ignore-case": ignore_case,
    "wildcard": wildcard,
    "numeric": numeric,
    "cidr": cidr,
    "exists": _exists,
    "anything-but": _anything_but,
}
_NEGATABLE: dict[str, Callable[[_Operands], Test]] = {
    "prefix": _any_prefix,
    "suffix": _any_suffix,
    "equals-ignore-case": _any_case,
    "wildcard": _any_wildcard,
}
RESERVED = frozenset(OPERATORS) | {
    *("=", "<", "<=", ">", ">="),
    *("regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
}
"""Names that no field within $or may have: the operators, and names that EventBridge reserves."""
