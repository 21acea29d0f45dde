"""Event patterns in the language of Amazon EventBridge: they say which events a rule matches.

A pattern is a JSON object that is nested like the events it matches. At its leaves are arrays of
values and of matchers such as `{"prefix": "a"}`. The language is described in
`docs/reference/event-patterns.md`.
"""

from collections.abc import Sequence
from typing import Any  # the values of a dict that callers may have typed as they like

from gatherlog.core.routing.patterns.field_matching import Field, Path, flattened, make_test
from gatherlog.core.routing.patterns.matchers import EQUAL, PART, PREFIX, Key, Test
from gatherlog.core.routing.patterns.parsing import parse_branches
from gatherlog.core.routing.patterns.pattern_json import InvalidPattern, read_json

__all__ = [
    "EQUAL",
    "PART",
    "PREFIX",
    "Branch",
    "Field",
    "InvalidPattern",
    "Key",
    "Path",
    "Pattern",
    "Test",
    "compile_pattern",
    "flattened",
]


class Branch:
    """Fields that must all match.

    `test` is the test of a whole event by these fields. It is made when it is first needed: of many
    rules, most are never tested, because the rule index tells that they do not match.
    """

    __slots__ = ("fields", "test")

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = fields
        self.test: Test | None = None

    def made_test(self) -> Test:
        """Make `test`, if that is not done yet."""
        if self.test is None:
            self.test = make_test(self.fields)
        return self.test


class Pattern:
    """A compiled pattern; it matches where one of its branches does.

    A pattern without `$or` has one branch.
    """

    __slots__ = ("branches",)

    def __init__(self, branches: Sequence[Branch]) -> None:
        self.branches = branches

    def matches(self, event: object) -> bool:
        """Whether the pattern matches an event, which is JSON as it is decoded. Never raises.

        Anything but an object matches no pattern.
        """
        if not isinstance(event, dict):
            return False
        for branch in self.branches:  # noqa: SIM110 - a third faster than any()
            if (branch.test or branch.made_test())(event):
                return True
        return False


def compile_pattern(pattern: dict[str, Any] | str) -> Pattern:
    """Compile a pattern that is given as an object or as the text of one.

    Raises InvalidPattern with every flaw that was found, up to 20, each with a JSON pointer into
    the pattern.
    """
    return Pattern([Branch(fields) for fields in parse_branches(read_json(pattern))])
