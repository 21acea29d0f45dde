"""Messages expire: their texts go everywhere, and places, authors and counts stay right."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gatherlog.apps.messages import CATEGORIES, About, MessageService
from gatherlog.apps.messages.expiring import MessageExpiring
from gatherlog.apps.messages.fold import CONVERSATION, conversation_stream
from gatherlog.apps.messages.views import CONVERSATIONS, MESSAGES, REPORTS
from gatherlog.core import Store
from gatherlog.core.projections.rebuild import rebuild, verify
from gatherlog.core.retention import (
    BodiesNeeded,
    Expiring,
    Expiry,
    RetentionChecks,
    RetentionService,
)
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import LeadingIds, texts
from tests.stores import events_of, eventually, scanned

DAYS = 30
TYPES = ("messages.sent", "messages.edited", "messages.reported")


class Site:
    """The rules of a store with conversations, and what carries them out."""

    def __init__(self, store: Store, clock: StandingClock) -> None:
        ids = LeadingIds(90_000)
        checks = RetentionChecks(CATEGORIES, (), [one.name for one in CATEGORIES])
        self.store = store
        self.clock = clock
        self.rules = RetentionService(store, checks, clock=clock, ids=ids)
        before = {CONVERSATION: MessageExpiring(store, clock=clock, ids=LeadingIds(50_000))}
        self.expiry = Expiry(store, self.rules, checks, clock=clock, before_blank=before)

    async def keep(self, *types: str) -> None:
        """Let events of these types expire after DAYS."""
        for type in types:
            expiring = Expiring(log=CONVERSATION, type=type, days=DAYS)
            await self.rules.set(type.partition(".")[2], expiring, by="test")

    def pass_days(self, days: int) -> None:
        self.clock.advance(days=days)

    async def expire(self, stream: str, number: int) -> None:
        """Go round until so many events of the stream are blank."""

        async def blank() -> int:
            await self.expiry.go_round()
            return sum([event.is_blank for event in await events_of(self.store, stream)])

        await eventually(blank, number)


@pytest.fixture
def site(store: Store, clock: StandingClock) -> Site:
    return Site(store, clock)


async def flaws(store: Store) -> list[Any]:
    return [one async for one in verify(store, CATEGORIES)]


async def everything(store: Store) -> list[Any]:
    views = (CONVERSATIONS.name, MESSAGES.name, REPORTS.name)
    return [(one.id, one.body) for view in views for one in await scanned(store, view)]


@pytest.mark.on_database
async def test_texts_go_and_places_authors_and_counts_stay(
    site: Site, service: MessageService, store: Store
) -> None:
    id = (await service.start("id-ada", "bob", "one")).conversation
    await service.send("id-bob", id, "two")
    await service.send("id-ada", id, "three")
    await site.keep("messages.sent")
    site.pass_days(DAYS)
    await service.send("id-ada", id, "four")

    await site.expire(conversation_stream(id), 3)

    page = await service.messages("id-bob", id)
    assert [(one.message.author, one.message.text) for one in page.items] == [
        ("id-ada", "four"),
        ("id-ada", ""),
        ("id-bob", ""),
        ("id-ada", ""),
    ]
    assert await service.unread("id-bob") == 3
    assert await flaws(store) == []


async def test_who_reads_on_has_the_right_number_of_unread_messages(
    site: Site, service: MessageService
) -> None:
    first = await service.start("id-ada", "bob", "one")
    id = first.conversation
    for author, text in (("id-bob", "two"), ("id-ada", "three"), ("id-bob", "four")):
        await service.send(author, id, text)
    await site.keep("messages.sent")
    site.pass_days(DAYS)
    await site.expire(conversation_stream(id), 4)

    await service.mark_read("id-bob", id, first.message.id)

    assert await service.unread("id-bob") == 1  # of the others, one is not Bob's


async def test_the_last_message_of_a_list_has_no_text_any_more(
    site: Site, service: MessageService
) -> None:
    id = (await service.start("id-ada", "bob", "one")).conversation
    await site.keep("messages.sent")
    site.pass_days(DAYS)

    await site.expire(conversation_stream(id), 1)

    [line] = (await service.conversations("id-bob")).items
    assert line.conversation.last is not None
    assert (line.conversation.last.author, line.conversation.last.text) == ("id-ada", "")


async def test_a_message_expires_with_its_edits(
    site: Site, service: MessageService, store: Store
) -> None:
    first = await service.start("id-ada", "bob", "one")
    id, stream = first.conversation, conversation_stream(first.conversation)
    site.clock.advance(hours=1)
    await service.edit("id-ada", id, first.message.id, "won")
    await site.keep("messages.sent")
    site.pass_days(DAYS)

    await site.expire(stream, 1)
    assert await texts(service, "id-bob", id) == [""]
    assert await flaws(store) == []

    await site.keep("messages.edited")
    await site.expire(stream, 2)
    assert await texts(service, "id-bob", id) == [""]
    assert await flaws(store) == []


async def test_what_was_reported_stays_until_its_own_rule_says_so(
    site: Site, service: MessageService, store: Store
) -> None:
    first = await service.start("id-ada", "bob", "one")
    id, stream = first.conversation, conversation_stream(first.conversation)
    await service.report("id-bob", id, first.message.id, "rude")
    await site.keep("messages.sent")
    site.pass_days(DAYS)

    await site.expire(stream, 1)
    [report] = await scanned(store, REPORTS.name)
    assert b"rude" in (report.body or b"")
    assert await flaws(store) == []

    await site.keep("messages.reported")
    await site.expire(stream, 2)
    assert await scanned(store, REPORTS.name) == []
    assert await flaws(store) == []


async def test_a_deleted_message_expires_too_and_stays_deleted(
    site: Site, service: MessageService, store: Store
) -> None:
    first = await service.start("id-ada", "bob", "one")
    id = first.conversation
    await service.delete("id-ada", id, first.message.id)
    await site.keep("messages.sent", "messages.deleted")
    site.pass_days(DAYS)

    await site.expire(conversation_stream(id), 2)

    [shown] = (await service.messages("id-bob", id)).items
    assert (shown.message.author, shown.message.deleted_at is None) == ("id-ada", False)
    assert await flaws(store) == []


async def test_a_conversation_stays_about_what_it_came_from(
    site: Site, service: MessageService, store: Store
) -> None:
    about = About("gathering", "ours")
    shown = await service.start_about("id-bob", about, "one")
    id = shown.conversation
    await service.send("id-ada", id, "two", about=about)
    await site.keep("messages.sent")
    site.pass_days(DAYS)

    await site.expire(conversation_stream(id), 2)

    assert (await service.conversation("id-bob", id)).conversation.about == about
    assert await flaws(store) == []


@pytest.mark.on_database
async def test_a_rebuild_makes_the_same_documents_of_expired_events(
    site: Site, service: MessageService, store: Store
) -> None:
    first = await service.start("id-ada", "bob", "one")
    id = first.conversation
    await service.send("id-bob", id, "two")
    await service.edit("id-ada", id, first.message.id, "won")
    await service.report("id-bob", id, first.message.id, "rude")
    await site.keep(*TYPES)
    site.pass_days(DAYS)
    await site.expire(conversation_stream(id), 4)
    before = await everything(store)

    assert [one async for one in rebuild(store, CATEGORIES)] == []

    assert await everything(store) == before
    assert not any(text in (body or b"") for _, body in before for text in (b"won", b"two"))


@pytest.mark.on_database
async def test_messages_that_are_written_meanwhile_are_kept_and_bring_nothing_back(
    site: Site, service: MessageService, store: Store
) -> None:
    id = (await service.start("id-ada", "bob", "old 0")).conversation
    for number in range(1, 20):
        await service.send("id-ada", id, f"old {number}")
    await site.keep("messages.sent")
    site.pass_days(DAYS)

    async def write() -> None:
        for number in range(20):
            await service.send("id-bob", id, f"new {number}")

    await asyncio.gather(site.expire(conversation_stream(id), 20), write())

    page = (await service.messages("id-bob", id, limit=100)).items
    shown = [one.message.text for one in page]
    assert shown == [f"new {number}" for number in reversed(range(20))] + [""] * 20
    assert await flaws(store) == []


class Killed(Exception):
    pass


@pytest.mark.on_database
async def test_what_was_broken_off_before_events_were_blank_is_done_again(
    site: Site, service: MessageService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = (await service.start("id-ada", "bob", "one")).conversation
    await site.keep("messages.sent")
    site.pass_days(DAYS)

    async def die(partition: int, positions: Sequence[int]) -> None:
        raise Killed

    monkeypatch.setattr(store, "blank", die)

    async def is_killed() -> bool:
        try:
            await site.expiry.go_round()
        except Killed:
            return True
        return False

    await eventually(is_killed, True)
    assert await texts(service, "id-bob", id) == [""]
    assert await flaws(store) == []
    monkeypatch.undo()

    await site.expire(conversation_stream(id), 1)
    assert await flaws(store) == []


async def test_a_rule_for_all_that_conversations_are_made_of_is_refused(site: Site) -> None:
    with pytest.raises(BodiesNeeded, match=r"may expire: messages\.deleted, messages\.edited"):
        await site.rules.set("all", Expiring(log=CONVERSATION, days=DAYS), by="test")


async def test_more_messages_than_one_commit_empties(
    site: Site, service: MessageService, store: Store
) -> None:
    id = (await service.start("id-ada", "bob", "0")).conversation
    for number in range(1, 130):
        await service.send("id-ada", id, str(number))
    await site.keep("messages.sent")
    site.pass_days(DAYS)
    await site.expire(conversation_stream(id), 130)

    assert await flaws(store) == []
