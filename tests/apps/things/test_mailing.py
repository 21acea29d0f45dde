"""Letters about things from end to end: a worker, the log, and a mail server that may refuse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from gatherlog.apps.things import Enquiry, Hours, Reason, ThingService, When
from gatherlog.apps.things.events import ReportMade
from gatherlog.apps.things.mailing import thing_letters, thing_settling
from gatherlog.apps.things.notices import Facts, letter_about
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.projections.paging import all_streams
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS, checkpoint_id
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, RetryPolicy
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.things.sample_things import (
    OLGA,
    PAUL,
    PIA,
    RITA,
    SATURDAY,
    SERIES,
    SUNDAY,
    WEEKEND,
    Town,
    content,
    event,
    thing,
)
from tests.stores import HOSTILE_URL, events_of, eventually

QUICK = RetryPolicy(attempts=None, age=60.0, first_pause=0.01, longest_pause=0.02)
SITE = "https://town.example"
RON = "account-ron"
ENGINES = {"sqlite": ("sqlite:///{path}/t.db", None), "hostile": (HOSTILE_URL, None)}


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: object) -> AsyncIterator[Store]:
    url, limits = ENGINES[request.param]
    store = await open_store(url.format(path=tmp_path), views=VIEWS, limits=limits)
    yield store
    await store.close()


class PeopleOfTown:
    """Two reviewers; everybody has an address but those who were removed."""

    def __init__(self) -> None:
        self.removed: set[str] = set()

    async def reviewers(self) -> Sequence[str]:
        return [RITA, RON]

    async def addresses(self, account_ids: Sequence[str]) -> Sequence[str | None]:
        return [None if id in self.removed else f"{id}@example.org" for id in account_ids]


class Office:
    """Takes letters, but for addresses that it refuses for a while or for good."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.refuses: dict[str, bool] = {}
        """For an address, whether that is final."""
        self.tried = 0

    async def send(self, letter: Letter) -> None:
        self.tried += 1
        if letter.to in self.refuses:
            raise DeliveryFailed("refused", "no such box", final=self.refuses[letter.to])
        self.letters.append(letter)

    async def sent(self) -> list[tuple[str, str]]:
        """To whom, and the subject, without the name of the thing; sorted."""
        return sorted(
            (one.to.partition("@")[0], one.subject.removesuffix(f": {content().name}"))
            for one in self.letters
        )

    def to(self, account: str, subject: str) -> Letter:
        [found] = [
            one
            for one in self.letters
            if one.to == f"{account}@example.org" and one.subject.startswith(subject)
        ]
        return found


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def people() -> PeopleOfTown:
    return PeopleOfTown()


@asynccontextmanager
async def working(
    store: Store, service: ThingService, people: PeopleOfTown, office: Office, clock: StandingClock
) -> AsyncIterator[None]:
    """A worker that settles and writes letters meanwhile."""
    ids = CountingIds()
    ids._given = 50_000  # apart from those of the service
    subscriptions = [
        thing_settling(store, service, people, clock=clock, ids=ids, retry=QUICK),
        thing_letters(
            store,
            service,
            people,
            office.send,
            site=SITE,
            contact="office@town.example",
            clock=clock,
            retry=QUICK,
        ),
    ]
    worker = Worker(store, subscriptions, clock=system_clock, ids=ids)
    task = asyncio.create_task(worker.run())
    try:
        await eventually(lambda: _has_begun(store), True)
        yield
    finally:
        worker.stop()
        await task


async def _has_begun(store: Store) -> bool:
    refs = [
        CHECKPOINTS.ref(checkpoint_id("notices", partition))
        for partition in range(store.limits.partitions)
    ]
    return None not in await store.get(refs)


@pytest.fixture
async def town(
    store: Store, people: PeopleOfTown, office: Office, clock: StandingClock
) -> AsyncIterator[Town]:
    """A town in which a worker runs."""
    service = ThingService(store, clock=clock, ids=CountingIds())
    async with working(store, service, people, office, clock):
        yield Town(service)


async def test_all_reviewers_learn_of_a_submission_and_the_organiser_of_the_decision(
    town: Town, office: Office
) -> None:
    thing = await town.pending()
    submitted = [("account-rita", "Ready for review"), ("account-ron", "Ready for review")]
    await eventually(office.sent, submitted)

    why = (Reason("price", "Really free?"), Reason("", "Call us"))
    await town.service.reject(thing.id, why, RITA, actor="cli")
    await eventually(office.sent, [(OLGA, "Not published yet"), *submitted])

    text = office.to(OLGA, "Not published").text
    assert "price:\n> Really free?\n\nIn general:\n> Call us" in text
    assert f"{SITE}/desk/{thing.id}" in text


