"""The shapes of REST's answers, how they are made from documents, and the replies around them."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Final, TypeVar, get_args
from urllib.parse import quote, urlencode

import msgspec

from gatherlog.apps.guests import Stats, Status
from gatherlog.apps.guests.sheets import BadLine, DietCell, Encoding
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.eventstore.giving_way import Steps, in_turns
from gatherlog.interfaces.rest.idempotency import Reply
from gatherlog.interfaces.rest.import_answers import ChangeAnswer, QuestionAnswer
from gatherlog.interfaces.rest.queries import InParts

__all__ = [
    "GatheringAnswer",
    "GroupAnswer",
    "GuestAnswer",
    "Health",
    "ImportAnswer",
    "LinkAnswer",
    "StatsAnswer",
    "Time",
    "answer_from",
    "array",
    "etag",
    "json",
    "location",
    "next_link",
    "no_content",
    "of_gathering",
    "of_guest",
    "of_stats",
    "page",
]

A = TypeVar("A", bound=msgspec.Struct)
_TOGETHER: Final = 16
"""Items of an array that are encoded in one step."""
_JSON = (b"content-type", b"application/json")

_TIME = msgspec.Meta(extra_json_schema={"format": "date-time"}, description="RFC 3339, in UTC.")
Time = Annotated[str, _TIME]


class GuestAnswer(msgspec.Struct, frozen=True):
    """One invitation. `attending` is null unless the guest comes or declines; see `status`."""

    id: str
    group_id: str | None
    first_name: str
    last_name: str
    email: str | None
    attending: bool | None
    status: Status
    num_guests: int
    expected_guests: int
    children: int
    dietary: str | None
    dietary_tags: tuple[str, ...]
    rsvp_at: Time | None
    waiting_since: Time | None
    is_co_host: bool
    created_at: Time
    updated_at: Time


class GatheringAnswer(msgspec.Struct, frozen=True):
    """A gathering's settings. Dates without an offset are local to `time_zone`.

    `starts_at` and `ends_at` are the moments that are made of them. Without `event_end`, a
    gathering at a time of day is taken to last three hours. Days end at the midnight after them.
    """

    id: str
    event_name: str
    event_date: str | None
    event_end: str | None
    starts_at: Time | None
    ends_at: Time | None
    location: str | None
    rsvp_deadline: str | None
    max_guests: int | None
    time_zone: str
    settings_data: dict[str, Any]
    created_at: Time
    updated_at: Time


class GroupAnswer(msgspec.Struct, frozen=True):
    """A household."""

    group_id: str
    member_count: int


class LinkAnswer(msgspec.Struct, frozen=True):
    """A guest's personal link. It is shown only once, and the earlier link has ended."""

    url: str
    token: str


class Health(msgspec.Struct, frozen=True):
    """The server runs; asked at `/readyz`, its store answers, too."""

    status: str


class ImportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a sheet was understood, how many guests it adds or changes, and what is asked."""

    format: str
    encoding: str
    encodings: Annotated[
        list[Encoding],
        msgspec.Meta(
            description="The encodings that the text may be in, the one in which it was read first."
        ),
    ]
    encoding_sure: Annotated[
        bool, msgspec.Meta(description="Whether no other encoding than the first is likely.")
    ]
    delimiter: str
    columns: dict[str, str]
    ignored: list[str]
    guests: Annotated[int, msgspec.Meta(description="Guests in the sheet.")]
    in_households: Annotated[int, msgspec.Meta(description="How many of them are in a household.")]
    households: int
    seats: Annotated[
        int, msgspec.Meta(description="People; one for each guest whose line does not say.")
    ]
    children: Annotated[int, msgspec.Meta(description="How many of these people are children.")]
    guessed: Annotated[int, msgspec.Meta(description="Households that the sheet did not name.")]
    new: int
    changed: int
    unchanged: int
    asked: Annotated[
        int, msgspec.Meta(description="Guests about whom something is asked: not imported.")
    ]
    skipped: Annotated[int, msgspec.Meta(description="Guests left out by choice.")]
    refused: Annotated[
        int, msgspec.Meta(description="Guests about whom the choice did not fit: not imported.")
    ]
    questions: Annotated[
        list[QuestionAnswer],
        msgspec.Meta(description="The first 100 of those that are asked or refused."),
    ]
    changes: Annotated[
        list[ChangeAnswer], msgspec.Meta(description="The first 100 of those that are changed.")
    ]
    left_out: Annotated[list[BadLine], msgspec.Meta(description="Lines about no guest.")]
    bad: list[BadLine]
    unread_diets: Annotated[
        list[DietCell],
        msgspec.Meta(
            description="Diets not fully understood, which are kept as text, with the tag `other`."
        ),
    ]


class StatsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Exact figures. Those with camelCase names are for clients of the camelCase guest API."""

    total_invited: Annotated[int, msgspec.Meta(description="Invitations.")] = msgspec.field(
        name="totalInvited"
    )
    total_coming: int = msgspec.field(name="totalComing")
    total_people: Annotated[int, msgspec.Meta(description="People who come.")] = msgspec.field(
        name="totalGuests"
    )
    total_expected: int = msgspec.field(name="totalExpected")
    with_allergies: int = msgspec.field(name="withAllergies")
    total_guests: Annotated[int, msgspec.Meta(description="Invitations.")]
    attending: int
    not_attending: int
    pending: int
    undecided: int
    waiting: int
    people: int
    adults: int
    children: int
    capacity: int | None
    places_left: int | None
    by_meal: dict[str, int]


