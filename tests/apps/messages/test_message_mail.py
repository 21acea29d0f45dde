"""Mail about unread messages: after two minutes, batched, true when it is sent, never too often."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from gatherlog.apps.messages import MessageService
from gatherlog.apps.messages.letters import Contact, Thread, quiet_until, unread_letter
from gatherlog.apps.messages.mailing import NAME, message_letters
from gatherlog.apps.messages.reminders import REMINDERS, ReminderRounds, reminders
from gatherlog.core import Store
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS, checkpoint_id
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import LeadingIds, new_group
from tests.stores import eventually

ADA, BOB = "id-ada", "id-bob"
SITE = "https://talk.example"


class MadeUpContacts:
    """A `Contacts` in which everybody has an address, and some have quiet hours."""

    def __init__(self) -> None:
        self.quiet: dict[str, tuple[str, str]] = {}
        self.without: set[str] = set()

    async def contact(self, account: str) -> Contact | None:
        if account in self.without:
            return None
        return Contact(
            address=f"{account}@example.org",
            time_zone="Europe/Berlin",
            quiet_hours=self.quiet.get(account),
            unsubscribe=f"{SITE}/unsubscribe/{account}",
        )


class Office:
    """A mail server that keeps letters, and refuses them while it is closed."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.failures = 0

    async def send(self, letter: Letter) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("unreachable", "closed")
        self.letters.append(letter)

    def told(self) -> list[tuple[str, list[str]]]:
        """To whom each letter went, and the lines about messages in it."""
        return [
            (one.to, [line.strip() for line in one.text.splitlines() if line.startswith("  ")])
            for one in self.letters
        ]


class Post:
    """The subscriptions and rounds that write letters, with time that a test moves on."""

    def __init__(self, store: Store, service: MessageService, clock: StandingClock) -> None:
        self.store, self.clock = store, clock
        self.office, self.contacts = Office(), MadeUpContacts()
        self.began, ids = clock(), LeadingIds(80_000)
        self.rounds = ReminderRounds(store, self.contacts, clock=clock, ids=ids)
        letters = message_letters(
            store, service, self.contacts, self.office.send, site=SITE, clock=clock, ids=ids
        )
        self.worker = Worker(store, [reminders(), letters], clock=clock, ids=ids)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Post"]:
        task = asyncio.create_task(self.worker.run())
        yield self
        self.worker.stop()
        await task

    async def due(self) -> list[str]:
        """Whose mail is due, in the order in which it is."""
        page = await self.store.query(REMINDERS.query("by_due", "all"))
        return [document.id for document in page.documents]

    async def later(self, *expected: str, seconds: float = 120) -> None:
        """Wait until the projection knows of these members, move time on, and go round."""
        await eventually(self.due, list(expected))
        self.clock.advance(seconds=seconds)
        await self.rounds.go_round()

    async def has_begun(self) -> bool:
        """Whether the letters would be written that are due from now on."""
        partitions = range(self.store.limits.partitions)
        ids = [checkpoint_id(NAME, partition) for partition in partitions]
        return None not in await self.store.get([CHECKPOINTS.ref(id) for id in ids])


@pytest.fixture
async def post(store: Store, service: MessageService, clock: StandingClock) -> AsyncIterator[Post]:
    async with Post(store, service, clock).open() as post:
        await eventually(post.has_begun, True)
        yield post


async def test_what_is_unread_after_two_minutes_is_mailed_in_one_letter(
    service: MessageService, post: Post
) -> None:
    await service.start(ADA, "bob", "Hello")
    await service.start(ADA, "bob", "Are you there?")
    await service.start("id-cy", "bob", "Me too")
    await post.later(BOB, seconds=119)
    await post.later(BOB, seconds=1)

    await eventually(lambda: told(post), [(f"{BOB}@example.org", UNREAD)])
    [letter] = post.office.letters
    assert letter.subject == "3 unread messages"
    assert letter.unsubscribe == f"{SITE}/unsubscribe/{BOB}"
    assert f"Reply: {SITE}/messages/" in letter.text


