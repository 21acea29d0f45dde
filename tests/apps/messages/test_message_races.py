"""Members who do things at the same time: nothing is lost, doubled, or moved backwards."""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatherlog.apps.messages import VIEWS, MessageService, UnknownReceiver
from gatherlog.apps.messages.views import CONVERSATIONS, MEMBERSHIPS, MESSAGES, PAIRS
from gatherlog.core import Store
from gatherlog.core.commands.turns import CommandLocks
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import Interleaved, StandingClock, run_instantly
from tests.apps.messages.talking import (
    Everything,
    LeadingIds,
    MadeUpPeople,
    differences,
    listed,
    new_group,
    texts,
    whole_group,
)
from tests.stores import eventually, scanned

pytestmark = pytest.mark.on_database

ADA, BOB, CY = "id-ada", "id-bob", "id-cy"


@pytest.fixture(params=["one process", "many"])
def service(
    request: pytest.FixtureRequest, service: MessageService, monkeypatch: pytest.MonkeyPatch
) -> MessageService:
    """With "many", commands do not share a lock, as if each ran in a process of its own."""
    if request.param == "many":
        monkeypatch.setattr(CommandLocks, "of", lambda locks, id: asyncio.Lock())
    return service


async def test_both_who_start_at_once_find_themselves_in_one_conversation(
    service: MessageService, store: Store
) -> None:
    async def start(author: str, other: str, text: str) -> str:
        return (await service.start(author, other, text)).conversation

    ids = set(
        await asyncio.gather(
            *[start(ADA, "bob", f"a{n}") for n in range(8)],
            *[start(BOB, "ada", f"b{n}") for n in range(8)],
            new_group(service, ADA, ["bob"]),
            new_group(service, BOB, ["ada"]),
        )
    )

    assert len(ids) == len(await scanned(store, CONVERSATIONS.name)) == 1
    assert len(await scanned(store, PAIRS.name)) == 1
    [id] = ids
    said = await texts(service, ADA, id)
    assert sorted(said) == sorted(f"{who}{n}" for who in "ab" for n in range(8))
    assert (await service.unread(ADA), await service.unread(BOB)) == (8, 8)
    assert await differences(store) == []


async def test_two_senders_at_once_leave_the_last_message_of_the_log_last(
    service: MessageService, store: Store
) -> None:
    id = await new_group(service, ADA, ["bob", "cy"], title="Party")

    await asyncio.gather(
        *[service.send(author, id, f"{author}{n}") for author in (ADA, BOB, CY) for n in range(6)]
    )

    newest = (await service.messages(ADA, id)).items[0].message
    last = (await service.conversation(ADA, id)).conversation.last
    assert last is not None
    assert (last.id, last.text) == (newest.id, newest.text)
    assert [await service.unread(who) for who in (ADA, BOB, CY)] == [12, 12, 12]
    assert len(await scanned(store, MESSAGES.name)) == 18
    assert await differences(store) == []


async def test_conversations_with_many_move_to_the_top_in_the_order_of_the_log(
    service: MessageService, store: Store, people: MadeUpPeople
) -> None:
    names = [f"friend{n}" for n in range(6)]
    people.all |= MadeUpPeople(*names).all
    await asyncio.gather(*[service.start(f"id-{name}", "ada", "Hello") for name in names])
    chance = random.Random(3)
    chance.shuffle(names)

    for name in names:
        await service.start(f"id-{name}", "ada", "Again")

    shown = [(name.capitalize(), "Again", 2) for name in reversed(names)]
    await eventually(lambda: listed(service, ADA), shown)
    assert await service.unread(ADA) == 12


class WithBlock:
    """A lock; whoever gets it finds that a member has blocked the owner meanwhile."""

    def __init__(self, service: MessageService, member: str, owner: str) -> None:
        self._service = service
        self._blocked = (member, owner)

    async def __aenter__(self) -> None:
        await self._service.block(*self._blocked, True)

    async def __aexit__(self, *error: object) -> None:
        pass


