"""Every example on the page `docs/reference/event-patterns.md` is true."""

import json
import re
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from gatherlog.core.routing.patterns import InvalidPattern, compile_pattern, parsing, pattern_json
from gatherlog.core.routing.patterns.operators import OPERATORS

PAGE = (Path(__file__).parents[3] / "docs/reference/event-patterns.md").read_text()


class Block(NamedTuple):
    kind: str
    lines: list[str]


class Example(NamedTuple):
    pattern: str
    matching: list[str]
    other: list[str]


BLOCKS = [
    Block(kind, text.splitlines())
    for kind, text in re.findall(r"^```json ([\w-]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]


def examples() -> list[Example]:
    found = []
    for place, (kind, lines) in enumerate(BLOCKS):
        if kind == "pattern":
            rest = list(takewhile(lambda block: block.kind != "pattern", BLOCKS[place + 1 :]))
            events = {block.kind: block.lines for block in rest}
            found.append(Example("\n".join(lines), events["matches"], events["does-not-match"]))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.pattern)
def test_an_example_matches_the_events_that_the_page_says(example: Example) -> None:
    pattern = compile_pattern(example.pattern)
    events = example.matching + example.other

    assert [event for event in events if pattern.matches(json.loads(event))] == example.matching


@pytest.mark.parametrize(
    "pattern", [line for kind, lines in BLOCKS if kind == "refused" for line in lines]
)
def test_a_pattern_that_the_page_calls_refused_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        compile_pattern(pattern)


def test_the_python_on_the_page_runs() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    exec(code, {})


@pytest.mark.parametrize("operator", [*OPERATORS, "$or"])
def test_every_operator_is_in_an_example(operator: str) -> None:
    assert [one.pattern for one in examples() if f'"{operator}": ' in one.pattern] != []


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    bounds = re.findall(r"^\| [^|]+ \| ([\d,]+)", PAGE, re.MULTILINE)

    assert [int(bound.replace(",", "")) for bound in bounds] == [
        pattern_json.MAX_SIZE,
        pattern_json.MAX_DEPTH,
        parsing.MAX_BRANCHES,
        parsing.MAX_FIELDS,
        parsing.MAX_TOTAL,
    ]
