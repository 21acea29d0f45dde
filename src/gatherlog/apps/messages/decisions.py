"""What may happen in a conversation, and which events that comes to. Pure.

Times are microseconds since the epoch. A message's number is its place in the log of its
conversation, never a time, so clocks that differ move nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from gatherlog.apps.messages.events import (
    About,
    Arrived,
    BlockChanged,
    ConversationStarted,
    Deleted,
    Edited,
    Expired,
    Joined,
    Left,
    MarkedRead,
    MemberAdded,
    MemberRemoved,
    MembersInvited,
    MuteChanged,
    ReadByOther,
    Reported,
    Revised,
    Sent,
    SpreadRequested,
    Withdrawn,
)
from gatherlog.apps.messages.fold import inbox_stream
from gatherlog.apps.messages.refusals import BlockedByYou, ConversationFull, TooLate
from gatherlog.apps.messages.views import (
    INBOXES,
    MEMBERSHIPS,
    SMALL,
    Conversation,
    Membership,
    Message,
    message_id,
    number_of,
)
from gatherlog.core.commands.handler import Decided
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import Denied
from gatherlog.core.eventstore.store import Limits

__all__ = [
    "EDITABLE",
    "MOST_MEMBERS",
    "MOST_MISSED",
    "PAGE",
    "Orders",
    "add",
    "arrive",
    "at_once",
    "audience",
    "block",
    "check_may_write",
    "delete",
    "edit",
    "join",
    "mark_read",
    "mute",
    "open_pair",
    "remove",
    "report",
    "revise",
    "send",
    "start",
    "tell",
    "unread_after",
]

EDITABLE: Final = 24 * 3600 * 1_000_000
"""How long a message may be edited."""
MOST_MEMBERS: Final = 10_000
MOST_MISSED: Final = 20
"""Messages that were written before an invited member came and are shown to them; the last ones."""
PAGE: Final = 100
"""Members of one page after the first."""
_RESERVED: Final = 12
"""Actions of a commit for the conversation, its message, the pair, blocks and the key."""

What = Literal["sent", "edited", "deleted"]
Memberships = Mapping[str, Membership | None]
"""By account."""


class Orders:
    """Places in the lists of members: later ones are greater, whatever the clocks say.

    `latest` has the greatest place that each member's list had so far.
    """

    def __init__(self, latest: Mapping[str, int], now: int) -> None:
        self._latest = dict(latest)
        self._now = now

    def latest(self, account: str) -> int:
        """The greatest place that was given in the list of an account; 0 if none was."""
        return self._latest.get(account, 0)

    def top(self, account: str, present: int = 0) -> tuple[int, int]:
        """The first place in the list of an account, and how far it is beyond the one so far.

        A conversation whose `present` place is the first one keeps it, so that no index changes.
        """
        before = self.latest(account)
        if present and present == before:
            return present, 0
        order = self._latest[account] = max(self._now, before + 1)
        return order, order - before


def at_once(limits: Limits) -> int:
    """To how many members a message arrives in the commit that sends it: SMALL, or as many as
    a commit has room for."""
    each = actions_of(limits, events=2, streams=1, views=[MEMBERSHIPS, INBOXES], counted=1)
    return min(SMALL, (limits.commit_actions - _RESERVED) // each)


def audience(conversation: Conversation, author: str, most: int) -> tuple[str, ...]:
    """Whose lists a message of `author` moves in the commit that sends it.

    In a conversation of more than `most` members, and in one of announcements, it is the author's
    alone; the subscription of `spreading` moves those of the others.
    """
    is_small = conversation.size <= most and not conversation.announce_only
    return conversation.members if is_small else (author,)


# Conversations and their members.


def start(
    members: tuple[str, ...],
    *,
    is_pair: bool,
    title: str = "",
    announce_only: bool = False,
    about: About | None = None,
    invited: tuple[str, ...] = (),
) -> list[Decided]:
    """A new conversation; the first of its members owns it. They have yet to `join`.

    Those who are `invited` come after the commit; see `coming_and_going`.
    """
    started = ConversationStarted(
        members=members, is_pair=is_pair, title=title, announce_only=announce_only, about=about
    )
    return [Decided(started), *[Decided(MembersInvited(invited))] * bool(invited)]


def open_pair(
    id: str,
    conversation: Conversation | None,
    membership: Membership | None,
    members: tuple[str, str],
    orders: Orders,
    about: About | None,
) -> list[Decided]:
    """Let the first of two accounts take part in their conversation, making it if there is none.

    The other takes part from the first message on.
    """
    began = [] if conversation else start(members, is_pair=True, about=about)
    if membership is not None:
        return began
    count = 0 if conversation is None else conversation.count
    return [*began, join(id, members[0], orders, number=count)]


def join(id: str, account: str, orders: Orders, *, page: int = 0, number: int = 0) -> Decided:
    """An account takes part from now on; it is not shown the messages up to `number`."""
    return _inbox(account, Joined(id, page, number, *orders.top(account)))


def add(
    conversation: Conversation,
    last: tuple[str, ...],
    membership: Membership | None,
    account: str,
    orders: Orders,
    missed: Sequence[Message] = (),
) -> list[Decided]:
    """Add a member, whom the last page of members lists if there is room in it, else a new one.

    `last` are the members of the last page, and `missed` the last messages of the conversation that
    are to arrive as well. Nothing for one who takes part already.
    """
    if membership is not None:
        return []
    if conversation.size >= MOST_MEMBERS:
        raise ConversationFull(f"At most {MOST_MEMBERS:,} members take part in a conversation.")
    is_full = len(last) >= (SMALL if conversation.pages == 1 else PAGE)
    page = conversation.pages if is_full else conversation.pages - 1
    number = conversation.count - len(missed)
    joined = join(conversation.id, account, orders, page=page, number=number)
    arrived = _catch_up(conversation, account, orders, missed)
    return [Decided(MemberAdded(account, page)), joined, *arrived]


def _catch_up(
    conversation: Conversation, account: str, orders: Orders, missed: Sequence[Message]
) -> list[Decided]:
    """Let messages arrive that were written, and perhaps deleted, before a member came."""
    if not missed:
        return []
    id, deleted = conversation.id, [one for one in missed if one.deleted_at is not None]
    gone = [_inbox(account, Withdrawn(id, number_of(one.id), False)) for one in deleted]
    unread, place = len(missed) - len(deleted), (orders.latest(account), 0)
    return [*gone, arrive(id, account, conversation.count, len(missed), unread, place)]


def remove(conversation: Conversation, membership: Membership, heir: str | None) -> list[Decided]:
    """Let a member go; if that is the owner, `heir` owns the conversation, who is the first of the
    others. None: nobody is left.

    Two who write to each other stay a pair: for who leaves it the conversation is gone until one of
    them writes again, and what was said before is not shown then.
    """
    left = _inbox(membership.account, Left(conversation.id))
    if conversation.is_pair:
        return [left]
    owner, account = conversation.owner, membership.account
    if account == owner and heir is not None:
        owner = heir
    return [Decided(MemberRemoved(account, membership.page, owner)), left]


# Messages.


def check_may_write(conversation: Conversation | None, author: str, *, has_blocked: bool) -> None:
    """Raise Denied where only the owner writes, and BlockedByYou; `has_blocked` says that the
    author has blocked the other of a pair."""
    if conversation is not None and conversation.announce_only and author != conversation.owner:
        raise Denied("Only its owner writes in this conversation.")
    if has_blocked:
        raise BlockedByYou("You have blocked this member. Take that back to write.")


def send(
    id: str,
    count: int,
    seats: Memberships,
    orders: Orders,
    *,
    author: str,
    text: str,
    message: str,
    reaches_all: bool,
    about: About | None = None,
) -> list[Decided]:
    """Send a message as the next one after `count`, and let it arrive in the `seats`.

    Who has no membership takes part again from this message on. Where not all members have a seat,
    or one still misses an earlier message, the rest is left to `spreading`.
    """
    events = [Decided(Sent(author, text, about), message_id(message, count + 1))]
    for account, membership in seats.items():
        present = 0
        if membership is None:
            events.append(join(id, account, orders, number=count))
        elif membership.number != count:
            reaches_all = False
            continue
        else:
            present = membership.order
        place = orders.top(account, present)
        events.append(arrive(id, account, count + 1, 1, int(account != author), place))
    return events if reaches_all else [*events, _spread("sent", events[0].subject)]


def arrive(
    id: str, account: str, number: int, count: int, unread: int, place: tuple[int, int]
) -> Decided:
    """The last `count` messages up to `number` arrive; `place` is what `Orders.top` gave."""
    return _inbox(account, Arrived(id, number, count, unread, *place))


def edit(message: Message, text: str, now: int) -> list[Decided]:
    """Give a message another text. Raises TooLate after a day, and for a deleted one."""
    if message.deleted_at is not None:
        raise TooLate("The message was deleted.")
    if now - message.sent_at > EDITABLE:
        raise TooLate("A message can be edited for a day.")
    return [] if message.text == text else [Decided(Edited(text), message.id)]


def delete(message: Message) -> list[Decided]:
    """Take a message back; doing so again changes nothing."""
    return [] if message.deleted_at is not None else [Decided(Deleted(), message.id)]


def tell(
    events: list[Decided], message: Message, seats: Iterable[Membership], *, reaches_all: bool
) -> list[Decided]:
    """The event of `edit` or `delete`, if any, and what it comes to in the inboxes of `seats`."""
    if not events:
        return []
    what: What = "deleted" if isinstance(events[0].payload, Deleted) else "edited"
    told = [revise(seat, message, what) for seat in seats]
    return [*events, *told] if reaches_all else [*events, *told, _spread(what, message.id)]


def revise(membership: Membership, message: Message, what: What) -> Decided:
    """A message of the conversation was edited or deleted, which an inbox learns of."""
    account, id, number = membership.account, membership.conversation, number_of(message.id)
    if what == "deleted":
        return _inbox(account, Withdrawn(id, number, account == message.author))
    return _inbox(account, Revised(id, number))


def _spread(what: What, message: str) -> Decided:
    return Decided(SpreadRequested(what), message)


def report(message: Message, by: str, reason: str) -> list[Decided]:
    return [Decided(Reported(by, reason, message.author, message.text), message.id)]


def expire(
    conversation: Conversation | None, messages: Iterable[Message | None], reports: Sequence[str]
) -> list[Decided]:
    """Messages lose their texts, and reports go. It is said of all of them, also of those that have
    no text any more: only it names their authors once the events are blank."""
    places = tuple((number_of(one.id), one.author) for one in messages if one is not None)
    if conversation is None or not (places or reports):
        return []
    return [Decided(Expired(messages=places, reports=tuple(reports), about=conversation.about))]


# What is one member's own.


def unread_after(membership: Membership, number: int, authors: Mapping[int, str]) -> int:
    """How many messages are left once a member has read up to `number`.

    `authors` has the authors of those after it that have arrived, or arrive now.
    """
    return sum(
        number < one and author != membership.account and one not in membership.withdrawn
        for one, author in authors.items()
    )


def mark_read(
    membership: Membership, number: int, unread: int, told: Iterable[str] = ()
) -> list[Decided]:
    """Move the read mark, which never goes back; `told` are members who are let know of it."""
    if number <= membership.read:
        return []
    id, account = membership.conversation, membership.account
    others = [_inbox(other, ReadByOther(id, account, number)) for other in told]
    return [_inbox(account, MarkedRead(id, number, unread)), *others]


def mute(membership: Membership, muted: bool) -> list[Decided]:
    if membership.muted is muted:
        return []
    return [_inbox(membership.account, MuteChanged(membership.conversation, muted))]


def block(owner: str, account: str, is_blocked: bool, blocked: bool) -> list[Decided]:
    """Block an account or take that back; `is_blocked` says how it is now."""
    return [] if is_blocked is blocked else [_inbox(owner, BlockChanged(account, blocked))]


def _inbox(account: str, payload: msgspec.Struct) -> Decided:
    return Decided(payload, stream=inbox_stream(account))
