"""Commands about rules, which say which events are delivered to which targets."""

import json as stdlib_json
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import Parameter

from gatherlog.entrypoints.cli.asking import Answer, Place, Site, asked, struct_of
from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused, flaws_named
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.patterns import compiled_pattern
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.routing import TargetSpec
    from gatherlog.interfaces.rest.rules import RuleAnswer

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
    place: Place | None = None,
    json: Json = False,
) -> None:
    """Create a rule, which delivers matching events from now on to one target.

    Rules with several targets, or with other pauses between tries, are created over HTTP. A target
    that this site cannot reach at present is warned of.
    """
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

    async def create(site: Site) -> Answer:
        answer = await site.ask("POST", "/rules", body=new)
        await _warn(site, name)
        return answer

    with flaws_named(_PLACES):
        answer = asked(place, create)
    if json:
        print(answer.body.decode())
    else:
        print(f"Rule {printable(name)} takes events from now on.")


async def _warn(site: Site, name: str) -> None:
    """Say on stderr what keeps the targets of a rule from being reached."""
    from gatherlog.interfaces.rest.rules import RuleCheck

    found = struct_of(await site.ask("GET", f"{_path(name)}/check"), RuleCheck)
    for warning in found.warnings:
        print(f"gatherlog: {printable(warning)}; its events will wait", file=sys.stderr)


def list_(*, place: Place | None = None, json: Json = False) -> None:
    """List all rules by name, with their targets.

    Of the URL of a webhook it shows no more than the host, and a mark that differs from URL to URL.
    """
    from gatherlog.interfaces.rest.rules import RuleAnswer
    from gatherlog.interfaces.status import Status

    async def load(site: Site) -> tuple[Answer, Status]:
        return await site.ask("GET", "/rules"), struct_of(await site.ask("GET", "/status"), Status)

    answer, status = asked(place, load, read_only=True)
    rules = struct_of(answer, list[RuleAnswer])
    why = {one.what.removeprefix("rule "): one.why for one in status.set_aside}
    unreadable = [reason for name, reason in why.items() if "cannot be read" in reason]
    if json:
        print(answer.body.decode())
    elif not rules and not unreadable:
        print("There are no rules; make one: gatherlog rules add", file=sys.stderr)
    elif rules:
        rows = [
            (
                rule.name,
                "set aside" if rule.name in why else "on" if rule.enabled else "off",
                _targets(rule),
                rule.description,
            )
            for rule in rules
        ]
        print(table(("name", "state", "targets", "description"), rows))
    if unreadable:
        raise CommandRefused("\n".join(unreadable), FAILED)


def show(name: Name, /, *, place: Place | None = None) -> None:
    """Print one rule as JSON."""
    import msgspec

    answer = asked(place, lambda site: site.ask("GET", _path(name)), read_only=True)
    print(msgspec.json.format(answer.body, indent=2).decode())


def remove(name: Name, /, *, place: Place | None = None) -> None:
    """Remove a rule, and all deliveries that wait for its targets; its dead letters stay."""
    asked(place, lambda site: site.ask("DELETE", _path(name)))
    print(f"Rule {printable(name)} is removed.")


def enable(name: Name, /, *, place: Place | None = None) -> None:
    """Let a rule match new events again; it does not get those that it missed."""
    _switch(name, True, place)
    print(f"Rule {printable(name)} takes events.")


def disable(name: Name, /, *, place: Place | None = None) -> None:
    """Stop a rule from matching new events; deliveries that wait for its targets go on."""
    _switch(name, False, place)
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
    place: Place | None = None,
) -> None:
    """Print the secret that a rule's webhooks are signed with."""
    from gatherlog.interfaces.rest.rules import SecretAnswer

    method = "POST" if rotate else "GET"
    answer = asked(place, lambda site: site.ask(method, f"{_path(name)}/secret"))
    print(struct_of(answer, SecretAnswer).secret)


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


def _switch(name: str, enabled: bool, place: Place | None) -> None:
    from gatherlog.core.routing import RulePatch

    asked(place, lambda site: site.ask("PUT", _path(name), body=RulePatch(enabled=enabled)))


def _path(name: str) -> str:
    return f"/rules/{quote(name, safe='')}"


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


def _targets(rule: "RuleAnswer") -> str:
    """Kind and address of each target; of a URL no more than its host and a mark."""
    import msgspec

    named = []
    for target in rule.targets:
        spec = msgspec.to_builtins(target.to)
        kind = spec.pop("kind")
        place = next(iter(value for key, value in spec.items() if key != "format"))
        named.append(f"{kind} {_host(place) if kind == 'webhook' else place}")
    return ", ".join(named)


def _host(url: str) -> str:
    """The host of a URL. What follows it often holds a token, so a mark of it tells URLs apart."""
    host, rest = "/".join(url.split("/")[:3]), "/".join(url.split("/")[3:])
    return f"{host}/…{sha256(rest.encode()).hexdigest()[:4]}" if rest else host
