"""Letters to guests, as the subscription `letters`: each guest's letter is a delivery of its own.

A change of settings is one event that calls for many letters. So for each guest an event that
requests the letter is appended to the stream `letters-{gathering id}`, and each of these events is
delivered by itself. docs/decisions/0011-mails.md gives the reasons.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests import events, letters
from gatherlog.apps.guests.decisions import is_over
from gatherlog.apps.guests.fold import gathering_of
from gatherlog.apps.guests.letter_counts import TOGETHER, held_stream
from gatherlog.apps.guests.letter_events import (
    CODEC,
    LetterHeld,
    LetterReleased,
    LetterRequested,
    Reason,
)
from gatherlog.apps.guests.letter_quotas import LetterQuotas, Verdict
from gatherlog.apps.guests.letter_texts import Around
from gatherlog.apps.guests.letters import letter_about
from gatherlog.apps.guests.loading import all_guests
from gatherlog.apps.guests.quotas import seconds_left
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUESTS,
    Gathering,
    Guest,
    group_document,
)
from gatherlog.core.commands.handler import CommandHandler, Decided, Once
from gatherlog.core.commands.service import read
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import Append, Commit, Heads, Store
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, RetryPolicy
from gatherlog.core.subscriptions.handlers import HandlerTarget
from gatherlog.core.subscriptions.letters import Letter, SendLetter
from gatherlog.core.subscriptions.subscription import Destination, Subscription, Unchanging

__all__ = ["CATEGORY", "HELD_FOR", "LETTERS", "RETRY", "Post", "guest_letters"]

LETTERS: Final = "letters"
"""The name of the subscription."""
CATEGORY: Final = "letters"
"""The category of the streams in which letters are requested, one stream for each gathering."""
RETRY: Final = RetryPolicy(attempts=None, age=6 * 3600.0, first_pause=5.0, longest_pause=600.0)
"""Six hours: mail servers that delay unknown senders accept them within an hour."""
HELD_FOR: Final = 7 * 86_400.0
"""Seconds for which a letter may be held back, from the event that says so."""
_WAITS_FOR: Final[Mapping[Reason, str]] = {
    "day": "as many letters of the gathering or its host as one day allows have been sent",
    "unconfirmed": "the host has not signed in yet, so the host's address is not confirmed",
}
_ADDRESS_FULL: Final = "as many letters to this address as one day allows have been sent"

_NAMED: Final = 29
"""Other members of a household that a letter names, as the page does."""
_CHUNK: Final = 500
"""Requests for letters in one commit."""
_CHANGES: Final = ("guests.settings_changed",)
_LETTERS: Final = (
    "guests.promoted",
    "guests.rsvp_submitted",
    "guests.waitlisted",
    "letters.letter_requested",
    "letters.letter_released",
)


class Post(msgspec.Struct, frozen=True):
    """How letters are sent, and what other parts of the program know for them."""

    send: SendLetter
    """Sends a letter within 30 seconds, or raises DeliveryFailed."""
    site: str
    """The URL that guests know."""
    link: Callable[[Guest], Awaitable[str]] | None = None
    """The URL of a guest's invitation; None: letters have no link."""
    host_address: Callable[[str], Awaitable[str | None]] | None = None
    """The address of a host's account, to which guests answer; None: it is in no letter."""


def guest_letters(
    store: Store,
    post: Post,
    quotas: LetterQuotas,
    *,
    clock: Clock,
    ids: Ids,
    retry: RetryPolicy = RETRY,
) -> Subscription:
    """The subscription `letters`; it starts with the events after it was first read.

    A letter that failed for good does not block others, and a slow one delays them for a second. A
    letter that was sent is not sent again within 24 hours, unless the process is killed between
    sending it and committing that it was sent. Those that `quotas` holds back are released later,
    one after the other for each gathering, and then sent as all others.
    """
    mailing = _Mailing(store, post, quotas, clock=clock, ids=ids)
    return _Letters(
        Destination(name=LETTERS, target=HandlerTarget(mailing.write), retry=retry, at_once=4),
        Destination(name=f"{LETTERS}/round", target=HandlerTarget(mailing.request), retry=retry),
        Destination(
            name=f"{LETTERS}/held",
            target=HandlerTarget(mailing.write_held),
            # The handler ends the wait; one pause may last until the day is over.
            retry=msgspec.structs.replace(retry, attempts=None, age=HELD_FOR + 2 * 86_400),
            at_once=4,
        ),
    )


