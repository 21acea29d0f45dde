"""Rules: which events go where. Kept in the log like everything else, in one stream of their own.

A rule is a pattern and up to five targets, each with its own form, patience and way of giving up.
It takes events that are appended after it was made.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.delivery import RetryPolicy

__all__ = [
    "CATEGORY",
    "CODEC",
    "FOLD",
    "MOST_TARGETS",
    "RULES",
    "STREAM",
    "AppendSpec",
    "HandlerSpec",
    "InputSpec",
    "MailSpec",
    "QueueSpec",
    "Rule",
    "RuleChanged",
    "RuleCreated",
    "RuleRemoved",
    "RuleTarget",
    "TargetSpec",
    "WebhookFormat",
    "WebhookSpec",
]

MOST_TARGETS: Final = 5
STREAM: Final = "rules-bus"
"""The one stream of all rules, so that whoever follows it knows them all."""

WebhookFormat = Literal["cloudevents", "cloudevents-binary", "cloudevents-batch", "bus"]


class WebhookSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="webhook",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """An HTTP receiver, asked with POST; signed as Standard Webhooks."""

    url: str
    format: WebhookFormat = "cloudevents"


class AppendSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="append",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A stream of this log, to which an event is appended for each one that comes."""

    stream: str
    type: str | None = None
    """Of the appended event; None: as that of the one that came."""


class QueueSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="queue",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A durable queue, from which consumers take in their own time."""

    queue: str


class MailSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="mail",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A letter to one address. Its text is the input, if the target has one, else the event."""

    to: str
    subject: str


class HandlerSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="handler",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A coroutine of the serving program, by the name under which it was registered."""

    handler: str


TargetSpec = WebhookSpec | AppendSpec | QueueSpec | MailSpec | HandlerSpec


class InputSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent instead of the event: values picked by `paths`, put into `template`."""

    template: str
    paths: dict[str, str] = {}


class RuleTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place that a rule's events go to."""

    to: TargetSpec
    id: str = "target"
    """Its name within the rule."""
    input: InputSpec | None = None
    retry: RetryPolicy = RetryPolicy()
    holds: bool = False
    """Whether what follows a given-up event of its stream and subject waits for an operator."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it stands."""

    name: str
    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str = ""
    enabled: bool = True
    after: tuple[int, ...] = ()
    """The heads of the log when it was made, one per partition: it takes what lies beyond."""
    secret: int = 1
    """Which of its signing secrets is in force, counted from 1."""
    created_at: int = 0
    updated_at: int = 0


@event_type("rules.rule_created", schema=1)
class RuleCreated(msgspec.Struct, frozen=True, kw_only=True):
    """Its subject is the rule's name, as of all events here."""

    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str
    enabled: bool
    after: tuple[int, ...]
    by: str
    secret: int = 1


@event_type("rules.rule_changed", schema=1)
class RuleChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of the rule as it is from now on, but for where it began."""

    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str
    enabled: bool
    secret: int
    by: str


@event_type("rules.rule_removed", schema=1)
class RuleRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """It takes nothing any more; what waited for its targets is forgotten."""

    by: str


CODEC = Codec([RuleCreated, RuleChanged, RuleRemoved])
RULES = View("rule", Rule, by_all=lambda rule: ("all", rule.name))


class _Fold:
    views: tuple[View[Any], ...] = (RULES,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [RULES.ref(happened.subject)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        before: Rule | None = documents[RULES.ref(happened.subject)]
        match happened.payload:
            case RuleCreated() as made:
                return [Change(RULES, happened.subject, _made(happened, made))]
            case RuleChanged() as changed if before is not None:
                rule = msgspec.structs.replace(
                    before,
                    pattern=changed.pattern,
                    targets=changed.targets,
                    description=changed.description,
                    enabled=changed.enabled,
                    secret=changed.secret,
                    updated_at=happened.time,
                )
                return [Change(RULES, happened.subject, rule)]
            case RuleRemoved() if before is not None:
                return [Change(RULES, happened.subject, DELETE)]
        return []


def _made(happened: Happened, made: RuleCreated) -> Rule:
    return Rule(
        name=happened.subject,
        pattern=made.pattern,
        targets=made.targets,
        description=made.description,
        enabled=made.enabled,
        after=made.after,
        secret=made.secret,
        created_at=happened.time,
        updated_at=happened.time,
    )


FOLD = _Fold()
CATEGORY = Category(name="rules", codec=CODEC, fold=FOLD)
