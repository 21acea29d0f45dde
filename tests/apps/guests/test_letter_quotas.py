"""How many letters go out in a day: the last that is sent, the first that waits, and 32 at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import msgspec
import pytest

from gatherlog.apps.guests import (
    CATEGORIES,
    GatheringDetails,
    GuestService,
    LettersReached,
    NewGuest,
    NotifyUndecided,
    Quotas,
    Rsvp,
    SettingsPatch,
    mailing,
)
from gatherlog.apps.guests.letter_counts import CATEGORIES as COUNTED
from gatherlog.apps.guests.letter_counts import HELD_LETTERS, HeldLetters
from gatherlog.apps.guests.letter_quotas import Hosts, LetterQuotas, Verdict
from gatherlog.apps.guests.mailing import Post, guest_letters
from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.engines import open_store
from gatherlog.testing import StandingClock, run_instantly
from tests.apps.guests.guest_lists import answered, gathering, guest
from tests.apps.guests.slow_reads import SlowReads
from tests.stores import HOSTILE_URL, events_in, events_of, eventually, scanned

CALLERS = 32
EVENING = StandingClock("2026-05-01T23:30:00Z")()
MINUTE = 60_000_000


def ids() -> str:
    return str(uuid4())


def only(**quotas: int) -> Quotas:
    return Quotas(**dict.fromkeys(Quotas.__struct_fields__) | quotas)


class Confirmed:
    """Which accounts have signed in; all, unless they are named in `waiting`."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()

    async def __call__(self, account_id: str) -> bool:
        return account_id not in self.waiting


async def digest(address: str) -> str:
    return f"digest of {address}"


# What is counted, on every engine.


@pytest.fixture
async def quotas(store: Store, clock: StandingClock) -> AsyncIterator[Callable[..., LetterQuotas]]:
    """Letter quotas with these bounds and no others; in the end all counters are as logged."""

    def make(**bounds: int) -> LetterQuotas:
        hosts = Hosts(Confirmed(), digest)
        return LetterQuotas(SlowReads(store), only(**bounds), hosts, clock=clock, ids=ids)

    yield make
    assert [difference async for difference in verify(store, COUNTED)] == []


def about(host: str | None = "ida", id: str = "ball") -> Gathering:
    return msgspec.structs.replace(gathering(), host_account=host, id=id)


def to(number: int = 0) -> Guest:
    return guest(answered(True, 1), email=f"g{number}@example.org")


async def at_once(callers: Sequence[Awaitable[Verdict]]) -> tuple[int, int]:
    """How many are admitted, and how many are not."""
    verdicts = await asyncio.gather(*callers)
    return verdicts.count("admitted"), len(verdicts) - verdicts.count("admitted")


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [("gathering_letters", "day"), ("host_letters", "day"), ("address_letters", "address")],
)
async def test_the_last_letter_of_a_day_is_sent_and_the_next_is_not(
    quotas: Callable[..., LetterQuotas], clock: StandingClock, bound: str, verdict: str
) -> None:
    bounded = quotas(**{bound: 3})
    who = [to(0 if bound == "address_letters" else number) for number in range(4)]

    assert [await bounded.admit(f"d{n}", about(), who[n]) for n in range(4)] == [
        *["admitted"] * 3,
        verdict,
    ]
    clock.set("2026-05-01T23:59:59.999999Z")
    assert await bounded.admit("d3", about(), who[3]) == verdict
    clock.set("2026-05-02T00:00:00Z")
    assert await bounded.admit("d3", about(), who[3]) == "admitted"


@pytest.mark.parametrize("bound", ["gathering_letters", "host_letters", "address_letters"])
async def test_of_32_letters_at_once_as_many_are_sent_as_one_day_allows(
    quotas: Callable[..., LetterQuotas], bound: str
) -> None:
    bounded = quotas(**{bound: 5})
    who = [to(0 if bound == "address_letters" else number) for number in range(CALLERS)]

    sent = [bounded.admit(f"d{n}", about(), who[n]) for n in range(CALLERS)]
    assert await at_once(sent) == (5, 27)


async def test_a_letter_that_is_tried_again_counts_once(
    quotas: Callable[..., LetterQuotas],
) -> None:
    bounded = quotas(gathering_letters=2)

    tries = [await bounded.admit(id, about(), to()) for id in ("a", "a", "b", "a", "c", "b")]
    assert tries == ["admitted", "admitted", "admitted", "admitted", "day", "admitted"]


