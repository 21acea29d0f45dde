"""Letters to guests from end to end: a worker, a log, and a mail server that refuses and delays."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest

from gatherlog.apps.guests import DEFAULT, GuestPatch, GuestService, NewGuest, Rsvp
from gatherlog.apps.guests import SettingsPatch as Settings
from gatherlog.apps.guests.letter_quotas import Hosts, LetterQuotas
from gatherlog.apps.guests.mailing import HELD_FOR, RETRY, Post, guest_letters
from gatherlog.apps.guests.quotas import Quotas
from gatherlog.apps.guests.views import GUESTS
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Commit, Committed, Limits, Recorded, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import StoreFailed
from gatherlog.core.projections.paging import documents
from gatherlog.core.subscriptions.checkpoints import (
    BACKLOGS,
    CHECKPOINTS,
    Checkpoint,
    checkpoint_id,
    versioned_write,
)
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS, DeadLetter
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, RetryPolicy, delivery_id
from gatherlog.core.subscriptions.letters import Letter, SendLetter
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.engines import open_store
from gatherlog.engines.hostile import HostileStore, Hostility
from gatherlog.targets import smtp
from gatherlog.targets.smtp import SmtpMailer, SmtpServer
from gatherlog.testing import CountingIds
from tests.stores import HOSTILE_URL, events_in, events_of, eventually, scanned
from tests.targets.picky_office import HANG, PickyOffice, picky_office

SITE = "https://party.example"
QUICK = RetryPolicy(attempts=4, age=None, first_pause=0.01, longest_pause=0.02)
SMALL = Limits(commit_actions=30, commit_bytes=4 * 1024 * 1024, page=100)
LATER = Settings(event_date="2099-06-05")


ENGINES = {
    "memory": ("memory:", None),
    "sqlite": ("sqlite:///{path}/guests.db", None),
    "small": ("sqlite:///{path}/guests.db", SMALL),
    "hostile": (HOSTILE_URL, None),
}


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """With checkpoints of `letters` at the start of the log, as if it had been read before."""
    url, limits = ENGINES[request.param]
    store = await open_store(url.format(path=tmp_path), views=VIEWS, limits=limits)
    await read_from_the_start(store)
    yield store
    await store.close()


async def read_from_the_start(store: Store) -> None:
    for partition in range(store.limits.partitions):
        read = Checkpoint(subscription="letters", partition=partition)
        id = checkpoint_id("letters", partition)
        write = versioned_write(CHECKPOINTS, id, "letters", 0, read)
        await store.commit(Commit(writes=[write]))


@pytest.fixture
async def guests(store: Store) -> GuestService:
    service = GuestService(store, clock=system_clock, ids=lambda: str(uuid4()))
    await service.ensure_default("cli")
    return service


@pytest.fixture
async def office() -> AsyncIterator[PickyOffice]:
    async with picky_office() as office:
        yield office


class FakeMailServer:
    """A mail server in memory. It keeps every letter for which `trouble` does not raise."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.trouble: Callable[[Letter], None] = lambda letter: None
        self._changed = asyncio.Condition()

    async def deliver(self, letter: Letter) -> None:
        self.trouble(letter)
        async with self._changed:
            self.letters.append(letter)
            self._changed.notify_all()

    async def until(self, letters: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.letters) >= letters)

    def addresses(self) -> list[str]:
        return sorted(letter.to for letter in self.letters)


def letters(store: Store, send: SendLetter, retry: RetryPolicy = QUICK) -> Subscription:
    def ids() -> str:
        return str(uuid4())

    quotas = LetterQuotas(store, Quotas(), Hosts(confirmed, digest), clock=system_clock, ids=ids)
    post = Post(send, SITE)
    return guest_letters(store, post, quotas, clock=system_clock, ids=ids, retry=retry)


async def confirmed(account_id: str) -> bool:
    return True


async def digest(address: str) -> str:
    return sha256(address.encode()).hexdigest()


@asynccontextmanager
async def working(store: Store, subscription: Subscription) -> AsyncIterator[Worker]:
    """A running worker, which is stopped in an orderly way at the end."""
    trouble: list[BaseException] = []
    worker = Worker(
        store,
        [subscription],
        clock=system_clock,
        ids=lambda: str(uuid4()),
        report=lambda name, error: trouble.append(error),
    )
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await running
    assert trouble == []


