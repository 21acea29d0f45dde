"""What the guests app answers with, besides its documents."""

from collections.abc import Mapping

import msgspec

from gatherlog.apps.guests.inputs import DIETARY_TAGS
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.commands.service import Stored

__all__ = [
    "GroupSize",
    "Household",
    "Imported",
    "LinkHolder",
    "Questions",
    "Stats",
    "Waiting",
    "stats_of",
]


class GroupSize(msgspec.Struct, frozen=True):
    """A household and how many guests it has."""

    group_id: str
    member_count: int


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """What a page asks a household whose answers do not add up to what was expected."""

    signed_up: int
    """People of those who come or wait for a place."""
    not_coming: tuple[str, ...]
    """"Isn't X coming?": the guests who do not, where fewer are signed up than expected."""
    more: int
    """People signed up beyond those expected."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the waiting list, in which members of a household wait."""

    members: tuple[str, ...]
    people: int
    place: int
    """In the order of joining, from 1; a smaller unit further back may still be first to fit."""
    fits: bool
    """False where the gathering has fewer places altogether, so that only fewer people can come."""


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """A guest, and those who are invited together."""

    guest: Stored[Guest]
    members: list[Stored[Guest]]
    """The others, in the order they joined."""
    family_sum: int
    """Sum of expected_guests, oneself included."""
    rsvp_deadline: str | None
    """Local to the gathering's zone."""
    closed: bool
    """Whether the deadline has passed."""
    questions: Questions
    waiting: list[Waiting]


class LinkHolder(msgspec.Struct, frozen=True):
    """Whom a link's token lets in."""

    gathering_id: str
    guest_id: str


class Imported(msgspec.Struct, frozen=True):
    """How many rows of a sheet make a guest, change one, or say what is known."""

    new: int
    changed: int
    unchanged: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Exact figures of one gathering, all from one document, so they agree with each other."""

    total_guests: int
    """Invitations: the sum of attending, not_attending, pending, undecided and waiting."""
    attending: int
    not_attending: int
    pending: int
    undecided: int
    waiting: int
    """Guests who wait for a place."""
    people: int
    """Sum of num_guests over those coming: adults and children."""
    adults: int
    children: int
    total_expected: int
    """Sum of expected_guests over all guests."""
    with_allergies: int
    """Coming, with a dietary tag or text."""
    capacity: int | None
    places_left: int | None
    """Never negative; None where there is no limit."""
    by_meal: dict[str, int]
    """For every tag of `DIETARY_TAGS`, in that order: people of the coming invitations with it.

    An invitation says what is needed, not by how many of its people, so all of them count: never
    too few meals.
    """


def stats_of(gathering: Gathering, counters: Mapping[str, int]) -> Stats:
    """The figures that a gathering's counters tell; see `fold.tally` for what they count."""
    count = counters.get
    guests, coming, declined = count("guests", 0), count("coming", 0), count("declined", 0)
    undecided, waiting = count("undecided", 0), count("waiting", 0)
    people, children = count("seats", 0), count("children", 0)
    capacity = gathering.max_guests
    return Stats(
        total_guests=guests,
        attending=coming,
        not_attending=declined,
        pending=guests - coming - declined - undecided - waiting,
        undecided=undecided,
        waiting=waiting,
        people=people,
        adults=people - children,
        children=children,
        total_expected=count("expected", 0),
        with_allergies=count("allergies", 0),
        capacity=capacity,
        places_left=None if capacity is None else max(capacity - people, 0),
        by_meal={tag: count(f"meal_{tag}", 0) for tag in DIETARY_TAGS},
    )
