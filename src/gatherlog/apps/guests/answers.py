"""What the guests app answers, besides its documents."""

from collections.abc import Mapping

import msgspec

from gatherlog.apps.guests.inputs import DIETARY_TAGS, MOST_ANSWERS
from gatherlog.apps.guests.outcomes import Outcome
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.commands.service import Stored

__all__ = [
    "GroupSize",
    "Household",
    "ImportReport",
    "Imported",
    "Letters",
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
    """What to ask a household whose answers do not add up to the number of people expected."""

    signed_up: int
    """The people who come or wait for a place."""
    not_coming: tuple[str, ...]
    """Where fewer are signed up than expected: who neither comes nor waits."""
    more: int
    """How many more people are signed up than expected."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the waiting list in which members of a household wait; see `views.Unit`."""

    members: tuple[str, ...]
    people: int
    place: int
    """Its place in the list, from 1. A smaller unit behind it may still be the first that fits."""
    fits: bool
    """False where the whole gathering has fewer places, so that so many people can never come."""


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """A guest, and those who are invited together."""

    gathering: Gathering
    guest: Stored[Guest]
    members: list[Stored[Guest]]
    """The others, in the order in which they joined."""
    family_sum: int
    """The sum of expected_guests, the guest included."""
    rsvp_deadline: str | None
    """In the local time of the gathering's zone."""
    closed: bool
    """Whether the deadline has passed."""
    questions: Questions
    waiting: list[Waiting]
    most_answers: int = MOST_ANSWERS
    """How many members one request may answer for."""


class LinkHolder(msgspec.Struct, frozen=True):
    """The guest to whom a link belongs."""

    gathering_id: str
    guest_id: str


class Imported(msgspec.Struct, frozen=True):
    """How many rows of a sheet add a guest, change one, or change nothing, and of how many nothing
    is imported."""

    new: int
    changed: int
    unchanged: int
    asked: int = 0
    """Rows about which the host is asked."""
    skipped: int = 0
    """Rows that the host chose to leave out."""
    refused: int = 0
    """Rows whose choice does not fit, or does not fit any more."""


class ImportReport(msgspec.Struct, frozen=True):
    """What an import did, or would do."""

    counts: Imported
    outcomes: list[Outcome]
    """What becomes of each row, in the order of the sheet; guests as they were before."""


class Letters(msgspec.Struct, frozen=True, kw_only=True):
    """The letters about one gathering."""

    sent_today: int
    """Since midnight, in UTC; a letter that the mail server did not take counts, too."""
    held_for_the_day: int
    """Letters that wait until the day is over, because as many went out as one day allows."""
    held_for_sign_in: int
    """Letters that wait until the host has signed in, which shows that the address is right."""


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Exact figures of one gathering. All come from one document, so they agree with each other.

    A guest is one invitation, which may be for several people.
    """

    total_guests: int
    """The sum of attending, not_attending, pending, undecided and waiting."""
    attending: int
    not_attending: int
    pending: int
    undecided: int
    waiting: int
    """Guests who wait for a place."""
    people: int
    """The sum of num_guests of the guests who come: adults and children."""
    adults: int
    children: int
    total_expected: int
    """The sum of expected_guests of all guests."""
    with_allergies: int
    """Guests who come and have a dietary tag or text."""
    capacity: int | None
    places_left: int | None
    """Never negative; None where there is no limit."""
    by_meal: dict[str, int]
    """For every tag of `DIETARY_TAGS`, in that order, the people of the guests who come with it.

    An invitation does not say for how many of its people a tag is meant, so all of them count.
    """


def stats_of(gathering: Gathering, counters: Mapping[str, int]) -> Stats:
    """The figures from a gathering's counters; see `fold.tally` for what they count."""
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