@asynccontextmanager
async def mailing(store: Store, office: PickyOffice) -> AsyncIterator[SmtpMailer]:
    lines: list[bytes] = []
    mailer = SmtpMailer(
        SmtpServer.from_url(office.url), "party@example.org", clock=system_clock, sink=lines.append
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(mailer.close)
        await stack.enter_async_context(working(store, letters(store, mailer.deliver)))
        yield mailer
    assert lines == []


async def invite(guests: GuestService, *addresses: str | None) -> list[str]:
    """Guests with these addresses who have said yes by their links."""
    ids: list[str] = []
    for address in addresses:
        new = NewGuest(first_name="Ada", last_name=f"N{len(ids)}", email=address)
        ids.append((await guests.add_guest(DEFAULT, new, actor="cli")).body.id)
    for id in ids:
        await answer(guests, id)
    return ids


async def answer(guests: GuestService, id: str, attending: bool = True) -> None:
    await guests.rsvp(DEFAULT, id, Rsvp(attending=attending), actor=f"guest:{id}")


async def all_read(store: Store) -> None:
    """Wait until the subscription has nothing more to do."""

    async def is_done() -> bool:
        ids = [checkpoint_id("letters", partition) for partition in range(store.limits.partitions)]
        kept = map(CHECKPOINTS.read, await store.get([CHECKPOINTS.ref(id) for id in ids]))
        read = [0 if one is None else one.position for one in kept]
        written = await events_in(store, ["gathering", "letters"])
        waits = await scanned(store, BACKLOGS.name)
        return not waits and all(read[event.partition] >= event.position for event in written)

    await eventually(is_done, True)


async def dead_letters(store: Store) -> list[DeadLetter]:
    documents = await scanned(store, DEAD_LETTERS.name)
    return [letter for d in documents if (letter := DEAD_LETTERS.read(d)) is not None]


# One bad address does not block others.


async def test_addresses_that_are_refused_delayed_or_hang_do_not_block_other_letters(
    store: Store, guests: GuestService, office: PickyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page of the hostile engine may end before anything was taken. Then one letter at a time
    # finds out whether the server is there, and one that hangs delays others until its time is up.
    monkeypatch.setattr(smtp, "TIMEOUT", 5.0 if isinstance(store, HostileStore) else 60.0)
    office.answers = {
        "refused@example.org": ["550 5.1.1 <refused@example.org> is unknown"] * 9,
        "later@example.org": ["451 4.7.1 try later@example.org again"] * 2,
        "hangs@example.org": [HANG] * 9,
    }
    fine = [f"guest{number}@example.org" for number in range(12)]
    addresses = ["refused@example.org", "later@example.org", "hangs@example.org", *fine]
    await invite(guests, *addresses)

    async def arrived() -> set[str]:
        return set(office.arrived())

    async with mailing(store, office):
        await eventually(arrived, {*fine, "later@example.org"}, 30)
        office.over.set()
        await eventually(arrived, {*fine, "later@example.org", "hangs@example.org"}, 30)
        await all_read(store)

    assert office.arrived()[-1] == "hangs@example.org"
    asked = Counter(address for address in office.asked if address not in fine)
    least = Counter({"hangs@example.org": 1, "later@example.org": 3, "refused@example.org": 1})
    if isinstance(store, HostileStore):  # it takes leases away, and then a worker begins again
        assert asked >= least
        assert asked.keys() == least.keys()
    else:
        assert asked == least
        assert len(office.arrived()) == len(fine) + 2


async def test_an_address_that_hangs_is_tried_again(
    store: Store, guests: GuestService, office: PickyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 1.0)
    office.answers = {"hangs@example.org": [HANG]}
    await invite(guests, "hangs@example.org")

    async with mailing(store, office):
        await office.until(letters=1)
        await all_read(store)

    assert office.asked == ["hangs@example.org"] * 2


async def test_a_letter_that_hangs_does_not_block_later_ones(
    store: Store, guests: GuestService, office: PickyOffice
) -> None:
    office.answers = {"hangs@example.org": [HANG]}
    await invite(guests, "hangs@example.org")

    async with mailing(store, office):
        await office.until(asked=1)
        await invite(guests, *(f"guest{number}@example.org" for number in range(80)))
        async with asyncio.timeout(smtp.TIMEOUT / 2):
            await office.until(letters=80)
        office.over.set()
        await office.until(letters=81)

    assert office.arrived()[80] == "hangs@example.org"


async def test_a_dead_letter_has_a_reason_and_no_address(
    store: Store, guests: GuestService, office: PickyOffice
) -> None:
    office.answers = {
        "refused@example.org": ["550 5.1.1 <refused@example.org> is unknown"],
        "busy@example.org": ["451 4.7.1 busy@example.org is busy"] * 9,
    }
    await invite(guests, "refused@example.org", "busy@example.org")

    async with mailing(store, office):
        await office.until(asked=5)
        await all_read(store)

    async def reasons() -> list[tuple[str, str, int]]:
        return sorted((d.kind, d.detail, d.attempts) for d in await dead_letters(store))

    expected = [
        ("smtp_later", "the mail server wants to be asked again later: 451 4.7.1", 4),
        ("smtp_refused", "the mail server refuses this letter: 550 5.1.1", 1),
    ]
    await eventually(reasons, expected)
    log = await events_of(store, "subscription-letters")
    assert len(log) >= 2
    assert not any(b"@" in event.data for event in log)


async def test_a_dead_letter_does_not_block_the_next_letter_to_the_guest(
    store: Store, guests: GuestService, office: PickyOffice
) -> None:
    office.answers = {"ada@example.org": ["550 no"]}
    [ada] = await invite(guests, "ada@example.org")

    async with mailing(store, office):
        await office.until(asked=1)
        await answer(guests, ada, False)
        await office.until(letters=1)

    assert "You’re not coming." in office.letters[0].get_content()
    assert len(await dead_letters(store)) == 1


async def test_letters_to_one_guest_arrive_in_order_also_when_delayed(
    store: Store, guests: GuestService, office: PickyOffice
) -> None:
    office.answers = {"ada@example.org": ["451 later", "451 later"]}
    await guests.change_settings(DEFAULT, Settings(max_guests=1), actor="cli")
    host, _ = await invite(guests, "host@example.org", "ada@example.org")

    async with mailing(store, office):
        await office.until(asked=4)
        await office.until(letters=2)
        await answer(guests, host, False)
        await office.until(letters=4)

    subjects = [str(m["Subject"]) for m in office.letters if m["To"] == "ada@example.org"]
    assert [subject.partition(":")[0] for subject in subjects] == [
        "You are on the waiting list",
        "You have a place",
    ]


# No letter is sent twice.


async def test_a_letter_that_was_acknowledged_is_not_sent_again_after_a_restart(
    store: Store, guests: GuestService, office: PickyOffice
) -> None:
    await invite(guests, *(f"guest{number}@example.org" for number in range(10)))

    async with mailing(store, office):
        await office.until(letters=4)
    async with mailing(store, office):
        await office.until(letters=10)
        await all_read(store)

    assert len(set(office.arrived())) == len(office.letters) == 10


async def test_after_a_worker_is_killed_at_most_the_letters_in_flight_are_sent_again(
    store: Store, guests: GuestService
) -> None:
    await invite(guests, *(f"guest{number}@example.org" for number in range(20)))
    server, enough = FakeMailServer(), asyncio.Event()

    async def deliver(letter: Letter) -> None:
        if len(server.letters) >= 6:
            enough.set()
            await asyncio.Event().wait()
        await server.deliver(letter)

    first = Worker(
        store, [letters(store, deliver)], clock=system_clock, ids=CountingIds(), lease_seconds=0.2
    )
    killed = asyncio.create_task(first.run())
    await enough.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    async with working(store, letters(store, server.deliver)):
        await server.until(20)
        await all_read(store)

    assert len({letter.to for letter in server.letters}) == len(server.letters) == 20


async def test_a_letter_has_the_id_of_its_delivery(store: Store, guests: GuestService) -> None:
    [ada] = await invite(guests, "ada@example.org")
    server, tries = FakeMailServer(), []

    def once(letter: Letter) -> None:
        tries.append(letter.id)
        if len(tries) == 1:
            raise DeliveryFailed("smtp_later", "later")

    server.trouble = once
    async with working(store, letters(store, server.deliver)):
        await server.until(1)

    [event] = [e for e in await events(store) if e.type == "guests.rsvp_submitted"]
    assert event.subject == ada
    assert tries == [server.letters[0].id] * 2
    assert server.letters[0].id == delivery_id("letters", event.stream, event.version)


async def events(store: Store, stream: str = "gathering-default") -> list[Recorded]:
    found: list[Recorded] = []
    while page := await store.read_stream(stream, after=len(found), limit=100):
        found += page
    return found


# A change that calls for many letters.


async def test_a_change_reaches_everybody_who_comes_or_waits_once(
    store: Store, guests: GuestService
) -> None:
    addresses = [f"guest{number}@example.org" for number in range(25)]
    ids = await invite(guests, *addresses, None)
    await answer(guests, ids[0], False)
    await guests.add_guest(
        DEFAULT, NewGuest(first_name="S", last_name="X", email="silent@example.org"), actor="cli"
    )
    server = FakeMailServer()
    async with working(store, letters(store, server.deliver)):
        await all_read(store)
        server.letters.clear()
        await guests.change_settings(DEFAULT, LATER, actor="account:1")
        await server.until(24)
        await all_read(store)

    assert server.addresses() == sorted(addresses[1:])
    assert {letter.subject for letter in server.letters} == {"A change: Our gathering"}
    assert all("When (changed): Friday, 5 June 2099" in letter.text for letter in server.letters)
    requests = await events(store, "letters-default")
    assert sorted(event.subject for event in requests) == sorted(ids[1:25])


async def test_a_guest_whom_the_index_does_not_show_yet_gets_a_letter_about_a_changed_date() -> (
    None
):
    store = HostileStore(VIEWS, seed=5, hostility=Hostility(lag=0.7))
    await read_from_the_start(store)
    guests = GuestService(store, clock=system_clock, ids=lambda: str(uuid4()))
    await guests.ensure_default("cli")
    addresses = [f"guest{number}@example.org" for number in range(12)]
    server = FakeMailServer()
    async with working(store, letters(store, server.deliver)):
        await invite(guests, *addresses)
        await guests.change_settings(DEFAULT, LATER, actor="account:1")
        query = GUESTS.query("by_gathering", DEFAULT)
        shown = len([found async for found in documents(store, query)])
        await all_read(store)

    told = [one.to for one in server.letters if one.subject == "A change: Our gathering"]
    assert shown < len(addresses)
    assert sorted(told) == sorted(addresses)
    await store.close()


async def test_one_bad_address_among_many_is_one_dead_letter(
    store: Store, guests: GuestService
) -> None:
    await invite(guests, "bad@example.org", *(f"guest{number}@example.org" for number in range(9)))
    server = FakeMailServer()

    def refuse(letter: Letter) -> None:
        if letter.to.startswith("bad"):
            raise DeliveryFailed("smtp_refused", "the mail server refuses", final=True)

    async with working(store, letters(store, server.deliver)):
        await all_read(store)
        server.letters.clear()
        server.trouble = refuse
        await guests.change_settings(DEFAULT, LATER, actor="account:1")
        await server.until(9)
        await all_read(store)

    assert server.addresses() == sorted(f"guest{number}@example.org" for number in range(9))
    assert [d.event_type for d in await dead_letters(store)] == ["letters.letter_requested"]


class FailingCommits:
    """A store with small pages, of whose commits to `letters-…` every other one fails: before or
    after it was made."""

    def __init__(self, store: Store) -> None:
        self.limits = msgspec.structs.replace(store.limits, commit_actions=10, page=7)
        self._store = store
        self._commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        if not any(append.stream.startswith("letters-") for append in commit.appends):
            return await self._store.commit(commit)
        self._commits += 1
        if self._commits % 4 == 2:
            raise StoreFailed("before")
        committed = await self._store.commit(commit)
        if self._commits % 4 == 0:
            raise StoreFailed("after")
        return committed


async def test_requests_that_break_off_are_continued_and_no_letter_is_requested_twice(
    store: Store, guests: GuestService
) -> None:
    ids = await invite(guests, *(f"guest{number}@example.org" for number in range(60)))
    server = FakeMailServer()
    patient = RetryPolicy(attempts=None, age=None, first_pause=0.01, longest_pause=0.02)
    failing = cast(Store, FailingCommits(store))

    async with working(store, letters(failing, server.deliver, patient)):
        await all_read(store)
        server.letters.clear()
        await guests.change_settings(DEFAULT, LATER, actor="account:1")
        await guests.change_settings(DEFAULT, Settings(location="The mill"), actor="account:1")
        await server.until(120)
        await all_read(store)

    assert server.addresses() == sorted(2 * [f"guest{number}@example.org" for number in range(60)])
    requests = await events(store, "letters-default")
    assert sorted(event.subject for event in requests) == sorted(2 * ids)


class SimultaneousCommits:
    """A store that holds its first commits back and then makes them at the same time."""

    def __init__(self, store: Store, number: int) -> None:
        self._store = store
        self._left = number
        self._barrier = asyncio.Barrier(number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        if self._left:
            self._left -= 1
            await self._barrier.wait()
        return await self._store.commit(commit)


async def test_workers_that_run_at_once_request_each_letter_once(
    store: Store, guests: GuestService
) -> None:
    ids = await invite(guests, *(f"guest{number}@example.org" for number in range(30)))
    await guests.change_settings(DEFAULT, LATER, actor="account:1")
    [change] = [e for e in await events(store) if e.type == "guests.settings_changed"]
    delivery = Delivery(id="d", rule="letters", event=change)
    simultaneous = cast(Store, SimultaneousCommits(store, 3))
    _, asking, _ = letters(simultaneous, FakeMailServer().deliver).destinations()

    ends = await asyncio.gather(
        *(asking.target.deliver([delivery]) for _ in range(3)), return_exceptions=True
    )
    await asking.target.deliver([delivery])

    assert sorted(type(end).__name__ for end in ends) == ["Conflict", "Conflict", "NoneType"]
    requests = await events(store, "letters-default")
    assert sorted(event.subject for event in requests) == sorted(ids)


# No letters.


async def test_a_change_of_other_settings_requests_no_letters(
    store: Store, guests: GuestService
) -> None:
    await invite(guests, "ada@example.org")
    patch = Settings(event_name="Party", max_guests=9, rsvp_deadline="2099-01-01")
    async with working(store, letters(store, FakeMailServer().deliver)):
        await guests.change_settings(DEFAULT, patch, actor="account:1")
        await all_read(store)

    assert await events(store, "letters-default") == []


async def test_a_removed_guest_gets_no_letter_and_nothing_fails(
    store: Store, guests: GuestService
) -> None:
    removed, _ = await invite(guests, "removed@example.org", None)
    await guests.change_settings(DEFAULT, LATER, actor="account:1")
    await guests.remove_guest(DEFAULT, removed, actor="account:1")
    server = FakeMailServer()
    async with working(store, letters(store, server.deliver)):
        await all_read(store)

    assert server.letters == []
    assert await dead_letters(store) == []


async def test_the_others_get_letters_when_the_guest_who_was_asked_for_last_is_erased(
    store: Store, guests: GuestService
) -> None:
    await invite(guests, "ada@example.org", "bob@example.org")
    server = FakeMailServer()
    async with working(store, letters(store, server.deliver)):
        await guests.change_settings(DEFAULT, LATER, actor="account:1")
        await all_read(store)
        *_, last = await events(store, "letters-default")
        await guests.remove_guest(DEFAULT, last.subject, actor="account:1")
        await store.blank(last.partition, [last.position])
        server.letters.clear()

        await guests.change_settings(DEFAULT, Settings(location="The mill"), actor="account:1")
        await all_read(store)

    assert len(server.letters) == 1
    assert await dead_letters(store) == []


async def test_no_letters_are_sent_about_a_removed_gathering(
    store: Store, guests: GuestService
) -> None:
    await invite(guests, "ada@example.org")
    await guests.change_settings(DEFAULT, LATER, actor="account:1")
    await guests.remove_gathering(DEFAULT, actor="account:1")
    server = FakeMailServer()
    async with working(store, letters(store, server.deliver)):
        await all_read(store)

    assert server.letters == []
    assert await events(store, "letters-default") == []
    assert await dead_letters(store) == []


async def test_an_answer_given_by_a_host_is_not_confirmed_but_moving_up_is_announced(
    store: Store, guests: GuestService
) -> None:
    await guests.change_settings(DEFAULT, Settings(max_guests=0), actor="cli")
    new = NewGuest(first_name="Ada", last_name="L", email="ada@example.org")
    ada = (await guests.add_guest(DEFAULT, new, actor="cli")).body.id
    await guests.change_guest(DEFAULT, ada, GuestPatch(attending=True), actor="account:1")
    await guests.change_settings(DEFAULT, Settings(max_guests=5), actor="account:1")
    server = FakeMailServer()
    async with working(store, letters(store, server.deliver)):
        await all_read(store)

    assert [letter.subject for letter in server.letters] == ["You have a place: Our gathering"]


async def test_letters_begin_with_events_after_the_first_read(store: Store) -> None:
    subscription = letters(store, FakeMailServer().deliver, RETRY)
    destination, _, held = subscription.destinations()

    assert subscription.name == "letters"
    assert await subscription.begin(store) == await store.heads()
    assert (destination.at_once, destination.holds) == (4, False)
    assert destination.retry.age == 6 * 3600
    assert (HELD_FOR, held.retry.age) == (7 * 86_400, 9 * 86_400)
