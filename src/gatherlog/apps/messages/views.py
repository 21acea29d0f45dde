"""The documents of conversations. Times are microseconds since the epoch.

Four access patterns: the messages of a conversation are read by their numbers, each as one point
read; the conversations of a member by `Membership.by_account`; a message is written together with
the conversation, which holds the last one, and with the memberships, which hold the order.
"""

from typing import Any, Final

import msgspec

from gatherlog.apps.messages.events import About
from gatherlog.core.projections.views import View

__all__ = [
    "BLOCKS",
    "CONVERSATIONS",
    "INBOXES",
    "MEMBERSHIPS",
    "MEMBER_PAGES",
    "MESSAGES",
    "PAIRS",
    "REPORTS",
    "SMALL",
    "VIEWS",
    "Block",
    "Conversation",
    "Inbox",
    "LastMessage",
    "MemberPage",
    "Membership",
    "Message",
    "Pair",
    "Report",
    "block_id",
    "membership_id",
    "message_document",
    "message_id",
    "number_of",
    "page_id",
    "pair_id",
]

SMALL: Final = 20
"""Members whom a conversation's own document lists, and to whom a message may arrive at once."""
_DIGITS: Final = 10
"""Hexadecimal digits of a message's id that are its number in the conversation."""


class LastMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest message of a conversation, as its lists show it."""

    id: str
    author: str
    text: str
    sent_at: int


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation between accounts."""

    id: str
    is_pair: bool
    title: str
    announce_only: bool
    about: About | None
    """What it came from; what its messages were about last."""
    owner: str
    """Who adds and removes members, and writes announcements; first the one who started it."""
    members: tuple[str, ...]
    """The first page of members, at most SMALL, in the order in which they joined."""
    size: int
    """How many members there are."""
    pages: int = 1
    """Pages of members, this one included; see `MemberPage`."""
    count: int = 0
    """How many messages there are, the deleted ones included: the number of the last one."""
    last: LastMessage | None = None
    created_at: int


class MemberPage(msgspec.Struct, frozen=True):
    """Further members of a larger conversation. The document's id is that of `page_id`, from 1."""

    members: tuple[str, ...] = ()


class Pair(msgspec.Struct, frozen=True):
    """The one conversation of two accounts. The document's id is that of `pair_id`."""

    conversation: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message. The document's id is that of `message_document`."""

    id: str
    author: str
    text: str
    """Empty once it was deleted, or its body has expired."""
    sent_at: int
    about: About | None = None
    edited_at: int | None = None
    deleted_at: int | None = None


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One member's part in a conversation. The document's id is that of `membership_id`."""

    conversation: str
    account: str
    page: int
    """The page of members that lists the account; 0 is the conversation's own document."""
    since: int
    """Messages up to this number were before the member joined, and are not shown."""
    number: int
    """The number of the last message that has arrived."""
    read: int
    """The number up to which the member has read."""
    order: int
    """Conversations with a greater one come first in the member's list."""
    unread: int = 0
    """Messages by others that have arrived, and were neither read nor deleted."""
    muted: bool = False
    withdrawn: tuple[int, ...] = ()
    """Numbers beyond `read` that do not count, because the messages were deleted."""

    @property
    def counted(self) -> int:
        """What this conversation adds to the unread messages of the member."""
        return 0 if self.muted else self.unread


class Inbox(msgspec.Struct, frozen=True):
    """What is known of all conversations of an account, whose id is the document's.

    It has no body, but counters: `unread`, the unread messages of all conversations that are not
    muted, and `order`, the greatest `Membership.order` that was given in this inbox.
    """


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """That one account does not want to hear from another. Its id is that of `block_id`."""

    owner: str = ""
    account: str = ""
    """Who is blocked. Both are empty in version 1 of the view."""
    since: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a member has shown to the moderator. Its id is `<message>/<member>`."""

    conversation: str
    message: str
    author: str
    text: str
    by: str
    reason: str
    reported_at: int


def pair_id(one: str, other: str) -> str:
    """The id of the document of two accounts, in whichever order they are given."""
    return "/".join(sorted((one, other)))


def page_id(conversation: str, page: int) -> str:
    return f"{conversation}/{page}"


def membership_id(conversation: str, account: str) -> str:
    return f"{conversation}/{account}"


def block_id(owner: str, blocked: str) -> str:
    return f"{owner}/{blocked}"


def message_document(conversation: str, number: int) -> str:
    return f"{conversation}/{number}"


def message_id(id: str, number: int) -> str:
    """A new id with the number of the message in it, so that its document is one point read."""
    return f"{id[:-_DIGITS]}{number:0{_DIGITS}x}"


def number_of(message: str) -> int:
    """The number that the id of a message holds; of any other UUID it is just some number."""
    return int(message[-_DIGITS:], 16)


CONVERSATIONS = View("conversation", Conversation, version=1)
MEMBER_PAGES = View("conversation_members", MemberPage, version=1)
PAIRS = View("conversation_pair", Pair, version=1)
MESSAGES = View("message", Message, version=1)
MEMBERSHIPS = View(
    "membership",
    Membership,
    version=1,
    by_account=lambda one: (one.account, f"{one.order:020d}"),
)
INBOXES = View("inbox", Inbox, version=1)
BLOCKS = View(
    "block", Block, version=2, by_owner=lambda one: (one.owner, f"{one.since:020d}", one.account)
)
REPORTS = View(
    "message_report", Report, version=1, by_time=lambda one: ("all", str(one.reported_at))
)

VIEWS: tuple[View[Any], ...] = (
    CONVERSATIONS,
    MEMBER_PAGES,
    PAIRS,
    MESSAGES,
    MEMBERSHIPS,
    INBOXES,
    BLOCKS,
    REPORTS,
)
