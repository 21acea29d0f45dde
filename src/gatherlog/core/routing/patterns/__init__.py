"""Event patterns, as EventBridge has them: which events a rule takes.

A pattern is an object with the nesting of the events it takes; its leaves are arrays of values and
of matchers. `docs/reference/event-patterns.md` tells the language.
"""

from collections.abc import Sequence
from typing import Any  # the values of a dict that callers may have typed as they like

from gatherlog.core.routing.patterns.matcher import Key, Test
from gatherlog.core.routing.patterns.nesting import Field, Path, flat, make_test
from gatherlog.core.routing.patterns.parsing import read_branches
from gatherlog.core.routing.patterns.reading import InvalidPattern, read_json

__all__ = [
    "Branch",
    "Field",
    "InvalidPattern",
    "Key",
    "Path",
    "Pattern",
    "Test",
    "compile_pattern",
    "flat",
]


class Branch:
    """Fields that must all be met. A pattern with `$or` is several of them, one of which must."""

    __slots__ = ("fields", "test")

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = fields
        self.test = make_test(fields)


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_tests", "branches")

    def __init__(self, branches: Sequence[Branch]) -> None:
        self.branches = branches
        self._tests = [branch.test for branch in branches]

    def matches(self, event: object) -> bool:
        """Whether the pattern takes the event, as JSON is decoded. Never raises.

        No pattern takes what is not an object.
        """
        if not isinstance(event, dict):
            return False
        for test in self._tests:  # noqa: SIM110 - a third faster than any()
            if test(event):
                return True
        return False


def compile_pattern(pattern: dict[str, Any] | str) -> Pattern:
    """The pattern that this object, or this text of JSON, stands for.

    Raises InvalidPattern with every flaw that was found, each with a JSON pointer to its place.
    """
    return Pattern([Branch(fields) for fields in read_branches(read_json(pattern))])
