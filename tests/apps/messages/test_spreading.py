"""Larger conversations and announcements: every message arrives once in every inbox, soon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gatherlog.apps.messages import MessageService
from gatherlog.apps.messages.decisions import at_once
from gatherlog.apps.messages.events import CODEC, Arrived, SpreadRequested, Withdrawn
from gatherlog.apps.messages.fold import inbox_stream
from gatherlog.apps.messages.spreading import NAME, spreading
from gatherlog.apps.messages.views import SMALL
from gatherlog.core import Recorded, Store
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.worker import Worker
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import (
    LeadingIds,
    MadeUpPeople,
    differences,
    listed,
    new_group,
    texts,
)
from tests.stores import events_of, eventually

ADA = "id-ada"
MANY = [f"friend{n}" for n in range(130)]


@pytest.fixture
def people() -> MadeUpPeople:
    return MadeUpPeople("ada", "bob", "cy", *MANY)


@pytest.fixture
async def working(store: Store) -> AsyncIterator[None]:
    """A worker reads the subscription meanwhile."""
    clock, ids = StandingClock(), LeadingIds(90_000)
    worker = Worker(store, [spreading(store, clock=clock, ids=ids)], clock=clock, ids=ids)
    task = asyncio.create_task(worker.run())
    yield
    worker.stop()
    await task


async def party(service: MessageService, size: int, announce_only: bool = False) -> str:
    """A group of Ada and others, `size` in all."""
    first = min(size - 1, 7)
    id = await new_group(service, ADA, MANY[:first], title="Party", announce_only=announce_only)
    for name in MANY[first : size - 1]:
        await service.add_member(ADA, id, name)
    return id


def counts(service: MessageService, size: int) -> Callable[[], Awaitable[set[int]]]:
    """The unread messages of all members but Ada, as a set."""

    async def read() -> set[int]:
        return {await service.unread(f"id-{name}") for name in MANY[: size - 1]}

    return read


async def requests(store: Store, id: str) -> list[Recorded]:
    kind = event_type_of(SpreadRequested)
    return [one for one in await events_of(store, f"conversation-{id}") if one.type == kind]


async def test_a_message_to_a_small_group_arrives_in_its_own_commit(
    service: MessageService, store: Store
) -> None:
    size = at_once(store.limits)
    id = await party(service, size)

    await service.send(ADA, id, "Hello")

    assert await counts(service, size)() == {1}
    assert await requests(store, id) == []
    assert await differences(store) == []


def test_twenty_members_are_reached_at_once_where_a_commit_has_room(store: Store) -> None:
    expected = SMALL if store.limits.commit_actions > 1_000 else 8

    assert at_once(store.limits) == expected


@pytest.mark.usefixtures("working")
@pytest.mark.parametrize("size", [SMALL + 2, SMALL + 101])
async def test_a_message_to_a_large_group_arrives_everywhere(
    service: MessageService, store: Store, size: int
) -> None:
    id = await party(service, size)

    await service.send(ADA, id, "One")
    await service.send("id-friend0", id, "Two")

    await eventually(counts(service, size), {1, 2})
    last = f"id-{MANY[size - 2]}"
    assert await texts(service, last, id) == ["Two", "One"]
    await eventually(lambda: listed(service, last), [("Party", "Two", 2)])
    assert await differences(store) == []


@pytest.mark.usefixtures("working")
async def test_an_announcement_arrives_everywhere_and_once(
    service: MessageService, store: Store
) -> None:
    id = await party(service, 5, announce_only=True)

    for text in "abc":
        await service.send(ADA, id, text)

    await eventually(counts(service, 5), {3})
    events = await events_of(store, inbox_stream("id-friend1"))
    arrived = [one for event in events if isinstance(one := CODEC.decode(event), Arrived)]
    assert sum(one.count for one in arrived) == 3


@pytest.mark.usefixtures("working")
async def test_a_deleted_message_of_a_large_group_counts_nowhere(
    service: MessageService, store: Store
) -> None:
    size = SMALL + 2
    id = await party(service, size)
    sent = await service.send(ADA, id, "Oops")
    await service.send(ADA, id, "Hello")
    await eventually(counts(service, size), {2})

    await service.delete(ADA, id, sent.message.id)

    await eventually(counts(service, size), {1})
    assert await differences(store) == []


async def test_what_is_spread_again_late_or_out_of_order_changes_nothing(
    service: MessageService, store: Store
) -> None:
    """The events come twice, the last one first, and a deletion before the message arrived."""
    size = SMALL + 2
    id = await party(service, size)
    sent = [await service.send(ADA, id, text) for text in "abc"]
    await service.delete(ADA, id, sent[1].message.id)
    subscription = spreading(store, clock=StandingClock(), ids=LeadingIds(90_000))
    [destination] = subscription.destinations()
    asked = await requests(store, id)

    for event in [*reversed(asked), *asked]:
        delivery = Delivery(id=f"{NAME}-{event.version}", rule=NAME, event=event)
        await destination.target.deliver([delivery])

    assert await counts(service, size)() == {2}
    events = await events_of(store, inbox_stream("id-friend1"))
    payloads = [CODEC.decode(event) for event in events]
    assert sum(isinstance(one, Withdrawn) for one in payloads) == 1
    assert await differences(store) == []


@pytest.mark.usefixtures("working")
async def test_a_group_that_shrinks_before_a_message_arrived_loses_nothing(
    service: MessageService, store: Store
) -> None:
    size = at_once(store.limits) + 1
    id = await party(service, size)
    await service.send(ADA, id, "To many")
    await service.remove_member(ADA, id, MANY[size - 2])
    await service.send(ADA, id, "To few")

    await eventually(counts(service, size - 1), {2})
    assert await service.unread(f"id-{MANY[size - 2]}") == 0
    assert await differences(store) == []
