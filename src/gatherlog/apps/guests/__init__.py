"""Guest lists: gatherings, their guests and households, answers, places and exact figures."""

from gatherlog.apps.guests import account_counts, letter_counts, views
from gatherlog.apps.guests.answers import (
    GroupSize,
    Household,
    Imported,
    ImportReport,
    Letters,
    LinkHolder,
    Questions,
    Stats,
    Waiting,
)
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
from gatherlog.apps.guests.mailed_links import MailedLinks
from gatherlog.apps.guests.names import full_name, listed_name, name_order, sign_in_name
from gatherlog.apps.guests.quotas import Quotas, read_quotas
from gatherlog.apps.guests.refusals import (
    AnswersChanged,
    GatheringFull,
    IsCoHost,
    LettersReached,
    NotifyUndecided,
    QuotaReached,
    RsvpClosed,
)
from gatherlog.apps.guests.service import DEFAULT, GuestService
from gatherlog.apps.guests.views import Gathering, Group, Guest, GuestLink, Status

CATEGORIES = (*account_counts.CATEGORIES, *letter_counts.CATEGORIES)
VIEWS = (*views.VIEWS, *letter_counts.VIEWS)

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
    "ImportReport",
    "Imported",
    "IsCoHost",
    "Letters",
    "LettersReached",
    "LinkHolder",
    "MailedLinks",
    "NewGuest",
    "NotifyUndecided",
    "OwnAnswer",
    "Questions",
    "QuotaReached",
    "Quotas",
    "Rsvp",
    "RsvpClosed",
    "SettingsPatch",
    "Stats",
    "Status",
    "Waiting",
    "full_name",
    "household_of",
    "listed_name",
    "name_order",
    "read_quotas",
    "sign_in_name",
]
