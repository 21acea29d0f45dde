"""Commands about retention: which events expire, and after how many days."""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import flaws_named
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.core.retention import RetentionRule
    from gatherlog.interfaces.platform import Platform

__all__ = ["list_", "remove", "run", "set_"]

T = TypeVar("T")
Name = Annotated[str, Parameter(help="Name of the rule.")]
BY = "cli"
_PLACES = {
    "/name": "NAME",
    "/log": "--log",
    "/type": "--type",
    "/subject": "--subject",
    "/days": "--days",
}


def set_(
    name: Name,
    /,
    *,
    log: Annotated[str, Parameter(help="The log whose events expire, as `gatherlog read` has it.")],
    days: Annotated[
        int, WHOLE, Parameter(help="Days from the recorded time on, from 1 to 36,500.")
    ],
    type: Annotated[str | None, Parameter(help="Only events of this type.")] = None,
    subject: Annotated[str | None, Parameter(help="Only events about this subject.")] = None,
    dry_run: Annotated[
        bool,
        Parameter(
            negative="", show_default=False, help="Print what would expire, and write nothing."
        ),
    ] = False,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Let events of a log expire after so many days, or change such a rule.

    An event that has expired keeps its place, and says nothing any more. A server, or `gatherlog
    retention run`, carries the rules out.
    """
    from gatherlog.core.retention import Expiring

    expiring = Expiring(log=log, type=type, subject=subject, days=days)
    with flaws_named(_PLACES):
        if dry_run:
            _try_out(name, expiring, store, json)
            return
        rule = _with(store, lambda platform: platform.retention.set(name, expiring, by=BY))
    if json:
        _print([(rule, 0)], json=True, one=True)
    else:
        days = rule.expiring.days
        after = "a day" if days == 1 else f"{days:,} days"
        print(f"Rule {printable(name)}: {_what(rule)} expire after {after}.")


def _try_out(name: str, expiring: object, store: str | None, json: bool) -> None:
    import msgspec

    from gatherlog.core.eventstore.clock import rfc3339

    tried = _with(
        store,
        lambda platform: platform.retention.try_out(name, expiring),  # type: ignore[arg-type]
        read_only=True,
    )
    oldest, newest = (None if at is None else rfc3339(at) for at in (tried.oldest, tried.newest))
    if json:
        found = {"matching": tried.matching, "oldest": oldest, "newest": newest}
        print(msgspec.json.encode(found).decode())
    elif oldest is None:
        print("Nothing would expire now.")
    else:
        events = _events(tried.matching)
        print(f"{events} would expire now, recorded from {oldest} to {newest}.")


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all rules of retention by name, and how many events have expired by each."""

    async def load(platform: "Platform") -> "list[tuple[RetentionRule, int]]":
        expired = await platform.retention.expired()
        return [(one, expired.get(one.name, 0)) for one in await platform.retention.rules()]

    _print(_with(store, load, read_only=True), json=json)


def remove(name: Name, /, *, store: StoreUrl = None) -> None:
    """Remove a rule of retention; what has expired stays so."""
    _with(store, lambda platform: platform.retention.remove(name, by=BY))
    print(f"Rule {printable(name)} is removed.")


def run(*, store: StoreUrl = None) -> None:
    """Let everything expire now that is due.

    On SQLite, the file is written anew, so that it holds nothing of it any more; writers wait.
    """
    expired = _with(store, lambda platform: platform.expiry.go_round(documents=True))
    print(f"{_events(expired)} {'has' if expired == 1 else 'have'} expired.")


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"


def _print(rules: "list[tuple[RetentionRule, int]]", *, json: bool, one: bool = False) -> None:
    import msgspec

    from gatherlog.interfaces.rest.retention import retention_answer

    if json:
        answers = [retention_answer(rule, expired) for rule, expired in rules]
        print(msgspec.json.encode(answers[0] if one else answers).decode())
    elif not rules:
        print("Nothing expires; make a rule: gatherlog retention set", file=sys.stderr)
    else:
        rows = [
            (rule.name, _what(rule), rule.expiring.days, f"{expired:,}") for rule, expired in rules
        ]
        print(table(("name", "what expires", "days", "expired"), rows))


def _what(rule: "RetentionRule") -> str:
    expiring = rule.expiring
    of_type = "" if expiring.type is None else f" of type {printable(expiring.type)}"
    about = "" if expiring.subject is None else f" about {printable(expiring.subject)}"
    return f"events of {expiring.log}{of_type}{about}"


def _with(
    store: str | None, work: "Callable[[Platform], Awaitable[T]]", *, read_only: bool = False
) -> T:
    settings = settings_of_store(store)

    async def do() -> T:
        async with open_platform(settings, read_only=read_only) as platform:
            return await work(platform)

    return finish(do())
