"""The inputs of commands of the guests app, before they are checked.

In patches, a field that is UNSET does not change, and None clears it.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gatherlog.core.commands.checks import EMAIL_LENGTH

__all__ = [
    "DIETARY_LENGTH",
    "DIETARY_TAGS",
    "GROUP_LENGTH",
    "LINE_LENGTH",
    "MOST_ANSWERS",
    "MOST_MEMBERS",
    "MOST_PEOPLE",
    "MOST_PLACES",
    "MOST_TAGS",
    "MOST_WAITING",
    "NAME_LENGTH",
    "SETTINGS_BYTES",
    "SETTINGS_DEPTH",
    "Email",
    "GatheringDetails",
    "GroupId",
    "GroupStatus",
    "GuestPatch",
    "HouseholdAnswer",
    "LastName",
    "Name",
    "NewGuest",
    "OwnAnswer",
    "Rsvp",
    "SettingsPatch",
]

NAME_LENGTH = 100
GROUP_LENGTH = 64
DIETARY_LENGTH = 1000
LINE_LENGTH = 200
"""For the name of a gathering and for a location. All lengths are in characters."""
MOST_PEOPLE = 99
"""People of one invitation."""
MOST_PLACES = 1_000_000
MOST_MEMBERS = 1000
"""Members of one household."""
MOST_TAGS = 20
"""Entries of `dietary_tags`, repeated ones included."""
MOST_ANSWERS = 30
"""Answers in one request; fewer where an engine takes less in one commit, see `most_answers`."""
MOST_WAITING = 2000
"""Guests in one waiting list, which is one document."""
SETTINGS_BYTES = 64 * 1024
SETTINGS_DEPTH = 32

DIETARY_TAGS = (
    "vegetarian",
    "vegan",
    "gluten_free",
    "lactose_free",
    "halal",
    "kosher",
    "nut_allergy",
    "other",
)


# What JSON Schema can say of a field is said with its type, for the API's description. `checks`
# refuses a value that breaks it: its messages are better than those of a schema.
NOT_BLANK = r"\S"
Name = Annotated[
    str,
    Meta(extra_json_schema={"pattern": NOT_BLANK, "minLength": 1, "maxLength": NAME_LENGTH}),
]
LastName = Annotated[
    str,
    Meta(
        description="Empty for a guest with one name, which is then `first_name`.",
        extra_json_schema={"maxLength": NAME_LENGTH},
    ),
]
Email = Annotated[str, Meta(extra_json_schema={"format": "email", "maxLength": EMAIL_LENGTH})]
GroupId = Annotated[
    str,
    Meta(extra_json_schema={"pattern": NOT_BLANK, "minLength": 1, "maxLength": GROUP_LENGTH}),
]
People = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MOST_PEOPLE})]
Dietary = Annotated[str, Meta(extra_json_schema={"maxLength": DIETARY_LENGTH})]
DietaryTag = Annotated[str, Meta(extra_json_schema={"enum": DIETARY_TAGS})]
DietaryTags = Annotated[tuple[DietaryTag, ...], Meta(extra_json_schema={"maxItems": MOST_TAGS})]
EventName = Annotated[
    str,
    Meta(extra_json_schema={"pattern": NOT_BLANK, "minLength": 1, "maxLength": LINE_LENGTH}),
]
Location = Annotated[str, Meta(extra_json_schema={"maxLength": LINE_LENGTH})]
Places = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": MOST_PLACES})]
LocalTime = Annotated[
    str,
    Meta(
        description="A date, a local date-time, or RFC 3339; the gathering's local time is kept.",
        extra_json_schema={"pattern": r"^\d{4}-\d\d-\d\d([Tt ].+)?$"},
    ),
]
TimeZone = Annotated[
    str, Meta(description="A name of the IANA time zone database: `Europe/Berlin`.")
]
GroupStatus = Literal["coming", "declined"]
Unsettled = Literal["pending", "undecided"]
"""The two answers that are neither yes nor no: none yet, and "not sure"."""


class GatheringDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gathering to be created. Its dates have the forms that `SettingsPatch` takes."""

    event_name: EventName
    event_date: LocalTime | None = None
    event_end: LocalTime | None = None
    location: Location | None = None
    rsvp_deadline: LocalTime | None = None
    max_guests: Places | None = None
    time_zone: TimeZone = "UTC"
    settings_data: dict[str, Any] = {}


class SettingsPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to a gathering.

    `event_date` and `rsvp_deadline` are a date (`2026-06-01`), a local date-time in the gathering's
    zone (`2026-06-01T18:00`), or RFC 3339 with an offset. The local time is what is stored.
    """

    event_name: EventName | UnsetType | None = UNSET
    event_date: LocalTime | UnsetType | None = UNSET
    event_end: LocalTime | UnsetType | None = UNSET
    """When it ends, of the same form as `event_date`: of days, the last one. None: it is not known,
    and calendars show three hours. If UNSET, it moves with `event_date`, so that the length stays,
    and is cleared where days become times, or times days."""
    location: Location | UnsetType | None = UNSET
    rsvp_deadline: LocalTime | UnsetType | None = UNSET
    max_guests: Places | UnsetType | None = UNSET
    """Places, 0 to 1,000,000; None is no limit."""
    time_zone: TimeZone | UnsetType | None = UNSET
    settings_data: dict[str, Any] | UnsetType | None = UNSET
    """Any JSON object up to 64 KiB. It replaces the one before."""
    notify: bool | UnsetType = UNSET
    """Whether the guests who come or wait get a letter about a changed date, end, place or zone. It
    has to be said where there are any, and the site sends letters."""


class NewGuest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest to be invited."""

    first_name: Name
    last_name: LastName
    email: Email | None = None
    group_id: GroupId | None = None
    """The household, any text up to 64 characters. It need not exist before."""
    expected_guests: People = 1
    """For how many people this invitation is meant, 0 to 99."""
    children: People = 0
    """How many of these people are children."""
    dietary: Dietary | None = None
    dietary_tags: DietaryTags = ()
    """From the fixed list `DIETARY_TAGS`."""


class GuestPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host's changes to a guest, the answer included, also after the deadline.

    `attending` True or False answers for the guest; None takes back a yes or no, so that the status
    is pending, and does not change an undecided guest.
    """

    first_name: Name | UnsetType | None = UNSET
    last_name: LastName | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    group_id: GroupId | UnsetType | None = UNSET
    attending: bool | UnsetType | None = UNSET
    num_guests: People | UnsetType | None = UNSET
    expected_guests: People | UnsetType | None = UNSET
    children: People | UnsetType | None = UNSET
    dietary: Dietary | UnsetType | None = UNSET
    dietary_tags: DietaryTags | UnsetType | None = UNSET


class Rsvp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest's own answer. `attending` None means undecided.

    A yes without `num_guests` keeps the number given before; without one, it is `expected_guests`.
    """

    attending: bool | None
    num_guests: People | UnsetType = UNSET
    children: People | UnsetType = UNSET
    """How many of the people are children. If UNSET, as many as before, but no more than people."""
    dietary: Dietary | UnsetType | None = UNSET
    dietary_tags: DietaryTags | UnsetType | None = UNSET


class HouseholdAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member's answer, given together with those of others."""

    rsvp: Rsvp
    expects: int | None = None
    """The version of the guest that the form showed; None accepts any version."""


class OwnAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest's own answer as a number of people, and an answer for the household.

    `num_guests` 0 is a no, 1 and more a yes. If UNSET, the yes or no stays as it is.
    """

    num_guests: People | UnsetType = UNSET
    children: People | UnsetType = UNSET
    dietary: Dietary | UnsetType | None = UNSET
    dietary_tags: DietaryTags | UnsetType | None = UNSET
    group_status: GroupStatus | UnsetType = UNSET
    """The answer of the members who are pending: coming, each with `expected_guests`, or declined.
    "declined" needs `num_guests` 0."""
