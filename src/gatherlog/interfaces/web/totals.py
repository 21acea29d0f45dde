"""The figures of a gathering as its host's page shows them, and as it is sent them anew. Pure."""

import msgspec

from gatherlog.apps.guests import Stats
from gatherlog.interfaces.web.overview import Share, shares
from gatherlog.interfaces.web.words import label

__all__ = ["Figure", "Totals", "encode", "totals"]


class Figure(msgspec.Struct, frozen=True):
    """One figure; `state` has a colour in the bar and a filter in the list, or is empty."""

    key: str
    label: str
    state: str
    text: str


class Totals(msgspec.Struct, frozen=True):
    """All of them, exact and of one moment."""

    invitations: list[Figure]
    people: list[Figure]
    meals: list[Figure]
    shares: list[Share]
    words: str
    """What the bar shows, for those who do not see it."""

    @property
    def figures(self) -> list[Figure]:
        return [*self.invitations, *self.people, *self.meals]


class _Told(msgspec.Struct, frozen=True):
    figures: dict[str, str]
    shares: list[Share]
    words: str


def totals(stats: Stats) -> Totals:
    """Guests on the list by answer, people and places, and the kitchen's tags."""
    states = [
        ("Coming", "coming", stats.attending),
        ("Waiting", "waiting", stats.waiting),
        ("Not sure", "undecided", stats.undecided),
        ("Not coming", "declined", stats.not_attending),
        ("No answer", "pending", stats.pending),
    ]
    people = [
        ("people", "People coming", f"{stats.people:,}"),
        ("adults", "Adults", f"{stats.adults:,}"),
        ("children", "Children", f"{stats.children:,}"),
        ("reserved", "Seats reserved", f"{stats.total_expected:,}"),
        ("left", "Places left", _left(stats)),
    ]
    return Totals(
        invitations=[Figure(key, name, key, f"{count:,}") for name, key, count in states],
        people=[Figure(key, name, "", text) for key, name, text in people],
        meals=[
            Figure(f"meal-{tag}", label(tag), "", f"{count:,}")
            for tag, count in stats.by_meal.items()
        ],
        shares=list(shares([(state, count) for _, state, count in states[:4]], stats)),
        words=", ".join(f"{name.lower()} {count:,}" for name, _, count in states),
    )


def _left(stats: Stats) -> str:
    if stats.capacity is None or stats.places_left is None:
        return "no limit"
    over = stats.people - stats.capacity  # after the limit was lowered, which sends nobody away
    return f"{over:,} too many" if over > 0 else f"{stats.places_left:,}"


def encode(shown: Totals) -> bytes:
    """One line of JSON for the page's script, which puts every text in its place."""
    figures = {figure.key: figure.text for figure in shown.figures}
    return msgspec.json.encode(_Told(figures, shown.shares, shown.words))
