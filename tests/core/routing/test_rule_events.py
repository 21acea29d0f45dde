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
    ),
    "rules.rule_removed": RuleRemoved(by="cli"),
}

SCHEMAS = {"rules.rule_created": 2}
"""The schema versions that are stored now, where they are not 1."""


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("rules.*.json"))

    present = [f"{type}.{SCHEMAS.get(type, 1)}.json" for type in EXAMPLES]
    assert files == sorted([*present, "rules.rule_created.1.json"])


@pytest.mark.parametrize("type", EXAMPLES)
def test_what_is_stored_is_what_its_golden_file_says(type: str) -> None:
    schema = SCHEMAS.get(type, 1)
    golden = (GOLDEN / f"{type}.{schema}.json").read_bytes().removesuffix(b"\n")

    assert CODEC.decode(Event("id", type, 1, 1, golden, schema)) == EXAMPLES[type]
    assert CODEC.encode(EXAMPLES[type]) == (type, schema, golden)


def test_a_rule_that_was_created_before_there_were_series_has_none() -> None:
    golden = (GOLDEN / "rules.rule_created.1.json").read_bytes()

    created = CODEC.decode(Event("id", "rules.rule_created", 1, 1, golden))

    assert created == msgspec.structs.replace(EXAMPLES["rules.rule_created"], series="")
