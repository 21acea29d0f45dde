"""Where a message goes: into a conversation, or to somebody with whom one begins by it."""

from collections.abc import Mapping
from itertools import permutations

import msgspec

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.members import Person
from gatherlog.apps.messages.refusals import UnknownReceiver
from gatherlog.apps.messages.views import BLOCKS, Block, Conversation, block_id, message_document
from gatherlog.core.commands.handler import Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.projections.views import View

__all__ = ["Addressed", "check_receivers"]


class Addressed(msgspec.Struct, frozen=True):
    """Where a message goes: a conversation, or None for one that it begins."""

    id: str
    conversation: Conversation | None
    accounts: tuple[str, ...]
    """Whose lists it moves at once; both of a pair."""

    @property
    def count(self) -> int:
        return 0 if self.conversation is None else self.conversation.count

    @property
    def next(self) -> str:
        """The document of the next message."""
        return message_document(self.id, self.count + 1)

    @property
    def pair(self) -> tuple[str, ...]:
        """The two accounts, if it is between two."""
        is_pair = self.conversation is None or self.conversation.is_pair
        return self.accounts if is_pair else ()

    @property
    def blocks(self) -> list[tuple[View[Block], str]]:
        """The documents that say whether one of a pair has blocked the other."""
        return [(BLOCKS, block_id(*both)) for both in permutations(self.pair, 2)]

    @property
    def reaches_all(self) -> bool:
        return self.conversation is None or len(self.accounts) == self.conversation.size

    def beginning(self) -> list[Decided]:
        """The event of a conversation that begins."""
        if self.conversation is not None:
            return []
        return decisions.start(self.accounts, is_pair=True)


def check_receivers(
    unit: UnitOfWork, to: Addressed, author: str, persons: Mapping[str, Person]
) -> None:
    """Raise UnknownReceiver for a pair whose other one has blocked the author, or is gone, and what
    `decisions.check_may_write` raises."""
    has_blocked = False
    for other in to.pair:
        if other != author:
            if other not in persons or unit.body(BLOCKS, block_id(other, author)):
                raise UnknownReceiver
            has_blocked = unit.body(BLOCKS, block_id(author, other)) is not None
    decisions.check_may_write(to.conversation, author, has_blocked=has_blocked)
