"""The command that shows and changes the settings of a gathering."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import GatheringId, Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable

if TYPE_CHECKING:
    from gatherlog.apps.guests.answers import Stats
    from gatherlog.apps.guests.views import Gathering
    from gatherlog.interfaces.platform import Platform

__all__ = ["gathering"]

NONE = "none"
_FIELDS = {
    "name": "event_name",
    "date": "event_date",
    "location": "location",
    "deadline": "rsvp_deadline",
    "capacity": "max_guests",
    "zone": "time_zone",
}
"""Options, and the settings that they change."""


def gathering(
    *,
    gathering: GatheringId = "default",
    name: Annotated[str | None, Parameter(help="Change the name.")] = None,
    date: Annotated[
        str | None,
        Parameter(help="Change when it is: 2026-06-01, 2026-06-01T18:00 in its zone, or none."),
    ] = None,
    location: Annotated[str | None, Parameter(help="Change where it is, or none.")] = None,
    deadline: Annotated[
        str | None,
        Parameter(help="Change until when guests may answer, as --date; a date is its end."),
    ] = None,
    capacity: Annotated[
        str | None, Parameter(help="Change how many people there is room for; none is no limit.")
    ] = None,
    zone: Annotated[
        str | None,
        Parameter(help="Change the time zone, as in Europe/Paris; local times stay as they are."),
    ] = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Show the settings of a gathering, after changing those that are given.

    All others stay as they are. With more room those who wait move up; with less nobody goes.
    """
    settings = settings_of_store(store)
    given = {
        "name": name,
        "date": date,
        "location": location,
        "deadline": deadline,
        "capacity": capacity,
        "zone": zone,
    }
    changes = {option: text for option, text in given.items() if text is not None}

    async def work() -> "tuple[Gathering, Stats]":
        async with open_platform(settings) as platform:
            if changes:
                await _change(platform, gathering, changes)
            found = await platform.guests.gathering(gathering)
            return found.body, await platform.guests.stats(gathering)

    found, stats = finish(work())
    if json:
        _print_json(found)
    else:
        _print(found, stats)


async def _change(platform: "Platform", gathering: str, changes: dict[str, str]) -> None:
    """Raises CommandRefused that names the options and not the fields behind them."""
    from gatherlog.apps.guests.inputs import SettingsPatch
    from gatherlog.core.errors import Invalid

    told = {_FIELDS[option]: _value(option, text) for option, text in changes.items()}
    patch = SettingsPatch(**told)  # type: ignore[arg-type]  # the types go with the names
    try:
        await platform.guests.change_settings(gathering, patch, actor="cli")
    except Invalid as wrong:
        options = {field: option for option, field in _FIELDS.items()}
        flaws = [(flaw.pointer.removeprefix("/"), flaw.detail) for flaw in wrong.flaws]
        reasons = [f"--{options.get(field, field)} {detail}" for field, detail in flaws]
        raise CommandRefused(f"nothing was changed: {'; '.join(reasons)}") from None


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


def _print(gathering: "Gathering", stats: "Stats") -> None:
    room = "no limit"
    if stats.capacity is not None:
        room = f"{stats.capacity:,}, {stats.places_left:,} of them free"
    lines = [
        ("Id", gathering.id),
        ("Name", gathering.event_name),
        ("Date", gathering.event_date or NONE),
        ("Location", gathering.location or NONE),
        ("Deadline", gathering.rsvp_deadline or NONE),
        ("Capacity", room),
        ("Zone", gathering.time_zone),
        (
            "Guests",
            f"{stats.total_guests:,}: {stats.attending:,} coming ({stats.people:,} people), "
            f"{stats.not_attending:,} not, {stats.undecided:,} undecided, "
            f"{stats.waiting:,} waiting, {stats.pending:,} without an answer",
        ),
    ]
    for label, text in lines:
        print(f"{label:<10} {printable(text)}")


def _print_json(gathering: "Gathering") -> None:
    import msgspec

    told = {"id": gathering.id} | {field: getattr(gathering, field) for field in _FIELDS.values()}
    print(msgspec.json.encode(told).decode())
