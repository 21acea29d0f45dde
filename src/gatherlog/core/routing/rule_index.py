"""The index of rules: it finds all rules that match an event without testing every rule.

It is a decision tree (a trie) over the fields of events.

- A **condition** says that a field of the event equals a value, begins with a text, has a text
  within, or exists.
- An **edge** leads from a node to a child node and carries one condition. Below a **node** are only
  rules that require the conditions of all edges from the root to that node.
- A **candidate** is one branch of a rule's pattern, stored at a node. It may match the events that
  reach the node; whether it does is decided by testing its whole pattern.

`RuleIndex.match` collects from the event the values of the fields that conditions name, follows
from the root every edge whose condition they meet, and tests the candidates at all nodes that it
reaches. It may reach candidates that do not match, since conditions ignore which element of an
array a value is in, but it reaches every candidate that matches. The cost of an event grows with
the number of candidates that it reaches, not with the number of rules.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.routing.patterns import (
    EQUAL,
    PART,
    PREFIX,
    Branch,
    Field,
    Key,
    Path,
    Pattern,
    flattened,
)
from gatherlog.core.routing.patterns.numbers import nearest_double

__all__ = ["RuleIndex"]

MAX_ENTRIES = 1024
"""How often one rule may be stored in the tree: once per combination of values of its fields.

Fields with more values than that are left out of the conditions, and decided by the test."""
MAX_DEPTH = 16
"""Conditions from the root to a candidate."""


class Condition(NamedTuple):
    """The field at `path` has a value with this key; None: it has any value.

    Numbers are filed, and looked up, as their nearest double.
    """

    path: Path
    key: Key | None


class Candidate(NamedTuple):
    """One branch of the pattern of the rule with this number."""

    rule: int
    branch: Branch


class RuleIndex:
    """Patterns of rules by the rules' names, in the order in which they were added."""

    def __init__(self, rules: Mapping[str, Pattern] | None = None) -> None:
        self._names: dict[int, str] = {}
        self._rules: dict[str, tuple[int, Pattern]] = {}
        self._added = 0
        self._fields = _IndexedField()
        self._root = _Node()
        for name, pattern in (rules or {}).items():
            self.add(name, pattern)

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, name: str) -> bool:
        return name in self._rules

    def add(self, name: str, pattern: Pattern) -> None:
        """Add a rule as the last one. A rule that has this name already is removed first."""
        if name in self._rules:
            self.remove(name)
        self._added += 1
        self._names[self._added] = name
        self._rules[name] = self._added, pattern
        for conditions, candidate in _entries(self._added, pattern):
            remaining = [(self._fields.add(path), key) for path, key in conditions]
            self._root.add(remaining, candidate)

    def remove(self, name: str) -> None:
        """Remove a rule. Raises NotFound if there is none of that name."""
        if name not in self._rules:
            raise NotFound(f"there is no rule {name!r}")
        number, pattern = self._rules.pop(name)
        del self._names[number]
        for conditions, candidate in _entries(number, pattern):
            remaining = [(self._fields.find(path), key) for path, key in conditions]
            self._root.remove(remaining, candidate)
            for path, _ in conditions:
                self._fields.remove(path)

    def numbers(self, names: Iterable[str]) -> frozenset[int]:
        """The numbers by which `match` skips the rules of these names, if they are in the index."""
        return frozenset(self._rules[name][0] for name in names if name in self._rules)

    def match(self, event: object, skipped: frozenset[int] = frozenset()) -> list[str]:
        """Names of all rules whose pattern matches the event, in the order of the rules.

        Rules with the numbers in `skipped` are not tested.
        """
        if not isinstance(event, dict):
            return []
        values: FieldValues = {}
        self._fields.collect(event, values)
        matched: set[int] = set()
        for node in self._root.reached_by(values):
            for _, (rule, branch) in node.candidates:
                if rule in skipped or rule in matched:
                    continue
                if (branch.test or branch.made_test())(event):
                    matched.add(rule)
        return [self._names[number] for number in sorted(matched)]


