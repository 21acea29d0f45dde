"""Rules: which events are delivered to which targets. They are events of one stream of the log.

A rule is a pattern and up to five targets, each with its own format and retry policy. It matches
events that are appended after it was created; where the feed lags, see `RuleService.create`.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from gatherlog.core.commands.appending import EventType, StreamName
from gatherlog.core.eventstore.events import Codec, event_type
from gatherlog.core.eventstore.plain_text import PLAIN
from gatherlog.core.eventstore.store import DELETE, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View
from gatherlog.core.routing.transformers import MAX_LENGTH, MAX_PATHS
from gatherlog.core.subscriptions.delivery import RetryPolicy

__all__ = [
    "CATEGORY",
    "CODEC",
    "FOLD",
    "MAX_DESCRIPTION",
    "MAX_TARGETS",
    "NAME_PATTERN",
    "RESERVED",
    "RULES",
    "STREAM",
    "AppendSpec",
    "Description",
    "HandlerSpec",
    "InputSpec",
    "MailSpec",
    "PatternJson",
    "QueueSpec",
    "Rule",
    "RuleChanged",
    "RuleCreated",
    "RuleName",
    "RuleRemoved",
    "RuleTarget",
    "TargetSpec",
    "Targets",
    "WebhookFormat",
    "WebhookSpec",
]

MAX_TARGETS: Final = 5
MAX_DESCRIPTION: Final = 500
"""Characters."""
NAME_PATTERN: Final = r"[a-z0-9][a-z0-9_.-]{0,62}"
"""Of the name of a rule, of a target within it, and of a queue."""
RESERVED: Final = frozenset({"try"})
"""Names that no rule may have, because `/rules/try` is another endpoint."""
STREAM: Final = "rules-bus"
"""The stream of all rules: one, so that a single read finds every change of a rule."""

# What JSON Schema can say of a field is said with its type, for the API's description. Rules that
# break it are refused by `rule_checks` and by the targets, which name every flaw.
Name = Annotated[str, Meta(extra_json_schema={"pattern": f"^{NAME_PATTERN}$"})]
RuleName = Annotated[
    str,
    Meta(
        extra_json_schema={
            "pattern": f"^{NAME_PATTERN}$",
            "not": {"enum": sorted(RESERVED)},
        }
    ),
]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_DESCRIPTION})]
PatternJson = Annotated[dict[str, Any], Meta(extra_json_schema={"minProperties": 1})]
Url = Annotated[
    str,
    Meta(extra_json_schema={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$", "maxLength": 2048}),
]
Email = Annotated[str, Meta(extra_json_schema={"format": "email", "maxLength": 254})]
MailSubject = Annotated[
    str, Meta(extra_json_schema={"pattern": f"^{PLAIN}+$", "minLength": 1, "maxLength": 200})
]
Template = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_LENGTH})]
TemplatePath = Annotated[str, Meta(extra_json_schema={"pattern": r"^\$", "maxLength": MAX_LENGTH})]

WebhookFormat = Literal["cloudevents", "cloudevents-binary", "cloudevents-batch", "bus"]


class WebhookSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="webhook",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """An HTTP receiver, which gets POST requests that are signed as Standard Webhooks demands."""

    url: Url
    format: WebhookFormat = "cloudevents"


class AppendSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="append",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A stream of this log; one event is appended to it for each event that is delivered."""

    stream: StreamName
    type: EventType | None = None
    """Type of the appended event; None: the type of the delivered event."""


class QueueSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="queue",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A durable queue, from which consumers receive messages when they are ready."""

    queue: Name


class MailSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="mail",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A mail to one address. Its text is the target's input if it has one, else the event."""

    to: Email
    subject: MailSubject


class HandlerSpec(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="handler",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A coroutine of the program that runs the server, by the name it was registered under."""

    handler: str


TargetSpec = WebhookSpec | AppendSpec | QueueSpec | MailSpec | HandlerSpec


class InputSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent instead of the event: `template`, filled with the values at `paths`."""

    template: Template
    paths: Annotated[
        dict[str, TemplatePath], Meta(extra_json_schema={"maxProperties": MAX_PATHS})
    ] = {}


class RuleTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target of a rule, and how its deliveries are retried."""

    to: TargetSpec
    id: Name = "target"
    """Its name, unique within the rule."""
    input: InputSpec | None = None
    retry: RetryPolicy = RetryPolicy()
    holds: bool = False
    """Whether an event that was given up keeps later events of its stream and subject waiting until
    an operator redrives or discards it."""


Targets = Annotated[
    tuple[RuleTarget, ...], Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_TARGETS})
]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in its present state."""

    name: str
    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str = ""
    enabled: bool = True
    after: tuple[int, ...] = ()
    """The heads of the log when it was created, one per partition; it matches later events only.
    Where the feed lags, heads are behind the last events: see `RuleService.create`."""
    secret: int = 1
    """The number of the signing secret that is in force, from 1. The secret itself is not stored:
    it is derived from the number, the rule's name and series, and the site's key."""
    series: str = ""
    """Another one for each rule that is created, so that a rule of an earlier name has new secrets.
    Empty for rules that were created before there were series."""
    created_at: int = 0
    updated_at: int = 0
    created: int = 0
    """The version, in the stream of rules, of the event that created it. 0: not changed since, so
    that it is the version of the document; or changed by a release that did not note it."""


@event_type("rules.rule_created", schema=2)
class RuleCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A rule was created. The subject of the event is the rule's name."""

    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str
    enabled: bool
    after: tuple[int, ...]
    by: str
    secret: int = 1
    series: str = ""


@event_type("rules.rule_changed", schema=2)
class RuleChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A rule was changed; the event has all its fields except `after`, which never changes."""

    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    description: str
    enabled: bool
    secret: int
    by: str
    created: int = 0
    """`Rule.created`; 0 in schema 1."""


@event_type("rules.rule_removed", schema=1)
class RuleRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A rule was removed, and with it all deliveries that waited for its targets."""

    by: str


CODEC = Codec(
    [RuleCreated, RuleChanged, RuleRemoved],
    upcasters={
        ("rules.rule_created", 1): lambda created: {**created, "series": ""},
        ("rules.rule_changed", 1): lambda changed: {**changed, "created": 0},
    },
)
RULES = View("rule", Rule, by_all=lambda rule: ("all", rule.name))


class _Fold:
    views: tuple[View[Any], ...] = (RULES,)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [RULES.ref(happened.subject)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        before: Rule | None = documents[RULES.ref(happened.subject)]
        match happened.payload:
            case RuleCreated() as created:
                return [Change(RULES, happened.subject, _new_rule(happened, created))]
            case RuleChanged() as changed if before is not None:
                rule = msgspec.structs.replace(
                    before,
                    pattern=changed.pattern,
                    targets=changed.targets,
                    description=changed.description,
                    enabled=changed.enabled,
                    secret=changed.secret,
                    updated_at=happened.time,
                    created=changed.created,
                )
                return [Change(RULES, happened.subject, rule)]
            case RuleRemoved() if before is not None:
                return [Change(RULES, happened.subject, DELETE)]
        return []


def _new_rule(happened: Happened, created: RuleCreated) -> Rule:
    return Rule(
        name=happened.subject,
        pattern=created.pattern,
        targets=created.targets,
        description=created.description,
        enabled=created.enabled,
        after=created.after,
        secret=created.secret,
        series=created.series,
        created_at=happened.time,
        updated_at=happened.time,
    )


FOLD = _Fold()
CATEGORY = Category(name="rules", codec=CODEC, fold=FOLD)
