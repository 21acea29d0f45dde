"""Matching one event against all rules at once, at a cost that does not grow with their number.

The branches of all rules stand in a tree. Each step down it is a field that the branch asks for,
and what the field's value equals or begins with. An event takes every step that fits, and only what
it comes to is tested. Steps may lead too far, since arrays are not heeded there, but never past a
rule that takes the event.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.routing.patterns import Field, Key, Path, Pattern, Test, flat

__all__ = ["RuleIndex"]

MAX_PLACES = 1024
"""Ends in the tree that one rule may have. Fields with more values are left to the test."""
MAX_STEPS = 16
"""Fields of a branch that are in the tree."""


class Step(NamedTuple):
    """Asks for a value at a path with this key; without one, for any value."""

    path: Path
    key: Key | None


class Candidate(NamedTuple):
    """The test of a branch of the rule with this number."""

    rule: int
    test: Test


class RuleIndex:
    """Rules by name, in the order in which they were added."""

    def __init__(self, rules: Mapping[str, Pattern] | None = None) -> None:
        self._names: dict[int, str] = {}
        self._rules: dict[str, tuple[int, Pattern]] = {}
        self._added = 0
        self._spots = _Spot()
        self._root = _State()
        for name, pattern in (rules or {}).items():
            self.add(name, pattern)

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, name: str) -> bool:
        return name in self._rules

    def add(self, name: str, pattern: Pattern) -> None:
        """Add a rule as the last one; a rule of that name gives way to it."""
        if name in self._rules:
            self.remove(name)
        self._added += 1
        self._names[self._added] = name
        self._rules[name] = self._added, pattern
        for steps, candidate in _places(self._added, pattern):
            self._root.add([(self._spots.ask(path), key) for path, key in steps], candidate)

    def remove(self, name: str) -> None:
        """Take a rule out. Raises NotFound if there is none of that name."""
        if name not in self._rules:
            raise NotFound(f"there is no rule {name!r}")
        number, pattern = self._rules.pop(name)
        del self._names[number]
        for steps, candidate in _places(number, pattern):
            self._root.drop([(self._spots.find(path), key) for path, key in steps], candidate)
            for path, _ in steps:
                self._spots.let_go(path)

    def match(self, event: object) -> list[str]:
        """Names of all rules whose pattern takes the event, in the order of the rules."""
        if not isinstance(event, dict):
            return []
        found: Found = {}
        self._spots.collect(event, found)
        taken: set[int] = set()
        for rule, test in self._root.reached(found):
            if rule not in taken and test(event):
                taken.add(rule)
        return [self._names[number] for number in sorted(taken)]


class _Spot:
    """A place in events, by its path: which places rules ask about, so that no other is read."""

    __slots__ = ("asked", "below", "uses")

    def __init__(self) -> None:
        self.below: dict[str, _Spot] = {}
        self.asked = 0
        """Steps that ask for a value here."""
        self.uses = 0
        """Steps that ask for a value here or below."""

    def ask(self, path: Path) -> "_Spot":
        """The place at this path from here, which is asked about once more."""
        spot = self
        for name in path:
            spot = spot.below.setdefault(name, _Spot())
            spot.uses += 1
        spot.asked += 1
        return spot

    def find(self, path: Path) -> "_Spot":
        spot = self
        for name in path:
            spot = spot.below[name]
        return spot

    def let_go(self, path: Path) -> None:
        """Undo one `ask`."""
        spot = self
        for name in path:
            inner = spot.below[name]
            inner.uses -= 1
            if not inner.uses:
                del spot.below[name]
            spot = inner
        spot.asked -= 1

    def collect(self, value: object, found: "Found") -> None:
        """Note every single value that is asked about, through all arrays."""
        if isinstance(value, dict):
            for name in self.below.keys() & value.keys():
                self.below[name].collect(value[name], found)
        elif isinstance(value, list):
            for item in flat(value):
                self.collect(item, found)
        elif self.asked:
            found.setdefault(self, set()).add(value)


Found = dict[_Spot, set[object]]


Steps = list[tuple[_Spot, Key | None]]


class _State:
    """A place in the tree: who waits here, and the steps that lead on.

    A candidate goes no further than it must: where it is the only one that might go on, it waits.
    """

    __slots__ = ("turns", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[Steps, Candidate]] = []
        """With the steps that each might still take."""
        self.turns: dict[_Spot, _Turn] = {}

    def add(self, steps: Steps, candidate: Candidate) -> None:
        """Add a candidate that may be sent along these steps from here."""
        if steps and self.turns:
            self._send(steps, candidate)
        elif steps and (others := [waiting for waiting in self.waiting if waiting[0]]):
            self.waiting = [waiting for waiting in self.waiting if not waiting[0]]
            for one in (*others, (steps, candidate)):
                self._send(*one)
        else:
            self.waiting.append((steps, candidate))

    def _send(self, steps: Steps, candidate: Candidate) -> None:
        (spot, key), *rest = steps
        self.turns.setdefault(spot, _Turn()).make(key).add(rest, candidate)

    def drop(self, steps: Steps, candidate: Candidate) -> bool:
        """Take a candidate out that was added so; whether nothing is left here then."""
        if (steps, candidate) in self.waiting:
            self.waiting.remove((steps, candidate))
        else:
            (spot, key), *rest = steps
            turn = self.turns[spot]
            if turn.ways[key].drop(rest, candidate) and turn.close(key):
                del self.turns[spot]
        return not self.waiting and not self.turns

    def reached(self, found: Found) -> Iterator[Candidate]:
        """The candidates at all places that lead from here along these values."""
        rest = [self]
        while rest:
            state = rest.pop()
            for _, candidate in state.waiting:
                yield candidate
            for spot in state.turns.keys() & found.keys():
                state.turns[spot].follow(found[spot], rest)


class _Turn:
    """The ways on from a place in the tree, by the value of one field."""

    __slots__ = ("lengths", "ways")

    def __init__(self) -> None:
        self.ways: dict[Key | None, _State] = {}
        self.lengths: Counter[int] | None = None
        """Of the prefixes among the keys; most turns have none."""

    def make(self, key: Key | None) -> _State:
        if key not in self.ways:
            self.ways[key] = _State()
            if key and key.begins:
                self.lengths = (self.lengths or Counter()) + _length(key)
        return self.ways[key]

    def close(self, key: Key | None) -> bool:
        """Close one way; whether none is left then."""
        del self.ways[key]
        if key and key.begins:
            self.lengths = (self.lengths or Counter()) - _length(key)
        return not self.ways

    def follow(self, values: set[object], states: list[_State]) -> None:
        """Add where these values of the field lead."""
        keys: set[tuple[bool, object] | None] = {(False, value) for value in values}
        keys.add(None)
        if self.lengths:
            texts = [value for value in values if isinstance(value, str)]
            keys |= {(True, text[:size]) for text in texts for size in self.lengths}
        states += [self.ways[key] for key in keys & self.ways.keys()]  # type: ignore[index]


def _length(prefix: Key) -> Counter[int]:
    return Counter([len(str(prefix.value))])


def _places(number: int, pattern: Pattern) -> Iterator[tuple[Sequence[Step], Candidate]]:
    """Where in the tree the branches of a rule stand: always the same."""
    most = max(1, MAX_PLACES // len(pattern.branches))
    for branch in pattern.branches:
        for steps in product(*_asked(branch.fields, most)):
            yield steps, Candidate(number, branch.test)


def _asked(fields: Sequence[Field], most: int) -> list[list[Step]]:
    """The steps to a branch, with the choices at each: at most so many ways through them in all.

    Equal values come first, since an event has few of those that rules ask for.
    """
    chosen: list[Field] = []
    for field in sorted(fields, key=lambda field: len(field.keys)):
        most //= len(field.keys) or 1
        if field.keys and most and len(chosen) < MAX_STEPS:
            chosen.append(field)
    if not chosen:
        needed = sorted(field.path for field in fields if not field.optional)
        return [[Step(path, None)] for path in needed[:1]]
    chosen.sort(key=lambda field: (any(key.begins for key in field.keys), field.path))
    return [[Step(field.path, key) for key in field.keys] for field in chosen]