async def test_each_gathering_host_and_address_is_counted_apart(
    quotas: Callable[..., LetterQuotas],
) -> None:
    bounded = quotas(gathering_letters=1, host_letters=2, address_letters=3)

    async def send(host: str | None, id: str, number: int) -> Verdict:
        return await bounded.admit(ids(), about(host, id), to(number))

    assert await send("ida", "one", 1) == "admitted"
    assert await send("ida", "one", 2) == "day"
    assert await send("ida", "two", 1) == "admitted"
    assert await send("ida", "three", 2) == "day"
    assert await send("max", "four", 1) == "admitted"
    assert await send("max", "five", 1) == "address"


async def test_a_gathering_without_a_host_is_bounded_by_addresses_alone(
    quotas: Callable[..., LetterQuotas],
) -> None:
    bounded = quotas(gathering_letters=0, host_letters=0, address_letters=2)

    sent = [await bounded.admit(ids(), about(None), to()) for _ in range(3)]
    assert sent == ["admitted", "admitted", "address"]


# Changes that guests get letters about.


@pytest.fixture
async def service(store: Store, clock: StandingClock) -> GuestService:
    """A site that sends letters, two a day about each gathering."""
    bounds = only(gathering_letters=2)
    return GuestService(SlowReads(store), clock=clock, ids=ids, quotas=bounds, sends_letters=True)


async def invited(service: GuestService, count: int, host: str | None = "ida") -> list[str]:
    """The id of a new gathering, and those of its guests."""
    details = GatheringDetails(event_name="Ball", event_date="2027-05-01")
    here = (await service.create_gathering(details, actor="cli", host=host)).body.id
    new = NewGuest(first_name="A", last_name="X", email="a@example.org")
    added = [await service.add_guest(here, new, actor="cli") for _ in range(count)]
    return [here, *(guest.body.id for guest in added)]


async def test_the_last_change_that_may_send_letters_is_made_and_the_next_is_refused(
    service: GuestService, quotas: Callable[..., LetterQuotas], clock: StandingClock
) -> None:
    here, ada = await invited(service, 1)
    await service.rsvp(here, ada, Rsvp(attending=True), actor="cli")
    gathering = (await service.gathering(here)).body
    told, untold = (SettingsPatch(location="B", notify=notify) for notify in (True, False))

    await quotas().admit("d1", gathering, to())
    await service.change_settings(here, SettingsPatch(location="A", notify=True), actor="cli")
    await quotas().admit("d2", gathering, to())
    with pytest.raises(LettersReached) as refused:
        await service.change_settings(here, told, actor="cli")
    assert refused.value.retry_after == 12 * 3600
    assert (await service.gathering(here)).body.location == "A"
    assert (await service.letters(here)).sent_today == 2

    await service.change_settings(here, untold, actor="cli")
    clock.advance(hours=12)
    await service.change_settings(here, SettingsPatch(location="C", notify=True), actor="cli")
    assert (await service.letters(here)).sent_today == 0


async def test_a_gathering_without_a_host_may_change_as_often_as_it_likes(
    service: GuestService, quotas: Callable[..., LetterQuotas]
) -> None:
    here, ada = await invited(service, 1, host=None)
    await service.rsvp(here, ada, Rsvp(attending=True), actor="cli")
    for number in range(3):
        await quotas().admit(f"d{number}", (await service.gathering(here)).body, to())

    await service.change_settings(here, SettingsPatch(location="A", notify=True), actor="cli")
    with pytest.raises(NotifyUndecided):
        await service.change_settings(here, SettingsPatch(location="B"), actor="cli")


async def test_no_change_goes_unasked_while_guests_say_yes(
    service: GuestService, store: Store
) -> None:
    here, *who = await invited(service, 16)

    async def change(place: int) -> bool:
        try:
            patch = SettingsPatch(location=f"Place {place}")
            await service.change_settings(here, patch, actor="cli")
        except NotifyUndecided:
            return False
        return True

    await asyncio.gather(
        *(change(place) for place in range(16)),
        *(service.rsvp(here, id, Rsvp(attending=True), actor="cli") for id in who),
    )
    types = [event.type for event in await events_of(store, f"gathering-{here}")]
    first_yes = types.index("guests.rsvp_submitted")
    assert "guests.settings_changed" not in types[first_yes:]
    assert not await change(99)


# From end to end, in simulated time.


