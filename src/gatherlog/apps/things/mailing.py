"""What follows from events of this app by itself: bookings that are settled, and letters.

There are two subscriptions. `things` does for bookings what follows from decisions about things, so
that it is done also if the process that decided was killed; and for every letter that an event
calls for it appends a request to the stream `notices-{thing}`, one for each person. `notices` sends
the letters, each as a delivery of its own: so one that fails neither holds nor repeats others.
docs/decisions/0011-mails.md has the reasons.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from gatherlog.apps.things.answers import OccurrencePlaces
from gatherlog.apps.things.events import (
    CODEC,
    BookingCancelled,
    BookingMade,
    BookingPromoted,
    EnquiryMade,
    FamiliesWritten,
    NoticeRequested,
    OccurrenceAltered,
    ReportMade,
    ThingSubmitted,
    VersionReplaced,
)
from gatherlog.apps.things.folds import id_of
from gatherlog.apps.things.history import last_place_of, thing_before
from gatherlog.apps.things.loading import all_bookings
from gatherlog.apps.things.notices import ANNOUNCED, NOTICED, Facts, letter_about
from gatherlog.apps.things.occurrences import not_over, occurrence
from gatherlog.apps.things.service import ThingService
from gatherlog.apps.things.views import (
    BOOKINGS,
    THINGS,
    Booking,
    Thing,
    occurrence_document,
)
from gatherlog.core.commands.service import read
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import Event, Recorded
from gatherlog.core.eventstore.store import Append, Commit, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.subscriptions.delivery import Delivery, RetryPolicy
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.letters import Letter, SendLetter, send_once

__all__ = ["NOTICES", "THINGS_SUBSCRIPTION", "People", "thing_letters", "thing_settling"]

THINGS_SUBSCRIPTION: Final = "things"
NOTICES: Final = "notices"
"""The names of the subscriptions."""
RETRY: Final = RetryPolicy(attempts=None, age=6 * 3600.0, first_pause=5.0, longest_pause=600.0)
DAY: Final = 86_400_000_000
"""Microseconds. About what is older nobody is written to."""
_SETTLED: Final = ("things.withdrawn", "things.occurrence_altered", "things.version_replaced")
_REMOVED: Final = "people.account_removed"
"""An event of another app: the log is where apps meet."""


class People(Protocol):
    """What has to be known of accounts."""

    async def reviewers(self) -> Sequence[str]:
        """The ids of all accounts with the role of a reviewer."""
        ...

    async def addresses(self, account_ids: Sequence[str]) -> Sequence[str | None]:
        """Their mail addresses, in their order; None where there is no such account."""
        ...


def thing_settling(
    store: Store,
    service: ThingService,
    people: People | None,
    *,
    clock: Clock,
    ids: Ids,
    retry: RetryPolicy = RETRY,
) -> Handlers:
    """The subscription `things`. Without `people`, no letters are requested.

    It starts with the first event of the log, but nobody is written to about what is a day old.
    """
    follow_up = _FollowUp(store, service, people, clock, ids)
    types = {*_SETTLED, _REMOVED, *(NOTICED if people is not None else ())}
    return Handlers(
        THINGS_SUBSCRIPTION, dict.fromkeys(sorted(types), follow_up.handle), retry=retry, at_once=4
    )


def thing_letters(
    store: Store,
    service: ThingService,
    people: People,
    send: SendLetter,
    *,
    site: str,
    contact: str | None,
    clock: Clock,
    retry: RetryPolicy = RETRY,
) -> Handlers:
    """The subscription `notices`. `site` is the URL that people know, and `contact` the address
    for enquiries; without one, they stay in the log.

    A letter that was sent is not sent again within 24 hours, unless the process is killed between
    sending it and committing that it was sent.
    """
    letters = _Letters(store, service, people, send, site, contact, clock)
    return Handlers(
        NOTICES,
        {"things.notice_requested": letters.handle},
        retry=retry,
        at_once=4,
        holds=False,
        from_now=True,
    )


class _FollowUp:
    """The handler of `things`."""

    def __init__(
        self, store: Store, service: ThingService, people: People | None, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._service = service
        self._people = people
        self._clock = clock
        self._ids = ids

    async def handle(self, delivery: Delivery) -> None:
        """Settle what follows from the event, then request letters. Repeating it does nothing."""
        event = delivery.event
        if event.type == _REMOVED:
            await self._service.forget_account(id_of(event.stream), actor="system")
            return
        payload = CODEC.decode(event)
        if event.type in _SETTLED:
            await self._service.settle(id_of(event.stream), payload, actor="system")
        if self._people is not None and self._clock() - event.time <= DAY:
            for account in await self._recipients(self._people, event, payload):
                await self._request(delivery, account)

    async def _recipients(self, people: People, event: Recorded, payload: Any) -> list[str]:
        """The accounts that get a letter, each once; an empty id is the site's own address."""
        thing = await _thing_of(self._store, event)
        match payload:
            case EnquiryMade():
                return [""]
            case ThingSubmitted() | ReportMade():
                return [*await people.reviewers()]
            case BookingCancelled(by="parent") if thing is not None:
                return [thing.organiser_id]
            case BookingMade(account_id=account) if thing is not None:
                return list({account: None, thing.organiser_id: None})
            case BookingCancelled(account_id=account):
                return [account]
            case BookingPromoted():
                booking = await read(self._store, BOOKINGS, event.subject)
                return [] if booking is None else [booking.account_id]
            case FamiliesWritten():
                return await self._families(id_of(event.stream))
            case OccurrenceAltered(altered=altered):
                key = occurrence_document(id_of(event.stream), altered.key)
                return [] if altered.cancelled else await self._families(key)
            case VersionReplaced(changed=changed):
                told = thing is not None and not ANNOUNCED.isdisjoint(changed)
                return await self._all_families(thing) if told and thing is not None else []
        return [] if thing is None else [thing.organiser_id]

    async def _families(self, occurrence_id: str) -> list[str]:
        """Who has booked an occurrence or waits for it."""
        everybody = await all_bookings(self._store, occurrence_id)
        return [one.account_id for one in everybody if one.status != "CANCELLED"]

    async def _all_families(self, thing: Thing) -> list[str]:
        """Who has booked any coming occurrence of a thing or waits for it."""
        found: dict[str, None] = {}
        for one in not_over(thing.content, thing.altered, now=self._clock()):
            found |= dict.fromkeys(await self._families(occurrence_document(thing.id, one.key)))
        return list(found)

    async def _request(self, delivery: Delivery, account: str) -> None:
        """Request a letter, once for each event and person."""
        cause, now = delivery.event, self._clock()
        requested = NoticeRequested(stream=cause.stream, version=cause.version)
        type, schema, data = CODEC.encode(requested)
        event = Event(self._ids(), type, now, now, data, schema, account)
        append = Append(f"notices-{_thing_id(cause)}", [event])
        await self._store.commit(Commit(appends=[append], key=f"{delivery.id}:{account}"))


