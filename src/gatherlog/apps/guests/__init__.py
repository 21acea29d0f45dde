"""Guest lists: gatherings, their guests and households, answers, places and exact figures."""

from gatherlog.apps.guests.answers import (
    GroupSize,
    Household,
    Imported,
    LinkHolder,
    Questions,
    Stats,
    Waiting,
)
from gatherlog.apps.guests.fold import CATEGORIES
from gatherlog.apps.guests.households import household_of
from gatherlog.apps.guests.inputs import (
    DIETARY_TAGS,
    GatheringDetails,
    GuestPatch,
    HouseholdAnswer,
    NewGuest,
    OwnAnswer,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.refusals import AnswersChanged, GatheringFull, IsCoHost, RsvpClosed
from gatherlog.apps.guests.service import DEFAULT, GuestService
from gatherlog.apps.guests.views import VIEWS, Gathering, Group, Guest, GuestLink, Status

__all__ = [
    "CATEGORIES",
    "DEFAULT",
    "DIETARY_TAGS",
    "VIEWS",
    "AnswersChanged",
    "Gathering",
    "GatheringDetails",
    "GatheringFull",
    "Group",
    "GroupSize",
    "Guest",
    "GuestLink",
    "GuestPatch",
    "GuestService",
    "Household",
    "HouseholdAnswer",
    "Imported",
    "IsCoHost",
    "LinkHolder",
    "NewGuest",
    "OwnAnswer",
    "Questions",
    "Rsvp",
    "RsvpClosed",
    "SettingsPatch",
    "Stats",
    "Status",
    "Waiting",
    "household_of",
]
