"""The forms that create a gathering from few fields and that change its settings. Pure."""

from datetime import date, timedelta
from typing import Final

from msgspec import UNSET

from gatherlog.apps.guests import Gathering, GatheringDetails, SettingsPatch
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.texts import N_
from gatherlog.interfaces.web.fields import Fields, blank_is_none, date_time, whole

__all__ = ["CREATION", "NAMES", "SETTINGS", "details", "filled", "patch"]

CREATION: Final = (
    "event_name",
    "event_date",
    "event_time",
    "event_end",
    "end_time",
    "location",
    "time_zone",
)
SETTINGS: Final = (
    *CREATION,
    "rsvp_deadline",
    "rsvp_time",
    "max_guests",
    "version",
    "was",
    "notify",
)
NAMES: Final = {
    "event_name": N_("The name"),
    "event_date": N_("The date"),
    "event_end": N_("The end"),
    "location": N_("The place"),
    "time_zone": N_("The time zone"),
    "rsvp_deadline": N_("The RSVP deadline"),
    "max_guests": N_("The number of places"),
}


def details(fields: Fields) -> GatheringDetails:
    """The gathering to create. Raises Invalid for what only a form can get wrong.

    Everything else is checked by the app's rules.
    """
    flaws: list[Flaw] = []
    when = date_time("event_date", fields["event_date"], fields["event_time"], flaws)
    end = _end(fields, flaws)
    zone = _zone(fields, flaws)
    if flaws:
        raise Invalid(*flaws)
    return GatheringDetails(
        event_name=fields["event_name"],
        event_date=None if when is UNSET else when,
        event_end=end,
        location=blank_is_none(fields["location"]),
        time_zone=zone,
    )


def patch(fields: Fields) -> SettingsPatch:
    """The settings to change; as `details`."""
    flaws: list[Flaw] = []
    when = date_time("event_date", fields["event_date"], fields["event_time"], flaws)
    end = _end(fields, flaws)
    until = date_time("rsvp_deadline", fields["rsvp_deadline"], fields["rsvp_time"], flaws)
    places = fields["max_guests"]
    most = whole("max_guests", places, flaws) if places else None
    zone = _zone(fields, flaws)
    if flaws:
        raise Invalid(*flaws)
    return SettingsPatch(
        event_name=fields["event_name"],
        event_date=when,
        event_end=end,
        location=blank_is_none(fields["location"]),
        rsvp_deadline=until,
        max_guests=most,
        time_zone=zone,
        notify={"yes": True, "no": False}.get(fields["notify"], UNSET),
    )


def filled(gathering: Gathering, version: int) -> Fields:
    """The form filled with the settings as they are saved."""
    day, time = _parts(gathering.event_date)
    end_day, end_time = _parts(gathering.event_end)
    last_day, last_time = _parts(gathering.rsvp_deadline)
    return Fields.saved(
        {
            "event_name": gathering.event_name,
            "event_date": day,
            "event_time": time,
            "event_end": end_day,
            "end_time": end_time,
            "location": gathering.location or "",
            "time_zone": gathering.time_zone,
            "rsvp_deadline": last_day,
            "rsvp_time": last_time,
            "max_guests": "" if gathering.max_guests is None else str(gathering.max_guests),
        },
        version,
    )


def _end(fields: Fields, flaws: list[Flaw]) -> str | None:
    """The end, if one is typed. A time without a day is the next such time after the beginning."""
    day, time = fields["event_end"], fields["end_time"]
    start, start_time = fields["event_date"], fields["event_time"]
    if day and start_time and not time:
        flaws.append(Flaw("/event_end", "has a day but no time"))
    elif time and not start_time:
        flaws.append(Flaw("/event_end", "has a time, but the beginning has none"))
    if time and not day:
        day = start if time > start_time else _day_after(start)
    return f"{day}T{time}" if time else day or None


def _day_after(day: str) -> str:
    """The next day; the text itself if it is no day, for the rules to refuse."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _zone(fields: Fields, flaws: list[Flaw]) -> str:
    """The chosen zone; one more flaw if there is none (only our script preselects one)."""
    if not fields["time_zone"]:
        flaws.append(Flaw("/time_zone", N_("is missing: choose where the gathering takes place")))
    return fields["time_zone"]


def _parts(when: str | None) -> tuple[str, str]:
    """Date and time as the browser's input fields take them; seconds only if they are not 0."""
    day, _, time = (when or "").partition("T")
    return day, time.removesuffix(":00") if time.count(":") == 2 else time
