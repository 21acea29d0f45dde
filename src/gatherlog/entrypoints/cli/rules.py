"""Commands about rules, which say which events are delivered to which targets.

With --json and in `show` they print the core's own struct of a rule; the answers over HTTP leave
some of its fields out and have other forms of times.
"""

import json as stdlib_json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused, flaws_named
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.patterns import compiled_pattern
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.routing import Rule, TargetSpec

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
_PLACES = {
    "/name": "NAME",
    "/pattern": "--pattern",
    "/description": "--description",
    "/targets/0/input/template": "--template",
    "/targets/0/input/paths": "--path",
    "/targets/0/retry/attempts": "--attempts",
    "/targets/0/to/url": "--webhook",
    "/targets/0/to/stream": "--append",
    "/targets/0/to/queue": "--queue",
    "/targets/0/to/to": "--mail",
    "/targets/0/to/subject": "--subject",
}
"""By place, the argument of `add` that has it."""


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
        Parameter(
            negative="",
            help="A value for the template: name=$.data.email. May be given several times.",
        ),
    ] = None,
    attempts: Annotated[int, WHOLE, Parameter(help="Tries before a delivery is given up.")] = 185,
    description: Annotated[str, Parameter(help="What the rule is for.")] = "",
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Create a rule, which delivers matching events from now on to one target.

    Rules with several targets, or with other pauses between tries, are created over HTTP.
    """
    from gatherlog.core.eventstore.exact_json import encode
    from gatherlog.core.routing import InputSpec, NewRule, RuleTarget
    from gatherlog.core.subscriptions.delivery import RetryPolicy

    to = _target(webhook, format, append, queue, mail, subject)
    given = None if template is None else InputSpec(template=template, paths=_paths(path))
    if template is None and path:
        raise CommandRefused("--path goes with --template")
    target = RuleTarget(to=to, input=given, retry=RetryPolicy(attempts=attempts))
    given_pattern = _pattern(pattern)
    compiled_pattern(given_pattern)
    new = NewRule(name=name, pattern=given_pattern, targets=(target,), description=description)
    settings = settings_of_store(store)

    async def create() -> "Rule":
        async with open_platform(settings) as platform:
            return await platform.rules.create(new, by=BY)

    with flaws_named(_PLACES):
        rule = finish(create())
    if json:
        print(encode(rule).decode())
    else:
        print(f"Rule {printable(rule.name)} takes events from now on.")


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all rules by name, with their targets."""
    from gatherlog.core.eventstore.exact_json import encode

    settings = settings_of_store(store)

    async def load() -> "tuple[list[Rule], list[str]]":
        async with open_platform(settings, read_only=True) as platform:
            return await platform.rules.rules(limit=10_000), await platform.rules.unreadable()

    rules, unreadable = finish(load())
    if json:
        print(encode(rules).decode())
    elif not rules and not unreadable:
        print("There are no rules; make one: gatherlog rules add", file=sys.stderr)
    elif rules:
        rows = [(rule.name, _state(rule), _targets(rule), rule.description) for rule in rules]
        print(table(("name", "state", "targets", "description"), rows))
    if unreadable:
        raise CommandRefused("\n".join(unreadable), FAILED)


def show(name: Name, /, *, store: StoreUrl = None) -> None:
    """Print one rule as JSON."""
    import msgspec

    from gatherlog.core.eventstore.exact_json import encode

    settings = settings_of_store(store)

    async def load() -> "Rule":
        async with open_platform(settings, read_only=True) as platform:
            return await platform.rules.rule(name)

    print(msgspec.json.format(encode(finish(load())), indent=2).decode())


def remove(name: Name, /, *, store: StoreUrl = None) -> None:
    """Remove a rule, and all deliveries that wait for its targets; its dead letters stay."""
    settings = settings_of_store(store)

    async def delete() -> None:
        async with open_platform(settings) as platform:
            await platform.rules.remove(name, by=BY)

    finish(delete())
    print(f"Rule {printable(name)} is removed.")


def enable(name: Name, /, *, store: StoreUrl = None) -> None:
    """Let a rule match new events again; it does not get those that it missed."""
    _switch(name, True, store)
    print(f"Rule {printable(name)} takes events.")


def disable(name: Name, /, *, store: StoreUrl = None) -> None:
    """Stop a rule from matching new events; deliveries that wait for its targets go on."""
    _switch(name, False, store)
    print(f"Rule {printable(name)} takes no more events.")


def secret(
    name: Name,
    /,
    *,
    rotate: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Make a new one; the one before still signs too.",
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
    last: Annotated[int, WHOLE, Parameter(help="On how many of the latest events.")] = 1000,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Print which of the latest events a pattern matches, newest first, without creating a rule."""
    from gatherlog.entrypoints.cli.log import as_json, as_text

    settings, given = settings_of_store(store), _pattern(pattern)
    compiled_pattern(given)

    async def print_matches() -> int:
        async with open_platform(settings, read_only=True) as platform:
            tried = await platform.rules.try_pattern(given, last=last)
        for event in tried.matched:
            print(as_json(event) if json else as_text(event))
        print(f"{tried.matching:,} of the last {tried.tried:,} events", file=sys.stderr)
        return tried.matching

    with flaws_named({"/last": "--last"}):
        finish(print_matches())


def _switch(name: str, enabled: bool, store: str | None) -> None:
    from gatherlog.core.routing import RulePatch

    settings = settings_of_store(store)

    async def change() -> None:
        async with open_platform(settings) as platform:
            await platform.rules.change(name, RulePatch(enabled=enabled), by=BY)

    finish(change())


def _pattern(text: str) -> dict[str, Any]:
    """The JSON object given, or in the file named with an @."""
    from gatherlog.core.eventstore.exact_json import number

    if text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8")
    try:
        pattern = stdlib_json.loads(text, parse_float=number)
    except ValueError as error:
        raise CommandRefused(f"--pattern is not JSON: {error}") from None
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
    from gatherlog.core.routing import AppendSpec, MailSpec, QueueSpec, WebhookSpec

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
    """Whether a rule takes events; one whose pattern cannot be compiled takes none."""
    from gatherlog.core.routing import InvalidPattern, compile_pattern

    try:
        compile_pattern(rule.pattern)
    except InvalidPattern:
        return "set aside"
    return "on" if rule.enabled else "off"


def _targets(rule: "Rule") -> str:
    """Kind and address of each target; of a URL no more than its host."""
    import msgspec

    named = []
    for target in rule.targets:
        spec = msgspec.to_builtins(target.to)
        kind = spec.pop("kind")
        place = next(iter(value for key, value in spec.items() if key != "format"))
        if kind == "webhook":  # what follows the host often holds a token
            place = "/".join(place.split("/")[:3])
        named.append(f"{kind} {place}")
    return ", ".join(named)