async def test_an_approval_is_told_to_the_organiser(town: Town, office: Office) -> None:
    thing = await town.published()

    await eventually(lambda: count(office, OLGA), 1)

    assert f"{SITE}/things/{thing.id}" in office.to(OLGA, "Published").text


async def count(office: Office, account: str) -> int:
    return len([one for one in office.letters if one.to == f"{account}@example.org"])


async def to_parents(office: Office) -> list[tuple[str, str]]:
    return [one for one in await office.sent() if one[0] in (PIA, PAUL)]


async def test_parents_learn_of_booking_waiting_promotion_and_the_organiser_of_bookings(
    town: Town, office: Office
) -> None:
    thing = await town.published(content(capacity=1))
    booking = await town.book(thing)
    await town.book(thing, PAUL)
    told = [(PAUL, "You are on the waiting list"), (PIA, "You have booked")]
    await eventually(lambda: to_parents(office), told)
    await eventually(lambda: count(office, OLGA), 3)

    await town.service.cancel_booking(booking.id, PIA, actor="cli")

    await eventually(lambda: to_parents(office), sorted([*told, (PAUL, "You have a place")]))
    await eventually(lambda: count(office, OLGA), 4)
    assert [one[1] for one in await office.sent() if one[0] == OLGA] == [
        "Booking cancelled",
        "New booking",
        "On the waiting list",
        "Published",
    ]


async def test_a_cancelled_date_offers_other_dates_with_places(town: Town, office: Office) -> None:
    thing = await town.published(content(capacity=1))
    await town.book(thing)
    await town.book(thing, PAUL, date=SUNDAY)
    both = [(PAUL, "You have booked"), (PIA, "You have booked")]
    await eventually(lambda: to_parents(office), both)

    await town.service.cancel_occurrence(thing.id, SATURDAY, "The pond froze", OLGA, actor="cli")

    await eventually(lambda: count(office, PIA), 2)
    text = office.to(PIA, "Cancelled").text
    assert (
        "Your booking of Painting with frogs on Saturday, 3 April 2027, 10:00 CEST (Berlin time) "
        "was cancelled by the organiser."
    ) in text
    assert "> The pond froze" in text
    assert "Saturday, 10 April 2027, 10:00 CEST (Berlin time)" in text
    assert "Sunday, 4 April" not in text  # which is full
    assert await count(office, PAUL) == 1


async def test_a_moved_date_is_told_to_those_who_have_booked_it(town: Town, office: Office) -> None:
    thing = await town.published()
    await town.book(thing)
    await town.book(thing, PAUL, date=SUNDAY)
    await eventually(
        lambda: to_parents(office), [(PAUL, "You have booked"), (PIA, "You have booked")]
    )

    await town.service.move_occurrence(thing.id, SATURDAY, "2027-04-06T15:00", OLGA, actor="cli")

    await eventually(lambda: count(office, PIA), 2)
    assert (
        "Painting with frogs, which you have booked, has a new time:\n\n"
        "    When: Tuesday, 6 April 2027, 15:00 CEST (Berlin time)\n"
        "          instead of Saturday, 3 April 2027, 10:00 CEST (Berlin time)\n"
        "    Where: Pond Street 1, Berlin\n"
    ) in office.to(PIA, "A change").text
    assert await count(office, PAUL) == 1


async def test_a_cancelled_event_names_its_date_also_where_it_was_moved_before(
    town: Town, office: Office
) -> None:
    thing = await town.published(event())
    await town.book(thing, date="2027-05-01")
    await eventually(lambda: count(office, PIA), 1)
    to = "2027-05-02T15:00"
    await town.service.move_occurrence(thing.id, "2027-05-01", to, OLGA, actor="cli")
    await eventually(lambda: count(office, PIA), 2)

    await town.service.cancel_occurrence(thing.id, "2027-05-02", "Rain", OLGA, actor="cli")

    await eventually(lambda: count(office, PIA), 3)
    assert "on Sunday, 2 May 2027, 15:00 CEST (Berlin time)" in office.to(PIA, "Cancelled").text


async def test_new_hours_are_told_to_those_whose_dates_have_them_only(
    town: Town, office: Office
) -> None:
    thing = await town.published()
    await town.book(thing)
    await town.book(thing, PAUL, date=SUNDAY)
    await eventually(
        lambda: to_parents(office), [(PAUL, "You have booked"), (PIA, "You have booked")]
    )
    longer = Hours(day="SUN", start="10:00:00", end="13:00:00")

    hours = (WEEKEND[0], longer)
    await town.replaced(thing, when=When(start=SERIES.start, end=SERIES.end, hours=hours))
    await eventually(lambda: count(office, PAUL), 2)
    await town.service.write_to_families(thing.id, SATURDAY, "Boots", "Both.", OLGA, actor="cli")
    await eventually(lambda: count(office, PIA), 2)

    assert (
        "    When: Sunday, 4 April 2027, 10:00 CEST (Berlin time), until 13:00\n"
        "          instead of Sunday, 4 April 2027, 10:00 CEST (Berlin time), until 12:00\n"
    ) in office.to(PAUL, "A change").text
    told = [(PAUL, "A change"), (PAUL, "You have booked"), (PIA, "Boots"), (PIA, "You have booked")]
    assert await to_parents(office) == told


