"""Letters to guests, as the subscription `letters`: each guest's letter is a delivery of its own.

A change of settings is one event that calls for many letters. So for each guest an event that
requests the letter is appended to the stream `letters-{gathering id}`, and each of these events is
delivered by itself. docs/decisions/0011-mails.md gives the reasons.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from gatherlog.apps.guests import events, letters
from gatherlog.apps.guests.fold import gathering_of
from gatherlog.apps.guests.letters import LetterRequested, letter_about
from gatherlog.apps.guests.loading import all_guests
from gatherlog.apps.guests.views import GATHERINGS, GUESTS, Gathering, Guest
from gatherlog.core.commands.service import read
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import Append, Commit, Heads, Store
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.core.subscriptions.letters import Letter, SendLetter, send_once
from gatherlog.core.subscriptions.subscription import Destination, Subscription, Unchanging

__all__ = ["CATEGORY", "LETTERS", "RETRY", "guest_letters"]

LETTERS: Final = "letters"
"""The name of the subscription."""
CATEGORY: Final = "letters"
"""The category of the streams in which letters are requested, one stream for each gathering."""
RETRY: Final = RetryPolicy(attempts=None, age=6 * 3600.0, first_pause=5.0, longest_pause=600.0)
"""Six hours: mail servers that delay unknown senders accept them within an hour."""

_CHUNK: Final = 500
"""Requests for letters in one commit."""
_CHANGES: Final = ("guests.settings_changed",)
_LETTERS: Final = (
    "guests.promoted",
    "guests.rsvp_submitted",
    "guests.waitlisted",
    "letters.letter_requested",
)


def guest_letters(
    store: Store,
    send: SendLetter,
    *,
    site: str,
    clock: Clock,
    ids: Ids,
    retry: RetryPolicy = RETRY,
) -> Subscription:
    """The subscription `letters`; it starts with the events after it was first read.

    `site` is the URL that guests know. `send` sends a letter within 30 seconds, or raises
    DeliveryFailed. A letter that failed for good does not block others, and a slow one delays them
    for a second. A letter that was sent is not sent again within 24 hours, unless the process is
    killed between sending it and committing that it was sent.
    """
    mailing = _Mailing(store, send, site, clock, ids)
    return _Letters(
        Destination(name=LETTERS, target=HandlerTarget(mailing.write), retry=retry, at_once=4),
        Destination(name=f"{LETTERS}/round", target=HandlerTarget(mailing.request), retry=retry),
    )


class _Letters(Unchanging):
    """It has two destinations, so that a page of the log does not wait for the slowest letter."""

    name = LETTERS
    gather = 0.0
    fold: EventFold | None = None

    def __init__(self, letters: Destination, requests: Destination) -> None:
        self._destinations = (letters, requests)
        self._by_type = dict.fromkeys(_LETTERS, (letters,)) | dict.fromkeys(_CHANGES, (requests,))

    async def begin(self, store: Store) -> Heads:
        """At the end of the log: nobody gets letters about events before."""
        return await store.heads()

    def destinations(self) -> Sequence[Destination]:
        return self._destinations

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> Sequence[Destination]:
        return self._by_type.get(event.type, ())

    def routes_to(self, destination: str, event: Recorded) -> bool:
        return any(one.name == destination for one in self.route(event))


class _Mailing:
    """The handlers of both destinations."""

    def __init__(self, store: Store, send: SendLetter, site: str, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._send = send
        self._site = site
        self._clock = clock
        self._ids = ids

    async def write(self, delivery: Delivery) -> None:
        """Send the letter that the event calls for, if any. Repeating it does nothing."""
        await send_once(self._store, self._send, delivery, lambda: self._letter(delivery.event))

    async def _letter(self, event: Recorded) -> Letter | None:
        gathering, guest = await self._facts(event)
        if gathering is None or guest is None or guest.gathering_id != gathering.id:
            return None
        return letter_about(event, gathering, guest, site=self._site, now=self._clock())

    async def request(self, delivery: Delivery) -> None:
        """Request a letter for each guest whom a change of settings concerns.

        Repeating it requests only letters that the stream does not request yet. If two processes do
        it at once, both demand the same version of the stream, so one of them fails and is retried.
        """
        event = delivery.event
        change = letters.announcement(event.version, events.CODEC.decode(event))
        if change is None:
            return
        gathering = await read(self._store, GATHERINGS, gathering_of(event.stream))
        if gathering is None or gathering.gone or letters.is_over(gathering, self._clock()):
            return
        if not letters.is_true_of(gathering, change):
            return
        stream = f"{CATEGORY}-{gathering.id}"
        version, asked = await self._asked(stream, event.version)
        guests = await all_guests(self._store, gathering.id)
        concerned = letters.recipients(guests, asked)
        limits = self._store.limits
        size = min(_CHUNK, limits.commit_actions - actions_of(limits, streams=1) - 1)  # the key
        for start in range(0, len(concerned), size):
            chunk = self._events(event, change, concerned[start : start + size])
            await self._store.commit(Commit(appends=[Append(stream, chunk, version)]))
            version += len(chunk)

    async def _facts(self, event: Recorded) -> tuple[Gathering | None, Guest | None]:
        """The present gathering and guest that an event is about."""
        guest = await read(self._store, GUESTS, event.subject)
        _, _, gathering_id = event.stream.partition("-")
        return await read(self._store, GATHERINGS, gathering_id), guest

    async def _asked(self, stream: str, change: int) -> tuple[int, set[str]]:
        """The stream's version, and the guests for whom a letter about `change` was requested."""
        asked: set[str] = set()
        version, before = 0, None
        while True:
            page = await self._store.read_stream(
                stream, before=before, limit=min(1000, self._store.limits.page), backwards=True
            )
            for event in page:
                version = max(version, event.version)
                requested: LetterRequested = letters.CODEC.decode(event)
                if requested.change < change:
                    return version, asked
                if requested.change == change:
                    asked.add(event.subject)
            if not page:
                return version, asked
            before = page[-1].version

    def _events(
        self, cause: Recorded, change: LetterRequested, guests: Sequence[str]
    ) -> list[Event]:
        type, schema, data = letters.CODEC.encode(change)
        now, meta = self._clock(), msgspec.json.encode({"cause": f"{cause.stream}@{cause.version}"})
        return [
            Event(self._ids(), type, cause.time, now, data, schema, guest, meta) for guest in guests
        ]
