"""Commands about rules: which events go where."""

import json as stdlib_json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.routing.rules import Rule, TargetSpec

__all__ = ["add", "disable", "enable", "list_", "remove", "secret", "show", "try_"]

Name = Annotated[str, Parameter(help="Name of the rule.")]
Pattern = Annotated[
    str,
    Parameter(
        name="--pattern",
        help='Which events, as JSON: {"type": ["guests.promoted"]}; @FILE reads it from a file.',
    ),
]
Format = Literal["cloudevents", "cloudevents-binary", "cloudevents-batch", "bus"]
BY = "cli"


def add(
    name: Name,
    /,
    *,
    pattern: Pattern,
    webhook: Annotated[str | None, Parameter(help="URL that events are posted to.")] = None,
    format: Annotated[Format, Parameter(help="How a webhook gets them.")] = "cloudevents",
    append: Annotated[
        str | None, Parameter(help="Stream of this log that events are appended to.")
    ] = None,
    queue: Annotated[str | None, Parameter(help="Durable queue that events are put into.")] = None,
    mail: Annotated[str | None, Parameter(help="Address that a letter goes to.")] = None,
    subject: Annotated[str | None, Parameter(help="Subject of that letter.")] = None,
    template: Annotated[
        str | None,
        Parameter(help="What is sent instead of the event; <name> stands for a value of --path."),
    ] = None,
    path: Annotated[
        list[str] | None,
        Parameter(help="A value for the template: name=$.data.email. May be given several times."),
    ] = None,
    attempts: Annotated[int, Parameter(help="Tries before a delivery is given up.")] = 185,
    description: Annotated[str, Parameter(help="What the rule is for.")] = "",
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Make a rule that brings events from now on to one target.

    Rules with several targets, or with other pauses between tries, are made over HTTP.
    """
    import msgspec

    from gatherlog.core.routing.rule_service import NewRule
    from gatherlog.core.routing.rules import InputSpec, RuleTarget
    from gatherlog.core.subscriptions.delivery import RetryPolicy

    to = _target(webhook, format, append, queue, mail, subject)
    given = None if template is None else InputSpec(template=template, paths=_paths(path))
    if template is None and path:
        raise CommandRefused("--path goes with --template")
    target = RuleTarget(to=to, input=given, retry=RetryPolicy(attempts=attempts))
    new = NewRule(name=name, pattern=_pattern(pattern), targets=(target,), description=description)
    settings = settings_of_store(store)

    async def make() -> "Rule":
        async with open_platform(settings) as platform:
            return await platform.rules.create(new, by=BY)

    rule = finish(make())
    if json:
        print(msgspec.json.encode(rule).decode())
    else:
        print(f"Rule {printable(rule.name)} takes events from now on.")


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all rules by name, with where they bring events."""
    import msgspec

    settings = settings_of_store(store)

    async def load() -> "list[Rule]":
        async with open_platform(settings) as platform:
            return await platform.rules.rules(limit=10_000)

    rules = finish(load())
    if json:
        print(msgspec.json.encode(rules).decode())
    elif not rules:
        print("There are no rules; make one: gatherlog rules add", file=sys.stderr)
    else:
        rows = [(rule.name, _state(rule), _targets(rule), rule.description) for rule in rules]
        print(table(("name", "state", "targets", "description"), rows))


def show(name: Name, /, *, store: StoreUrl = None) -> None:
    """Print one rule as JSON."""
    import msgspec

    settings = settings_of_store(store)

    async def load() -> "Rule":
        async with open_platform(settings) as platform:
            return await platform.rules.rule(name)

    print(msgspec.json.format(msgspec.json.encode(finish(load())), indent=2).decode())


def remove(name: Name, /, *, store: StoreUrl = None) -> None:
    """End a rule and forget what waits for its targets; its dead letters stay."""
    settings = settings_of_store(store)

    async def end() -> None:
        async with open_platform(settings) as platform:
            await platform.rules.remove(name, by=BY)

    finish(end())
    print(f"Rule {printable(name)} is removed.")


def enable(name: Name, /, *, store: StoreUrl = None) -> None:
    """Let a rule take events again; what happened meanwhile it does not get."""
    _switch(name, True, store)
    print(f"Rule {printable(name)} takes events.")


def disable(name: Name, /, *, store: StoreUrl = None) -> None:
    """Let a rule take no more events; what waits for its targets is still brought."""
    _switch(name, False, store)
    print(f"Rule {printable(name)} takes no more events.")


def secret(
    name: Name,
    /,
    *,
    rotate: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Make a new one; the one before still signs."
        ),
    ] = False,
    store: StoreUrl = None,
) -> None:
    """Print the secret that a rule's webhooks are signed with."""
    settings = settings_of_store(store)

    async def load() -> str:
        async with open_platform(settings) as platform:
            if rotate:
                rule = await platform.rules.rotate_secret(name, by=BY)
            else:
                rule = await platform.rules.rule(name)
            return (await platform.rule_secrets(rule))[0]

    print(finish(load()))


