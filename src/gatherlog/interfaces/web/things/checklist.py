"""What reviewers look at: beside the form for organisers, and beside the thing for reviewers."""

from typing import Final

__all__ = ["CHECKLIST"]

CHECKLIST: Final = (
    ("Name", "says what it is: no prices, no slogans, no web addresses"),
    ("Description", "says what happens, who leads it, and what to bring"),
    ("Times", "the days and hours are right, holidays included"),
    ("Place", "the address can be found, and the point on the map is there"),
    ("Who it is for", "the ages fit, and it is clear whether a grown-up stays"),
    ("Price", "what a family really pays, with everything"),
    ("Contact", "at least one way to ask the organiser something"),
    ("All of it", "nothing that advertises something else, and nobody named who was not asked"),
)
"""What is looked at, and what about it."""
