"""The subscription that mails members what they have not read, when a reminder is due."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.apps.messages.answers import Line
from gatherlog.apps.messages.events import ReminderDue, ReminderUnneeded
from gatherlog.apps.messages.fold import owner_of
from gatherlog.apps.messages.letters import Contacts, Thread, unread_letter
from gatherlog.apps.messages.reminders import UNREAD_FOR, into_inbox
from gatherlog.apps.messages.service import MessageService
from gatherlog.apps.messages.views import BLOCKS, block_id, number_of
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.store import Commit, Store
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.letters import SendLetter

__all__ = ["NAME", "message_letters"]

NAME: Final = "message_letters"
_CONVERSATIONS: Final = 20
"""How many of a member's conversations are looked at, the newest."""
_MESSAGES: Final = 5
"""Messages that a letter shows of each conversation, the newest."""
_RETRY: Final = RetryPolicy(attempts=None, age=6 * 3600.0, first_pause=5.0, longest_pause=600.0)


def message_letters(
    store: Store,
    service: MessageService,
    contacts: Contacts,
    send: SendLetter,
    *,
    site: str,
    clock: Clock,
    ids: Ids,
) -> Handlers:
    """The subscription; it begins at the end of the log: nobody gets mail about what was before.

    A letter that fails for good does not hold up others. One that was sent is not sent again within
    24 hours, unless the process is killed between sending it and noting that.
    """
    mailing = _Mailing(store, service, contacts, send, site, clock, ids)
    handlers = {event_type_of(ReminderDue): mailing.write}
    return Handlers(NAME, handlers, retry=_RETRY, at_once=4, holds=False, from_now=True)


class _Mailing:
    def __init__(
        self,
        store: Store,
        service: MessageService,
        contacts: Contacts,
        send: SendLetter,
        site: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._service = service
        self._contacts = contacts
        self._send = send
        self._site = site
        self._clock = clock
        self._ids = ids

    async def write(self, delivery: Delivery) -> None:
        """Mail what is unread by now; if nothing is, note that. Repeating it does nothing."""
        key = f"letter:{delivery.id}"
        account = owner_of(delivery.event.stream)
        contact = await self._contacts.contact(account)
        if contact is None or await self._store.recall(key) is not None:
            return
        letter = unread_letter(contact, await self._threads(account), self._site)
        if letter is None:
            unneeded = into_inbox(account, ReminderUnneeded(), NAME, self._clock(), self._ids)
            await self._store.commit(Commit(appends=[unneeded], key=key))
            return
        await self._send(msgspec.structs.replace(letter, id=delivery.id))
        await self._store.commit(Commit(key=key))

    async def _threads(self, account: str) -> list[Thread]:
        """The unread messages of the conversations that count."""
        if not await self._service.unread(account):
            return []
        found = await self._service.conversations(account, limit=_CONVERSATIONS)
        return [await self._thread(account, line) for line in found.items if line.mine.counted]

    async def _thread(self, account: str, line: Line) -> Thread:
        """What has been unread for long enough, without what was deleted or is of the blocked."""
        page = await self._service.messages(account, line.conversation.id, limit=100)
        blocked = await self._blocked(account, line.conversation.members)
        latest = self._clock() - UNREAD_FOR
        unread = [
            shown
            for shown in reversed(page.items)
            if number_of(shown.message.id) > page.mine.read
            and shown.message.author not in (account, *blocked)
            and shown.message.deleted_at is None
            and shown.message.text
            and shown.message.sent_at <= latest
        ]
        shown = unread[-_MESSAGES:]
        return Thread(
            conversation=line.conversation.id,
            name=line.name,
            messages=[(one.author.display_name, one.message.text) for one in shown],
            more=len(unread) - len(shown),
        )

    async def _blocked(self, account: str, members: Sequence[str]) -> list[str]:
        found = await self._store.get([BLOCKS.ref(block_id(account, one)) for one in members])
        return [one for one, block in zip(members, found, strict=True) if block is not None]
