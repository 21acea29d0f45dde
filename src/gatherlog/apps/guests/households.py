"""Households: what their members see, and what one member's answer means for the others. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests.answers import Household, Questions, Waiting
from gatherlog.apps.guests.decisions import answer, change_guest, is_closed
from gatherlog.apps.guests.inputs import MOST_ANSWERS, GroupStatus, GuestPatch, OwnAnswer, Rsvp
from gatherlog.apps.guests.refusals import RsvpClosed
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUESTS,
    WAITING_LISTS,
    Gathering,
    Guest,
    group_document,
)
from gatherlog.core.commands.handler import Handled
from gatherlog.core.commands.places import Room, WaitingList
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["answer_for_pending", "household_from", "household_of", "own_answer", "questions"]


def own_answer(
    gathering: Gathering, guest: Guest, given: OwnAnswer, *, now: int
) -> list[msgspec.Struct]:
    """A guest's answer about themselves. Raises RsvpClosed and Invalid, as `decisions.answer`."""
    if given.group_status == "declined" and given.num_guests != 0:
        raise Invalid(Flaw("/num_guests", "should be 0 where the household declines"))
    about = {
        field: value
        for field in ("children", "dietary", "dietary_tags")
        if (value := getattr(given, field)) is not UNSET
    }
    if given.num_guests is not UNSET:
        attending = given.num_guests != 0
        said = Rsvp(attending=attending, num_guests=given.num_guests, **about)
        return answer(gathering, guest, said, now=now)
    if guest.status != "pending":
        attending_still = True if guest.status == "waiting" else guest.attending
        return answer(gathering, guest, Rsvp(attending=attending_still, **about), now=now)
    if is_closed(gathering, now):
        raise RsvpClosed("RSVP is closed")
    return change_guest(guest, GuestPatch(**about))


def answer_for_pending(
    gathering: Gathering, guest: Guest, status: GroupStatus, *, now: int
) -> list[msgspec.Struct]:
    """An answer for a guest who has not answered; no events for one who has."""
    if guest.status != "pending":
        return []
    return answer(gathering, guest, Rsvp(attending=status == "coming"), now=now)


def questions(guests: Sequence[Guest]) -> Questions:
    """What to ask a household, whose guests are all given."""
    expected = sum(guest.expected_guests for guest in guests)
    said_yes = [guest for guest in guests if guest.status in ("coming", "waiting")]
    signed_up = sum(guest.num_guests for guest in said_yes)
    others = tuple(guest.id for guest in guests if guest not in said_yes)
    return Questions(
        signed_up=signed_up,
        not_coming=others if signed_up < expected else (),
        more=max(signed_up - expected, 0),
    )


def household_from(
    gathering: Gathering,
    guest: Stored[Guest],
    members: list[Stored[Guest]],
    waiting: WaitingList | None,
    *,
    now: int,
    most_answers: int = MOST_ANSWERS,
) -> Household:
    """The household as one guest may see it; `members` are the others."""
    everybody = [guest.body, *(member.body for member in members)]
    return Household(
        gathering=gathering,
        guest=guest,
        members=members,
        family_sum=sum(guest.expected_guests for guest in everybody),
        rsvp_deadline=gathering.rsvp_deadline,
        closed=is_closed(gathering, now),
        questions=questions(everybody),
        waiting=list(_waiting(gathering, waiting, {guest.id for guest in everybody})),
        most_answers=most_answers,
    )


def household_of(
    handled: Handled, gathering_id: str, guest_id: str, now: int, most_answers: int = MOST_ANSWERS
) -> Household:
    """The household after a command of `JointAnswers`.

    Versions that are not known, as within `Once.answer`, are 0.
    """
    bodies = handled.bodies
    guest: Guest = bodies[GUESTS.ref(guest_id)]

    def stored(id: str) -> Stored[Guest]:
        return Stored(bodies[GUESTS.ref(id)], handled.versions.get(GUESTS.ref(id), 0))

    return household_from(
        bodies[GATHERINGS.ref(gathering_id)],
        stored(guest_id),
        [stored(id) for id in others(bodies, guest)],
        bodies.get(WAITING_LISTS.ref(gathering_id)),
        now=now,
        most_answers=most_answers,
    )


def others(bodies: Mapping[tuple[str, str], Any], guest: Guest) -> list[str]:
    """The other members of a guest's household; its document has to be among `bodies`."""
    if guest.group_id is None:
        return []
    group = bodies[GROUPS.ref(group_document(guest.gathering_id, guest.group_id))]
    return [] if group is None else [id for id in group.members if id != guest.id]


def _waiting(
    gathering: Gathering, waiting: WaitingList | None, members: Collection[str]
) -> Iterable[Waiting]:
    empty = Room(gathering.max_guests, 0)
    for place, unit in enumerate(() if waiting is None else waiting.units, start=1):
        if any(guest in members for guest, _ in unit.members):
            yield Waiting(
                members=tuple(guest for guest, _ in unit.members if guest in members),
                people=unit.people,
                place=place,
                fits=empty.fits(unit.people),
            )
