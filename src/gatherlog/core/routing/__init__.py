"""Routing: rules that say which events are delivered to which targets, and the bus that does it.

- `rules`, `rule_service`, `rule_checks`: rules as events and documents, commands, and their checks
- `stored_rules`: reading rules from the store, and the places where they were created
- `patterns`, `rule_index`: which events a pattern matches, and which of all rules an event matches
- `bus`: the subscription that routes events to the destinations of rules
- `event_document`, `transformers`: what patterns and templates see of an event
- `cloud_events`, `bus_form`: the forms in which events leave for receivers
"""

from gatherlog.core.commands.event_meta import causing_rules
from gatherlog.core.routing.bus import BUS, Bus, OpenTarget, subscription_or_bus
from gatherlog.core.routing.bus_form import bus_event, failure_envelope
from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import InvalidPattern, Pattern, compile_pattern
from gatherlog.core.routing.rule_index import RuleIndex
from gatherlog.core.routing.rule_service import (
    NewRule,
    PatternTrial,
    RuleExists,
    RulePatch,
    RuleService,
    TooManyRules,
)
from gatherlog.core.routing.rules import (
    CATEGORY,
    RULES,
    AppendSpec,
    HandlerSpec,
    InputSpec,
    MailSpec,
    QueueSpec,
    Rule,
    RuleTarget,
    TargetSpec,
    WebhookFormat,
    WebhookSpec,
)
from gatherlog.core.routing.stored_rules import RuleUnreadable
from gatherlog.core.routing.transformers import Transform, compile_transform

__all__ = [
    "BUS",
    "CATEGORY",
    "RULES",
    "AppendSpec",
    "Bus",
    "HandlerSpec",
    "InputSpec",
    "InvalidPattern",
    "MailSpec",
    "NewRule",
    "OpenTarget",
    "Pattern",
    "PatternTrial",
    "QueueSpec",
    "Rule",
    "RuleExists",
    "RuleIndex",
    "RulePatch",
    "RuleService",
    "RuleTarget",
    "RuleUnreadable",
    "TargetSpec",
    "TooManyRules",
    "Transform",
    "WebhookFormat",
    "WebhookSpec",
    "binary_headers",
    "bus_event",
    "causing_rules",
    "cloud_event",
    "compile_pattern",
    "compile_transform",
    "document",
    "failure_envelope",
    "subscription_or_bus",
]