class _Letters:
    """The handler of `notices`."""

    def __init__(
        self,
        store: Store,
        service: ThingService,
        people: People,
        send: SendLetter,
        site: str,
        contact: str | None,
        clock: Clock,
    ) -> None:
        self._store = store
        self._service = service
        self._people = people
        self._send = send
        self._site = site
        self._contact = contact
        self._clock = clock

    async def handle(self, delivery: Delivery) -> None:
        """Send the letter that is requested, if it is still true. Repeating it does nothing."""
        await send_once(self._store, self._send, delivery, lambda: self._letter(delivery.event))

    async def _letter(self, event: Recorded) -> Letter | None:
        requested: NoticeRequested = CODEC.decode(event)
        address = await self._address(event.subject)
        before = requested.version - 1
        causes = await self._store.read_stream(requested.stream, after=before, limit=1)
        if address is None or not causes or self._clock() - event.time > DAY:
            return None
        if causes[0].is_blank:
            return None  # whoever wrote it was erased
        facts = await self._facts(causes[0], event.subject, address)
        return letter_about(facts, site=self._site)

    async def _address(self, account_id: str) -> str | None:
        if not account_id:
            return self._contact
        return (await self._people.addresses([account_id]))[0]

    async def _facts(self, cause: Recorded, account_id: str, address: str) -> Facts:
        event, thing = CODEC.decode(cause), await _thing_of(self._store, cause)
        facts = Facts(event=event, to=address, account_id=account_id, thing=thing)
        if thing is None:
            return facts
        bookings = await self._bookings(cause, event, thing, account_id)
        if not bookings:
            return facts
        booking, before, was = bookings[0], None, None
        others: Sequence[OccurrencePlaces] = ()
        if isinstance(event, BookingCancelled) and thing.status == "PUBLISHED":
            found = await self._service.coming_places(thing.id)
            others = [one for one in found if one.left is None or one.left >= booking.places]
        at = [occurrence(thing.content, thing.altered, one.key) for one in bookings]
        dates = [one for one in at if one is not None]
        if isinstance(event, BookingCancelled):
            was = at[0] or await last_place_of(self._store, thing.id, booking.key)
        if isinstance(event, OccurrenceAltered | VersionReplaced):
            before = await thing_before(self._store, thing.id, cause.version)
        return msgspec.structs.replace(
            facts,
            booking=booking,
            occurrence=at[0],
            dates=dates,
            before=before,
            was=was,
            others=others,
        )

    async def _bookings(
        self, cause: Recorded, event: Any, thing: Thing, account_id: str
    ) -> list[Booking]:
        """The booking that an event is about, or those that the account has there, by the date."""
        match event:
            case BookingMade() | BookingPromoted() | BookingCancelled():
                booking = await read(self._store, BOOKINGS, cause.subject)
                return [] if booking is None else [booking]
            case FamiliesWritten():
                keys = [id_of(cause.stream).partition("/")[2]]
            case OccurrenceAltered(altered=altered):
                keys = [altered.key]
            case VersionReplaced():
                occurrences = not_over(thing.content, thing.altered, now=self._clock())
                keys = [one.key for one in occurrences]
            case _:
                return []
        booked = await self._service.bookings_at(thing.id, keys, account_id)
        return [booked[key] for key in keys if key in booked]


async def _thing_of(store: Store, event: Recorded) -> Thing | None:
    """The thing that an event is about; of an approved new version, the published one."""
    if category_of(event.stream) == "enquiry":
        return None
    thing = await read(store, THINGS, _thing_id(event))
    if event.type == "things.approved" and thing is not None and thing.replaces is not None:
        return await read(store, THINGS, thing.replaces)
    return thing


def _thing_id(event: Recorded) -> str:
    """The id of the thing that an event's stream is about; `site` where it is about none."""
    if category_of(event.stream) == "enquiry":
        return "site"
    return id_of(event.stream).partition("/")[0]
