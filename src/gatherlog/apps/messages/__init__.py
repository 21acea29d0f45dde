"""Conversations: messages between members, with exact unread counts and an inbox for each.

What is said stands in the stream `conversation-<id>`, once; what it means to one member stands in
`inbox-<account>`: that a message arrived, was read, edited, deleted, muted. So whatever follows one
member (live pages, mail, caches) reads that one stream, and sees nothing that is not the member's.

A commit that sends a message writes the message, the conversation (which holds the last one), and
for each member the membership (place in the list, unread messages) and the counter of the inbox.
Larger conversations, and those of announcements, are brought up to date by the subscription of
`spreading`. Who was invited to a larger group joins it by that of `coming_and_going`, and removed
accounts leave their groups by it. `MessageService` has:

- `start(author, handle, text)`, `start_about(author, about, text)`, `subjects(account, abouts)`
- `send(author, conversation, text)`, `edit`, `delete`, `report`
- `conversations(account)`, `conversation`, `messages(account, conversation)`, `mark_read`, `unread`
- `start_group`, `add_member`, `remove_member`, `leave`, `mute`, `block`
- `bring_in`, `leave_groups`: what follows from an invitation, and from a removed account
- `news(account, place)`, `newest_place`: what happened in an inbox, to be followed without end
- `part(account, conversation, message)`: the facts that the policy decides by

`MessageFinder` searches in them, with an index that `MessageSource` fills.
"""

from gatherlog.apps.messages.answers import Between, Line, MessagePage, Part, ShownMessage
from gatherlog.apps.messages.events import About
from gatherlog.apps.messages.finding import FoundMessage, MessageFinder
from gatherlog.apps.messages.fold import CATEGORIES, inbox_stream
from gatherlog.apps.messages.members import SOMEBODY, Business, People, Person, Subject
from gatherlog.apps.messages.refusals import (
    BadMessage,
    BlockedByYou,
    ConversationFull,
    NotYourBusiness,
    TooLate,
    UnknownReceiver,
)
from gatherlog.apps.messages.searching import MessageSource
from gatherlog.apps.messages.service import MessageService
from gatherlog.apps.messages.service_following import InboxPlace, News, NewsPage
from gatherlog.apps.messages.views import VIEWS, Conversation, Membership, Message

__all__ = [
    "CATEGORIES",
    "SOMEBODY",
    "VIEWS",
    "About",
    "BadMessage",
    "Between",
    "BlockedByYou",
    "Business",
    "Conversation",
    "ConversationFull",
    "FoundMessage",
    "InboxPlace",
    "Line",
    "Membership",
    "Message",
    "MessageFinder",
    "MessagePage",
    "MessageService",
    "MessageSource",
    "News",
    "NewsPage",
    "NotYourBusiness",
    "Part",
    "People",
    "Person",
    "ShownMessage",
    "Subject",
    "TooLate",
    "UnknownReceiver",
    "inbox_stream",
]
