"""Unread messages, read marks, muting, and the order of lists: exact, in the same commit."""

import asyncio

import pytest

from gatherlog.apps.messages import MessageService
from gatherlog.apps.messages.events import CODEC, ReadByOther
from gatherlog.apps.messages.fold import inbox_stream
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import CursorInvalid, NotFound
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.messages.talking import (
    Everything,
    LeadingIds,
    MadeUpPeople,
    differences,
    listed,
    texts,
)
from tests.stores import events_of, eventually

pytestmark = pytest.mark.on_database

ADA, BOB, CY = "id-ada", "id-bob", "id-cy"


async def talk(service: MessageService, count: int) -> tuple[str, list[str]]:
    """A conversation with so many messages by Ada to Bob; its id, and theirs, oldest first."""
    sent = [await service.start(ADA, "bob", f"{n}") for n in range(1, count + 1)]
    return sent[0].conversation, [one.message.id for one in sent]


async def unread(service: MessageService, account: str, id: str) -> tuple[int, int]:
    """The unread messages of one conversation, and of all."""
    line = await service.conversation(account, id)
    return line.mine.unread, await service.unread(account)


async def test_messages_of_others_count_at_once_and_ones_own_do_not(
    service: MessageService,
) -> None:
    id, _ = await talk(service, 3)

    assert await unread(service, BOB, id) == (3, 3)
    assert await unread(service, ADA, id) == (0, 0)


async def test_opening_a_conversation_reads_all_of_it(service: MessageService) -> None:
    id, _ = await talk(service, 3)

    await service.messages(BOB, id)
    assert await service.unread(BOB) == 3
    page = await service.open(BOB, id, limit=1)

    assert [shown.message.text for shown in page.items] == ["3"]
    assert await unread(service, BOB, id) == (0, 0)


async def test_a_read_mark_counts_what_is_left_and_never_goes_back(
    service: MessageService, store: Store
) -> None:
    id, messages = await talk(service, 5)
    await service.send(BOB, id, "6")
    await service.send(ADA, id, "7")

    await service.mark_read(BOB, id, messages[2])
    assert await unread(service, BOB, id) == (3, 3)
    await service.mark_read(BOB, id, messages[0])
    assert await unread(service, BOB, id) == (3, 3)
    await service.mark_read(BOB, id, messages[4])
    assert await unread(service, BOB, id) == (1, 1)
    assert await differences(store) == []


async def test_a_read_mark_at_a_message_of_another_conversation_is_refused(
    service: MessageService,
) -> None:
    id, _ = await talk(service, 1)
    other = await service.start(CY, "bob", "Hello")
    future = CountingIds.nth(999)

    for message in (other.message.id[:-1] + "7", future, other.message.id):
        with pytest.raises(CursorInvalid):
            await service.mark_read(BOB, id, message)
    assert await unread(service, BOB, id) == (1, 2)


async def test_two_devices_that_mark_at_once_leave_the_later_mark(
    service: MessageService, store: Store
) -> None:
    id, messages = await talk(service, 6)

    await asyncio.gather(*[service.mark_read(BOB, id, message) for message in messages[:4]])

    assert await unread(service, BOB, id) == (2, 2)
    assert await differences(store) == []


async def test_a_muted_conversation_counts_for_itself_alone(
    service: MessageService, store: Store
) -> None:
    id, _ = await talk(service, 2)
    await service.start(CY, "bob", "Hello")

    await service.mute(BOB, id, True)
    await service.mute(BOB, id, True)
    await service.send(ADA, id, "3")
    assert await unread(service, BOB, id) == (3, 1)
    await service.mute(BOB, id, False)

    assert await unread(service, BOB, id) == (3, 4)
    assert await differences(store) == []


async def test_a_deleted_message_counts_no_more_unless_it_was_read(
    service: MessageService, store: Store
) -> None:
    id, messages = await talk(service, 4)
    await service.mark_read(BOB, id, messages[0])

    await service.delete(ADA, id, messages[0])
    assert await unread(service, BOB, id) == (3, 3)
    await service.delete(ADA, id, messages[2])
    assert await unread(service, BOB, id) == (2, 2)
    await service.mark_read(BOB, id, messages[1])
    assert await unread(service, BOB, id) == (1, 1)
    assert await differences(store) == []


