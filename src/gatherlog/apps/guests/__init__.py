"""Guest lists: gatherings, their guests and households, answers, places and exact figures."""

from gatherlog.apps.guests.answers import (
    GroupSize,
    Imported,
    LinkHolder,
    Listing,
    Stats,
    Stored,
)
from gatherlog.apps.guests.inputs import (
    DIETARY_TAGS,
    GatheringDetails,
    GuestPatch,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.refusals import GatheringFull, RsvpClosed
from gatherlog.apps.guests.service import DEFAULT, GuestService
from gatherlog.apps.guests.views import VIEWS, Gathering, Group, Guest, GuestLink, Status

__all__ = [
    "DEFAULT",
    "DIETARY_TAGS",
    "VIEWS",
    "Gathering",
    "GatheringDetails",
    "GatheringFull",
    "Group",
    "GroupSize",
    "Guest",
    "GuestLink",
    "GuestPatch",
    "GuestService",
    "Imported",
    "LinkHolder",
    "Listing",
    "NewGuest",
    "Rsvp",
    "RsvpClosed",
    "SettingsPatch",
    "Stats",
    "Status",
    "Stored",
]
