"""Tests of whole events: a walk through nested objects and arrays to the fields of a pattern."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from gatherlog.core.routing.patterns.matchers import ABSENT, Key, Matcher, Test, one_of

__all__ = ["Field", "Path", "flattened", "make_field", "make_test"]

Path = tuple[str, ...]
MISSING = object()
"""Stands for the value of a field that the event does not have."""


class Field(msgspec.Struct, frozen=True):
    """A leaf of a pattern: a path into the event, and the test of the single values there."""

    path: Path
    test: Test
    optional: bool = False
    """Whether the field also matches if it is absent: if there is no single value at its path."""
    keys: tuple[Key, ...] = ()
    """Keys of which a value that matches has at least one; empty where no such keys are known."""


def make_field(path: Path, matchers: Sequence[Matcher]) -> Field:
    """The field at this path that any of the matchers may match."""
    present = [matcher for matcher in matchers if matcher is not ABSENT]
    optional = len(present) < len(matchers)
    keys = [matcher.key for matcher in present if matcher.key]
    has_keys = not optional and len(keys) == len(present)
    return Field(path, _any_of(present), optional, tuple(dict.fromkeys(keys)) if has_keys else ())


def _any_of(matchers: Sequence[Matcher]) -> Test:
    if len(matchers) == 1:
        return matchers[0].test
    keys = [matcher.key for matcher in matchers]
    values = [key.value for key in keys if key and key.is_equal]
    tests = [matcher.test for matcher in matchers if not matcher.key or not matcher.key.is_equal]
    if values:
        tests.insert(0, one_of(values))
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)


def make_test(fields: Sequence[Field]) -> Test:
    """The test whether a whole event matches all of these fields.

    Fields whose paths lead through the same array must be matched by the same element of it, at
    every level. Fields are tested in the order of their names. A field that must be absent is
    looked for in the element that the fields before it have matched; where there are none before
    it, in all elements.
    """
    return _test_at(0, sorted(fields, key=lambda field: ".".join(field.path)))


def single_values(value: object) -> Iterator[object]:
    """The value itself, or the single values in an array, also in arrays within it."""
    if isinstance(value, list):
        for item in flattened(value):
            if not isinstance(item, dict):
                yield item
    elif value is not MISSING and not isinstance(value, dict):
        yield value


def flattened(items: list[object]) -> Iterator[object]:
    """The items, with arrays among them replaced by their own items.

    Without recursion, since an event may be nested deeper than Python's stack.
    """
    rest = [iter(items)]
    while rest:
        for item in rest[-1]:
            if isinstance(item, list):
                rest.append(iter(item))
                break
            yield item
        else:
            rest.pop()


def _test_at(depth: int, fields: Sequence[Field]) -> Test:
    """The test of the value at the first `depth` names of a path that all these fields share."""
    here = [_leaf(field) for field in fields if len(field.path) == depth]
    below = [field for field in fields if len(field.path) > depth]
    tests = here + ([_object(below, depth)] if below else [])
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _leaf(field: Field) -> Test:
    test, optional = field.test, field.optional

    def leaf(value: object) -> bool:
        if isinstance(value, list):
            return _any_item(value, test, optional)
        if value is MISSING or isinstance(value, dict):
            return optional
        return test(value)

    return leaf


def _any_item(items: list[object], test: Test, optional: bool) -> bool:
    absent = True
    for item in single_values(items):
        if test(item):
            return True
        absent = False
    return absent and optional


def _object(fields: Sequence[Field], depth: int) -> Test:
    """The test of an object, or of an array of objects, by the fields below it."""
    groups: dict[str, list[Field]] = {}
    for field in fields:
        groups.setdefault(field.path[depth], []).append(field)
    children = tuple(
        (name, _only_string(group, depth + 1), _test_at(depth + 1, group))
        for name, group in groups.items()
    )
    optional = all(field.optional for field in fields)

    def test(value: object) -> bool:
        if isinstance(value, dict):
            for name, only, child in children:
                found = value.get(name, MISSING)
                if only is not None and found == only:
                    continue
                if not child(found):
                    return False
            return True
        if isinstance(value, list):
            return any_element([item for item in flattened(value) if isinstance(item, dict)])
        return optional

    any_element = _any_element(fields, depth, test)
    return test


def _only_string(fields: Sequence[Field], depth: int) -> str | None:
    """The string that alone matches here, if there is just one: compared without a call."""
    field = fields[0]
    if len(fields) > 1 or len(field.path) > depth or len(field.keys) != 1:
        return None
    (key,) = field.keys
    return key.value if isinstance(key.value, str) and key.is_equal else None


def _any_element(
    fields: Sequence[Field], depth: int, test: Test
) -> Callable[[list[dict[str, object]]], bool]:
    """The test whether one of the objects in an array matches all the fields.

    `test` is that of one object. Optional fields at the front that no object has are matched by
    being absent from all of them; one object must match the others and have the first of those.
    """
    tests_from: dict[int, Test] = {}

    def any_element(elements: list[dict[str, object]]) -> bool:
        test_element = test
        if fields[0].optional:
            first = _first_present(fields, depth, elements)
            if first == len(fields):
                return True
            if first not in tests_from:
                tests_from[first] = _requiring_first(fields[first:], depth)
            test_element = tests_from[first]
        return any(test_element(element) for element in elements)

    return any_element


def _first_present(fields: Sequence[Field], depth: int, elements: list[dict[str, object]]) -> int:
    """The number of the first field that some element has or that is not optional."""
    for number, field in enumerate(fields):
        if not field.optional or _has_value(elements, field.path[depth:]):
            return number
    return len(fields)


def _requiring_first(fields: Sequence[Field], depth: int) -> Test:
    """The test of one object by these fields, of which it must have the first."""
    first = msgspec.structs.replace(fields[0], optional=False)
    return _object([first, *fields[1:]], depth)


def _has_value(value: object, path: Path) -> bool:
    """Whether there is a single value at this path, in any elements of arrays on the way."""
    if isinstance(value, list):
        return any(_has_value(item, path) for item in flattened(value))
    if not path:
        return value is not MISSING and not isinstance(value, dict)
    return isinstance(value, dict) and _has_value(value.get(path[0], MISSING), path[1:])
