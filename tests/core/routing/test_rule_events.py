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


def test_every_golden_file_has_an_example() -> None:
    files = sorted(path.name for path in GOLDEN.glob("rules.*.json"))

    assert files == sorted(f"{type}.1.json" for type in EXAMPLES)


@pytest.mark.parametrize("type", EXAMPLES)
def test_what_is_stored_is_what_its_golden_file_says(type: str) -> None:
    golden = (GOLDEN / f"{type}.1.json").read_bytes().removesuffix(b"\n")

    assert CODEC.decode(Event("id", type, 1, 1, golden)) == EXAMPLES[type]
    assert CODEC.encode(EXAMPLES[type]) == (type, 1, golden)
