"""The subscription by which members join and leave groups without a request of their own.

A group that begins with more members than one commit takes in leaves a `MembersInvited`: those are
brought in here, so that it happens also if the process that began the group was killed. And an
account that was removed leaves its groups, of which the first of the others inherits those that it
owned. Both may be done again, and change nothing then.
"""

from typing import Final

from gatherlog.apps.messages.events import CODEC, MembersInvited
from gatherlog.apps.messages.fold import owner_of
from gatherlog.apps.messages.service import MessageService
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy
from gatherlog.core.subscriptions.handlers import Handlers

__all__ = ["NAME", "coming_and_going"]

NAME: Final = "message_members"
_REMOVED: Final = "people.account_removed"
"""An event of another app: the log is where apps meet."""
_TIMEOUT: Final = 600.0
"""Seconds for one event; what was done by then counts, and the next try goes on from there."""
_RETRY: Final = RetryPolicy(attempts=None, age=6 * 3600.0, first_pause=1.0, longest_pause=600.0)


def coming_and_going(service: MessageService, *, retry: RetryPolicy = _RETRY) -> Handlers:
    """The subscription; see above. It starts with the first event of the log."""

    async def bring_in(delivery: Delivery) -> None:
        event = delivery.event
        invited: MembersInvited = CODEC.decode(event)
        await service.bring_in(
            owner_of(event.stream), invited.accounts, invited_at=event.version, actor=NAME
        )

    async def leave(delivery: Delivery) -> None:
        await service.leave_groups(owner_of(delivery.event.stream), actor=NAME)

    handlers = {event_type_of(MembersInvited): bring_in, _REMOVED: leave}
    return Handlers(NAME, handlers, retry=retry, timeout=_TIMEOUT, at_once=4)
