"""Commands about things to do: list and show them, decide about them, index them anew."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused, flaws_named
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import WHOLE, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.apps.things import Thing
    from gatherlog.apps.things.views import ThingStatus
    from gatherlog.core.commands.slices import Slice
    from gatherlog.entrypoints.cli.things_shown import Shown
    from gatherlog.interfaces.platform import Platform

__all__ = ["approve", "list_", "reindex", "reject", "show", "withdraw"]

Status = Literal["draft", "pending", "published", "rejected"]
STATUSES: Mapping[Status, "ThingStatus"] = {
    "draft": "DRAFT",
    "pending": "PENDING",
    "published": "PUBLISHED",
    "rejected": "REJECTED",
}
ThingId = Annotated[str, Parameter(name="ID", help="Id of the thing, as `things list` shows it.")]
OfOrganiser = Annotated[
    str | None,
    Parameter(
        name="--organiser",
        help="E-mail address of an organiser, whose drafts and rejected things are shown as well.",
    ),
]
Reviewer = Annotated[
    str,
    Parameter(name="--as", help="E-mail address of the reviewer who decides."),
]
Version = Annotated[
    int | None,
    WHOLE,
    Parameter(
        name="--version",
        help="The version that was looked at: refused if it was changed since. Default: whatever "
        "is there.",
    ),
]
Reason = Annotated[str, Parameter(help="Why; the organiser and the families are told.")]


def list_(
    *,
    status: Annotated[
        Status | None,
        Parameter(help="Only those in this state. Default: pending, or all with --organiser."),
    ] = None,
    organiser: OfOrganiser = None,
    limit: Annotated[int, WHOLE, Parameter(help="At most so many.")] = 20,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """List what waits for review, the oldest first, or what is published; or one organiser's.

    Drafts and rejected things are their organiser's business, so they are listed with --organiser
    only, the newest first.
    """
    if limit < 1:
        raise CommandRefused(f"--limit is {limit}: write 1 or more")
    if organiser is None and status in ("draft", "rejected"):
        raise CommandRefused(f"--status {status} needs --organiser EMAIL: whose things to list")
    settings = settings_of_store(store)

    async def load() -> "tuple[list[Shown], bool]":
        from gatherlog.entrypoints.cli.things_shown import with_organisers

        async with open_platform(settings, read_only=True) as platform:
            found = await _listed(platform, status, organiser, limit)
            things = [(item.body, item.version) for item in found.items]
            return await with_organisers(platform, things), found.has_next

    found, has_more = finish(load())
    from gatherlog.entrypoints.cli.things_shown import LISTED, json_of, row_of

    if json:
        _print_json([json_of(one) for one in found])
    elif not found:
        print("There are none.", file=sys.stderr)
    else:
        print(table(LISTED, map(row_of, found)))
    if has_more:
        print(f"These are the first {len(found):,}; --limit shows more.", file=sys.stderr)


def show(
    thing: ThingId,
    /,
    *,
    organiser: OfOrganiser = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Show what waits for review or is published: its fields, dates with places, and its history.

    Of a new version, fields that differ show what is published now as well.
    """
    settings = settings_of_store(store)

    async def load() -> "Shown":
        from gatherlog.entrypoints.cli.things_shown import in_detail

        async with open_platform(settings, read_only=True) as platform:
            account = None
            if organiser is not None:
                account = await _account(platform, organiser, "--organiser")
            return await in_detail(platform, thing.lower(), account)

    shown = finish(load())
    from gatherlog.entrypoints.cli.things_shown import json_of, lines_of

    if json:
        _print_json(json_of(shown))
    else:
        print("\n".join(lines_of(shown)))


def approve(
    thing: ThingId, /, *, as_: Reviewer, version: Version = None, store: StoreUrl = None
) -> None:
    """Publish what waits for review. A new version replaces what is published.

    Nobody decides on what they publish themselves.
    """

    async def decide(platform: "Platform", reviewer: str) -> "Thing":
        approved = await platform.things.approve(
            thing.lower(), reviewer, actor="cli", expects=version
        )
        return approved.body

    published = _decided(store, as_, decide)
    replaced = ", in place of what was published before" if published.id != thing.lower() else ""
    print(f"{printable(published.content.name)} is published as {published.id}{replaced}.")


