"""Matchers of ranges: numeric, and cidr for IP addresses."""

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from math import isnan
from typing import NamedTuple

from gatherlog.core.routing.patterns.matchers import Matcher, Test, equal, string
from gatherlog.core.routing.patterns.numbers import Number, as_written, is_number
from gatherlog.core.routing.patterns.pattern_json import Place, quoted, refuse

__all__ = ["cidr", "numeric"]

Compare = Callable[[Number, Number], bool]

_COMPARE: dict[str, Compare] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ADDRESS = re.compile(r"[0-9a-fA-F:.]{2,45}")
_MASK = re.compile(r"[0-9]{1,3}")


class _Bound(NamedTuple):
    sign: str
    value: Number
    test: Test


def numeric(operand: object, place: Place) -> Matcher:
    """One comparison, or a range given as its lower and then its upper bound.

    Comparisons are exact for numbers of any length, see `numbers`.
    """
    if not isinstance(operand, list):
        refuse(place, "Value of numeric must be an array")
    low = _bound(operand, place)
    if len(operand) == 2:
        return equal(low.value) if low.sign == "=" else Matcher(low.test)
    if low.sign not in (">", ">=") or len(operand) > 4:
        refuse(place, "Too many terms in numeric range expression")
    top = _bound(operand[2:], place)
    if top.sign not in ("<", "<="):
        refuse(place, f"Bad numeric range operator: {top.sign}")
    if not _comparison(operator.lt, top.value)(low.value):
        refuse(place, "Bottom must be less than top")
    return Matcher(lambda value: low.test(value) and top.test(value))


def _bound(terms: list[object], place: Place) -> _Bound:
    sign = terms[0] if terms else ""
    if not isinstance(sign, str) or sign not in _COMPARE:
        refuse(place, f"Unrecognized numeric range operator: {quoted(sign)}")
    bound = terms[1] if len(terms) > 1 else None
    if not is_number(bound):
        refuse(place, f"Value of {sign} must be numeric")
    return _Bound(sign, bound, _comparison(_COMPARE[sign], bound))


def _comparison(compare: Compare, bound: Number) -> Test:
    """The test whether a value compares so with the bound."""
    written, is_plain = as_written(bound), not isinstance(bound, Decimal)

    def test(value: object) -> bool:
        if not is_number(value):
            return False
        if is_plain and not isinstance(value, Decimal):
            return compare(value, bound)
        if isinstance(value, float) and isnan(value):
            return False  # which no JSON has, but Python's own decoder gives
        return compare(as_written(value), written)

    return test


def cidr(operand: object, place: Place) -> Matcher:
    network = _network(string(operand, place, "cidr match"), place)

    def test(value: object) -> bool:
        if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
            return False
        try:
            return ip_address(value) in network
        except ValueError:
            return False

    return Matcher(test)


def _network(text: str, place: Place) -> IPv4Network | IPv6Network:
    address, slash, mask = text.partition("/")
    if not slash or "/" in mask:
        refuse(place, "Malformed CIDR, one '/' required")
    if not _MASK.fullmatch(mask):
        refuse(place, "Malformed CIDR, mask bits must be an integer")
    if not _ADDRESS.fullmatch(address):
        refuse(place, f"Malformed CIDR, not an IP address: {quoted(address)}")
    try:
        return ip_network(text, strict=False)
    except ValueError:
        refuse(place, f"Malformed CIDR, no such network: {quoted(text)}")
