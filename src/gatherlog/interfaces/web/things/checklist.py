"""What reviewers look at: beside the form for organisers, and beside the thing for reviewers."""

from typing import Final

__all__ = ["CHECKLIST"]

CHECKLIST: Final = (
    ("Name", "says what it is, without prices, slogans or web addresses"),
    ("Description", "says what happens, who leads it, and what to bring"),
    ("Times", "the days and hours are right, also in the holidays"),
    ("Place", "the address can be found, and the point on the map is the right one"),
    ("Who it is for", "the ages fit, and it is clear whether a grown-up stays"),
    ("Price", "what a family really pays, everything included"),
    ("Contact", "at least one way to ask the organiser something"),
    (
        "All of it",
        "nothing that advertises something else, and no names of people who were not asked",
    ),
)
"""What is looked at, and what about it."""