class _Letters(Unchanging):
    """Requests are a destination of their own, so that a page of the log does not wait for the
    slowest letter; and so are letters that are held back, which may wait for days."""

    name = LETTERS
    gather = 0.0
    fold: EventFold | None = None

    def __init__(self, letters: Destination, requests: Destination, held: Destination) -> None:
        self._destinations = (letters, requests, held)
        self._by_type = {
            **dict.fromkeys(_LETTERS, (letters,)),
            **dict.fromkeys(_CHANGES, (requests,)),
            "letters.letter_held": (held,),
        }

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


class _Wanted(msgspec.Struct, frozen=True):
    """A letter that an event called for."""

    id: str
    """The id of the delivery that was the first to be about it."""
    event: Recorded
    is_late: bool = False
    """Whether it was held back for HELD_FOR: then it is not held back again."""


class _Mailing:
    """The handlers of all destinations."""

    def __init__(
        self, store: Store, post: Post, quotas: LetterQuotas, *, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._post = post
        self._quotas = quotas
        self._held = CommandHandler(store, CODEC, TOGETHER, clock=clock, ids=ids)
        self._clock = clock
        self._ids = ids

    async def write(self, delivery: Delivery) -> None:
        """Send the letter that the event calls for, if any, or hold it back.

        Repeating it does nothing. Raises DeliveryFailed.
        """
        wanted = await self._wanted(delivery)
        if wanted is None:
            return
        letter, verdict = await self._admitted(wanted)
        if letter is None:
            return
        if verdict == "admitted":
            await self._send(letter, wanted.id)
        elif verdict == "address":
            raise DeliveryFailed("address_letters", _ADDRESS_FULL, final=True)
        elif wanted.is_late:
            raise DeliveryFailed(verdict, _WAITS_FOR[verdict], final=True)
        else:
            await self._hold(delivery, wanted, verdict)

    async def write_held(self, delivery: Delivery) -> None:
        """Release a letter that was held back, for `write` to send, unless it has to wait on.

        It is released, too, if it is not true any more, or has waited for HELD_FOR. Raises
        DeliveryFailed while it has to wait.
        """
        held: LetterHeld = CODEC.decode(delivery.event)
        letter, verdict = await self._admitted(await self._held_back(held))
        if letter is not None and not self._is_late(delivery.event):
            if verdict == "unconfirmed":
                raise DeliveryFailed(verdict, _WAITS_FOR[verdict], is_early=True)
            if verdict == "day":
                left = seconds_left(self._clock())
                raise DeliveryFailed(verdict, _WAITS_FOR[verdict], is_early=True, retry_after=left)
        once = Once(f"letter-released:{delivery.id}", b"", lambda handled: b"")
        released = LetterReleased(reason=held.reason, held=delivery.event.version)
        await self._record(delivery.event.stream, Decided(released, held.guest), once)

    async def _wanted(self, delivery: Delivery) -> "_Wanted | None":
        """What a delivery calls for; None for a release of an earlier version, which had sent."""
        event = delivery.event
        if event.type != "letters.letter_released":
            return _Wanted(delivery.id, event)
        released: LetterReleased = CODEC.decode(event)
        if released.held is UNSET:
            return None
        [stored] = await self._store.read_stream(event.stream, after=released.held - 1, limit=1)
        first = await self._held_back(CODEC.decode(stored))
        return msgspec.structs.replace(first, is_late=self._is_late(stored))

    async def _held_back(self, held: LetterHeld) -> "_Wanted":
        [event] = await self._store.read_stream(held.stream, after=held.version - 1, limit=1)
        return _Wanted(held.delivery, event)

    def _is_late(self, held: Recorded) -> bool:
        """Whether a letter that was held back has waited for HELD_FOR."""
        return self._clock() - held.recorded >= HELD_FOR * 1_000_000

    async def _admitted(self, wanted: "_Wanted") -> tuple[Letter | None, Verdict]:
        """The letter that the event still calls for, and whether it may be sent now.

        It is counted if it may be. None if nothing is left to do.
        """
        if await self._store.recall(_sent_key(wanted.id)) is not None:
            return None, "admitted"
        gathering, guest = await self._facts(wanted.event)
        if gathering is None or guest is None or guest.gathering_id != gathering.id:
            return None, "admitted"
        now = self._clock()
        around = await self._around(gathering, guest)
        letter = letter_about(wanted.event, gathering, guest, around, now=now)
        if letter is None:
            return None, "admitted"
        return letter, await self._quotas.admit(wanted.id, gathering, guest)

    async def _around(self, gathering: Gathering, guest: Guest) -> Around:
        """What the letter needs to know besides; nothing is read for who has no address."""
        post = self._post
        if not guest.email:
            return Around(site=post.site)
        host, ask = gathering.host_account, post.host_address
        return Around(
            site=post.site,
            link="" if post.link is None else await post.link(guest),
            reply_to=None if ask is None or host is None else await ask(host),
            household=await self._household(guest),
        )

    async def _household(self, guest: Guest) -> list[Guest]:
        """The guest, then the other members, as many as a letter names; empty without others."""
        if guest.group_id is None:
            return []
        id = group_document(guest.gathering_id, guest.group_id)
        group = await read(self._store, GROUPS, id)
        ids = () if group is None else [one for one in group.members if one != guest.id]
        found = await self._store.get([GUESTS.ref(one) for one in ids[:_NAMED]]) if ids else ()
        members = [one for one in map(GUESTS.recall, found) if one is not None]
        others = [one for one in members if one.group_id == guest.group_id]
        return [guest, *others] if others else []

    async def _send(self, letter: Letter, id: str) -> None:
        await self._post.send(msgspec.structs.replace(letter, id=id))
        await self._store.commit(Commit(key=_sent_key(id)))

    async def _hold(self, delivery: Delivery, wanted: "_Wanted", reason: Reason) -> None:
        """Record that the letter is to be sent later; repeating it does nothing."""
        event = wanted.event
        held = LetterHeld(
            delivery=wanted.id,
            stream=event.stream,
            version=event.version,
            guest=event.subject,
            reason=reason,
        )
        once = Once(f"letter-held:{delivery.id}", b"", lambda handled: b"")
        await self._record(held_stream(_gathering_of(event)), Decided(held), once)

    async def _record(self, stream: str, decided: Decided, once: Once) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return [decided]

        await self._held.handle(stream, attempt, once=once)

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
        if gathering is None or gathering.gone or is_over(gathering, self._clock()):
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
        return await read(self._store, GATHERINGS, _gathering_of(event)), guest

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
                if event.is_blank:
                    continue  # the guest was erased, and is not asked for any more
                requested: LetterRequested = CODEC.decode(event)
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
        type, schema, data = CODEC.encode(change)
        now, meta = self._clock(), msgspec.json.encode({"cause": f"{cause.stream}@{cause.version}"})
        return [
            Event(self._ids(), type, cause.time, now, data, schema, guest, meta) for guest in guests
        ]


def _gathering_of(event: Recorded) -> str:
    """The id of the gathering whose stream, or whose stream of letters, an event is in."""
    return event.stream.partition("-")[2]


def _sent_key(id: str) -> str:
    """The key that a letter is remembered by for a day, once it was sent."""
    return f"letter:{id}"
