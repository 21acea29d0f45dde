"""What the API of conversations is sent, and what it answers."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta

from gatherlog.apps.messages import Line, Person, ShownMessage
from gatherlog.apps.messages.service_members import MOST_INVITED
from gatherlog.apps.messages.texts import LONGEST, LONGEST_REASON, LONGEST_TITLE
from gatherlog.apps.messages.views import Report
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.search.queries import LONGEST_TEXT
from gatherlog.interfaces.rest.queries import MAX_CURSOR, InParts

__all__ = [
    "ConversationAnswer",
    "CountAnswer",
    "EditRequest",
    "GroupRequest",
    "GroupsQuery",
    "MessageAnswer",
    "MessagesQuery",
    "ReadRequest",
    "ReportAnswer",
    "ReportRequest",
    "SearchMessagesQuery",
    "SendRequest",
    "SentAnswer",
    "ShortUser",
    "conversation_answer",
    "message_answer",
    "report_answer",
    "sent_answer",
    "short_user",
]

_UUID: Final = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid = Annotated[str, Meta(pattern=_UUID)]
PageSize = Annotated[int, Meta(ge=1, le=100, description="At most so many in one part.")]
Moment = Annotated[
    str,
    Meta(extra_json_schema={"format": "date-time"}, description="ISO 8601, in UTC, with offset."),
]
Text = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST})]


def _text(**schema: object) -> Any:
    """A field whose type is checked together with its content, so that all codes are answered."""
    return Annotated[Any, Meta(extra_json_schema={"type": "string", **schema})]


class SendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message to a member, by handle, or into a conversation; and what it is about, if so."""

    message: _text(minLength=1, maxLength=LONGEST) = UNSET  # type: ignore[valid-type]
    handle: _text(minLength=1) = UNSET  # type: ignore[valid-type]
    message_group_uuid: _text(format="uuid") = UNSET  # type: ignore[valid-type]
    gathering_id: _text(minLength=1) = UNSET  # type: ignore[valid-type]
    thing_id: _text(minLength=1) = UNSET  # type: ignore[valid-type]
    booking_id: _text(minLength=1) = UNSET  # type: ignore[valid-type]


class EditRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a message."""

    message: Text


class GroupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new group; or, with one handle and nothing else, the conversation of the two."""

    handles: Annotated[list[str], Meta(min_length=1, max_length=MOST_INVITED)]
    title: Annotated[str, Meta(extra_json_schema={"maxLength": LONGEST_TITLE})] = ""
    announce_only: bool = False


class ReadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The message up to which all are read."""

    upto: Uuid


class ReportRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a message is shown to the moderator."""

    reason: Annotated[str, Meta(extra_json_schema={"maxLength": LONGEST_REASON})] = ""


class GroupsQuery(InParts, frozen=True):
    """Which part of one's conversations, or of those whom one has blocked."""

    limit: PageSize = 20
    cursor: Annotated[str, Meta(max_length=MAX_CURSOR, description="From `Link`.")] | None = None


class MessagesQuery(InParts, frozen=True):
    """Which messages of a conversation, and whether opening it marks them as read."""

    limit: PageSize = 20
    before: (
        Annotated[str, Meta(pattern=_UUID, description="Only messages before this one.")] | None
    ) = None
    after: (
        Annotated[str, Meta(pattern=_UUID, description="Only messages after this one.")] | None
    ) = None
    order: (
        Annotated[
            Literal["asc", "desc"],
            Meta(description="`asc`: the oldest of them first; `desc`, the default, the newest."),
        ]
        | None
    ) = None
    peek: Annotated[bool, Meta(description="Whether to leave the messages unread.")] = False


class SearchMessagesQuery(InParts, frozen=True, kw_only=True):
    """Which messages are searched for."""

    q: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LONGEST_TEXT,
            description="Words that a message has, or begins with; case and accents are ignored.",
        ),
    ]
    limit: PageSize = 20
    message_group_uuid: (
        Annotated[str, Meta(pattern=_UUID, description="Only in this conversation.")] | None
    ) = None
    cursor: Annotated[str, Meta(max_length=MAX_CURSOR, description="From `Link`.")] | None = None


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message, under the name that its author has now. A deleted one has an empty text."""

    uuid: str
    display_name: str
    handle: str | None
    message: str
    created_at: Moment
    edited_at: Moment | None
    deleted_at: Moment | None
    user_uuid: str


class SentAnswer(MessageAnswer, frozen=True, kw_only=True):
    """A message that was sent, and where it stands."""

    message_group_uuid: str


class ShortUser(msgspec.Struct, frozen=True):
    """A member, as others see one. One whose account was removed has no handle."""

    uuid: str
    handle: str | None
    display_name: str


class AboutAnswer(msgspec.Struct, frozen=True):
    """What a conversation came from, or was about last."""

    kind: Literal["gathering", "thing", "booking"]
    id: str


class ConversationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: the other member, or the title, and the last message from whomever."""

    uuid: str
    display_name: str
    handle: str | None
    message: str
    created_at: Moment
    unread: int
    muted: bool
    title: str
    announce_only: bool
    about: AboutAnswer | None
    size: int
    members: list[ShortUser]


class CountAnswer(msgspec.Struct, frozen=True):
    """Messages of others that are not read."""

    count: int


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a member has shown to the moderator, with the text that it had then."""

    message_group_uuid: str
    message_uuid: str
    user_uuid: str
    message: str
    reported_by: str
    reason: str
    reported_at: Moment


def message_answer(shown: ShownMessage) -> MessageAnswer:
    return MessageAnswer(**_message(shown))


def sent_answer(shown: ShownMessage) -> SentAnswer:
    return SentAnswer(message_group_uuid=shown.conversation, **_message(shown))


def _message(shown: ShownMessage) -> dict[str, Any]:
    message, author = shown.message, shown.author
    return {
        "uuid": message.id,
        "display_name": author.display_name,
        "handle": author.handle,
        "message": message.text,
        "created_at": _moment(message.sent_at),
        "edited_at": None if message.edited_at is None else _moment(message.edited_at),
        "deleted_at": None if message.deleted_at is None else _moment(message.deleted_at),
        "user_uuid": author.id,
    }


def conversation_answer(line: Line) -> ConversationAnswer:
    conversation, last = line.conversation, line.conversation.last
    about = conversation.about
    return ConversationAnswer(
        uuid=conversation.id,
        display_name=line.name,
        handle=None if line.other is None else line.other.handle,
        message="" if last is None else last.text,
        created_at=_moment(conversation.created_at if last is None else last.sent_at),
        unread=line.mine.unread,
        muted=line.mine.muted,
        title=conversation.title,
        announce_only=conversation.announce_only,
        about=None if about is None else AboutAnswer(about.kind, about.id),
        size=conversation.size,
        members=[short_user(one) for one in line.members],
    )


def short_user(person: Person) -> ShortUser:
    return ShortUser(person.id, person.handle, person.display_name)


def report_answer(report: Report) -> ReportAnswer:
    return ReportAnswer(
        message_group_uuid=report.conversation,
        message_uuid=report.message,
        user_uuid=report.author,
        message=report.text,
        reported_by=report.by,
        reason=report.reason,
        reported_at=_moment(report.reported_at),
    )


def _moment(micros: int) -> str:
    """As `rfc3339`, but with the offset in figures."""
    return rfc3339(micros)[:-1] + "+00:00"
