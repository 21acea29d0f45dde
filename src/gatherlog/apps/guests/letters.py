"""What guests are written, and when they are not. Pure: an event and the facts of today in, a
letter out, or none.

A letter says how things stand when it goes, not what an event said hours ago, and one that has
become untrue meanwhile is never written. It holds nothing of anybody but the guest, no token, and
nothing about food, which may tell of health or belief.
"""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from gatherlog.apps.guests.events import SettingsChanged
from gatherlog.apps.guests.letter_texts import change, confirmation, promotion, queueing
from gatherlog.apps.guests.local_time import closes_at
from gatherlog.apps.guests.text import folded_email
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.eventstore.errors import EventUnknown
from gatherlog.core.eventstore.events import Codec, Recorded, event_type
from gatherlog.core.subscriptions.letters import Letter

__all__ = [
    "CODEC",
    "LetterRequested",
    "announcement",
    "is_over",
    "is_true_of",
    "letter_about",
    "to_be_told",
]

DAY: Final = 86_400_000_000
"""Microseconds."""
_TOLD: Final = ("event_date", "location", "time_zone")
_EXPECTED: Final = frozenset({"coming", "waiting"})


@event_type("letters.letter_requested", schema=1)
class LetterRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A guest, its subject, is to be told what has changed about a gathering.

    Kept in the stream `letters-<gathering>`. What is UNSET did not change.
    """

    change: int
    """The version of the change in the gathering's stream."""
    event_date: str | UnsetType | None = UNSET
    location: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET


CODEC: Final = Codec([LetterRequested])


def announcement(change: int, changed: SettingsChanged) -> LetterRequested | None:
    """What guests are to be told of a change of settings; None where it is no matter of theirs."""
    told = {field: value for field in _TOLD if (value := getattr(changed, field)) is not UNSET}
    return LetterRequested(change=change, **told) if told else None


def is_true_of(gathering: Gathering, requested: LetterRequested) -> bool:
    """Whether what has changed is so still; if not, a later change has letters of its own."""
    given = ((getattr(requested, field), getattr(gathering, field)) for field in _TOLD)
    return all(told is UNSET or told == now for told, now in given)


def to_be_told(guests: Iterable[Guest], told: Collection[str]) -> list[str]:
    """The ids of those who come or wait and have an address, one for each address.

    Left out are those whose ids are in `told`, and who shares an address with one of them.
    """
    guests = list(guests)
    reached = {folded_email(guest.email) for guest in guests if guest.email and guest.id in told}
    found = []
    for guest in guests:
        if guest.email and guest.status in _EXPECTED and guest.id not in told:
            address = folded_email(guest.email)
            if address not in reached:
                reached.add(address)
                found.append(guest.id)
    return found


def letter_about(
    event: Recorded, gathering: Gathering, guest: Guest, *, site: str, now: int
) -> Letter | None:
    """The letter that an event calls for, as things stand; None where none is due, or any more.

    None is due without an address, for a removed gathering, and from a day after its date on. An
    answer is confirmed to the guest who gave it, for a day; not to one whom a host, or another of
    the household, has answered for.
    """
    if not guest.email or gathering.gone or is_over(gathering, now):
        return None
    match event.type:
        case "guests.promoted":
            return promotion(gathering, guest, site) if guest.status == "coming" else None
        case "letters.letter_requested":
            requested: LetterRequested = CODEC.decode(event)
            if guest.status not in _EXPECTED or not is_true_of(gathering, requested):
                return None
            changed = [field for field in _TOLD if getattr(requested, field) is not UNSET]
            return change(gathering, guest, site, changed)
        case "guests.rsvp_submitted" | "guests.waitlisted":
            if guest.rsvp_at != event.time or now - event.time > DAY or not _gave(guest, event):
                return None
            write = queueing if guest.status == "waiting" else confirmation
            return write(gathering, guest, site)
    raise EventUnknown(f"no letter is known for {event.type!r}")


def is_over(gathering: Gathering, now: int) -> bool:
    """Whether a whole day has passed since its date."""
    date = gathering.event_date
    return date is not None and now > closes_at(date, gathering.time_zone) + DAY


def _gave(guest: Guest, event: Recorded) -> bool:
    """Whether it was the guest who did this."""
    return bool(actor_of(event) == f"guest:{guest.id}")