class Site:
    """A store, a worker that sends letters, and hosts with gatherings."""

    def __init__(self, store: Store, quotas: Quotas, clock: Clock) -> None:
        self.store = store
        self.letters: list[tuple[int, Letter]] = []
        self.failing: dict[str, DeliveryFailed] = {}
        """How the mail server fails, by address."""
        self.confirmed = Confirmed()
        self.guests = GuestService(store, clock=clock, ids=ids, quotas=quotas, sends_letters=True)
        self._clock = clock
        hosts = Hosts(self.confirmed, digest)
        allowed = LetterQuotas(store, quotas, hosts, clock=clock, ids=ids)
        post = Post(self._deliver, "https://party.example")
        self.subscription = guest_letters(store, post, allowed, clock=clock, ids=ids)

    async def _deliver(self, letter: Letter) -> None:
        if (failure := self.failing.get(letter.to)) is not None:
            raise failure
        self.letters.append((self._clock(), letter))

    async def party(self, guests: int, host: str = "ida", first: int = 0) -> str:
        """A gathering to which so many guests come, as the host has noted."""
        details = GatheringDetails(event_name="Ball", event_date="2027-05-01")
        made = await self.guests.create_gathering(details, actor="cli", host=host)
        for number in range(first, first + guests):
            address = f"g{number}@example.org"
            new = NewGuest(first_name="A", last_name=f"N{number}", email=address)
            who = (await self.guests.add_guest(made.body.id, new, actor="cli")).body.id
            await self.guests.rsvp(made.body.id, who, Rsvp(attending=True), actor="cli")
        return made.body.id

    async def move(self, id: str, place: str, notify: bool = True) -> None:
        patch = SettingsPatch(location=place, notify=notify)
        await self.guests.change_settings(id, patch, actor="account:ida")

    async def held(self, id: str) -> tuple[int, int]:
        [document] = await self.store.get([HELD_LETTERS.ref(id)])
        held = HELD_LETTERS.read(document) or HeldLetters(gathering_id=id)
        return held.day, held.unconfirmed

    async def receivers(self) -> set[str]:
        return {letter.to for _, letter in self.letters}

    async def sent(self) -> int:
        return len(self.letters)

    async def redrive_all(self) -> None:
        admin = SubscriptionAdmin(self.store, clock=self._clock, ids=ids)
        for one in await scanned(self.store, DEAD_LETTERS.name):
            await admin.redrive(one.id, by="me")

    async def dead(self) -> list[str]:
        found = [DEAD_LETTERS.read(one) for one in await scanned(self.store, DEAD_LETTERS.name)]
        return sorted(letter.kind for letter in found if letter is not None)


@asynccontextmanager
async def working(url: str, **bounds: int) -> AsyncIterator[Site]:
    store = await open_store(url, views=VIEWS)
    loop = asyncio.get_running_loop()
    start = loop.time()

    def clock() -> int:
        return EVENING + round((loop.time() - start) * 1_000_000)

    site = Site(store, only(**bounds), clock)
    trouble: list[BaseException] = []
    worker = Worker(
        store,
        [site.subscription],
        clock=clock,
        ids=ids,
        report=lambda name, error: trouble.append(error),
    )
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(5)  # simulated: by now the subscription has begun
    yield site
    worker.stop()
    await running
    assert trouble == []
    assert [difference async for difference in verify(store, CATEGORIES)] == []
    await store.close()


@pytest.fixture(params=["memory:", HOSTILE_URL])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.param
    return address


async def minutes(count: float) -> None:
    await asyncio.sleep(count * 60)  # simulated


def test_letters_over_the_bound_of_a_day_go_out_when_it_is_over(url: str) -> None:
    async def story() -> None:
        async with working(url, gathering_letters=5) as site:
            here = await site.party(8)
            await site.move(here, "The mill")
            await minutes(25)
            assert (await site.sent(), await site.held(here)) == (5, (3, 0))
            await minutes(15)
            assert (await site.sent(), await site.held(here)) == (8, (0, 0))
            assert len({letter.to for _, letter in site.letters}) == 8
            assert len({letter.id for _, letter in site.letters}) == 8
            midnight = EVENING + 30 * MINUTE
            assert all(midnight <= at < midnight + MINUTE for at, _ in site.letters[5:])
            assert await site.dead() == []

    run_instantly(story())


