"""Commands about gatherings: list them, create one, show and change settings and host."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import GatheringId, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable, table

if TYPE_CHECKING:
    from gatherlog.apps.guests.answers import Stats
    from gatherlog.apps.guests.views import Gathering
    from gatherlog.core.eventstore.errors import Invalid
    from gatherlog.interfaces.platform import Platform

__all__ = ["create", "gathering", "list_"]

NONE = "none"
_FIELDS = {
    "name": "event_name",
    "date": "event_date",
    "end": "event_end",
    "location": "location",
    "deadline": "rsvp_deadline",
    "capacity": "max_guests",
    "zone": "time_zone",
    "host": "email",
}
"""By option, the field that it sets, which flaws name in their pointers."""

Name = Annotated[str, Parameter(help="What it is called.")]
NewName = Annotated[str | None, Parameter(help="Change the name.")]
Date = Annotated[
    str | None, Parameter(help="When it is: 2026-06-01, 2026-06-01T18:00 in its zone, or none.")
]
End = Annotated[
    str | None,
    Parameter(
        help="When it ends, written as --date, or none; of days, the last. It moves along with "
        "--date if it is not given. Without one, calendars show three hours."
    ),
]
Location = Annotated[str | None, Parameter(help="Where it is, or none.")]
Deadline = Annotated[
    str | None,
    Parameter(help="Until when guests may answer, written as --date; a date means its end."),
]
Capacity = Annotated[
    str | None, Parameter(help="How many people there is room for; none is no limit.")
]
Zone = Annotated[
    str | None,
    Parameter(help="Its time zone, as in Europe/Paris; a change keeps local times as they are."),
]
Notify = Annotated[
    bool | None,
    Parameter(
        help="Whether guests who come or wait get a letter about a new date, end, place or zone. "
        "It has to be said if there are any and the site sends mail.",
    ),
]
Host = Annotated[
    str | None,
    Parameter(
        help="The host: an e-mail address to sign in with, whose account is made if it is missing, "
        "or none. A host who is replaced no longer sees the gathering."
    ),
]


def gathering(
    *,
    gathering: GatheringId = "default",
    name: NewName = None,
    date: Date = None,
    end: End = None,
    location: Location = None,
    deadline: Deadline = None,
    capacity: Capacity = None,
    zone: Zone = None,
    host: Host = None,
    notify: Notify = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Show the settings of a gathering, after changing those that are given.

    All others stay as they are. If there is more room, guests who wait get places; if there is
    less, nobody loses one.
    """
    settings = settings_of_store(store)
    given = _given(name, date, end, location, deadline, capacity, zone)

    async def work() -> "tuple[Gathering, Stats, str | None]":
        async with open_platform(settings) as platform:
            await platform.guests.gathering(gathering)
            account = None if host is None else await _account(platform, host)
            if given:
                await _change(platform, gathering, given, notify)
            if host is not None:
                await platform.guests.change_host(gathering, account, actor="cli")
            found = (await platform.guests.gathering(gathering)).body
            stats = await platform.guests.stats(gathering)
            return found, stats, await _address(platform, found.host_account)

    found, stats, address = finish(work())
    if json:
        _print_json(_json_of(found, address))
    else:
        _print(found, stats, address)


