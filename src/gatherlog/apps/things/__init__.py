"""Things to do: published by organisers after a review, found and booked by parents.

`ThingService` has all commands and questions. What interfaces need to know besides:

- **People** are accounts, named by their ids. `decide` of the people app says whether somebody may
  do such a thing at all; the service is told for whom it acts, and treats what belongs to another
  account as if it did not exist. So drafts of others are in no list, count, error or answer.
- **A thing** (`Thing`) is DRAFT, PENDING, PUBLISHED, REJECTED or REMOVED; see `decisions`. Its
  fields are `Content`, which is input and stored form at once: the service checks and normalises
  it, and names flaws by pointers with GraphQL's names (`/when/dateTime/from`).
- **Times** are local to the thing's zone. An `Occurrence` has `starts_at` and `ends_at`, too. To a
  command it is named by its present date, and `start` where that day has several; a key is for
  programs only.
- **Lists** of one person's things, favourites and bookings, and of what is pending, are slices in
  both directions with a cursor for each item (`Window`, `Slice` of `core.commands.slices`).
- **Several at once**: `published_things`, `profiles`, `are_favourites`, `places_at`, `bookings_at`
  and `booking_details` take lists and read once or twice, for loaders.
- **Errors**: NotFound; Invalid with flaws; Conflict for `expects`; `WrongState`, `AlreadyBooked`
  and `ChildIsBooked` (of GraphQL's code CONFLICT), `Full` (FULL) and `OwnThing` (FORBIDDEN).
- **Rosters** are for their organiser: `roster`, and `write_roster` for a sheet.
- **Search**: `ThingSource` gives the documents of what is published, and `ThingFinder` answers a
  `ThingQuery` by searching them. Hits are ids: `published_things` has what is published now.
"""

from gatherlog.apps.things.answers import (
    BookingDetails,
    Figures,
    HistoryEntry,
    OccurrencePlaces,
    Review,
    Roster,
    RosterRow,
)
from gatherlog.apps.things.booking import MOST_PEOPLE, age_on, is_bookable
from gatherlog.apps.things.content import (
    CATEGORIES_OF_THINGS,
    FIELDS,
    Contact,
    Content,
    FloatRange,
    Hours,
    Image,
    IntRange,
    When,
    Where,
)
from gatherlog.apps.things.events import Reason
from gatherlog.apps.things.finding import Finder, Found, Hit, ThingFinder, ThingQuery
from gatherlog.apps.things.folds import CATEGORIES
from gatherlog.apps.things.inputs import BookingWish, ChildDetails, Enquiry
from gatherlog.apps.things.occurrences import (
    Alteration,
    CancelledDate,
    Occurrence,
    as_planned,
    cancelled_dates,
    coming,
    not_over,
)
from gatherlog.apps.things.refusals import (
    AlreadyBooked,
    ChildIsBooked,
    Full,
    OwnThing,
    WrongState,
)
from gatherlog.apps.things.rosters import write_roster
from gatherlog.apps.things.searching import ThingSource
from gatherlog.apps.things.service import ThingService
from gatherlog.apps.things.views import (
    VIEWS,
    Booking,
    BookingStatus,
    Child,
    Favourite,
    Organiser,
    Report,
    Thing,
    ThingStatus,
)

__all__ = [
    "CATEGORIES",
    "CATEGORIES_OF_THINGS",
    "FIELDS",
    "MOST_PEOPLE",
    "VIEWS",
    "AlreadyBooked",
    "Alteration",
    "Booking",
    "BookingDetails",
    "BookingStatus",
    "BookingWish",
    "CancelledDate",
    "Child",
    "ChildDetails",
    "ChildIsBooked",
    "Contact",
    "Content",
    "Enquiry",
    "Favourite",
    "Figures",
    "Finder",
    "FloatRange",
    "Found",
    "Full",
    "HistoryEntry",
    "Hit",
    "Hours",
    "Image",
    "IntRange",
    "Occurrence",
    "OccurrencePlaces",
    "Organiser",
    "OwnThing",
    "Reason",
    "Report",
    "Review",
    "Roster",
    "RosterRow",
    "Thing",
    "ThingFinder",
    "ThingQuery",
    "ThingService",
    "ThingSource",
    "ThingStatus",
    "When",
    "Where",
    "WrongState",
    "age_on",
    "as_planned",
    "cancelled_dates",
    "coming",
    "is_bookable",
    "not_over",
    "write_roster",
]