def test_letters_that_wait_do_not_delay_those_of_other_hosts(url: str) -> None:
    async def story() -> None:
        async with working(url, host_letters=2) as site:
            spam = [await site.party(5, "spam", n * 5) for n in range(3)]
            for id in spam:
                await site.move(id, "http://win.example")
            await minutes(6)
            assert await site.sent() == 2
            fair = await site.party(2, "ida", 90)
            await site.move(fair, "The mill")
            await minutes(6)
            assert {letter.to for _, letter in site.letters[2:]} == {
                "g90@example.org",
                "g91@example.org",
            }

    run_instantly(story())


def test_a_letter_that_waited_is_left_out_if_it_is_not_true_any_more(url: str) -> None:
    async def story() -> None:
        async with working(url, gathering_letters=1) as site:
            here = await site.party(3)
            await site.move(here, "The mill")
            await minutes(5)
            await site.move(here, "The barn", notify=False)
            await minutes(40)
            assert (await site.sent(), await site.held(here)) == (1, (0, 0))
            assert await site.dead() == []

    run_instantly(story())


def test_nothing_goes_out_until_the_host_has_signed_in(url: str) -> None:
    async def story() -> None:
        async with working(url) as site:
            site.confirmed.waiting = {"ida"}
            here, other = await site.party(4), await site.party(1, "max", 50)
            await site.move(here, "The mill")
            await site.move(other, "The mill")
            await minutes(40)
            assert [letter.to for _, letter in site.letters] == ["g50@example.org"]
            assert await site.held(here) == (0, 4)
            site.confirmed.waiting = set()
            await minutes(15)
            assert (await site.sent(), await site.held(here)) == (5, (0, 0))

    run_instantly(story())


def test_a_letter_that_was_held_back_and_is_refused_waits_no_more(url: str) -> None:
    async def story() -> None:
        async with working(url) as site:
            site.confirmed.waiting = {"ida"}
            here = await site.party(2)
            await site.move(here, "The mill")
            await minutes(5)
            assert await site.held(here) == (0, 2)
            site.failing["g0@example.org"] = DeliveryFailed("refused", "550", final=True)
            site.confirmed.waiting = set()
            await minutes(15)
            assert (await site.sent(), await site.held(here)) == (1, (0, 0))
            await eventually(site.dead, ["refused"])

    run_instantly(story())


def test_a_letter_that_was_held_back_and_is_delayed_does_not_delay_others(url: str) -> None:
    async def story() -> None:
        async with working(url) as site:
            site.confirmed.waiting = {"ida"}
            here = await site.party(3)
            await site.move(here, "The mill")
            await minutes(5)
            for number in range(2):
                address = f"g{number}@example.org"
                site.failing[address] = DeliveryFailed("delayed", "450")
            site.confirmed.waiting = set()
            await minutes(15)
            assert (await site.receivers(), await site.held(here)) == ({"g2@example.org"}, (0, 0))
            site.failing.clear()
            await minutes(15)
            assert await site.sent() == 3

    run_instantly(story())


def test_all_letters_of_a_host_who_never_signs_in_are_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "HELD_FOR", 1800.0)

    async def story() -> None:
        async with working(url) as site:
            site.confirmed.waiting = {"ida"}
            here = await site.party(3)
            await site.move(here, "The mill")
            await minutes(45)
            assert (await site.sent(), await site.held(here)) == (0, (0, 0))
            await eventually(site.dead, ["unconfirmed"] * 3)
            site.confirmed.waiting = set()
            await site.redrive_all()
            await minutes(5)
            assert (await site.sent(), len(await site.receivers())) == (3, 3)
            assert (await site.held(here), await site.dead()) == ((0, 0), [])

    run_instantly(story())


def test_letters_over_the_bound_of_an_address_become_dead_letters(url: str) -> None:
    async def story() -> None:
        async with working(url, address_letters=2) as site:
            balls = [await site.party(1, f"host{n}") for n in range(4)]
            for id in balls:
                await site.move(id, "The mill")
            await minutes(40)
            assert await site.sent() == 2
            assert await site.dead() == ["address_letters"] * 2

    run_instantly(story())


def test_no_event_shows_an_address(url: str) -> None:
    async def story() -> None:
        async with working(url, gathering_letters=1) as site:
            await site.move(await site.party(2), "The mill")
            await minutes(5)
            counted = await events_in(site.store, ["letter_day", "held_letters", "letters"])
            assert len(counted) == 4
            assert [event for event in counted if b'"g0@example.org"' in event.data] == []

    run_instantly(story())
