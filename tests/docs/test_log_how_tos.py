"""The examples in the how-tos about rules and the log work."""

import re
import shlex
from pathlib import Path

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import compile_pattern
from gatherlog.core.routing.rule_service import NewRule
from gatherlog.core.routing.rules import InputSpec
from gatherlog.core.routing.transformers import compile_transform
from gatherlog.entrypoints.cli.app import app
from tests.docs.examples import blocks, output

PAGES = ("route-events.md", "follow-the-log.md", "operate.md", "take-records.md")
SIGNUP = Recorded(
    0, 17, "users-42", 1, "0198", "signup", 1, 1, b'{"id":"42","name":"Ada"}', 1, "",
    b'{"actor":"key:0198"}',
)  # fmt: skip


def test_the_subscription_of_the_how_to_works_as_written(tmp_path: Path) -> None:
    subscription, _ = blocks("follow-the-log.md", "python")

    assert output(subscription, tmp_path) == """shop-berlin 1 b'{"item": "lamp", "pieces": 2}'\n"""


def test_the_projection_of_the_how_to_works_as_written(tmp_path: Path) -> None:
    _, projection = blocks("follow-the-log.md", "python")

    assert output(projection, tmp_path) == "Sales(item='lamp', pieces=5)\n"


def test_the_program_with_a_handler_of_the_how_to_works_as_written(tmp_path: Path) -> None:
    handler, _ = blocks("route-events.md", "python")

    assert output(handler, tmp_path) == """signup b'{"name": "Ada"}'\n"""


def test_the_queue_of_the_how_to_works_as_written(tmp_path: Path) -> None:
    [program] = blocks("queues.md", "python")

    assert output(program, tmp_path) == """1 b'{"item": "lamp"}'\n"""


def test_the_program_with_a_rule_of_the_how_to_works_as_written(tmp_path: Path) -> None:
    _, program = blocks("route-events.md", "python")

    assert output(program, tmp_path) == (
        """audit-sales 1 audit.sale b'{"item": "lamp", "pieces": 2}'\n"""
    )


def test_the_rule_of_the_how_to_is_one() -> None:
    [curl] = [block for block in blocks("route-events.md", "sh") if "/rules -H" in block]
    [body] = re.findall(r"-d '(.*?)'", curl, re.DOTALL)
    rule = msgspec.json.decode(body, type=NewRule)

    compile_pattern(rule.pattern)
    assert [target.id for target in rule.targets] == ["partner", "copy"]


def test_a_pattern_sees_what_the_how_to_shows() -> None:
    shown, given = (msgspec.json.decode(text) for text in blocks("route-events.md", "json"))
    transform = msgspec.convert(given, InputSpec)

    assert shown.keys() == document(SIGNUP).keys()
    assert shown["detail"] == document(SIGNUP)["detail"]
    assert compile_transform(transform.paths, transform.template).apply(document(SIGNUP)) == {
        "text": "Ada has a place"
    }


def test_every_command_that_the_how_tos_name_exists() -> None:
    text = "".join(block for page in PAGES for block in blocks(page, "sh"))
    lines = text.replace("\\\n", " ").splitlines()
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("gatherlog ")]

    for _, *arguments in commands:
        _, _, unused, _ = app.parse_known_args(arguments)
        assert unused == [], arguments
