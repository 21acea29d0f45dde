"""Matchers of ranges: numeric, and cidr for IP addresses."""

import operator
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from gatherlog.core.routing.patterns.matchers import Matcher, Test, equal, is_number, string
from gatherlog.core.routing.patterns.pattern_json import Place, quoted, refuse

__all__ = ["cidr", "numeric"]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
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
    value: float
    test: Test


def numeric(operand: object, place: Place) -> Matcher:
    """One comparison, or a range given as its lower and then its upper bound.

    Comparisons are exact for numbers of any length: Python compares int and float by value.
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
    if low.value >= top.value:
        refuse(place, "Bottom must be less than top")
    return Matcher(lambda value: low.test(value) and top.test(value))


def _bound(terms: list[object], place: Place) -> _Bound:
    sign = terms[0] if terms else ""
    if not isinstance(sign, str) or sign not in _COMPARE:
        refuse(place, f"Unrecognized numeric range operator: {quoted(sign)}")
    bound = terms[1] if len(terms) > 1 else None
    if not isinstance(bound, int | float) or isinstance(bound, bool):
        refuse(place, f"Value of {sign} must be numeric")
    compare = _COMPARE[sign]
    return _Bound(sign, bound, lambda value: is_number(value) and compare(value, bound))


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