def reject(
    thing: ThingId,
    /,
    *,
    as_: Reviewer,
    reason: Annotated[
        tuple[str, ...],
        Parameter(help="A reason that is about the whole; may be repeated.", negative=""),
    ] = (),
    field: Annotated[
        tuple[str, ...],
        Parameter(
            help='A reason about one field, as in "price=Too high."; may be repeated. `things show '
            "--json` names the fields.",
            negative="",
        ),
    ] = (),
    version: Version = None,
    store: StoreUrl = None,
) -> None:
    """Send what waits for review back to its organiser, with a reason at least.

    Nobody decides on what they publish themselves.
    """
    reasons = [*map(_of_field, field), *(("", text) for text in reason)]
    if not reasons:
        raise CommandRefused("say why: --reason TEXT, or --field FIELD=TEXT")
    options = {}
    for place, (name, _) in enumerate(reasons):
        options[f"/reasons/{place}/field"] = f"--field {printable(name)}"
        options[f"/reasons/{place}/text"] = f"--field {printable(name)}" if name else "--reason"

    async def decide(platform: "Platform", reviewer: str) -> "Thing":
        from gatherlog.apps.things import Reason

        given = tuple(Reason(name, text) for name, text in reasons)
        with flaws_named(options):
            rejected = await platform.things.reject(
                thing.lower(), given, reviewer, actor="cli", expects=version
            )
        return rejected.body

    rejected = _decided(store, as_, decide)
    print(f"{printable(rejected.content.name)} goes back to its organiser.")


def withdraw(thing: ThingId, /, *, as_: Reviewer, reason: Reason, store: StoreUrl = None) -> None:
    """Take down what is published, as a reviewer, and cancel its coming bookings."""

    async def decide(platform: "Platform", reviewer: str) -> "Thing":
        with flaws_named({"/reason": "--reason"}):
            withdrawn = await platform.things.withdraw_as_reviewer(
                thing.lower(), reason, reviewer, actor="cli"
            )
        return withdrawn.body

    withdrawn = _decided(store, as_, decide)
    print(f"{printable(withdrawn.content.name)} is withdrawn, and its coming bookings cancelled.")


def reindex(*, store: StoreUrl = None) -> None:
    """Have every server build its index for searching anew.

    It is never needed after a failure, from which an index recovers by itself. Until the new index
    is there, servers answer from the old one; those that do not run now build it when they start.
    """

    async def request() -> None:
        async with open_platform(settings_of_store(store)) as platform:
            await platform.things.request_reindex(actor="cli")

    finish(request())
    print("Every server builds its index anew, and answers from the old one meanwhile.")


async def _listed(
    platform: "Platform", status: Status | None, organiser: str | None, limit: int
) -> "Slice[Thing]":
    from gatherlog.core.commands.slices import Window

    window = Window(limit=limit)
    if organiser is not None:
        account = await _account(platform, organiser, "--organiser")
        wanted = None if status is None else STATUSES[status]
        return await platform.things.own_things(account, window, status=wanted)
    if status == "published":
        return await platform.things.all_published(window)
    return await platform.things.pending(window)


def _decided(
    store: str | None, email: str, decide: Callable[["Platform", str], Awaitable["Thing"]]
) -> "Thing":
    """The thing after the decision of the reviewer with this address."""
    settings = settings_of_store(store)

    async def work() -> "Thing":
        async with open_platform(settings) as platform:
            return await decide(platform, await _reviewer(platform, email))

    return finish(work())


async def _reviewer(platform: "Platform", email: str) -> str:
    """The account of a reviewer; CommandRefused for any other."""
    from gatherlog.apps.people import Action, Actor, Role, Verdict, decide

    account = await _account(platform, email, "--as")
    roles = frozenset(map(Role, await platform.accounts.roles(account)))
    actor = Actor("account", account, Role.MEMBER, account_id=account, roles=roles)
    if decide(actor, Action.DECIDE_REVIEW, organiser_id="") is not Verdict.ALLOW:
        who = printable(email)
        raise CommandRefused(
            f"{who} is no reviewer; gatherlog account {who} --role reviewer makes one", FAILED
        )
    return account


async def _account(platform: "Platform", email: str, option: str) -> str:
    """The account of the address that an option gives."""
    with flaws_named({"/email": option}):
        return await platform.accounts.of_address(email)


def _of_field(given: str) -> tuple[str, str]:
    """The field and the text of a reason, as in `price=Too high.`"""
    name, sign, text = given.partition("=")
    if not (name and sign):
        raise CommandRefused(f"--field is {given!r}: write FIELD=TEXT, as in 'price=Too high.'")
    return name, text


def _print_json(value: object) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())
