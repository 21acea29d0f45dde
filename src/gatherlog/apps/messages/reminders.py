"""When a member is to be reminded of unread messages by mail: never at once, never too often.

A projection keeps, for each member, when a mail is due; rounds look for those that are, and put a
`ReminderDue` into the member's inbox, upon which `mailing` writes the letter.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gatherlog.apps.messages.events import (
    CODEC,
    Arrived,
    MarkedRead,
    ReminderDue,
    ReminderPostponed,
    ReminderUnneeded,
)
from gatherlog.apps.messages.fold import INBOX, inbox_stream, owner_of
from gatherlog.apps.messages.letters import Contacts, quiet_until
from gatherlog.core.commands.event_meta import event_meta
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import StoreClosed
from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import Append, Commit, Ref, Store
from gatherlog.core.projections.folds import Change
from gatherlog.core.projections.paging import bodies
from gatherlog.core.projections.views import View
from gatherlog.core.subscriptions.projection import Projection

__all__ = [
    "AGAIN",
    "NAME",
    "REMINDERS",
    "UNREAD_FOR",
    "Reminder",
    "ReminderRounds",
    "into_inbox",
    "reminders",
]

NAME: Final = "message_reminders"
_SECOND: Final = 1_000_000
UNREAD_FOR: Final = 120 * _SECOND
"""How long a message is unread before it is mailed."""
AGAIN: Final = 3600 * _SECOND
"""How long after a mail there is no other one, unless the member has been there since."""
PAUSE: Final = 5.0
"""Seconds between two rounds."""
_OURS: Final = (Arrived, MarkedRead, ReminderDue, ReminderPostponed, ReminderUnneeded)


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """When a mail to an account, whose id is the document's, is due; None: not before more
    arrives. Times are microseconds since the epoch."""

    account: str
    due: int | None = None
    arrived_at: int = 0
    """When the last unread message arrived."""
    mailed_at: int | None = None
    """When the last mail was due, unless it was not needed or the member has been there since."""


REMINDERS = View(
    "message_reminder",
    Reminder,
    version=1,
    by_due=lambda one: None if one.due is None else ("all", f"{one.due:020d}"),
)


class Reminders:
    """The fold of the projection."""

    views: tuple[View[Any], ...] = (REMINDERS,)

    def keys(self, event: Recorded) -> Iterable[Ref]:
        is_ours = event.stream.startswith(f"{INBOX}-") and isinstance(CODEC.decode(event), _OURS)
        return [REMINDERS.ref(owner_of(event.stream))] if is_ours else []

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> Iterable[Change]:
        account, payload = owner_of(event.stream), CODEC.decode(event)
        before: Reminder = documents[REMINDERS.ref(account)] or Reminder(account=account)
        after = _after(before, payload, event.time)
        return [] if after == before else [Change(REMINDERS, account, after)]


def _after(before: Reminder, payload: Any, time: int) -> Reminder:
    match payload:
        case Arrived(unread=0):  # by the member, who is there
            return replace(before, mailed_at=None)
        case Arrived():
            due = before.due
            if due is None:
                again = 0 if before.mailed_at is None else before.mailed_at + AGAIN
                due = max(time + UNREAD_FOR, again)
            return replace(before, due=due, arrived_at=time)
        case MarkedRead():
            return replace(before, mailed_at=None)
        case ReminderPostponed(until):
            return replace(before, due=until)
        case ReminderUnneeded():
            due = None if before.due is None else before.arrived_at + UNREAD_FOR
            return replace(before, due=due, mailed_at=None)
        case ReminderDue():
            has_more = before.arrived_at + UNREAD_FOR > time
            return replace(before, due=time + AGAIN if has_more else None, mailed_at=time)
    return before


def reminders() -> Projection:
    """The projection, which keeps the documents of REMINDERS."""
    return Projection(NAME, Reminders(), needs=(INBOX,))


class ReminderRounds:
    """Puts what is due into inboxes. Several processes may go round; each mail is due once."""

    def __init__(
        self,
        store: Store,
        contacts: Contacts,
        *,
        clock: Clock,
        ids: Ids,
        report: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._store = store
        self._report = report
        self._contacts = contacts
        self._clock = clock
        self._ids = ids

    async def run(self) -> None:
        """Go round until cancelled. A round that fails is reported, and the next one follows."""
        while True:
            try:
                await self.go_round()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may do
                self._report(error)
            await asyncio.sleep(PAUSE)

    async def go_round(self) -> int:
        """Handle all reminders that are due by now; how many there were."""
        until, handled = (f"{self._clock() + 1:020d}",), 0
        query = REMINDERS.query("by_due", "all", until=until)
        async for reminder in bodies(self._store, REMINDERS, query):
            if reminder.due is not None:
                await self._handle(reminder.account, reminder.due)
                handled += 1
        return handled

    async def _handle(self, account: str, due: int) -> None:
        now, contact = self._clock(), await self._contacts.contact(account)
        quiet = None if contact is None else quiet_until(contact, now)
        payload = ReminderDue() if quiet is None else ReminderPostponed(quiet)
        append = into_inbox(account, payload, NAME, now, self._ids)
        await self._store.commit(Commit(appends=[append], key=f"{NAME}:{account}:{due}"))


def into_inbox(account: str, payload: msgspec.Struct, actor: str, now: int, ids: Ids) -> Append:
    """The append of an event that happened now to an inbox; it demands nothing of the stream."""
    type, schema, data = CODEC.encode(payload)
    event = Event(ids(), type, now, now, data, schema, "", event_meta(actor))
    return Append(inbox_stream(account), [event])