async def read_by_others(store: Store, account: str) -> list[ReadByOther]:
    payloads = [CODEC.decode(event) for event in await events_of(store, inbox_stream(account))]
    return [one for one in payloads if isinstance(one, ReadByOther)]


async def test_a_read_mark_is_shown_to_the_other_only_if_both_agree(
    service: MessageService, people: MadeUpPeople, store: Store
) -> None:
    id, messages = await talk(service, 3)

    await service.mark_read(BOB, id, messages[0])
    people.show_reading(BOB)
    await service.mark_read(BOB, id, messages[1])
    assert await read_by_others(store, ADA) == []
    people.show_reading(ADA)
    await service.mark_read(BOB, id, messages[2])

    assert await read_by_others(store, ADA) == [ReadByOther(id, BOB, 3)]


@pytest.mark.parametrize(("owner", "blocked"), [(ADA, "bob"), (BOB, "ada")])
async def test_no_read_mark_is_shown_where_one_has_blocked_the_other(
    service: MessageService, people: MadeUpPeople, store: Store, owner: str, blocked: str
) -> None:
    id, messages = await talk(service, 3)
    people.show_reading(ADA, BOB)
    await service.mark_read(BOB, id, messages[0])
    line = await service.conversation(ADA, id)
    assert (await service.between(ADA, line)).seen == 1

    await service.block(owner, blocked, True)
    await service.mark_read(BOB, id, messages[2])

    assert (await service.between(ADA, line)).seen == 0
    assert await read_by_others(store, ADA) == [ReadByOther(id, BOB, 1)]
    await service.block(owner, blocked, False)
    assert (await service.between(ADA, line)).seen == 3


async def test_pages_lead_in_both_directions_without_end(service: MessageService) -> None:
    id, messages = await talk(service, 7)

    async def all_pages(*, oldest_first: bool) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await service.messages(BOB, id, limit=3, oldest_first=oldest_first, **cursor)
            found += [shown.message.text for shown in page.items]
            if page.next is None:
                return found
            cursor = {"after" if oldest_first else "before": page.next}

    assert await all_pages(oldest_first=False) == ["7", "6", "5", "4", "3", "2", "1"]
    assert await all_pages(oldest_first=True) == ["1", "2", "3", "4", "5", "6", "7"]
    next_to = await service.messages(BOB, id, limit=2, after=messages[2])
    assert [shown.message.text for shown in next_to.items] == ["5", "4"]
    assert next_to.next == messages[4]


async def test_two_messages_in_one_microsecond_are_both_kept_in_order(
    service: MessageService,
) -> None:
    id, _ = await talk(service, 2)

    page = await service.messages(BOB, id)

    assert len({shown.message.sent_at for shown in page.items}) == 1
    assert [shown.message.text for shown in page.items] == ["2", "1"]


async def test_the_order_is_that_of_the_log_where_clocks_differ_by_a_minute(
    service: MessageService, store: Store, people: MadeUpPeople, clock: StandingClock
) -> None:
    """Ada's server is a minute ahead; what Bob and Cy write afterwards is newer all the same."""
    ahead = StandingClock()
    ahead.set("2026-05-01T12:01:00Z")
    adas = MessageService(store, people, Everything(), clock=ahead, ids=LeadingIds(500))
    id = (await adas.start(ADA, "bob", "first")).conversation

    await service.send(BOB, id, "second")
    assert await texts(service, ADA, id) == ["second", "first"]
    await adas.send(ADA, id, "third")
    await service.start(CY, "ada", "fourth")

    await eventually(lambda: listed(service, ADA), [("Cy", "fourth", 1), ("Bob", "third", 1)])


async def test_lists_of_conversations_come_in_pages(service: MessageService) -> None:
    await talk(service, 1)
    await service.start(CY, "bob", "Hello")

    async def paged() -> list[str]:
        first = await service.conversations(BOB, limit=1)
        rest = await service.conversations(BOB, limit=1, cursor=first.cursor)
        return [line.name for line in (*first.items, *rest.items)]

    await eventually(paged, ["Cy", "Ada"])


async def test_an_unknown_conversation_is_not_found(service: MessageService) -> None:
    with pytest.raises(NotFound):
        await service.messages(ADA, CountingIds.nth(1))