def create(
    *,
    name: Name,
    date: Date = None,
    end: End = None,
    location: Location = None,
    deadline: Deadline = None,
    capacity: Capacity = None,
    zone: Zone = None,
    host: Host = None,
    store: StoreUrl = None,
) -> None:
    """Make a gathering and print its id, which --gathering of other commands takes.

    The id alone goes to stdout, so ID=$(gatherlog gathering create --name Ball) works.
    """
    settings = settings_of_store(store)
    given = _given(name, date, end, location, deadline, capacity, zone)

    async def make() -> str:
        from gatherlog.apps.guests.inputs import GatheringDetails
        from gatherlog.core.eventstore.errors import Invalid

        details = GatheringDetails(**given)  # type: ignore[arg-type]  # the types go with the names
        async with open_platform(settings) as platform:
            account = None if host is None else await _account(platform, host)
            try:
                made = await platform.guests.create_gathering(details, actor="cli", host=account)
            except Invalid as wrong:
                raise _refusal(wrong) from None
            return made.body.id

    print(finish(make()))


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all gatherings with their hosts, oldest first, `default` last."""
    settings = settings_of_store(store)

    async def load() -> list[dict[str, object]]:
        listed: list[dict[str, object]] = []
        cursor: str | None = None
        async with open_platform(settings, read_only=True) as platform:
            while True:
                page = await platform.guests.gatherings(cursor=cursor)
                for found in (stored.body for stored in page.items):
                    listed.append(_json_of(found, await _address(platform, found.host_account)))
                if (cursor := page.cursor) is None:
                    return listed

    listed = finish(load())
    if json:
        _print_json(listed)
    elif not listed:
        print("There are none; make one: gatherlog gathering create --name NAME", file=sys.stderr)
    else:
        heads = {"id": "id", "event_name": "name", "event_date": "date", "host": "host"}
        rows = [[one[field] or "-" for field in heads] for one in listed]
        print(table(list(heads.values()), rows))


async def _change(
    platform: "Platform",
    gathering: str,
    given: dict[str, str | int | None],
    notify: bool | None,
) -> None:
    from msgspec import UNSET

    from gatherlog.apps.guests.inputs import SettingsPatch
    from gatherlog.apps.guests.refusals import NotifyUndecided
    from gatherlog.core.eventstore.errors import Invalid

    told = UNSET if notify is None else notify
    patch = SettingsPatch(notify=told, **given)  # type: ignore[arg-type]  # types go with names
    try:
        await platform.guests.change_settings(gathering, patch, actor="cli")
    except Invalid as wrong:
        raise _refusal(wrong) from None
    except NotifyUndecided as undecided:
        raise CommandRefused(
            f"nothing was changed: guests who come or wait: {undecided.letters:,}; add --notify to "
            "write to them about it, or --no-notify to write to nobody"
        ) from None


async def _account(platform: "Platform", host: str) -> str | None:
    """The account of an address, created if missing; CommandRefused for an invalid address."""
    from gatherlog.core.eventstore.errors import Invalid

    if host == NONE:
        return None
    try:
        return await platform.accounts.ensure(host, actor="cli")
    except Invalid as wrong:
        raise _refusal(wrong) from None


async def _address(platform: "Platform", account_id: str | None) -> str | None:
    """The address of an account; its id if the account was removed."""
    from gatherlog.core.eventstore.errors import NotFound

    if account_id is None:
        return None
    try:
        return (await platform.accounts.account(account_id)).address
    except NotFound:
        return account_id


def _refusal(wrong: "Invalid") -> CommandRefused:
    """The flaws, with the names of options instead of those of fields."""
    options = {field: option for option, field in _FIELDS.items()}
    flaws = [(flaw.pointer.removeprefix("/"), flaw.detail) for flaw in wrong.flaws]
    reasons = [f"--{options.get(field, field)} {detail}" for field, detail in flaws]
    return CommandRefused(f"nothing was changed: {'; '.join(reasons)}")


def _given(
    name: str | None,
    date: str | None,
    end: str | None,
    location: str | None,
    deadline: str | None,
    capacity: str | None,
    zone: str | None,
) -> dict[str, str | int | None]:
    """The fields that the given options set."""
    given = {
        "name": name,
        "date": date,
        "end": end,
        "location": location,
        "deadline": deadline,
        "capacity": capacity,
        "zone": zone,
    }
    return {_FIELDS[o]: _value(o, text) for o, text in given.items() if text is not None}


def _value(option: str, text: str) -> str | int | None:
    if text == NONE and option not in ("name", "zone"):
        return None
    if option != "capacity":
        return text
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CommandRefused(
            f"nothing was changed: --capacity is {text!r}; write a number of people, or none"
        )
    return int(text)


def _print(gathering: "Gathering", stats: "Stats", host: str | None) -> None:
    room = "no limit"
    if stats.capacity is not None:
        room = f"{stats.capacity:,}, {stats.places_left:,} of them free"
    lines = [
        ("Id", gathering.id),
        ("Name", gathering.event_name),
        ("Date", _with_note(gathering.event_date, gathering.time_zone)),
        *_end(gathering),
        ("Location", gathering.location or NONE),
        ("Deadline", _with_note(gathering.rsvp_deadline, gathering.time_zone, last=True)),
        ("Capacity", room),
        ("Zone", gathering.time_zone),
        ("Host", host or NONE),
        (
            "Guests",
            f"{stats.total_guests:,}: {stats.attending:,} coming ({stats.people:,} people), "
            f"{stats.not_attending:,} not, {stats.undecided:,} undecided, "
            f"{stats.waiting:,} waiting, {stats.pending:,} without an answer",
        ),
    ]
    for label, text in lines:
        print(f"{label:<10} {printable(text)}")


def _end(gathering: "Gathering") -> list[tuple[str, str]]:
    """The line about the end; none for a gathering without a date."""
    from gatherlog.apps.guests.times import DEFAULT_HOURS

    if gathering.event_date is None:
        return []
    if gathering.event_end is None and "T" in gathering.event_date:
        return [("End", f"{NONE}; calendars show {DEFAULT_HOURS} hours")]
    end = gathering.event_end or gathering.event_date
    return [("End", _with_note(end, gathering.time_zone, last=True))]


def _with_note(local: str | None, zone: str, *, last: bool = False) -> str:
    """A local time, with what is made of one that a change of clocks skips or repeats."""
    from gatherlog.core.commands.local_time import clock_note

    note = clock_note(local or "", zone, last=last)
    return f"{local} ({note})" if note else local or NONE


def _json_of(gathering: "Gathering", host: str | None) -> dict[str, object]:
    fields = [field for field in _FIELDS.values() if field != "email"]
    settings = {field: getattr(gathering, field) for field in fields}
    return {"id": gathering.id} | settings | {"host": host}


def _print_json(value: object) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())
