"""Rules over HTTP: commands about rules, trials of patterns, and the secrets of webhooks."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.routing import RULES, NewRule, Rule, RulePatch, RuleTarget
from gatherlog.core.routing.rules import PatternJson
from gatherlog.interfaces.rest.answers import Time, array, json, location, no_content
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing
from gatherlog.interfaces.rest.streams import EventAnswer, event_answer

__all__ = [
    "RuleAnswer",
    "RuleCheck",
    "SecretAnswer",
    "Trial",
    "TrialAnswer",
    "change_rule",
    "check_rule",
    "create_rule",
    "list_rules",
    "read_rule",
    "read_secret",
    "remove_rule",
    "rotate_secret",
    "try_pattern",
]

Plain = Call[None, Nothing]


class RuleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A rule. Its targets' destinations are called `<name>/<target id>`."""

    name: str
    description: str
    enabled: bool
    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    created_at: Time
    updated_at: Time


class SecretAnswer(msgspec.Struct, frozen=True):
    """What a rule's webhooks are signed with, in the form of Standard Webhooks: `whsec_…`."""

    secret: str
    previous: str | None
    """The secret before it, which still signs too, so that receivers can change to the new one."""


class RuleCheck(msgspec.Struct, frozen=True):
    """What keeps targets of a rule from being reached by this site at present."""

    warnings: list[str]
    """A sentence for each target that cannot be reached; nothing was sent."""


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pattern, and the number of latest events to try it on."""

    pattern: PatternJson
    last: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class TrialAnswer(msgspec.Struct, frozen=True):
    """How many events the pattern was tried on, how many match, and the latest 100 of those."""

    tried: int
    matched: int
    events: list[EventAnswer]


MAX_SHOWN = 100


async def list_rules(call: Plain) -> Reply:
    return await array(map(rule_answer, await call.platform.rules.rules(limit=10_000)))


async def create_rule(call: Call[NewRule, Nothing]) -> Reply:
    def created(rule: Rule) -> Reply:
        return json(rule_answer(rule), 201, location("rules", rule.name))

    name = call.body.name
    once = call.once(lambda handled: created(handled.bodies[RULES.ref(name)]))
    return created(await call.platform.rules.create(call.body, by=call.by, once=once))


async def read_rule(call: Plain) -> Reply:
    return json(rule_answer(await call.platform.rules.rule(call.id)))


async def check_rule(call: Plain) -> Reply:
    rule, warnings = await call.platform.rules.rule(call.id), list[str]()
    for target in rule.targets:
        found = await call.platform.target_warnings(target.to)
        warnings += [f"{rule.name}/{target.id}: {warning}" for warning in found]
    return json(RuleCheck(warnings))


async def change_rule(call: Call[RulePatch, Nothing]) -> Reply:
    rule = await call.platform.rules.change(call.id, call.body, by=call.by)
    return await call.remember(json(rule_answer(rule)))


async def remove_rule(call: Plain) -> Reply:
    once = call.once(lambda handled: no_content())
    await call.platform.rules.remove(call.id, by=call.by, once=once)
    return no_content()


async def read_secret(call: Plain) -> Reply:
    return await _secret(call, await call.platform.rules.rule(call.id))


async def rotate_secret(call: Plain) -> Reply:
    rule = await call.platform.rules.rotate_secret(call.id, by=call.by)
    return await call.remember(await _secret(call, rule), secret=True)


async def try_pattern(call: Call[Trial, Nothing]) -> Reply:
    asked = call.body
    tried = await call.long_read(
        lambda: call.platform.rules.try_pattern(asked.pattern, last=asked.last)
    )
    shown = [event_answer(event) for event in tried.matched[:MAX_SHOWN]]
    return await call.remember(json(TrialAnswer(tried.tried, tried.matching, shown)))


async def _secret(call: Call[Any, Any], rule: Rule) -> Reply:
    current, *previous = await call.platform.rule_secrets(rule)
    return json(SecretAnswer(current, previous[0] if previous else None))


def rule_answer(rule: Rule) -> RuleAnswer:
    """A rule as every endpoint and the command line show it."""
    return RuleAnswer(
        name=rule.name,
        description=rule.description,
        enabled=rule.enabled,
        pattern=rule.pattern,
        targets=rule.targets,
        created_at=rfc3339(rule.created_at),
        updated_at=rfc3339(rule.updated_at),
    )