@pytest.mark.parametrize(
    ("changed", "letters"),
    [
        ({"description": "More frogs."}, 1),
        ({"where": content().where.__class__(lat=1.0, lon=2.0, address="Lake Road 2")}, 2),
    ],
)
async def test_a_new_place_is_told_to_families_and_a_new_text_is_not(
    town: Town, office: Office, changed: dict[str, object], letters: int
) -> None:
    thing = await town.published()
    await town.book(thing)
    await eventually(lambda: count(office, PIA), 1)

    await town.replaced(thing, **changed)
    await eventually(lambda: count(office, OLGA), 3)  # published, a booking, published

    await eventually(lambda: count(office, PIA), letters)


async def test_a_new_place_is_told_once_about_all_dates_that_one_has_booked(
    town: Town, office: Office
) -> None:
    thing = await town.published()
    for day in (SUNDAY, SATURDAY):
        await town.book(thing, date=day)
    await eventually(lambda: count(office, PIA), 2)

    await town.replaced(thing, where=content().where.__class__(lat=1.0, lon=2.0, address="Lake"))

    await eventually(lambda: count(office, PIA), 3)
    told = office.to(PIA, "A change").text
    assert (
        "    When: Saturday, 3 April 2027, 10:00 CEST (Berlin time)\n"
        "    When: Sunday, 4 April 2027, 10:00 CEST (Berlin time)\n"
        "    Where: Lake\n"
        "          instead of Pond Street 1, Berlin\n"
    ) in told


async def test_a_withdrawal_by_a_reviewer_is_told_to_organiser_and_families(
    town: Town, office: Office
) -> None:
    thing = await town.published()
    await town.book(thing)
    await eventually(lambda: count(office, PIA), 1)
    await eventually(lambda: count(office, OLGA), 2)

    await town.service.withdraw_as_reviewer(thing.id, "Not safe", RITA, actor="cli")

    await eventually(lambda: to_parents(office), [(PIA, "Cancelled"), (PIA, "You have booked")])
    await eventually(lambda: count(office, OLGA), 3)
    assert "by the site" in office.to(PIA, "Cancelled").text
    assert "> Not safe" in office.to(OLGA, "Taken down").text


async def test_an_organiser_writes_to_families_of_one_date(town: Town, office: Office) -> None:
    thing = await town.published()
    await town.book(thing)
    await town.book(thing, PAUL, date=SUNDAY)
    await eventually(
        lambda: to_parents(office), [(PAUL, "You have booked"), (PIA, "You have booked")]
    )

    await town.service.write_to_families(
        thing.id, SATURDAY, "Boots", "Bring boots.\nOlga", OLGA, actor="cli"
    )

    await eventually(lambda: count(office, PIA), 2)
    text = office.to(PIA, "Boots").text
    assert "> Bring boots.\n> Olga" in text
    assert "You are on the waiting list" not in text
    assert await count(office, PAUL) == 1


async def test_who_waits_is_told_so_in_a_letter_of_the_organiser(
    town: Town, office: Office
) -> None:
    thing = await town.published(content(capacity=1))
    await town.book(thing)
    await town.book(thing, PAUL)
    await eventually(lambda: count(office, PAUL), 1)

    await town.service.write_to_families(thing.id, SATURDAY, "Boots", "Both.", OLGA, actor="cli")

    await eventually(lambda: count(office, PAUL), 2)
    text = office.to(PAUL, "Boots").text
    assert "to everybody who has booked or is on the waiting list:" in text
    assert "You are on the waiting list, and do not have a place yet." in text


async def test_enquiries_go_to_the_address_of_the_site(town: Town, office: Office) -> None:
    enquiry = Enquiry(subject="Frogs", text="Where?", sender="guest@example.org")

    await town.service.enquire(enquiry, actor="nobody")

    await eventually(office.sent, [("office", "Message: Frogs")])
    assert office.letters[0].to == "office@town.example"
    assert "guest@example.org" in office.letters[0].text


