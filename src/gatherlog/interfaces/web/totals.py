"""The figures of a gathering, as the host's page shows them and as its live updates. Pure."""

import msgspec

from gatherlog.apps.guests import Stats
from gatherlog.core.texts import _
from gatherlog.interfaces.web.overview import Share, shares
from gatherlog.interfaces.web.words import label, number

__all__ = ["Figure", "Totals", "encode", "totals"]


class Figure(msgspec.Struct, frozen=True):
    """One figure; `state` is the answer that it counts, which has a colour in the bar, or empty."""

    key: str
    label: str
    state: str
    text: str


class Totals(msgspec.Struct, frozen=True):
    """All figures, exact and of the same moment."""

    invitations: list[Figure]
    people: list[Figure]
    meals: list[Figure]
    shares: list[Share]
    words: str
    """What the bar shows, as text for screen readers."""

    @property
    def figures(self) -> list[Figure]:
        return [*self.invitations, *self.people, *self.meals]


class _LiveUpdate(msgspec.Struct, frozen=True):
    """What `host.js` reads."""

    figures: dict[str, str]
    shares: list[Share]
    words: str


def totals(stats: Stats) -> Totals:
    """Guests by answer, people and places, and people by dietary tag."""
    states = [
        (_("Coming"), "coming", stats.attending),
        (_("Waiting"), "waiting", stats.waiting),
        (_("Not sure"), "undecided", stats.undecided),
        (_("Can’t come"), "declined", stats.not_attending),
        (_("No answer"), "pending", stats.pending),
    ]
    people = [
        ("people", _("People coming"), number(stats.people)),
        ("adults", _("Adults"), number(stats.adults)),
        ("children", _("Children"), number(stats.children)),
        ("reserved", _("Places reserved"), number(stats.total_expected)),
        ("left", _("Places left"), _left(stats)),
    ]
    return Totals(
        invitations=[Figure(key, name, key, number(count)) for name, key, count in states],
        people=[Figure(key, name, "", text) for key, name, text in people],
        meals=[
            Figure(f"meal-{tag}", label(tag), "", number(count))
            for tag, count in stats.by_meal.items()
        ],
        shares=list(shares([(state, count) for _, state, count in states[:4]], stats)),
        words=", ".join(f"{name.lower()} {number(count)}" for name, _, count in states),
    )


def _left(stats: Stats) -> str:
    if stats.capacity is None or stats.places_left is None:
        return _("no limit")
    over = stats.people - stats.capacity  # positive after the limit was lowered
    return (
        _("{count} too many").format(count=number(over)) if over > 0 else number(stats.places_left)
    )


def encode(shown: Totals) -> bytes:
    """The figures as one line of JSON, for the page's script."""
    figures = {figure.key: figure.text for figure in shown.figures}
    return msgspec.json.encode(_LiveUpdate(figures, shown.shares, shown.words))