def try_(
    *,
    pattern: Pattern,
    last: Annotated[int, Parameter(help="On how many of the latest events.")] = 1000,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Print which of the latest events a pattern takes, newest first, without making a rule."""
    from gatherlog.entrypoints.cli.log import as_json, as_text

    settings, compiled = settings_of_store(store), _pattern(pattern)

    async def look() -> int:
        async with open_platform(settings) as platform:
            tried = await platform.rules.try_pattern(compiled, last=last)
        for event in tried.matched:
            print(as_json(event) if json else as_text(event))
        print(f"{len(tried.matched):,} of the last {tried.tried:,} events", file=sys.stderr)
        return len(tried.matched)

    finish(look())


def _switch(name: str, enabled: bool, store: str | None) -> None:
    from gatherlog.core.routing.rule_service import RulePatch

    settings = settings_of_store(store)

    async def change() -> None:
        async with open_platform(settings) as platform:
            await platform.rules.change(name, RulePatch(enabled=enabled), by=BY)

    finish(change())


def _pattern(text: str) -> dict[str, Any]:
    """The JSON object given, or in the file named with an @."""
    if text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8")
    try:
        pattern = stdlib_json.loads(text)
    except ValueError as error:
        raise CommandRefused(f"--pattern is no JSON: {error}") from None
    if not isinstance(pattern, dict):
        raise CommandRefused('--pattern is a JSON object, as in {"type": ["guests.promoted"]}')
    return pattern


def _paths(given: list[str] | None) -> dict[str, str]:
    paths = {}
    for one in given or ():
        name, equals, path = one.partition("=")
        if not equals:
            raise CommandRefused(f"--path is {one!r}: write name=$.data.field")
        paths[name] = path
    return paths


def _target(
    webhook: str | None,
    format: Format,
    append: str | None,
    queue: str | None,
    mail: str | None,
    subject: str | None,
) -> "TargetSpec":
    from gatherlog.core.routing.rules import AppendSpec, MailSpec, QueueSpec, WebhookSpec

    given = [one for one in (webhook, append, queue, mail) if one is not None]
    if len(given) != 1:
        raise CommandRefused("name one target: --webhook, --append, --queue or --mail")
    if webhook is not None:
        return WebhookSpec(url=webhook, format=format)
    if append is not None:
        return AppendSpec(stream=append)
    if queue is not None:
        return QueueSpec(queue=queue)
    if subject is None:
        raise CommandRefused("--mail needs a --subject")
    return MailSpec(to=given[0], subject=subject)


def _state(rule: "Rule") -> str:
    return "on" if rule.enabled else "off"


def _targets(rule: "Rule") -> str:
    """Where it brings events; of a URL no more than its host."""
    import msgspec

    told = []
    for target in rule.targets:
        spec = msgspec.to_builtins(target.to)
        kind = spec.pop("kind")
        place = next(iter(value for key, value in spec.items() if key != "format"))
        if kind == "webhook":  # what follows the host often holds a token
            place = "/".join(place.split("/")[:3])
        told.append(f"{kind} {place}")
    return ", ".join(told)
