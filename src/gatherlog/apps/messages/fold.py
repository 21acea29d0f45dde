"""How the events of conversations and inboxes become documents, in commits and rebuilds. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from gatherlog.apps.messages.events import (
    CODEC,
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
    ReminderDue,
    ReminderPostponed,
    ReminderUnneeded,
    Reported,
    Revised,
    Sent,
    SpreadRequested,
    Withdrawn,
)
from gatherlog.apps.messages.views import (
    BLOCKS,
    CONVERSATIONS,
    INBOXES,
    MEMBER_PAGES,
    MEMBERSHIPS,
    MESSAGES,
    PAIRS,
    REPORTS,
    VIEWS,
    Block,
    Conversation,
    LastMessage,
    MemberPage,
    Membership,
    Message,
    Pair,
    Report,
    block_id,
    membership_id,
    message_document,
    number_of,
    page_id,
    pair_id,
)
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.store import DELETE, KEEP, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "CATEGORIES",
    "CONVERSATION",
    "FOLD",
    "INBOX",
    "MOST_WITHDRAWN",
    "MessagesFold",
    "conversation_stream",
    "inbox_stream",
    "owner_of",
]

CONVERSATION: Final = "conversation"
INBOX: Final = "inbox"
MOST_WITHDRAWN: Final = 1000
"""Deleted messages beyond its read mark that a membership remembers; the latest ones."""

Documents = Mapping[Ref, Any]
Evolve = Callable[[Documents, Happened, Any], list[Change]]


def conversation_stream(id: str) -> str:
    return f"{CONVERSATION}-{id}"


def inbox_stream(account: str) -> str:
    return f"{INBOX}-{account}"


def owner_of(stream: str) -> str:
    """The id of the conversation or the account that a stream is about."""
    return stream.partition("-")[2]


class MessagesFold:
    """The fold of the streams of conversations, `conversation-<id>`, and of inboxes,
    `inbox-<account>`."""

    views: tuple[View[Any], ...] = VIEWS

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return _KEYS[type(happened.payload)](happened, happened.payload)

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        return _EVOLVE[type(happened.payload)](documents, happened, happened.payload)


# The documents that an event is about.


def _conversation(happened: Happened, event: Any) -> list[Ref]:
    return [CONVERSATIONS.ref(owner_of(happened.stream))]


def _start(happened: Happened, event: ConversationStarted) -> list[Ref]:
    pair = [PAIRS.ref(pair_id(*event.members))] if event.is_pair else []
    return [*_conversation(happened, event), *pair]


def _page(happened: Happened, event: MemberAdded | MemberRemoved) -> list[Ref]:
    page = [MEMBER_PAGES.ref(page_id(owner_of(happened.stream), event.page))] if event.page else []
    return [*_conversation(happened, event), *page]


def _message(happened: Happened, event: Any) -> list[Ref]:
    return [*_conversation(happened, event), MESSAGES.ref(_document(happened))]


def _report(happened: Happened, event: Reported) -> list[Ref]:
    return [REPORTS.ref(f"{happened.subject}/{event.by}")]


def _expiring(happened: Happened, event: Expired) -> list[Ref]:
    messages = [MESSAGES.ref(_numbered(happened, number)) for number, _ in event.messages]
    return [*_conversation(happened, event), *messages, *map(REPORTS.ref, event.reports)]


def _membership(happened: Happened, event: Any) -> list[Ref]:
    account = owner_of(happened.stream)
    return [INBOXES.ref(account), MEMBERSHIPS.ref(membership_id(event.conversation, account))]


def _block(happened: Happened, event: BlockChanged) -> list[Ref]:
    return [BLOCKS.ref(block_id(owner_of(happened.stream), event.account))]


def _none(happened: Happened, event: Any) -> list[Ref]:
    return []


def _document(happened: Happened) -> str:
    return _numbered(happened, number_of(happened.subject))


def _numbered(happened: Happened, number: int) -> str:
    return message_document(owner_of(happened.stream), number)


# Conversations.


def _started(documents: Documents, happened: Happened, event: ConversationStarted) -> list[Change]:
    id = owner_of(happened.stream)
    conversation = Conversation(
        id=id,
        is_pair=event.is_pair,
        title=event.title,
        announce_only=event.announce_only,
        about=event.about,
        owner=event.members[0],
        members=event.members,
        size=len(event.members),
        created_at=happened.time,
    )
    changes = [Change(CONVERSATIONS, id, conversation)]
    if event.is_pair:
        changes.append(Change(PAIRS, pair_id(*event.members), Pair(id)))
    return changes


def _added(documents: Documents, happened: Happened, event: MemberAdded) -> list[Change]:
    before = _before(documents, happened)
    after = replace(before, size=before.size + 1, pages=max(before.pages, event.page + 1))
    return _with_members(documents, after, event.page, lambda ids: (*ids, event.account))


def _removed(documents: Documents, happened: Happened, event: MemberRemoved) -> list[Change]:
    before = _before(documents, happened)
    after = replace(before, size=before.size - 1, owner=event.owner)
    return _with_members(
        documents, after, event.page, lambda ids: tuple(id for id in ids if id != event.account)
    )


def _with_members(
    documents: Documents,
    conversation: Conversation,
    page: int,
    changed: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> list[Change]:
    id = conversation.id
    if not page:
        listed = replace(conversation, members=changed(conversation.members))
        return [Change(CONVERSATIONS, id, listed)]
    further: MemberPage = documents[MEMBER_PAGES.ref(page_id(id, page))] or MemberPage()
    return [
        Change(CONVERSATIONS, id, conversation),
        Change(MEMBER_PAGES, page_id(id, page), MemberPage(changed(further.members))),
    ]


def _sent(documents: Documents, happened: Happened, event: Sent) -> list[Change]:
    before, id = _before(documents, happened), happened.subject
    last = LastMessage(id=id, author=event.author, text=event.text, sent_at=happened.time)
    about = event.about or before.about
    after = replace(before, count=number_of(id), last=last, about=about)
    message = Message(
        id=id, author=event.author, text=event.text, sent_at=happened.time, about=event.about
    )
    return [
        Change(CONVERSATIONS, before.id, after),
        Change(MESSAGES, _document(happened), message),
    ]


def _edited(documents: Documents, happened: Happened, event: Edited) -> list[Change]:
    return _rewritten(documents, happened, text=event.text, edited_at=happened.time)


def _deleted(documents: Documents, happened: Happened, event: Deleted) -> list[Change]:
    return _rewritten(documents, happened, text="", deleted_at=happened.time)


def _rewritten(
    documents: Documents, happened: Happened, *, text: str, **marks: int
) -> list[Change]:
    """The message with another text, and the conversation if that is its last message."""
    before, document = _before(documents, happened), _document(happened)
    message = replace(documents[MESSAGES.ref(document)], text=text, **marks)
    changes = [Change(MESSAGES, document, message)]
    if before.last is not None and before.last.id == happened.subject:
        after = replace(before, last=replace(before.last, text=text))
        changes.append(Change(CONVERSATIONS, before.id, after))
    return changes


def _reported(documents: Documents, happened: Happened, event: Reported) -> list[Change]:
    report = Report(
        conversation=owner_of(happened.stream),
        message=happened.subject,
        author=event.author,
        text=event.text,
        by=event.by,
        reason=event.reason,
        reported_at=happened.time,
    )
    return [Change(REPORTS, f"{happened.subject}/{event.by}", report)]


def _expired(documents: Documents, happened: Happened, event: Expired) -> list[Change]:
    changes = []
    for number, author in event.messages:
        id = _numbered(happened, number)
        message: Message | None = documents[MESSAGES.ref(id)]
        if message is not None:
            empty = replace(message, author=author, text="", about=None)
            changes.append(Change(MESSAGES, id, empty))
    shown = [id for id in event.reports if documents[REPORTS.ref(id)] is not None]
    before = _before(documents, happened)
    after = replace(before, about=event.about, last=_emptied(before.last, dict(event.messages)))
    reports = [Change(REPORTS, id, DELETE) for id in shown]
    return [*changes, *reports, Change(CONVERSATIONS, before.id, after)]


def _emptied(last: LastMessage | None, authors: Mapping[int, str]) -> LastMessage | None:
    """The last message without a text, if it is one of these."""
    if last is None or (number := number_of(last.id)) not in authors:
        return last
    return replace(last, author=authors[number], text="")


def _before(documents: Documents, happened: Happened) -> Conversation:
    conversation: Conversation = documents[CONVERSATIONS.ref(owner_of(happened.stream))]
    return conversation


# Inboxes.


def _joined(documents: Documents, happened: Happened, event: Joined) -> list[Change]:
    number = event.number
    joined = Membership(
        conversation=event.conversation,
        account=owner_of(happened.stream),
        page=event.page,
        since=number,
        number=number,
        read=number,
        order=event.order,
    )
    return [_member(joined), *_counted(joined.account, order=event.ahead)]


def _arrived(documents: Documents, happened: Happened, event: Arrived) -> list[Change]:
    before = _mine(documents, happened, event.conversation)
    after = replace(
        before, number=event.number, order=event.order, unread=before.unread + event.unread
    )
    return _moved(before, after, order=event.ahead)


def _withdrawn(documents: Documents, happened: Happened, event: Withdrawn) -> list[Change]:
    before = _mine(documents, happened, event.conversation)
    if event.own or event.number <= before.read or event.number in before.withdrawn:
        return []
    withdrawn = (*before.withdrawn, event.number)[-MOST_WITHDRAWN:]
    less = int(event.number <= before.number)  # else it has yet to arrive, and will not count
    return _moved(before, replace(before, unread=before.unread - less, withdrawn=withdrawn))


def _marked_read(documents: Documents, happened: Happened, event: MarkedRead) -> list[Change]:
    before = _mine(documents, happened, event.conversation)
    still = tuple(number for number in before.withdrawn if number > event.number)
    after = replace(before, read=event.number, unread=event.unread, withdrawn=still)
    return _moved(before, after)


def _mute_changed(documents: Documents, happened: Happened, event: MuteChanged) -> list[Change]:
    before = _mine(documents, happened, event.conversation)
    return _moved(before, replace(before, muted=event.muted))


def _left(documents: Documents, happened: Happened, event: Left) -> list[Change]:
    before = _mine(documents, happened, event.conversation)
    id = membership_id(before.conversation, before.account)
    return [Change(MEMBERSHIPS, id, DELETE), *_counted(before.account, unread=-before.counted)]


def _block_changed(documents: Documents, happened: Happened, event: BlockChanged) -> list[Change]:
    owner, account = owner_of(happened.stream), event.account
    block = Block(owner=owner, account=account, since=happened.time)
    return [Change(BLOCKS, block_id(owner, account), block if event.blocked else DELETE)]


def _mine(documents: Documents, happened: Happened, conversation: str) -> Membership:
    id = membership_id(conversation, owner_of(happened.stream))
    membership: Membership = documents[MEMBERSHIPS.ref(id)]
    return membership


def _member(after: Membership) -> Change:
    return Change(MEMBERSHIPS, membership_id(after.conversation, after.account), after)


def _moved(before: Membership, after: Membership, *, order: int = 0) -> list[Change]:
    """A membership that changed, and with it what is counted in the inbox."""
    unread = after.counted - before.counted
    if not unread and not order:
        return [_member(after)]
    return [_member(after), *_counted(after.account, unread=unread, order=order)]


def _counted(account: str, **adds: int) -> list[Change]:
    adds = {counter: amount for counter, amount in adds.items() if amount}
    return [Change(INBOXES, account, KEEP, adds)] if adds else []


def _nothing(documents: Documents, happened: Happened, event: Any) -> list[Change]:
    return []


_KEYS: Final[Mapping[type, Callable[[Happened, Any], list[Ref]]]] = {
    ConversationStarted: _start,
    MemberAdded: _page,
    MemberRemoved: _page,
    MembersInvited: _none,
    Sent: _message,
    Edited: _message,
    Deleted: _message,
    Reported: _report,
    Expired: _expiring,
    SpreadRequested: _none,
    Joined: _membership,
    Arrived: _membership,
    Revised: _none,
    Withdrawn: _membership,
    MarkedRead: _membership,
    ReadByOther: _none,
    ReminderDue: _none,
    ReminderPostponed: _none,
    ReminderUnneeded: _none,
    MuteChanged: _membership,
    Left: _membership,
    BlockChanged: _block,
}
_EVOLVE: Final[Mapping[type, Evolve]] = {
    ConversationStarted: _started,
    MemberAdded: _added,
    MemberRemoved: _removed,
    MembersInvited: _nothing,
    Sent: _sent,
    Edited: _edited,
    Deleted: _deleted,
    Reported: _reported,
    Expired: _expired,
    SpreadRequested: _nothing,
    Joined: _joined,
    Arrived: _arrived,
    Revised: _nothing,
    Withdrawn: _withdrawn,
    MarkedRead: _marked_read,
    ReadByOther: _nothing,
    ReminderDue: _nothing,
    ReminderPostponed: _nothing,
    ReminderUnneeded: _nothing,
    MuteChanged: _mute_changed,
    Left: _left,
    BlockChanged: _block_changed,
}
FOLD: Final = MessagesFold()
_BLANK: Final[Mapping[str, Struct]] = {
    event_type_of(type(event)): event for event in (Sent(), Edited(), Deleted())
}


def _blank_as(event: Recorded) -> Struct | None:
    """A blank message has neither author nor text; other events that are blank did nothing."""
    return _BLANK.get(event.type)


MAY_EXPIRE: Final = frozenset(event_type_of(one) for one in (Sent, Edited, Deleted, Reported))
"""What an `Expired` was recorded for before it becomes blank; see `expiring`."""


CATEGORIES: Final = (
    Category(
        CONVERSATION,
        CODEC,
        FOLD,
        may_expire=MAY_EXPIRE,
        blank_as=_blank_as,
        erases_subjects=False,
    ),
    Category(INBOX, CODEC, FOLD),
)
