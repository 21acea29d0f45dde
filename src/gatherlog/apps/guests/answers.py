"""What the guests app answers with, besides its documents."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from gatherlog.apps.guests.inputs import DIETARY_TAGS
from gatherlog.apps.guests.views import Gathering

__all__ = ["GroupSize", "Imported", "LinkHolder", "Listing", "Stats", "Stored", "stats_of"]

T = TypeVar("T")


class Stored(msgspec.Struct, Generic[T], frozen=True):
    """A typed document and its version, which moves with every change of its body."""

    body: T
    version: int


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """Part of a list; `cursor` asks for the next part and is None at the end."""

    items: list[T]
    cursor: str | None


class GroupSize(msgspec.Struct, frozen=True):
    """A household and how many guests it has."""

    group_id: str
    member_count: int


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
    """For every tag of `DIETARY_TAGS`, in that order: people of the coming guests who chose it."""


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
