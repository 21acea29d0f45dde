"""What the service answers: conversations and messages together with the people in them."""

import msgspec

from gatherlog.apps.messages.members import Person
from gatherlog.apps.messages.views import Conversation, Membership, Message

__all__ = ["Between", "Line", "MessagePage", "Part", "ShownMessage"]


class ShownMessage(msgspec.Struct, frozen=True):
    """A message with its author, under the name that the author has now."""

    conversation: str
    message: Message
    author: Person


class MessagePage(msgspec.Struct, frozen=True):
    """Messages of one conversation in the order asked for.

    `next` is the id of the message after which the list goes on; None at its end. `mine` is the
    reader's part in the conversation.
    """

    items: list[ShownMessage]
    next: str | None
    mine: Membership


class Line(msgspec.Struct, frozen=True):
    """A conversation as it stands in the list of one of its members."""

    conversation: Conversation
    mine: Membership
    members: tuple[Person, ...]
    """Those whom the conversation's own document lists: all of a small one."""

    @property
    def other(self) -> Person | None:
        """The other one of a pair; None in a group."""
        if not self.conversation.is_pair:
            return None
        return next(one for one in self.members if one.id != self.mine.account)

    @property
    def name(self) -> str:
        """The other's name, or the title, or the names of the first members of a group."""
        if self.other is not None:
            return self.other.display_name
        others = [one.display_name for one in self.members if one.id != self.mine.account]
        rest = self.conversation.size - 1 - len(others[:3])
        names = ", ".join(others[:3])
        return self.conversation.title or (f"{names} and {rest} more" if rest > 0 else names)


class Between(msgspec.Struct, frozen=True):
    """How it stands between the two of a pair, as far as one of them may know."""

    has_blocked: bool = False
    """Whether the member has blocked the other. Whether the other has is not told."""
    is_gone: bool = False
    """Whether the other's account was removed."""
    seen: int = 0
    """The number up to which the other has read, if both let each other know and neither has
    blocked the other; else 0."""


class Part(msgspec.Struct, frozen=True):
    """What an account is to a conversation that it takes part in, and to one of its messages."""

    is_owner: bool
    is_author: bool
    announce_only: bool