UNREAD = ["Cy: Me too", "Ada: Hello", "Ada: Are you there?"]


async def told(post: Post) -> list[tuple[str, list[str]]]:
    return post.office.told()


async def test_what_was_read_meanwhile_is_not_mailed(service: MessageService, post: Post) -> None:
    id = (await service.start(ADA, "bob", "Hello")).conversation
    await service.start(BOB, "cy", "Did you hear?")
    await eventually(post.due, [BOB, "id-cy"])
    await service.open(BOB, id)
    await post.later(BOB, "id-cy")

    await eventually(lambda: told(post), [("id-cy@example.org", ["Bob: Did you hear?"])])


async def test_a_letter_has_the_latest_text_and_nothing_that_was_deleted(
    service: MessageService, post: Post
) -> None:
    sent = [await service.start(ADA, "bob", text) for text in ("Helo", "Secret", "Bye")]
    id = sent[0].conversation
    await service.edit(ADA, id, sent[0].message.id, "Hello")
    await service.delete(ADA, id, sent[1].message.id)
    await post.later(BOB)

    await eventually(lambda: told(post), [(f"{BOB}@example.org", ["Ada: Hello", "Ada: Bye"])])
    assert "Secret" not in post.office.letters[0].text


async def test_nothing_of_the_muted_or_the_blocked_is_mailed(
    service: MessageService, post: Post
) -> None:
    muted = (await service.start(ADA, "bob", "Muted")).conversation
    group = await new_group(service, "id-cy", ["bob", "ada"], title="Party")
    await service.send("id-cy", group, "Hello all")
    await service.send(ADA, group, "Blocked")
    await service.mute(BOB, muted, True)
    await service.block(BOB, "ada", True)
    post.contacts.without = {ADA, "id-cy"}
    await post.later(ADA, BOB, "id-cy")

    await eventually(lambda: told(post), [(f"{BOB}@example.org", ["Cy: Hello all"])])


async def test_the_next_letter_comes_an_hour_later_or_once_the_member_was_there(
    service: MessageService, post: Post
) -> None:
    id = (await service.start(ADA, "bob", "One")).conversation
    await post.later(BOB)
    await eventually(post.due, [])
    await service.send(ADA, id, "Two")
    await post.later(BOB, seconds=3480)
    await eventually(lambda: letters(post), 1)
    await post.later(BOB, seconds=120)
    await eventually(lambda: letters(post), 2)

    await eventually(post.due, [])
    await service.open(BOB, id)
    await service.send(ADA, id, "Three")
    await post.later(BOB)
    await eventually(lambda: letters(post), 3)


async def test_a_reminder_upon_which_nothing_was_mailed_delays_no_other(
    service: MessageService, post: Post
) -> None:
    id = (await service.start(ADA, "bob", "One")).conversation
    await eventually(post.due, [BOB])
    await service.open(BOB, id)
    await post.later(BOB)
    await eventually(lambda: reminder(post), (None, False))
    await service.send(ADA, id, "Two")
    await post.later(BOB)

    await eventually(lambda: told(post), [(f"{BOB}@example.org", ["Ada: Two"])])


async def test_what_was_too_new_for_one_reminder_is_mailed_two_minutes_after_it_arrived(
    service: MessageService, post: Post
) -> None:
    id = (await service.start(ADA, "bob", "One")).conversation
    await eventually(post.due, [BOB])
    await service.open(BOB, id)
    post.clock.advance(seconds=90)
    await service.send(ADA, id, "Two")
    await post.later(BOB, seconds=30)
    await eventually(lambda: reminder(post), (210, False))
    post.clock.advance(seconds=90)

    await eventually(lambda: letters_after_a_round(post), 1)
    assert await told(post) == [(f"{BOB}@example.org", ["Ada: Two"])]


async def reminder(post: Post) -> tuple[int | None, bool]:
    """The second at which the next mail to Bob is due, if one is, and whether one was sent."""
    [found] = await post.store.get([REMINDERS.ref(BOB)])
    known = REMINDERS.recall(found)
    assert known is not None
    due = None if known.due is None else (known.due - post.began) // 1_000_000
    return due, known.mailed_at is not None