class _IndexedField:
    """A field that conditions name, or an object on the way to one; the root stands for the event.

    All of them together say which parts of an event have to be looked at.
    """

    __slots__ = ("conditions", "fields", "uses")

    def __init__(self) -> None:
        self.fields: dict[str, _IndexedField] = {}
        """Fields within this one, by name."""
        self.conditions = 0
        """How many conditions name this field."""
        self.uses = 0
        """How many conditions name this field or one within it; at 0 it is removed."""

    def add(self, path: Path) -> "_IndexedField":
        """The field at this path from here, with one more condition."""
        field = self
        for name in path:
            if name not in field.fields:
                field.fields[name] = _IndexedField()
            field = field.fields[name]
            field.uses += 1
        field.conditions += 1
        return field

    def find(self, path: Path) -> "_IndexedField":
        field = self
        for name in path:
            field = field.fields[name]
        return field

    def remove(self, path: Path) -> None:
        """Undo one `add`."""
        field = self
        for name in path:
            inner = field.fields[name]
            inner.uses -= 1
            if not inner.uses:
                del field.fields[name]
            field = inner
        field.conditions -= 1

    def collect(self, value: object, values: "FieldValues") -> None:
        """Add to `values` the single values of all fields with conditions, also from arrays."""
        if isinstance(value, dict):
            for name in self.fields.keys() & value.keys():
                self.fields[name].collect(value[name], values)
        elif isinstance(value, list):
            for item in flattened(value):
                self.collect(item, values)
        elif self.conditions:
            values.setdefault(self, set()).add(
                value if value.__class__ is str else nearest_double(value)
            )


FieldValues = dict[_IndexedField, set[object]]
"""The values that an event has in the fields that conditions name."""

Remaining = list[tuple[_IndexedField, Key | None]]
"""The conditions of a candidate that no edge above a node has tested yet."""


class _Node:
    """A node of the tree, with the candidates at it and the edges to its children.

    A candidate is stored as near to the root as possible. It is moved further down only when a
    second one with conditions left comes to its node, so an index of few rules has few nodes.
    """

    __slots__ = ("candidates", "edges")

    def __init__(self) -> None:
        self.candidates: list[tuple[Remaining, Candidate]] = []
        self.edges: dict[_IndexedField, _Edges] = {}
        """By the field that their conditions are about."""

    def add(self, remaining: Remaining, candidate: Candidate) -> None:
        """Store a candidate here, or further down by its remaining conditions."""
        if remaining and self.edges:
            self._move_down(remaining, candidate)
        elif remaining and (others := [stored for stored in self.candidates if stored[0]]):
            self.candidates = [stored for stored in self.candidates if not stored[0]]
            for one in (*others, (remaining, candidate)):
                self._move_down(*one)
        else:
            self.candidates.append((remaining, candidate))

    def _move_down(self, remaining: Remaining, candidate: Candidate) -> None:
        (field, key), *rest = remaining
        if field not in self.edges:
            self.edges[field] = _Edges()
        self.edges[field].child(key).add(rest, candidate)

    def remove(self, remaining: Remaining, candidate: Candidate) -> bool:
        """Remove a candidate that was added so; True if nothing is left at or below the node."""
        if (remaining, candidate) in self.candidates:
            self.candidates.remove((remaining, candidate))
        else:
            (field, key), *rest = remaining
            edges = self.edges[field]
            if edges.children[key].remove(rest, candidate) and edges.remove(key):
                del self.edges[field]
        return not self.candidates and not self.edges

    def reached_by(self, values: FieldValues) -> Iterator["_Node"]:
        """This node and all nodes below that these values lead to."""
        rest = [self]
        while rest:
            node = rest.pop()
            yield node
            for field in node.edges.keys() & values.keys():
                node.edges[field].follow(values[field], rest)