def answer_from(kind: type[A], *given: str) -> Callable[..., A]:
    """A function that makes answers of the type `kind` from documents.

    Each field takes the value of the document's attribute of the same name, and no other attribute
    is answered. Times, which documents keep in microseconds since the epoch, become RFC 3339. The
    last fields of `kind` may be `given`: the function then takes them as further arguments.
    """
    fields = msgspec.structs.fields(kind)
    taken = fields[: len(fields) - len(given)]
    assert [field.name for field in fields[len(taken) :]] == list(given)
    read = attrgetter(*(field.name for field in taken))
    times = [place for place, field in enumerate(taken) if _is_time(field.type)]

    def answer(document: object, *others: object) -> A:
        values = [*read(document), *others]
        for place in times:
            if (moment := values[place]) is not None:
                values[place] = rfc3339(moment)
        return kind(*values)

    return answer


def _is_time(kind: Any) -> bool:
    return _TIME in getattr(kind, "__metadata__", ()) or any(map(_is_time, get_args(kind)))


of_guest = answer_from(GuestAnswer)
of_gathering = answer_from(GatheringAnswer)


def of_stats(stats: Stats) -> StatsAnswer:
    """The figures of a gathering, some of them under a second name."""
    return StatsAnswer(
        **msgspec.structs.asdict(stats),
        total_invited=stats.total_guests,
        total_coming=stats.attending,
        total_people=stats.people,
    )


def json(value: object, status: int = 200, *headers: tuple[bytes, bytes]) -> Reply:
    """An answer in JSON."""
    return Reply(status, encode(value), [_JSON, *headers])


def no_content() -> Reply:
    """Done; an answer without a body."""
    return Reply(204, b"", [])


def etag(stored: Stored[Any]) -> tuple[bytes, bytes]:
    """The ETag header of a document: its version, as a strong tag."""
    return (b"etag", b'"%d"' % stored.version)


async def array(items: Iterable[object], *headers: tuple[bytes, bytes]) -> Reply:
    """An answer with an array, however long: others go first while it is made.

    `items` is gone through in the steps in which it is encoded, so a generator may make them.
    """
    return Reply(200, await in_turns(_array(items)), [_JSON, *headers])


async def page(path: str, query: InParts, items: Iterable[object], cursor: str | None) -> Reply:
    """As `array`, with a `Link` header to the next part of the same query, if there is one."""
    if cursor is None:
        return await array(items)
    return await array(items, next_link(path, query, {"cursor": cursor}))


def _array(items: Iterable[object]) -> Steps[bytes]:
    parts: list[bytes] = []
    rest = iter(items)
    while some := list(islice(rest, _TOGETHER)):
        parts.append(encode(some)[1:-1])
        yield
    return b"[%b]" % b",".join(parts)


def next_link(
    path: str, query: msgspec.Struct, place: Mapping[str, str | int]
) -> tuple[bytes, bytes]:
    """The `Link` header to the part of the same query that begins at `place`."""
    given = {name: value for name, value in msgspec.structs.asdict(query).items() if value}
    text = urlencode({name: _written(value) for name, value in {**given, **place}.items()})
    return (b"link", f'<{path}?{text}>; rel="next"'.encode())


def _written(value: object) -> object:
    """The value of a query's parameter as `read_query` reads it."""
    return "true" if value is True else value


def location(*segments: str) -> tuple[bytes, bytes]:
    """The Location header of something that was created."""
    return (b"location", "".join(f"/{quote(part, safe='')}" for part in segments).encode())