async def letters(post: Post) -> int:
    return len(post.office.letters)


async def test_in_quiet_hours_a_letter_waits_until_they_end(
    service: MessageService, post: Post, clock: StandingClock
) -> None:
    post.contacts.quiet[BOB] = ("13:00", "15:00")
    await service.start(ADA, "bob", "Hello")
    await post.later(BOB)
    await post.later(BOB, seconds=3600 - 240)
    await eventually(lambda: letters(post), 0)
    clock.set("2026-05-01T13:00:00Z")

    await eventually(lambda: letters_after_a_round(post), 1)


async def letters_after_a_round(post: Post) -> int:
    """A round may not find yet what an index is late for; the next one does."""
    await post.rounds.go_round()
    return await letters(post)


async def test_a_closed_mail_server_delays_a_letter_and_doubles_none(
    service: MessageService, post: Post
) -> None:
    post.office.failures = 1
    await service.start(ADA, "bob", "Hello")
    await post.later(BOB)
    await post.rounds.go_round()

    await eventually(lambda: letters(post), 1, 20)
    assert await post.rounds.go_round() == 0


async def test_two_processes_that_go_round_at_once_make_one_letter(
    service: MessageService, post: Post
) -> None:
    await service.start(ADA, "bob", "Hello")
    await eventually(post.due, [BOB])
    post.clock.advance(seconds=120)

    await asyncio.gather(*[post.rounds.go_round() for _ in range(4)])

    await eventually(lambda: letters(post), 1)
    await eventually(post.due, [])
    assert await letters(post) == 1


BERLIN = Contact(
    address="bob@example.org",
    time_zone="Europe/Berlin",
    quiet_hours=("22:00", "07:00"),
    unsubscribe="https://talk.example/u",
)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-05-01T12:00:00Z", None),
        ("2026-05-01T19:59:59Z", None),
        ("2026-05-01T20:00:00Z", "2026-05-02T05:00:00Z"),
        ("2026-05-01T23:00:00Z", "2026-05-02T05:00:00Z"),
        ("2026-05-02T04:59:59Z", "2026-05-02T05:00:00Z"),
        ("2026-05-02T05:00:00Z", None),
        ("2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z"),
        ("2026-10-24T23:00:00Z", "2026-10-25T06:00:00Z"),
    ],
)
def test_quiet_hours_are_those_of_the_members_zone_also_when_clocks_change(
    now: str, until: str | None
) -> None:
    expected = None if until is None else StandingClock(until)()

    assert quiet_until(BERLIN, StandingClock(now)()) == expected


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-10-25T00:30:00Z", "2026-10-25T00:45:00Z"),
        ("2026-10-25T00:50:00Z", None),
        ("2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z"),
        ("2026-10-25T01:50:00Z", None),
    ],
)
def test_quiet_hours_that_end_in_an_hour_that_comes_twice_end_twice(
    now: str, until: str | None
) -> None:
    contact = msgspec.structs.replace(BERLIN, quiet_hours=("22:00", "02:45"))
    expected = None if until is None else StandingClock(until)()

    assert quiet_until(contact, StandingClock(now)()) == expected


def test_a_letter_shows_five_messages_in_one_line_each() -> None:
    long = Thread(
        conversation="c",
        name="Party\r\nBcc: all@example.org",
        messages=[("Ada\n", "a\n" * 300)],
        more=2,
    )

    letter = unread_letter(BERLIN, [long], "https://talk.example")

    assert letter is not None
    lines = letter.text.splitlines()
    assert lines[2] == "Party Bcc: all@example.org"
    assert (lines[3][:8], len(lines[3]), lines[4]) == ("  Ada: a", 207, "  and 2 more")
    assert letter.subject == "3 unread messages"


def test_there_is_no_letter_about_nothing() -> None:
    empty = Thread(conversation="c", name="Party", messages=[])

    assert unread_letter(BERLIN, [empty], "https://talk.example") is None
