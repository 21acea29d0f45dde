"""The events of conversations, and of the inbox of each member.

What is said stands once, in the stream of the conversation. That it arrived, was read or muted
stands in the stream of the member's inbox, without any text. The subject of an event about a
message is the message's id. Texts are in `Sent`, `Edited` and `Reported` alone, and all fields of
these have a default: an event whose body has expired is one with nothing but defaults.
"""

from typing import Final, Literal

import msgspec

from gatherlog.core.eventstore.events import Codec, event_type

__all__ = [
    "CODEC",
    "EVENTS",
    "About",
    "Arrived",
    "BlockChanged",
    "ConversationStarted",
    "Deleted",
    "Edited",
    "Expired",
    "Joined",
    "Left",
    "MarkedRead",
    "MemberAdded",
    "MemberRemoved",
    "MembersInvited",
    "MuteChanged",
    "ReadByOther",
    "ReminderDue",
    "ReminderPostponed",
    "ReminderUnneeded",
    "Reported",
    "Revised",
    "Sent",
    "SpreadRequested",
    "Withdrawn",
]


class About(msgspec.Struct, frozen=True):
    """What a conversation came from."""

    kind: Literal["gathering", "thing", "booking"]
    id: str


# In the stream of a conversation.


@event_type("messages.conversation_started")
class ConversationStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation began, with its first members; the first of them started it."""

    members: tuple[str, ...]
    is_pair: bool
    """Whether it is the one conversation of these two accounts."""
    title: str = ""
    announce_only: bool = False
    """Whether only its owner writes in it."""
    about: About | None = None


@event_type("messages.member_added")
class MemberAdded(msgspec.Struct, frozen=True):
    """`page` is the page of members that lists the account; see `views.MemberPage`."""

    account: str
    page: int


@event_type("messages.member_removed")
class MemberRemoved(msgspec.Struct, frozen=True):
    """A member left, or was removed by the owner. `owner` is who owns the conversation now."""

    account: str
    page: int
    owner: str


@event_type("messages.members_invited")
class MembersInvited(msgspec.Struct, frozen=True):
    """A group began with more members than one commit takes in: these have yet to join it."""

    accounts: tuple[str, ...]


@event_type("messages.sent")
class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    author: str = ""
    text: str = ""
    about: About | None = None


@event_type("messages.edited")
class Edited(msgspec.Struct, frozen=True):
    text: str = ""


@event_type("messages.deleted")
class Deleted(msgspec.Struct, frozen=True):
    """The author took the message back."""


@event_type("messages.reported")
class Reported(msgspec.Struct, frozen=True):
    """A member showed the message to the moderator, with the text that it had then."""

    by: str = ""
    reason: str = ""
    author: str = ""
    text: str = ""


@event_type("messages.expired")
class Expired(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Messages lose their texts by a rule of retention, and stay as places with an author.

    It is recorded before the events that hold the texts become blank, so that all who keep copies
    of texts learn of it. The conversation has come from `about` then.
    """

    messages: tuple[tuple[int, str], ...] = ()
    """The number and the author of each."""
    reports: tuple[str, ...] = ()
    """What the moderator was shown of messages: the ids of the documents, which are deleted."""
    about: About | None = None


@event_type("messages.spread_requested")
class SpreadRequested(msgspec.Struct, frozen=True):
    """What happened to a message has yet to reach the inboxes of some members."""

    what: Literal["sent", "edited", "deleted"] = "sent"


# In the stream of a member's inbox.


@event_type("messages.joined")
class Joined(msgspec.Struct, frozen=True):
    """The member takes part. Messages up to `number` were before that, and are not shown.

    `order` is the conversation's place in the member's list, and `ahead` how far it is beyond the
    greatest place until then.
    """

    conversation: str
    page: int
    number: int
    order: int
    ahead: int


@event_type("messages.arrived")
class Arrived(msgspec.Struct, frozen=True):
    """The last `count` messages up to `number` arrived; `unread` are by others and not read yet."""

    conversation: str
    number: int
    count: int
    unread: int
    order: int
    ahead: int


@event_type("messages.revised")
class Revised(msgspec.Struct, frozen=True):
    """A message that had arrived was edited."""

    conversation: str
    number: int


@event_type("messages.withdrawn")
class Withdrawn(msgspec.Struct, frozen=True):
    """A message that had arrived was deleted. `own` says that the member had written it."""

    conversation: str
    number: int
    own: bool


@event_type("messages.marked_read")
class MarkedRead(msgspec.Struct, frozen=True):
    """The member has read up to `number`, after which `unread` messages are left."""

    conversation: str
    number: int
    unread: int


@event_type("messages.read_by_other")
class ReadByOther(msgspec.Struct, frozen=True):
    """Another member has read up to `number`; both let each other know."""

    conversation: str
    account: str
    number: int


@event_type("messages.mute_changed")
class MuteChanged(msgspec.Struct, frozen=True):
    conversation: str
    muted: bool


@event_type("messages.left")
class Left(msgspec.Struct, frozen=True):
    """The member does not take part any more."""

    conversation: str


@event_type("messages.block_changed")
class BlockChanged(msgspec.Struct, frozen=True):
    """The member does not want to hear from `account` any more, or does so again."""

    account: str
    blocked: bool


@event_type("messages.reminder_due")
class ReminderDue(msgspec.Struct, frozen=True):
    """The time has come to mail the member what is unread, if anything is."""


@event_type("messages.reminder_postponed")
class ReminderPostponed(msgspec.Struct, frozen=True):
    """A mail is not due before these microseconds: the member has quiet hours."""

    until: int


@event_type("messages.reminder_unneeded")
class ReminderUnneeded(msgspec.Struct, frozen=True):
    """When the mail that was due was to be written, there was nothing to tell: none was sent."""


EVENTS: Final[tuple[type[msgspec.Struct], ...]] = (
    ConversationStarted,
    MemberAdded,
    MemberRemoved,
    MembersInvited,
    Sent,
    Edited,
    Deleted,
    Reported,
    Expired,
    SpreadRequested,
    Joined,
    Arrived,
    Revised,
    Withdrawn,
    MarkedRead,
    ReadByOther,
    MuteChanged,
    Left,
    BlockChanged,
    ReminderDue,
    ReminderPostponed,
    ReminderUnneeded,
)
CODEC: Final = Codec(EVENTS)
