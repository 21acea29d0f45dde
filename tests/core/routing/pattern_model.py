"""A second, slow and simple implementation of event patterns, to compare the fast one with.

An event becomes a list of its single values, each with its path and with the number of the element
that it is in, for every array on the way. A pattern becomes its combinations of paths. Then all
assignments of values to paths are tried.
"""

import json
from collections.abc import Iterator
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import Any

Json = Any  # whatever JSON can say, as tests write it
Path = tuple[str, ...]
Elements = dict[int, int]
RESERVED = {"exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr"} | {
    "exists",
    "anything-but",
}


def model_matches(pattern: Json, event: Json) -> bool:
    values = list(single_values(event, (), {}, iter(range(10**9))))
    return any(
        all_match(sorted(fields.items(), key=lambda field: ".".join(field[0])), values, {})
        for fields in combinations(pattern, (), [{}])
    )


def combinations(pattern: Json, path: Path, before: list[Json]) -> list[Json]:
    for name, value in pattern.items():
        if name == "$or" and is_operator(value):
            before = [
                found
                for branch in value
                for found in combinations(branch, path, [dict(fields) for fields in before])
            ]
        elif isinstance(value, dict):
            before = combinations(value, (*path, name), before)
        else:
            before = [{**fields, (*path, name): value} for fields in before]
    return before


def is_operator(value: Json) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 2
        and all(isinstance(item, dict) and not RESERVED & set(item) for item in value)
    )


def single_values(
    value: Json, path: Path, elements: Elements, arrays: Iterator[int]
) -> Iterator[tuple[Path, Json, Elements]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from single_values(inner, (*path, name), elements, arrays)
    elif isinstance(value, list):
        array = next(arrays)
        for index, item in enumerate(flattened(value)):
            within = {**elements, array: index} if isinstance(item, dict) else elements
            yield from single_values(item, path, within, arrays)
    else:
        yield path, value, elements


def flattened(items: list[Json]) -> list[Json]:
    return [
        inner for item in items for inner in (flattened(item) if isinstance(item, list) else [item])
    ]


def all_match(fields: list[Json], values: list[Json], elements: Elements) -> bool:
    if not fields:
        return True
    (path, items), *rest = fields
    here = [
        (value, {**elements, **within})
        for at, value, within in values
        if at == path
        and all(elements.get(array, index) == index for array, index in within.items())
    ]
    if {"exists": False} in items and not here and all_match(rest, values, elements):
        return True
    return any(
        matches(item, value) and all_match(rest, values, within)
        for value, within in here
        for item in items
    )


def matches(item: Json, value: Json) -> bool:
    if not isinstance(item, dict):
        return same(item, value)
    ((name, operand),) = item.items()
    if name == "exists":
        return bool(operand)
    if name == "anything-but":
        return not any(excludes(one, value) for one in excluded(operand))
    if name == "numeric":
        return is_number(value) and all(
            compares(sign, Fraction(value), Fraction(bound))
            for sign, bound in zip(operand[::2], operand[1::2], strict=True)
        )
    return isinstance(value, str) and matches_text(name, operand, value)


def excluded(operand: Json) -> Json:
    if not isinstance(operand, dict):
        return operand if isinstance(operand, list) else [operand]
    ((name, inner),) = operand.items()
    return [{name: one} for one in (inner if isinstance(inner, list) else [inner])]


def excludes(one: Json, value: Json) -> bool:
    return matches(one, value)


def matches_text(name: str, operand: Json, value: str) -> bool:
    if name in ("prefix", "suffix"):
        cuts = range(len(value) + 1)
        parts = [value[:cut] if name == "prefix" else value[cut:] for cut in cuts]
        if isinstance(operand, dict):
            return any(any_case(operand["equals-ignore-case"], part) for part in parts)
        return operand in parts
    if name == "equals-ignore-case":
        return any_case(operand, value)
    if name == "wildcard":
        return globs(operand, value)
    if name == "exactly":
        return bool(value == operand)
    assert name == "cidr"
    try:
        return ip_address(value) in ip_network(operand, strict=False)
    except ValueError:
        return False


def any_case(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    cases = {pattern[0].lower(), pattern[0].upper()}
    return any(
        value.startswith(case) and any_case(pattern[1:], value[len(case) :]) for case in cases
    )


def globs(pattern: str, value: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(globs(pattern[1:], value[cut:]) for cut in range(len(value) + 1))
    if pattern[0] == "\\":
        pattern = pattern[1:]
    return value[:1] == pattern[0] and globs(pattern[1:], value[1:])


def same(one: Json, other: Json) -> bool:
    if is_number(one) and is_number(other):
        return Fraction(one) == Fraction(other)
    return json.dumps(one) == json.dumps(other)


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compares(sign: str, one: Fraction, other: Fraction) -> bool:
    return {
        "=": one == other,
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
    }[sign]
