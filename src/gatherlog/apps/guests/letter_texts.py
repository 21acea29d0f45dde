"""The texts of the letters to guests. Text that somebody typed is put into one line.

Anybody who hosts a gathering names it, so a name that holds a link is in no subject: subjects are
what people see of letters from strangers.
"""

from collections.abc import Collection
from typing import Final

from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.subscriptions.letters import Letter, has_link, one_line
from gatherlog.core.subscriptions.spoken_spans import spoken_span

__all__ = ["change", "confirmation", "promotion", "queueing"]

_BY_LINK: Final = "by the same link by which you answered"
_HOUSEHOLD: Final = "What you answered for others of your household stands there, too."


def promotion(gathering: Gathering, guest: Guest, site: str) -> Letter:
    """To a guest who has moved up from the waiting list."""
    return _letter(
        gathering,
        guest,
        site,
        "You have a place",
        f"there is room now: you have moved up from the waiting list of {_name(gathering)} and "
        f"have a place for {_people(guest)}.",
        _when_and_where(gathering),
        f"Can you not come any more? Please say so {_BY_LINK}, so that somebody else who waits "
        "can have it.",
    )


def queueing(gathering: Gathering, guest: Guest, site: str) -> Letter:
    """To a guest who said yes when there was no room, and waits."""
    return _letter(
        gathering,
        guest,
        site,
        "You are on the waiting list",
        f"thank you for your answer. There is no room left at {_name(gathering)}, so you are on "
        f"the waiting list for {_people(guest)}. Those who were signed up together wait together.",
        "As soon as there is room for all of you, you move up by yourself, and another letter "
        "tells you so. Until then you have no place.",
        f"You can change the number of people, or wait no longer, {_BY_LINK}. {_HOUSEHOLD}",
    )


def confirmation(gathering: Gathering, guest: Guest, site: str) -> Letter:
    """To a guest who has answered, with the answer."""
    said = {
        "coming": f"You come: {_people(guest)}.",
        "declined": "You do not come.",
    }.get(guest.status, "You have not decided yet.")
    facts = [_when_and_where(gathering)] if guest.status != "declined" else []
    return _letter(
        gathering,
        guest,
        site,
        "Your answer",
        f"thank you for your answer to {_name(gathering)}:",
        f"    {said}",
        *facts,
        f"You can change it {_until(gathering)}{_BY_LINK}. {_HOUSEHOLD}",
    )


def change(gathering: Gathering, guest: Guest, site: str, changed: Collection[str]) -> Letter:
    """To a guest who comes or waits, with time and place; `changed` are the settings' fields."""
    whose = "for which you wait" if guest.status == "waiting" else "to which you come"
    return _letter(
        gathering,
        guest,
        site,
        "A change",
        f"something has changed about {_name(gathering)}, {whose}:",
        _when_and_where(gathering, changed),
        f"Does it not suit you any more? Please change your answer {_BY_LINK}.",
    )


def _letter(
    gathering: Gathering, guest: Guest, site: str, subject: str, *paragraphs: str
) -> Letter:
    greeting = one_line(f"Dear {guest.name}") + ","
    sent = f"This letter was sent by {one_line(site)}, where you are on the guest list."
    return Letter(
        to=guest.email or "",
        subject=subject if has_link(_name(gathering)) else f"{subject}: {_name(gathering)}",
        text="\n\n".join([greeting, *paragraphs, "-- \n" + sent]) + "\n",
    )


def _name(gathering: Gathering) -> str:
    return one_line(gathering.event_name)


def _people(guest: Guest) -> str:
    """`3 people altogether, 1 of them a child`."""
    if guest.num_guests == 1:
        return "1 person"
    people, children = f"{guest.num_guests} people altogether", guest.children
    if not children:
        return people
    return f"{people}, {children} of them " + ("a child" if children == 1 else "children")


def _when_and_where(gathering: Gathering, changed: Collection[str] = ()) -> str:
    when = "When (changed)" if {"event_date", "event_end", "time_zone"} & set(changed) else "When"
    where = "Where (changed)" if "location" in changed else "Where"
    place = one_line(gathering.location or "")
    return f"    {when}: {_date(gathering)}\n    {where}: {place or 'not known yet'}"


def _date(gathering: Gathering) -> str:
    date = gathering.event_date
    if date is None:
        return "not known yet"
    return spoken_span(date, gathering.event_end, gathering.time_zone)


def _until(gathering: Gathering) -> str:
    if gathering.rsvp_deadline is None:
        return ""
    zone = gathering.time_zone
    return f"until {spoken_span(gathering.rsvp_deadline, None, zone, last=True)}, "
