"""Which letter an event calls for, if any, given the present documents. Pure.

A letter is made of the documents as they are when it is sent, not of the event, which may be hours
old; if it would not be true any more, there is none. It tells of the guest's household what the
page behind the guest's link tells, and nothing about food, from which health or belief might be
concluded.
"""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec import UNSET

from gatherlog.apps.guests.decisions import ANNOUNCED, is_over
from gatherlog.apps.guests.events import SettingsChanged
from gatherlog.apps.guests.letter_events import CODEC, LetterRequested
from gatherlog.apps.guests.letter_texts import (
    Around,
    change,
    confirmation,
    promotion,
    queueing,
)
from gatherlog.apps.guests.quotas import DAY
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.commands.text import folded_email
from gatherlog.core.eventstore.errors import EventUnknown
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.letters import Letter

__all__ = ["announcement", "is_true_of", "letter_about", "recipients"]

_EXPECTED: Final = frozenset({"coming", "waiting"})


def announcement(change: int, changed: SettingsChanged) -> LetterRequested | None:
    """The part of a change of settings that guests get letters about; None where there is none.

    There is none if whoever changed them chose that no letters are sent.
    """
    if changed.notify is False:
        return None
    given = {field: getattr(changed, field) for field in ANNOUNCED}
    announced = {field: value for field, value in given.items() if value is not UNSET}
    return LetterRequested(change=change, **announced) if announced else None


def is_true_of(gathering: Gathering, requested: LetterRequested) -> bool:
    """Whether the settings still are what they were changed to.

    If not, they were changed again, and that change has letters of its own.
    """
    given = ((getattr(requested, field), getattr(gathering, field)) for field in ANNOUNCED)
    return all(then is UNSET or then == now for then, now in given)


def recipients(guests: Iterable[Guest], asked: Collection[str]) -> list[str]:
    """The ids of the guests who come or wait and have an address, one guest for each address.

    Guests whose ids are in `asked` have a letter already: they are left out, and so are those who
    share an address with them.
    """
    guests = list(guests)
    reached = {folded_email(guest.email) for guest in guests if guest.email and guest.id in asked}
    found = []
    for guest in guests:
        if guest.email and guest.status in _EXPECTED and guest.id not in asked:
            address = folded_email(guest.email)
            if address not in reached:
                reached.add(address)
                found.append(guest.id)
    return found


def letter_about(
    event: Recorded, gathering: Gathering, guest: Guest, around: Around, *, now: int
) -> Letter | None:
    """The letter that an event calls for, according to the present documents; None for no letter.

    There is none for a guest without an address, for a gathering that was removed, or later than a
    day after its date. An answer is confirmed for a day, and only to a guest who gave it: not to
    one for whom a host or another member of the household answered.
    """
    if not guest.email or gathering.gone or is_over(gathering, now):
        return None
    match event.type:
        case "guests.promoted":
            return promotion(gathering, guest, around) if guest.status == "coming" else None
        case "letters.letter_requested":
            requested: LetterRequested = CODEC.decode(event)
            if guest.status not in _EXPECTED or not is_true_of(gathering, requested):
                return None
            changed = [field for field in ANNOUNCED if getattr(requested, field) is not UNSET]
            return change(gathering, guest, around, changed)
        case "guests.rsvp_submitted" | "guests.waitlisted":
            if guest.rsvp_at != event.time or now - event.time > DAY or not _acted(guest, event):
                return None
            write = queueing if guest.status == "waiting" else confirmation
            return write(gathering, guest, around)
    raise EventUnknown(f"no letter is known for {event.type!r}")


def _acted(guest: Guest, event: Recorded) -> bool:
    """Whether the guest is the actor of the event."""
    return bool(actor_of(event) == f"guest:{guest.id}")