class _Edges:
    """All edges from one node whose conditions are about the same field."""

    __slots__ = ("children", "part_lengths", "prefix_lengths")

    def __init__(self) -> None:
        self.children: dict[Key | None, _Node] = {}
        self.prefix_lengths: Counter[int] | None = None
        """How many of the keys are prefixes of each length; None where none ever was one."""
        self.part_lengths: Counter[int] | None = None
        """The same of the keys that are parts of values."""

    def child(self, key: Key | None) -> _Node:
        """The node behind the edge with this key, which is made if it is missing."""
        if key not in self.children:
            self.children[key] = _Node()
            if key and key.kind == PREFIX:
                self.prefix_lengths = (self.prefix_lengths or Counter()) + _length(key)
            elif key and key.kind == PART:
                self.part_lengths = (self.part_lengths or Counter()) + _length(key)
        return self.children[key]

    def remove(self, key: Key | None) -> bool:
        """Remove one edge; True if none is left then."""
        del self.children[key]
        if key and key.kind == PREFIX:
            self.prefix_lengths = (self.prefix_lengths or Counter()) - _length(key)
        elif key and key.kind == PART:
            self.part_lengths = (self.part_lengths or Counter()) - _length(key)
        return not self.children

    def follow(self, values: set[object], nodes: list[_Node]) -> None:
        """Add to `nodes` the children that these values of the field lead to."""
        keys: set[tuple[int, object] | None] = {(EQUAL, value) for value in values}
        keys.add(None)
        texts = [value for value in values if isinstance(value, str)]
        if self.prefix_lengths:
            keys |= {(PREFIX, text[:size]) for text in texts for size in self.prefix_lengths}
        if self.part_lengths:
            for text in texts:
                keys |= self._parts_of(text, self.part_lengths)
        # What is in both sets is a key of the children, which mypy cannot see.
        nodes += [self.children[key] for key in keys & self.children.keys()]  # type: ignore[index]

    def _parts_of(self, text: str, lengths: Counter[int]) -> set[tuple[int, object]]:
        """The keys of parts that a text has: by looking at all its parts, or, where it has more of
        them than there are keys, at all keys."""
        if len(text) * len(lengths) > len(self.children):
            parts = [key for key in self.children if key is not None and key.kind == PART]
            return {(PART, key.value) for key in parts if str(key.value) in text}
        places = range(len(text))
        return {(PART, text[at : at + size]) for size in lengths for at in places}


def _length(key: Key) -> Counter[int]:
    return Counter([len(str(key.value))])


def _entries(number: int, pattern: Pattern) -> Iterator[tuple[Sequence[Condition], Candidate]]:
    """The candidates of a rule with their conditions, the same whenever it is asked.

    A branch whose fields have several values each is there once for each combination of them.
    """
    limit = max(1, MAX_ENTRIES // len(pattern.branches))
    for branch in pattern.branches:
        for conditions in product(*_alternatives(branch.fields, limit)):
            yield conditions, Candidate(number, branch)


def _alternatives(fields: Sequence[Field], limit: int) -> list[list[Condition]]:
    """Per field of a branch the conditions of which one is met; at most `limit` combinations.

    Conditions of equality come before those of a prefix or a part: fewer edges are followed.
    """
    chosen: list[Field] = []
    for field in sorted(fields, key=lambda field: len(field.keys)):
        limit //= len(field.keys) or 1
        if field.keys and limit and len(chosen) < MAX_DEPTH:
            chosen.append(field)
    if not chosen:
        needed = sorted(field.path for field in fields if not field.optional)
        return [[Condition(path, None)] for path in needed[:1]]
    chosen.sort(key=lambda field: (not all(key.is_equal for key in field.keys), field.path))
    return [[Condition(field.path, _filed(key)) for key in field.keys] for field in chosen]


def _filed(key: Key) -> Key:
    return key if key.value.__class__ is str else Key(key.kind, nearest_double(key.value))
