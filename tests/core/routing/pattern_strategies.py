"""Random patterns and events, of few names and few values, so that they often match."""

import re
from random import Random
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c", "a-b", "$or"])
TEXTS = st.sampled_from(
    ["", "a", "A", "ab", "aB", "b", "abab", "*", "\\", "é", "É", "ß", "SS", "İ", "ſ", "K", "k"]
) | st.text("ab*", max_size=6)
NUMBERS = (
    st.integers(-2, 3)
    | st.sampled_from([0.0, -0.0, 0.1, 0.30000000000000004, 1.5, 1e300, 5e-324])
    | st.sampled_from([2**53, 2**53 + 1, float(2**53), 10**30, -(10**30), 1e30])
)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.1.1", "::1", "2001:db8::1", "10.0.0", "10.0.0.01"])
VALUES: st.SearchStrategy[Any] = TEXTS | NUMBERS | ADDRESSES | st.booleans() | st.none()

EVENTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    NAMES,
    st.recursive(
        VALUES,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(NAMES, inner, max_size=3)
            | st.lists(st.dictionaries(NAMES, inner, max_size=3), max_size=3)
        ),
        max_leaves=12,
    ),
    max_size=4,
)

ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=12,
)


def either(operand: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One, or a list of some."""
    return operand | st.lists(operand, min_size=1, max_size=3)


def keyed(name: str, operand: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return operand.map(lambda value: {name: value})


WILDCARDS = st.lists(st.sampled_from(["a", "b", "ab", "\\*", "\\\\", "é", "*"]), max_size=6).map(
    lambda pieces: re.sub(r"\*+", "*", "".join(pieces))
)
BOUNDS = st.tuples(NUMBERS, NUMBERS).filter(lambda both: both[0] < both[1])
RANGES = st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), NUMBERS).map(list) | st.tuples(
    st.sampled_from([">", ">="]), st.sampled_from(["<", "<="]), BOUNDS
).map(lambda drawn: [drawn[0], drawn[2][0], drawn[1], drawn[2][1]])
NETWORKS = st.sampled_from(["10.0.0.0/24", "10.0.0.9/8", "::/0", "2001:db8::/32", "0.0.0.0/0"])
MATCHERS: st.SearchStrategy[Any] = st.one_of(
    keyed("prefix", TEXTS | keyed("equals-ignore-case", TEXTS)),
    keyed("suffix", TEXTS | keyed("equals-ignore-case", TEXTS)),
    keyed("equals-ignore-case", TEXTS),
    keyed("exactly", TEXTS),
    keyed("wildcard", WILDCARDS),
    keyed("numeric", RANGES),
    keyed("cidr", NETWORKS),
    keyed("exists", st.booleans()),
    keyed("anything-but", either(TEXTS) | either(NUMBERS)),
    keyed("anything-but", keyed("prefix", either(TEXTS.filter(bool)))),
    keyed("anything-but", keyed("suffix", either(TEXTS.filter(bool)))),
    keyed("anything-but", keyed("equals-ignore-case", either(TEXTS))),
    keyed("anything-but", keyed("wildcard", either(WILDCARDS))),
)
LEAVES = st.lists(VALUES | MATCHERS, min_size=1, max_size=3)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.dictionaries(NAMES.filter(lambda name: name != "$or"), inner, min_size=1, max_size=3)
    branches = st.lists(plain, min_size=2, max_size=3)
    return plain | st.tuples(plain, branches, st.booleans()).map(
        lambda drawn: {**drawn[0], "$or": drawn[1]} if drawn[2] else {"$or": drawn[1], **drawn[0]}
    )


PATTERNS: st.SearchStrategy[dict[str, Any]] = objects(st.recursive(LEAVES, objects, max_leaves=6))


SOME_VALUES = ["", "a", "ab", "aB", "b", "é", 0, 1, 1.5, True, None, 2**53, "10.0.0.1", "::1"]
SEEDS = st.integers(0, 2**32).map(Random)


def event_for(pattern: dict[str, Any], random: Random) -> dict[str, Any]:
    """An event that the pattern matches, or nearly does."""
    event: dict[str, Any] = {}
    for name, value in pattern.items():
        if random.random() < 0.05:
            continue
        if name == "$or":
            event |= event_for(random.choice(value), random)
        else:
            event[name] = _part_for(value, random)
    return event


def _part_for(pattern: Any, random: Random) -> Any:
    if random.random() < 0.4:
        items = [_one_for(pattern, random) for _ in range(random.randint(0, 3))]
        return [items, _one_for(pattern, random)] if random.random() < 0.1 else items
    return _one_for(pattern, random)


def _one_for(pattern: Any, random: Random) -> Any:
    return (event_for if isinstance(pattern, dict) else _value_for)(pattern, random)


def _value_for(leaf: list[Any], random: Random) -> Any:
    item = random.choice(leaf)
    if random.random() < 0.15:
        return random.choice([*SOME_VALUES, {}, []])
    if not isinstance(item, dict):
        return item
    ((name, operand),) = item.items()
    if isinstance(operand, dict):
        ((_, operand),) = operand.items()
    if isinstance(operand, list) and name == "numeric":
        return operand[1] if random.random() < 0.5 else operand[-1] - 0.5
    if not isinstance(operand, str):
        return random.choice(SOME_VALUES)
    near = random.choice(["", "a", "ab"])
    return {
        "prefix": operand + near,
        "suffix": near + operand,
        "wildcard": operand.replace("*", near).replace("\\", ""),
        "equals-ignore-case": operand.swapcase(),
        "cidr": operand.partition("/")[0],
    }.get(name, operand)
