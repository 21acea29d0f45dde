"""The fields of a pattern, and the walk through an event that tests them: objects and arrays."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from gatherlog.core.routing.patterns.matcher import ABSENT, Key, Matcher, Test, one_of

__all__ = ["Field", "Path", "flat", "make_test", "read_field"]

Path = tuple[str, ...]
MISSING = object()
"""Stands where an event has nothing."""


class Field(msgspec.Struct, frozen=True):
    """A leaf of a pattern: what may be at a path of the event."""

    path: Path
    test: Test
    optional: bool = False
    """Whether the field may also be absent: where nothing is at its path but objects and empty
    arrays."""
    keys: tuple[Key, ...] = ()
    """The field's value has one of these; none if that cannot be said."""


def read_field(path: Path, matchers: Sequence[Matcher]) -> Field:
    """The field at this path that meets any of the matchers."""
    present = [matcher for matcher in matchers if matcher is not ABSENT]
    optional = len(present) < len(matchers)
    keys = tuple(dict.fromkeys(matcher.key for matcher in present if matcher.key))
    indexed = not optional and all(matcher.key for matcher in present)
    return Field(path, _any_of(present), optional, keys if indexed else ())


def _any_of(matchers: Sequence[Matcher]) -> Test:
    keys = [matcher.key for matcher in matchers]
    values = [key.value for key in keys if key and not key.begins]
    tests = [matcher.test for matcher in matchers if not matcher.key or matcher.key.begins]
    if values:
        tests.insert(0, one_of(values))
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)


def make_test(fields: Sequence[Field]) -> Test:
    """The test of whole events: whether they meet all of these fields.

    All fields that pass through one array must be met by the same element of it, at every level.
    Fields are taken in the order of their names; one that must be absent is looked for in the
    element that the fields before it lead to, and in all elements where there are none before it.
    """
    return _node(sorted(fields, key=lambda field: ".".join(field.path)), 0)


def leaves(value: object) -> Iterator[object]:
    """The single values that are here or in arrays here."""
    if isinstance(value, list):
        for item in flat(value):
            if not isinstance(item, dict):
                yield item
    elif value is not MISSING and not isinstance(value, dict):
        yield value


def flat(items: list[object]) -> Iterator[object]:
    """The items, with those of arrays within. Without recursion: the event may be nested deep."""
    rest = [iter(items)]
    while rest:
        for item in rest[-1]:
            if isinstance(item, list):
                rest.append(iter(item))
                break
            yield item
        else:
            rest.pop()


def _node(fields: Sequence[Field], depth: int) -> Test:
    """The test of what is at the path that these fields share, which has this length."""
    own = [_leaf(field) for field in fields if len(field.path) == depth]
    below = [field for field in fields if len(field.path) > depth]
    tests = own + ([_within(below, depth)] if below else [])
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _only(fields: Sequence[Field], depth: int) -> str | None:
    """The one string that these fields ask for here, if that is all: met without a call."""
    field = fields[0]
    if len(fields) > 1 or len(field.path) > depth or len(field.keys) != 1:
        return None
    ((begins, value),) = field.keys
    return value if isinstance(value, str) and not begins else None


def _leaf(field: Field) -> Test:
    test, optional = field.test, field.optional

    def leaf(value: object) -> bool:
        if isinstance(value, list):
            return _any_leaf(value, test, optional)
        if value is MISSING or isinstance(value, dict):
            return optional
        return test(value)

    return leaf


def _any_leaf(items: list[object], test: Test, optional: bool) -> bool:
    absent = True
    for item in leaves(items):
        if test(item):
            return True
        absent = False
    return absent and optional


def _within(fields: Sequence[Field], depth: int) -> Test:
    """The test of an object, or of an array with objects, by the fields below it."""
    groups: dict[str, list[Field]] = {}
    for field in fields:
        groups.setdefault(field.path[depth], []).append(field)
    children = tuple(
        (name, _only(group, depth + 1), _node(group, depth + 1)) for name, group in groups.items()
    )
    optional = all(field.optional for field in fields)

    def within(value: object) -> bool:
        if isinstance(value, dict):
            for name, only, child in children:
                found = value.get(name, MISSING)
                if only is not None and found == only:
                    continue
                if not child(found):
                    return False
            return True
        if isinstance(value, list):
            return array([item for item in flat(value) if isinstance(item, dict)])
        return optional

    array = _array(fields, depth, within)
    return within


def _array(
    fields: Sequence[Field], depth: int, within: Test
) -> Callable[[list[dict[str, object]]], bool]:
    """The test of the objects in an array: whether one of them meets the fields."""
    made: dict[int, Test] = {}

    def array(elements: list[dict[str, object]]) -> bool:
        test = within
        if fields[0].optional:
            start = _first_present(fields, depth, elements)
            if start == len(fields):
                return True
            if start not in made:
                made[start] = _rest(fields[start:], depth)
            test = made[start]
        return any(test(element) for element in elements)

    return array


def _first_present(fields: Sequence[Field], depth: int, elements: list[dict[str, object]]) -> int:
    """The place of the first field that some element has, or that must be there."""
    for place, field in enumerate(fields):
        if not field.optional or _is_there(elements, field.path[depth:]):
            return place
    return len(fields)


def _rest(fields: Sequence[Field], depth: int) -> Test:
    """The test of one element by these fields, of which it must have the first."""
    first = msgspec.structs.replace(fields[0], optional=False)
    return _within([first, *fields[1:]], depth)


def _is_there(value: object, path: Path) -> bool:
    """Whether a single value is at this path, in any elements of arrays on the way."""
    if isinstance(value, list):
        return any(_is_there(item, path) for item in flat(value))
    if not path:
        return value is not MISSING and not isinstance(value, dict)
    return isinstance(value, dict) and _is_there(value.get(path[0], MISSING), path[1:])