async def test_an_enquiry_whose_sender_was_erased_is_not_sent_and_nothing_fails(
    store: Store, town: Town, people: PeopleOfTown, office: Office, clock: StandingClock
) -> None:
    enquiry = Enquiry(subject="Frogs", text="Where?", sender="guest@example.org")
    await town.service.enquire(enquiry, actor="nobody")
    await eventually(office.sent, [("office", "Message: Frogs")])
    [requested] = await events_of(store, "notices-site")
    [head] = [one async for one in all_streams(store, "enquiry")]
    [made] = await events_of(store, head.stream)
    await store.blank(made.partition, [made.position])
    office.letters.clear()

    later = thing_letters(
        store, town.service, people, office.send, site=SITE, contact="a@b.example", clock=clock
    )
    [letters] = later.destinations()
    await letters.target.deliver([Delivery(id="d", rule="notices", event=requested)])

    assert office.letters == []


async def test_reports_go_to_the_reviewers(town: Town, office: Office) -> None:
    thing = await town.published()
    await eventually(lambda: count(office, OLGA), 1)
    office.letters.clear()

    await town.service.report_thing(thing.id, "No frogs", PIA, actor="cli")

    told = "Reported"
    await eventually(office.sent, [("account-rita", told), ("account-ron", told)])
    assert PIA not in office.letters[0].text


def test_a_reviewer_gets_no_letter_about_a_report_of_what_is_their_own() -> None:
    def letter(reader: str) -> Letter | None:
        facts = Facts(event=ReportMade("rude"), to="a@b.example", account_id=reader, thing=thing())
        return letter_about(facts, site=SITE)

    assert letter(OLGA) is None
    assert letter(RITA) is not None


async def test_one_bad_address_neither_holds_nor_repeats_other_letters(
    town: Town, office: Office
) -> None:
    office.refuses = {f"{RITA}@example.org": True, f"{PIA}@example.org": False}
    await town.pending()
    await eventually(office.sent, [(RON, "Ready for review")])
    thing = await town.published()
    await town.book(thing)
    await town.book(thing, PAUL)

    async def to_others() -> list[tuple[str, str]]:
        return [one for one in await office.sent() if one[0] != RON]

    told = [(OLGA, "New booking")] * 2 + [(OLGA, "Published"), (PAUL, "You have booked")]
    await eventually(to_others, told)
    office.refuses = {}

    await eventually(lambda: count(office, PIA), 1)
    assert await count(office, RITA) == 0
    assert len(office.letters) == len({one.id for one in office.letters})


async def test_who_was_removed_gets_no_letter_and_holds_nobody_up(
    town: Town, office: Office, people: PeopleOfTown
) -> None:
    people.removed = {RITA, OLGA}
    await town.pending()
    await town.book(await town.published(content(name="Toads")))

    async def reached() -> set[str]:
        return {to for to, _ in await office.sent()}

    await eventually(reached, {RON, PIA})


# Without a worker at the time of the event.


async def test_what_a_killed_process_left_is_settled_by_the_subscription(
    store: Store,
    people: PeopleOfTown,
    office: Office,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = ThingService(store, clock=clock, ids=CountingIds())
    town = Town(service)
    thing = await town.published(content(capacity=1))
    gone = await town.book(thing)
    waits = await town.book(thing, PAUL, date=SUNDAY), await town.book(thing, "p3", date=SUNDAY)
    with monkeypatch.context() as killed:
        killed.setattr(ThingService, "_settle_now", nothing)
        await service.cancel_occurrence(thing.id, SATURDAY, "ill", OLGA, actor="cli")
        await town.replaced(thing, capacity=2)
    assert [await town.status(one) for one in (gone, *waits)] == ["BOOKED", "BOOKED", "WAITING"]

    async def statuses() -> list[str]:
        return [await town.status(one) for one in (gone, *waits)]

    async with working(store, service, people, office, clock):
        await eventually(statuses, ["CANCELLED", "BOOKED", "BOOKED"])


async def nothing(*arguments: object) -> None:
    """In place of a step before which a process was killed."""


async def test_places_that_a_killed_process_left_free_are_given_at_the_next_start(
    store: Store, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = ThingService(store, clock=clock, ids=CountingIds())
    town = Town(service)
    thing = await town.published(content(capacity=1))
    await town.book(thing)
    waits = await town.book(thing, PAUL)
    with monkeypatch.context() as killed:
        killed.setattr(ThingService, "_settle_now", nothing)
        await town.replaced(thing, capacity=2)

    async def promoted() -> int:
        return await service.promote_waiting(actor="system")

    await eventually(promoted, 1)
    assert await town.status(waits) == "BOOKED"


async def test_nobody_is_written_to_about_what_is_a_day_old(
    store: Store, people: PeopleOfTown, office: Office, clock: StandingClock
) -> None:
    service = ThingService(store, clock=clock, ids=CountingIds())
    town = Town(service)
    old = await town.pending()
    clock.advance(days=1, seconds=1)

    async with working(store, service, people, office, clock):
        new = await town.pending(content(name="Toads"))
        await eventually(lambda: count(office, RITA), 1)

    assert await events_of(store, f"notices-{old.id}") == []
    assert len(await events_of(store, f"notices-{new.id}")) == 2
