"""Events of rules: what is stored of them decodes for ever."""

from pathlib import Path

import msgspec
import pytest

from gatherlog.core.eventstore.events import Event
from gatherlog.core.routing.rules import (
    CODEC,
    AppendSpec,
    InputSpec,
    RuleChanged,
    RuleCreated,
    RuleRemoved,
    RuleTarget,
    WebhookSpec,
)
from gatherlog.core.subscriptions.delivery import RetryPolicy

GOLDEN = Path(__file__).parents[2] / "golden"
TARGETS = (
    RuleTarget(
        id="partner",
        to=WebhookSpec(url="https://example.org/hook", format="bus"),
        input=InputSpec(template='{"who": <who>}', paths={"who": "$.data.name"}),
        retry=RetryPolicy(attempts=5, age=3600.0, first_pause=0.5, longest_pause=60.0),
        holds=True,
    ),
    RuleTarget(id="copy", to=AppendSpec(stream="audit-all", type="audit.copied")),
)
EXAMPLES: dict[str, msgspec.Struct] = {
    "rules.rule_created": RuleCreated(
        pattern={"type": ["user.added"]},
        targets=TARGETS,
        description="for our partner",
        enabled=True,
        after=(7, 0),
        by="key:k1",
        series="0198f3c2-7a10-7000-8000-000000000123",
    ),
    "rules.rule_changed": RuleChanged(
        pattern={"data": {"age": [{"numeric": [">", 17.5]}]}},
        targets=TARGETS[1:],
        description="",
        enabled=False,
        secret=2,
        by="cli",
        created=7,
    ),
    "rules.rule_removed": RuleRemoved(by="cli"),
}


def golden(type: str, schema: int) -> bytes:
    return (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("rules.*.json"))
    names = [CODEC.encode(example)[:2] for example in EXAMPLES.values()]

    assert files == sorted(
        [
            *(f"{type}.{n}.json" for type, n in names),
            "rules.rule_changed.1.json",
            "rules.rule_created.1.json",
        ]
    )


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))
def test_what_is_stored_is_what_its_golden_file_says(example: msgspec.Struct) -> None:
    type, schema, data = CODEC.encode(example)

    assert data == golden(type, schema)
    assert CODEC.decode(Event("id", type, 1, 1, data, schema)) == example


def test_a_rule_that_was_created_before_there_were_series_has_none() -> None:
    type, example = "rules.rule_created", EXAMPLES["rules.rule_created"]
    earlier = Event("id", type, 1, 1, golden(type, 1), 1)

    assert CODEC.decode(earlier) == msgspec.structs.replace(example, series="")


def test_a_change_of_an_earlier_release_does_not_say_where_the_rule_was_created() -> None:
    type, example = "rules.rule_changed", EXAMPLES["rules.rule_changed"]
    earlier = Event("id", type, 1, 1, golden(type, 1), 1)

    assert CODEC.decode(earlier) == msgspec.structs.replace(example, created=0)
