"""The guest list as it is printed: by household, with a count of meals for the kitchen. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from gatherlog.apps.guests import DIETARY_TAGS, Guest
from gatherlog.apps.guests.text import folded
from gatherlog.interfaces.web.rows import STATES
from gatherlog.interfaces.web.words import label

__all__ = ["Block", "Kitchen", "Line", "Meal", "blocks", "kitchen"]


class Line(msgspec.Struct, frozen=True):
    """One guest."""

    name: str
    state: str
    said: str
    people: str
    children: str
    food: str


class Block(msgspec.Struct, frozen=True):
    """A household, or one guest without any, whose block has no name."""

    name: str
    lines: list[Line]


class Meal(msgspec.Struct, frozen=True):
    """One combination of needs: `vegan and gluten-free` is none of `vegan`."""

    name: str
    guests: int
    people: int
    """Of these invitations, so never too few: an invitation does not say who of its people."""


class Kitchen(msgspec.Struct, frozen=True):
    """What those who come eat: every person is in one meal."""

    meals: list[Meal]
    """Without special needs first, then by number."""
    notes: list[tuple[str, str]]
    """Name, and what was written in words."""


def blocks(guests: Iterable[Guest]) -> list[Block]:
    """All guests in the order of the alphabet: a household by its name, others by their own."""
    ordered = sorted(guests, key=_place)
    return [
        Block(name, [_line(guest) for guest in members])
        for (_, name, _), members in groupby(ordered, key=_block)
    ]


def kitchen(guests: Iterable[Guest]) -> Kitchen:
    """The meals of those who come, and what they wrote."""
    coming = [guest for guest in guests if guest.attending]
    invitations: Counter[Sequence[str]] = Counter()
    people: Counter[Sequence[str]] = Counter()
    for guest in coming:
        needs = tuple(tag for tag in DIETARY_TAGS if tag in guest.dietary_tags)
        invitations[needs] += 1
        people[needs] += guest.num_guests
    ordered = sorted(people, key=lambda needs: (bool(needs), -people[needs], needs))
    meals = [Meal(_meal(needs), invitations[needs], people[needs]) for needs in ordered]
    notes = [(f"{one.first_name} {one.last_name}", one.dietary) for one in coming if one.dietary]
    return Kitchen(meals, notes)


def _block(guest: Guest) -> tuple[str, str, str]:
    """By name; the id keeps two guests of one name apart who are in no household."""
    if guest.group_id is not None:
        return (folded(guest.group_id), guest.group_id, "")
    return (folded(guest.last_name), "", guest.id)


def _place(guest: Guest) -> tuple[str, ...]:
    """Within a household adults before children."""
    child = str(int(guest.children >= max(guest.expected_guests, 1)))
    return (*_block(guest), child, folded(guest.last_name), folded(guest.first_name))


def _line(guest: Guest) -> Line:
    yes = guest.status in ("coming", "waiting")
    tags = [label(tag) for tag in guest.dietary_tags]
    return Line(
        name=f"{guest.last_name}, {guest.first_name}",
        state=guest.status,
        said=STATES[guest.status],
        people=str(guest.num_guests) if yes else "",
        children=str(guest.children or "") if yes else "",
        food="; ".join(filter(None, [", ".join(tags), guest.dietary])),
    )


def _meal(needs: Sequence[str]) -> str:
    if not needs:
        return "Nothing special"
    first, *others = [label(tag) for tag in needs]
    return " and ".join([first, *(other.lower() for other in others)])
