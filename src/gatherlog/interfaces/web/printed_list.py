"""The printed guest list: guests by household, and a count of meals for the kitchen. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from gatherlog.apps.guests import DIETARY_TAGS, Guest, listed_name, name_order
from gatherlog.core.commands.text import folded
from gatherlog.core.eventstore.giving_way import Steps, consumed, sorting
from gatherlog.core.texts import _
from gatherlog.interfaces.web.rows import STATE_NAMES
from gatherlog.interfaces.web.words import label

__all__ = ["Kitchen", "Meal", "PrintedGuest", "PrintedHousehold", "counting_meals", "printing"]


class PrintedGuest(msgspec.Struct, frozen=True, gc=False):
    """One guest."""

    name: str
    state: str
    answer: str
    people: str
    children: str
    food: str


class PrintedHousehold(msgspec.Struct, frozen=True):
    """A household; or, without a name, one guest who is in none."""

    name: str
    guests: list[PrintedGuest]


class Meal(msgspec.Struct, frozen=True):
    """One combination of dietary needs; `vegan and gluten-free` does not count as `vegan`."""

    name: str
    guests: int
    people: int
    """All people of these invitations, because an invitation does not say which of its people
    have the needs: so there are never too few meals."""


class Kitchen(msgspec.Struct, frozen=True):
    """What the guests who come eat; every person is in exactly one meal."""

    meals: list[Meal]
    """The meal without special needs first, then by number of people."""
    notes: list[tuple[str, str]]
    """Names of guests, and what they wrote."""


def printing(guests: Iterable[Guest]) -> Steps[list[PrintedHousehold]]:
    """All guests in alphabetical order, of households' names and of names of guests in none."""
    ordered = yield from sorting(guests, _order)
    households: list[PrintedHousehold] = []
    for (_folded, name, _id), members in groupby(consumed(ordered), key=_household):
        household = PrintedHousehold(name, [])
        for guest in members:
            household.guests.append(_printed(guest))
            yield
        households.append(household)
    return households


def counting_meals(guests: Iterable[Guest]) -> Steps[Kitchen]:
    """The meals of the guests who come, and what they wrote."""
    notes: list[tuple[str, str]] = []
    invitations: Counter[Sequence[str]] = Counter()
    people: Counter[Sequence[str]] = Counter()
    for guest in guests:
        yield
        if not guest.attending:
            continue
        needs = tuple(tag for tag in DIETARY_TAGS if tag in guest.dietary_tags)
        invitations[needs] += 1
        people[needs] += guest.num_guests
        if guest.dietary:
            notes.append((guest.name, guest.dietary))
    ordered = sorted(people, key=lambda needs: (bool(needs), -people[needs], needs))
    meals = [Meal(_meal(needs), invitations[needs], people[needs]) for needs in ordered]
    return Kitchen(meals, notes)


def _household(guest: Guest) -> tuple[str, str, str]:
    """What is the same for all guests of a household, and unique for a guest who is in none."""
    if guest.group_id is not None:
        return (folded(guest.group_id), guest.group_id, "")
    return (name_order(guest.first_name, guest.last_name)[0], "", guest.id)


def _order(guest: Guest) -> tuple[str, ...]:
    """Sorts adults before children within a household."""
    child = str(int(guest.children >= max(guest.expected_guests, 1)))
    return (*_household(guest), child, *name_order(guest.first_name, guest.last_name))


def _printed(guest: Guest) -> PrintedGuest:
    yes = guest.status in ("coming", "waiting")
    tags = [label(tag) for tag in guest.dietary_tags]
    return PrintedGuest(
        name=listed_name(guest.first_name, guest.last_name),
        state=guest.status,
        answer=_(STATE_NAMES[guest.status]),
        people=str(guest.num_guests) if yes else "",
        children=str(guest.children or "") if yes else "",
        food="; ".join(filter(None, [", ".join(tags), guest.dietary])),
    )


def _meal(needs: Sequence[str]) -> str:
    if not needs:
        return _("Nothing special")
    first, *others = [label(tag) for tag in needs]
    and_ = _("{one} and {other}")
    for other in others:
        first = and_.format(one=first, other=other.lower())
    return first
