"""Members who come and go by themselves: the invited, and those whose accounts are removed."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

import pytest

from gatherlog.apps.messages import MessageService
from gatherlog.apps.messages.coming_and_going import NAME, coming_and_going
from gatherlog.apps.messages.decisions import MOST_MISSED, at_once
from gatherlog.apps.messages.events import CODEC, MemberAdded, MembersInvited
from gatherlog.apps.messages.fold import conversation_stream
from gatherlog.apps.messages.spreading import spreading
from gatherlog.core import Commit, Recorded, Store
from gatherlog.core.eventstore.errors import NotFound, StoreFailed
from gatherlog.core.eventstore.store import Committed, Document, Ref
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import (
    LeadingIds,
    MadeUpPeople,
    deliver,
    differences,
    invitations,
    listed,
    new_group,
    texts,
    whole_group,
)
from tests.stores import events_of, eventually

pytestmark = pytest.mark.on_database

ADA, BOB, CY = "id-ada", "id-bob", "id-cy"
MANY = [f"friend{number}" for number in range(100)]
LAST = f"id-{MANY[-1]}"
"""One who is invited; the first members are those in front of the list."""


@pytest.fixture
def people() -> MadeUpPeople:
    return MadeUpPeople("ada", "bob", "cy", *MANY)


async def members(service: MessageService, id: str) -> set[str]:
    """All who take part now."""
    accounts = (ADA, BOB, CY, *[f"id-{name}" for name in MANY])
    return {one for one in accounts if await service.part(one, id) is not None}


async def everything(store: Store, id: str) -> list[Recorded]:
    return await events_of(store, conversation_stream(id))


# Who was invited.


async def test_a_group_begins_with_as_many_as_one_commit_takes_in_and_invites_the_others(
    service: MessageService, store: Store
) -> None:
    most = at_once(store.limits)

    line = await service.start_group(ADA, MANY, title="Party")

    id = line.conversation.id
    assert len(line.members) == line.conversation.size == most
    [invited] = [CODEC.decode(event) for event in await invitations(store, id)]
    assert invited == MembersInvited(tuple(f"id-{name}" for name in MANY[most - 1 :]))
    assert [event.version for event in await everything(store, id)] == [1, 2]
    assert await differences(store) == []


async def test_a_group_that_one_commit_takes_in_invites_nobody(
    service: MessageService, store: Store
) -> None:
    id = await new_group(service, ADA, MANY[: at_once(store.limits) - 1])

    assert await invitations(store, id) == []


async def test_the_invited_are_brought_in_once_however_often_it_is_tried(
    service: MessageService, store: Store
) -> None:
    id = await whole_group(service, store, ADA, MANY, title="Party")
    before = await everything(store, id)

    await deliver(coming_and_going(service), *await invitations(store, id))

    assert await everything(store, id) == before
    assert len(await members(service, id)) == 101
    assert (await service.conversation(LAST, id)).conversation.size == 101
    await eventually(lambda: listed(service, LAST), [("Party", "", 0)])
    assert await differences(store) == []


async def test_an_interruption_at_any_commit_leaves_nobody_out(
    service: MessageService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await new_group(service, ADA, MANY[:30], title="Party")
    commit, calls, tries = store.commit, 0, 0

    async def failing(one: Commit) -> Committed:
        nonlocal calls
        calls += 1
        if calls % 4 == 0:
            raise StoreFailed("the process was killed")
        return await commit(one)

    monkeypatch.setattr(store, "commit", failing)
    while len(await members(service, id)) < 31:
        tries += 1
        with suppress(StoreFailed):
            await deliver(coming_and_going(service), *await invitations(store, id))

    assert tries > 1
    assert (await service.conversation(LAST_OF_30, id)).conversation.size == 31
    assert await differences(store) == []


LAST_OF_30 = f"id-{MANY[29]}"


async def test_who_has_left_or_was_removed_since_is_not_brought_in_again(
    service: MessageService, store: Store
) -> None:
    """One leaves, one is removed, and one was added by the owner first and has left by then."""
    id = await new_group(service, ADA, MANY, title="Party")
    early = f"id-{MANY[-3]}"
    await service.add_member(ADA, id, MANY[-3])
    await service.leave(early, id)
    subscription, asked = coming_and_going(service), await invitations(store, id)
    await deliver(subscription, *asked)
    await service.leave(LAST, id)
    await service.remove_member(ADA, id, MANY[-2])

    await deliver(subscription, *asked)

    gone = {early, LAST, f"id-{MANY[-2]}"}
    assert gone.isdisjoint(await members(service, id))
    assert (await service.conversation(ADA, id)).conversation.size == 98
    assert await differences(store) == []


async def test_who_blocks_the_owner_or_is_gone_meanwhile_is_left_out(
    service: MessageService, store: Store, people: MadeUpPeople
) -> None:
    id = await new_group(service, ADA, MANY, title="Party")
    await service.block(LAST, "ada", True)
    people.remove(f"id-{MANY[-2]}")

    await deliver(coming_and_going(service), *await invitations(store, id))

    assert {LAST, f"id-{MANY[-2]}"}.isdisjoint(await members(service, id))
    assert (await service.conversation(ADA, id)).conversation.size == 99


async def test_nobody_is_brought_into_a_group_that_all_have_left(
    service: MessageService, store: Store
) -> None:
    id = await new_group(service, ADA, MANY, title="Party")
    for account in await members(service, id):
        await service.leave(account, id)

    await deliver(coming_and_going(service), *await invitations(store, id))

    assert await members(service, id) == set()


async def test_the_invited_are_shown_what_was_written_before_they_came(
    service: MessageService, store: Store
) -> None:
    """What was deleted before does not count, and what is deleted afterwards counts no more."""
    id = await new_group(service, ADA, MANY, title="Party")
    sent = [(await service.send(ADA, id, text)).message.id for text in "abc"]
    await service.delete(ADA, id, sent[1])

    await deliver(coming_and_going(service), *await invitations(store, id))

    assert await texts(service, LAST, id) == ["c", "", "a"]
    assert await service.unread(LAST) == 2
    await eventually(lambda: listed(service, LAST), [("Party", "c", 2)])
    await service.delete(ADA, id, sent[2])
    await spread(store, id)
    assert await service.unread(LAST) == 1
    await service.mark_read(LAST, id, sent[0])
    assert await service.unread(LAST) == 0
    assert await differences(store) == []


async def spread(store: Store, id: str) -> None:
    """Let everything arrive that is left to the other subscription."""
    left = [one for one in await everything(store, id) if one.type == "messages.spread_requested"]
    subscription = spreading(store, clock=StandingClock(), ids=LeadingIds(90_000))
    await deliver(subscription, *left)


async def test_a_deletion_that_arrives_after_the_invited_counts_once(
    service: MessageService, store: Store
) -> None:
    """It was requested while the group was too large for one commit, and they came before it."""
    id = await new_group(service, ADA, MANY, title="Party")
    await service.add_member(ADA, id, MANY[-2])
    sent = [(await service.send(ADA, id, text)).message.id for text in "ab"]
    await service.delete(ADA, id, sent[0])
    await deliver(coming_and_going(service), *await invitations(store, id))

    await spread(store, id)

    assert [await service.unread(one) for one in (LAST, f"id-{MANY[-2]}")] == [1, 1]
    assert await differences(store) == []


async def test_of_many_messages_before_they_came_the_invited_are_shown_the_last(
    service: MessageService, store: Store
) -> None:
    id = await new_group(service, ADA, MANY, title="Party")
    sent = [await service.send(ADA, id, f"{n}") for n in range(MOST_MISSED + 5)]
    for one in sent[-MOST_MISSED:-1]:
        await service.delete(ADA, id, one.message.id)

    await deliver(coming_and_going(service), *await invitations(store, id))

    page = await service.messages(LAST, id, limit=100)
    assert len(page.items) == MOST_MISSED
    assert [one.message.text for one in page.items if one.message.text] == [f"{MOST_MISSED + 4}"]
    assert await service.unread(LAST) == 1
    assert await differences(store) == []


async def test_bringing_in_while_others_write_leave_and_are_added_adds_everybody_once(
    service: MessageService, store: Store
) -> None:
    id = await new_group(service, ADA, MANY[:40], title="Party")
    chance, asked = random.Random(7), await invitations(store, id)

    async def leave(account: str) -> None:
        await asyncio.sleep(chance.random() / 10)
        with suppress(NotFound):
            await service.leave(account, id)

    await asyncio.gather(
        *[deliver(coming_and_going(service), *asked) for _ in range(2)],
        *[service.send(ADA, id, f"{number}") for number in range(5)],
        *[service.add_member(ADA, id, name) for name in MANY[20:30]],
        *[leave(f"id-{name}") for name in MANY[30:40]],
    )

    there = await members(service, id)
    assert {f"id-{name}" for name in MANY[:30]} < there
    assert (await service.conversation(ADA, id)).conversation.size == len(there)
    by_itself = [one for one in await everything(store, id) if NAME.encode() in one.meta]
    brought = [CODEC.decode(event) for event in by_itself]
    assert {type(one) for one in brought} == {MemberAdded}
    assert len({one.account for one in brought}) == len(brought)
    assert await differences(store) == []


# Accounts that are removed.


def removal(account: str) -> Recorded:
    """The event of another app by which an account was removed."""
    type, data = "people.account_removed", b'{"address":"a@example.org","sessions":[]}'
    return Recorded(0, 1, f"account-{account}", 3, f"e-{account}", type, 1, 1, data, 1, "", b"")


async def owners(service: MessageService, reader: str, ids: Sequence[str]) -> list[str]:
    return [(await service.conversation(reader, id)).conversation.owner for id in ids]


async def test_a_removed_account_leaves_its_groups_and_the_first_of_the_others_inherits(
    service: MessageService, store: Store, people: MadeUpPeople
) -> None:
    own = await new_group(service, ADA, ["bob", "cy"], title="Party")
    others = await new_group(service, CY, ["ada", "bob"], title="Choir")
    news = await new_group(service, ADA, ["bob", "cy"], title="News", announce_only=True)
    await service.send(CY, own, "Hello")
    people.remove(ADA)

    await deliver(coming_and_going(service), removal(ADA))

    groups = [own, others, news]
    assert await owners(service, BOB, groups) == [BOB, CY, BOB]
    assert [await members(service, id) for id in groups] == [{BOB, CY}] * 3
    await service.send(BOB, news, "Now I write here")
    assert await service.unread(ADA) == 0
    assert await differences(store) == []


async def test_two_removed_accounts_pass_a_group_on_to_somebody_who_is_there(
    service: MessageService, people: MadeUpPeople
) -> None:
    id = await new_group(service, ADA, ["bob", "cy"], title="Party")
    people.remove(ADA)
    people.remove(BOB)

    await deliver(coming_and_going(service), removal(ADA), removal(BOB))

    assert await owners(service, CY, [id]) == [CY]
    assert await members(service, id) == {CY}


async def test_a_pair_stays_a_pair_when_one_is_removed(
    service: MessageService, store: Store, people: MadeUpPeople
) -> None:
    id = (await service.start(ADA, "bob", "Hello")).conversation
    before = await everything(store, id)
    people.remove(ADA)

    await deliver(coming_and_going(service), removal(ADA))

    assert await everything(store, id) == before
    assert (await service.between(BOB, await service.conversation(BOB, id))).is_gone


async def test_a_removal_that_is_told_again_or_of_somebody_without_groups_changes_nothing(
    service: MessageService, store: Store, people: MadeUpPeople
) -> None:
    """Also where the account left a group before, or was removed from it."""
    id = await new_group(service, ADA, ["bob", "cy"], title="Party")
    await service.leave(BOB, id)
    await service.remove_member(ADA, id, "cy")
    await deliver(coming_and_going(service), removal(ADA))
    before = await everything(store, id)

    told = [removal(account) for account in (ADA, BOB, CY, LAST)]
    await deliver(coming_and_going(service), *told)

    assert await everything(store, id) == before
    assert await differences(store) == []


async def test_many_groups_are_left_in_bounded_steps_and_an_interruption_loses_none(
    service: MessageService,
    store: Store,
    people: MadeUpPeople,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = [await new_group(service, ADA, ["bob"], title=f"{n}") for n in range(130)]
    pair = (await service.start(ADA, "cy", "Hi")).conversation
    people.remove(ADA)
    get, sizes, tries = store.get, [0], 0

    async def failing(refs: Sequence[Ref]) -> list[Document | None]:
        sizes.append(len(refs))
        if len(sizes) % 100 == 0:
            raise StoreFailed("the process was killed")
        return await get(refs)

    async def left() -> list[bool]:
        return [await service.part(ADA, id) is None for id in groups]

    while not all(await left()):
        tries += 1
        with monkeypatch.context() as patched, suppress(StoreFailed):
            patched.setattr(store, "get", failing)
            await deliver(coming_and_going(service), removal(ADA))

    assert tries > 1
    assert max(sizes) == 100
    assert await service.part(ADA, pair) is not None
    assert await owners(service, BOB, groups) == [BOB] * 130
    assert await differences(store) == []