@pytest.mark.parametrize("step", ["pair", "group", "member"])
async def test_who_blocks_somebody_at_the_last_moment_is_in_no_conversation_of_theirs(
    service: MessageService, store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    id = await new_group(service, ADA, ["cy"], title="Party")
    monkeypatch.setattr(CommandLocks, "of", lambda locks, id: WithBlock(service, BOB, "ada"))
    add = {
        "pair": lambda: new_group(service, ADA, ["bob"]),
        "group": lambda: new_group(service, ADA, ["cy", "bob"], title="Choir"),
        "member": lambda: service.add_member(ADA, id, "bob"),
    }[step]

    with pytest.raises(UnknownReceiver):
        await add()

    members = [MEMBERSHIPS.read(one) for one in await scanned(store, MEMBERSHIPS.name)]
    assert {(one.conversation, one.account) for one in members if one} == {(id, ADA), (id, CY)}
    assert await differences(store) == []


async def test_a_large_group_with_somebody_who_has_blocked_its_owner_is_not_begun(
    service: MessageService, store: Store, people: MadeUpPeople
) -> None:
    names = [f"friend{number}" for number in range(25)]
    people.all |= MadeUpPeople(*names).all
    await service.block("id-friend24", "ada", True)

    with pytest.raises(UnknownReceiver):
        await new_group(service, ADA, names, title="Party")

    assert await scanned(store, CONVERSATIONS.name) == []


async def test_who_blocks_the_owner_while_a_large_group_begins_is_left_out_of_it(
    service: MessageService,
    store: Store,
    people: MadeUpPeople,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"friend{number}" for number in range(25)]
    people.all |= MadeUpPeople(*names).all
    block = WithBlock(service, "id-friend23", "ada")
    monkeypatch.setattr(CommandLocks, "of", lambda locks, id: block)

    id = await whole_group(service, store, ADA, names, title="Party")

    assert (await service.conversation(ADA, id)).conversation.size == 25
    assert await service.part("id-friend23", id) is None
    assert await service.part("id-friend24", id) is not None


async def settled(action: Awaitable[object]) -> None:
    with suppress(NotFound):  # removed or left meanwhile
        await action


async def test_reading_sending_muting_and_leaving_at_once_keep_every_count_right(
    service: MessageService, store: Store
) -> None:
    id = await new_group(service, ADA, ["bob", "cy"], title="Party")
    sent = [await service.send(ADA, id, f"{n}") for n in range(4)]

    await asyncio.gather(
        *[settled(service.send(ADA, id, f"more{n}")) for n in range(4)],
        *[settled(service.mark_read(BOB, id, one.message.id)) for one in sent],
        *[settled(service.delete(ADA, id, one.message.id)) for one in sent[1:]],
        settled(service.mute(BOB, id, True)),
        settled(service.leave(CY, id)),
        settled(service.remove_member(ADA, id, "cy")),
    )
    await service.mute(BOB, id, False)

    assert await service.unread(BOB) == (await service.conversation(BOB, id)).mine.unread == 4
    assert await service.unread(CY) == 0
    assert await differences(store) == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from([ADA, BOB])),
        st.tuples(st.just("read"), st.sampled_from([ADA, BOB]), st.integers(0, 5)),
        st.tuples(st.just("delete"), st.sampled_from([ADA, BOB]), st.integers(0, 5)),
        st.tuples(st.just("mute"), st.sampled_from([ADA, BOB]), st.booleans()),
        st.tuples(st.just("leave"), st.sampled_from([ADA, BOB])),
    ),
    max_size=20,
)


class Model:
    """A pair as one would keep it without counters: every message with who has yet to read it."""

    def __init__(self) -> None:
        self.messages: list[str] = [ADA]
        self.deleted: set[int] = set()
        self.read = {ADA: 0, BOB: 0}
        self.muted: set[str] = set()
        self.here = {ADA, BOB}

    def unread(self, who: str) -> int:
        return sum(
            author != who and number > self.read[who] and number not in self.deleted
            for number, author in enumerate(self.messages, start=1)
        )

    def total(self, who: str) -> int:
        return self.unread(who) if who in self.here - self.muted else 0

    def sent(self, who: str) -> None:
        for other in (ADA, BOB):
            if other not in self.here:
                self.here.add(other)
                self.muted.discard(other)
                self.read[other] = len(self.messages)
        self.messages.append(who)


@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_every_count_is_what_a_model_counts_one_by_one(steps: list[Any]) -> None:
    asyncio.run(_compared(steps))


async def _compared(steps: list[Any]) -> None:
    store, model = MemoryStore(VIEWS), Model()
    people = MadeUpPeople("ada", "bob")
    service = MessageService(store, people, Everything(), clock=StandingClock(), ids=LeadingIds())
    first = await service.start(ADA, "bob", "1")
    id, sent = first.conversation, [first.message.id]
    for what, who, *more in steps:
        if what == "send":
            other = "bob" if who == ADA else "ada"
            sent.append((await service.start(who, other, "x")).message.id)
            model.sent(who)
        elif who in model.here:
            await _done(service, model, id, sent, what, who, *more)
        for one in (ADA, BOB):
            assert await service.unread(one) == model.total(one)
            if one in model.here:
                assert (await service.conversation(one, id)).mine.unread == model.unread(one)
    assert await differences(store) == []
    await store.close()


async def _done(
    service: MessageService, model: Model, id: str, sent: list[str], what: str, who: str, *more: int
) -> None:
    if what == "leave":
        await service.leave(who, id)
        model.here.discard(who)
    elif what == "mute":
        await service.mute(who, id, bool(more[0]))
        (model.muted.add if more[0] else model.muted.discard)(who)
    elif what == "read" and more[0] < len(sent):
        since = (await service.conversation(who, id)).mine.since
        if more[0] + 1 > since:
            await service.mark_read(who, id, sent[more[0]])
            model.read[who] = max(model.read[who], more[0] + 1)
    elif what == "delete" and more[0] < len(sent) and model.messages[more[0]] == who:
        await service.delete(who, id, sent[more[0]])
        model.deleted.add(more[0] + 1)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30)
def test_in_whatever_order_their_reads_and_commits_come_two_have_one_conversation(
    data: st.DataObject,
) -> None:
    async def story() -> None:
        store = MemoryStore(VIEWS)

        async def committed() -> None:
            """Nothing is checked in between."""

        turns = Interleaved(store, lambda n: data.draw(st.integers(0, n - 1)), committed)
        people = MadeUpPeople("ada", "bob")
        service = MessageService(
            turns, people, Everything(), clock=StandingClock(), ids=LeadingIds()
        )
        sent = await turns.run(
            service.start(ADA, "bob", "a"),
            service.start(BOB, "ada", "b"),
            service.start(ADA, "bob", "c"),
        )
        plain = MessageService(
            store, people, Everything(), clock=StandingClock(), ids=LeadingIds(900)
        )
        assert len({one.conversation for one in sent}) == 1
        said = await texts(plain, ADA, sent[0].conversation)
        assert sorted(said) == ["a", "b", "c"]
        assert await plain.unread(ADA) + await plain.unread(BOB) == 3
        await store.close()

    with pytest.MonkeyPatch.context() as patch:  # as if each ran in a process of its own
        patch.setattr(CommandLocks, "of", lambda locks, id: asyncio.Lock())
        run_instantly(story())
