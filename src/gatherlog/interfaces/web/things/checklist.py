"""What reviewers look at: beside the form for organisers, and beside the thing for reviewers."""

from typing import Final

from gatherlog.core.texts import N_, _

__all__ = ["checklist"]

_CHECKLIST: Final = (
    (N_("Name"), N_("says what it is, without prices, slogans or web addresses")),
    (N_("Description"), N_("says what happens, who leads it, and what to bring")),
    (N_("Times"), N_("the days and hours are right, also in the holidays")),
    (N_("Place"), N_("the address can be found, and the point on the map is the right one")),
    (N_("Who it is for"), N_("the ages fit, and it is clear whether a grown-up stays")),
    (N_("Price"), N_("what a family really pays, everything included")),
    (N_("Contact"), N_("at least one way to ask the organiser something")),
    (
        N_("All of it"),
        N_("nothing that advertises something else, and no names of people who were not asked"),
    ),
)


def checklist() -> list[tuple[str, str]]:
    """What is looked at, and what about it."""
    return [(_(name), _(what)) for name, what in _CHECKLIST]
