"""Searching one's own conversations: nothing of others, of before, of what was taken back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gatherlog.apps.messages import MessageFinder, MessageService, MessageSource
from gatherlog.apps.messages.searching import CONVERSATION_TAG
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import CursorInvalid, Invalid, NotFound
from gatherlog.core.search import SearchPage, SearchQuery
from gatherlog.search import IndexedSearch, SearchOnDemand
from tests.apps.messages.talking import new_group
from tests.stores import events_in, eventually

pytestmark = pytest.mark.on_database


@pytest.fixture
async def index(store: Store) -> AsyncIterator[IndexedSearch]:
    failures: list[Exception] = []
    search = IndexedSearch(
        store, MessageSource(store), folder=None, clock=system_clock, report=failures.append
    )
    search.start()
    yield search
    await search.stop()
    assert failures == []


class Behind:
    """A search whose index has stopped: it still finds what it found before."""

    def __init__(self, search: IndexedSearch) -> None:
        self._search = search
        self._pages: dict[str, SearchPage] = {}

    async def find(self, query: SearchQuery) -> SearchPage:
        if query.text not in self._pages:
            self._pages[query.text] = await self._search.find(query)
        return self._pages[query.text]


@pytest.fixture
def finder(store: Store, service: MessageService, index: IndexedSearch) -> MessageFinder:
    return MessageFinder(store.id, service, index)


async def found(finder: MessageFinder, account: str, text: str, **asked: str) -> list[str]:
    """The texts that are found on all pages, sorted."""
    texts: list[str] = []
    cursor: str | None = None
    while True:
        page = await finder.find(account, text, cursor=cursor, limit=2, **asked)
        texts += [one.shown.message.text for one in page.items]
        if (cursor := page.cursor) is None:
            return sorted(texts)


async def soon(store: Store, index: IndexedSearch) -> None:
    """Wait until all that was written is in the index. The feed may show it late."""
    written = await events_in(store, ["conversation", "inbox"])

    async def is_shown() -> bool:
        heads = await store.heads()
        return all(heads[event.partition] >= event.position for event in written)

    await eventually(is_shown, True)
    await index.caught_up(await store.heads())


async def test_members_find_what_was_said_to_them_and_nobody_else_does(
    store: Store, service: MessageService, finder: MessageFinder, index: IndexedSearch
) -> None:
    with_bob = await service.start("id-ada", "bob", "The lemon cake")
    await service.send("id-bob", with_bob.conversation, "Lemons are sour")
    with_cy = await service.start("id-ada", "cy", "No lemon for Bob")
    await soon(store, index)

    async def of_ada() -> list[str]:
        return await found(finder, "id-ada", "LEMON")

    await eventually(of_ada, ["Lemons are sour", "No lemon for Bob", "The lemon cake"])
    assert await found(finder, "id-bob", "lemon") == ["Lemons are sour", "The lemon cake"]
    assert await found(finder, "id-dee", "lemon") == []
    in_one = await found(finder, "id-ada", "lemon", conversation=with_cy.conversation)
    assert in_one == ["No lemon for Bob"]
    for asker in ("id-bob", "id-dee"):
        with pytest.raises(NotFound):
            await found(finder, asker, "lemon", conversation=with_cy.conversation)


async def test_what_is_deleted_edited_or_left_is_gone_at_once_also_from_an_index_that_is_behind(
    store: Store, service: MessageService, index: IndexedSearch
) -> None:
    talk = (await service.start("id-ada", "bob", "The lemon cake")).conversation
    second = await service.send("id-ada", talk, "A lemon tree")
    third = await service.send("id-bob", talk, "A lemon pie")
    await soon(store, index)
    finder = MessageFinder(store.id, service, Behind(index))

    async def texts() -> list[str]:
        page = await finder.find("id-bob", "lemon", conversation=talk)
        assert page.cursor is None
        return sorted(one.shown.message.text for one in page.items)

    assert await texts() == ["A lemon pie", "A lemon tree", "The lemon cake"]
    await service.delete("id-bob", talk, third.message.id)
    assert await texts() == ["A lemon tree", "The lemon cake"]
    await service.edit("id-ada", talk, second.message.id, "An apple tree")
    assert await texts() == ["The lemon cake"]
    await service.leave("id-bob", talk)
    with pytest.raises(NotFound):
        await texts()
    assert (await finder.find("id-bob", "lemon")).items == []


async def test_who_joins_later_or_comes_back_finds_nothing_of_before(
    store: Store, service: MessageService, finder: MessageFinder, index: IndexedSearch
) -> None:
    choir = await new_group(service, "id-ada", ["bob"], title="Choir")
    await service.send("id-ada", choir, "We sing a madrigal")
    await service.add_member("id-ada", choir, "cy")
    await service.send("id-ada", choir, "Another madrigal")
    await soon(store, index)

    asked = {"conversation": choir}
    assert await found(finder, "id-cy", "madrigal", **asked) == ["Another madrigal"]
    await service.remove_member("id-ada", choir, "bob")
    await service.add_member("id-ada", choir, "bob")
    assert await found(finder, "id-bob", "madrigal", **asked) == []
    everything = await found(finder, "id-ada", "madrigal", **asked)
    assert everything == ["Another madrigal", "We sing a madrigal"]


async def test_more_conversations_than_are_searched_at_once_are_searched_on_further_pages(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    service: MessageService,
    finder: MessageFinder,
    index: IndexedSearch,
) -> None:
    monkeypatch.setattr("gatherlog.apps.messages.finding.AT_ONCE", 2)
    for number in range(7):
        group = await new_group(service, "id-ada", ["bob"], title=f"Group {number}")
        for word in ("pear", "pear", "apple"):
            await service.send("id-ada", group, f"{word} {number}")
    await soon(store, index)

    async def pears() -> list[str]:
        return await found(finder, "id-bob", "pear")

    await eventually(pears, [f"pear {number}" for number in range(7) for _ in range(2)])


@pytest.mark.parametrize("text", ["", " ", "!?", "\u200b", "x" * 501, "a b c d e f g h i j k l m"])
async def test_a_question_without_words_or_with_too_many_is_refused(
    service: MessageService, finder: MessageFinder, text: str
) -> None:
    talk = (await service.start("id-ada", "bob", "Hello")).conversation

    with pytest.raises(Invalid):
        await finder.find("id-ada", text, conversation=talk)


async def test_a_cursor_of_another_search_is_refused(
    store: Store, service: MessageService, finder: MessageFinder, index: IndexedSearch
) -> None:
    talk = (await service.start("id-ada", "bob", "pear")).conversation
    for _ in range(3):
        await service.send("id-ada", talk, "pear apple")
    await soon(store, index)
    page = await finder.find("id-ada", "pear", conversation=talk, limit=1)
    assert page.cursor is not None

    for account, text, cursor in (
        ("id-bob", "pear", page.cursor),
        ("id-ada", "apple", page.cursor),
        ("id-ada", "pear", "x"),
        ("id-ada", "pear", page.cursor[:-3]),
    ):
        with pytest.raises(CursorInvalid):
            await finder.find(account, text, conversation=talk, cursor=cursor)


async def test_a_search_goes_on_though_conversations_came_and_went_meanwhile(
    store: Store, service: MessageService, finder: MessageFinder, index: IndexedSearch
) -> None:
    talk = (await service.start("id-ada", "bob", "pear 1")).conversation
    for number in range(2, 5):
        await service.send("id-ada", talk, f"pear {number}")
    with_cy = (await service.start("id-cy", "bob", "Hello")).conversation
    await soon(store, index)

    async def first() -> int:
        return len((await finder.find("id-bob", "pear", limit=2)).items)

    await eventually(first, 2)
    page = await finder.find("id-bob", "pear", limit=2)

    await service.leave("id-bob", with_cy)
    await service.start("id-dee", "bob", "Hello")
    rest = await finder.find("id-bob", "pear", limit=20, cursor=page.cursor)

    shown = [one.shown.message.text for one in (*page.items, *rest.items)]
    assert sorted(shown) == [f"pear {number}" for number in range(1, 5)]


async def test_an_index_that_is_built_anew_has_the_same_documents(
    store: Store, service: MessageService, index: IndexedSearch
) -> None:
    talk = (await service.start("id-ada", "bob", "pear")).conversation
    gone = await service.send("id-ada", talk, "pear gone")
    await service.delete("id-ada", talk, gone.message.id)
    await soon(store, index)

    async def built() -> list[tuple[str, Any, list[str]]]:
        all_of_them = [one async for one in MessageSource(store).everything()]
        return [(one.id, one.tags, [text.text for text in one.texts]) for one in all_of_them]

    async def followed() -> list[str]:
        return [one.id for one in (await index.find(SearchQuery(text="pear"))).found]

    await eventually(built, [(f"{talk}/1", {CONVERSATION_TAG: [talk]}, ["pear"])])
    await eventually(followed, [f"{talk}/1"])


async def test_an_index_on_demand_begins_with_the_first_search(
    store: Store, service: MessageService
) -> None:
    failures: list[Exception] = []
    source = MessageSource(store)
    search = IndexedSearch(store, source, folder=None, clock=system_clock, report=failures.append)
    on_demand = SearchOnDemand(store, search)
    finder = MessageFinder(store.id, service, on_demand)
    talk = (await service.start("id-ada", "bob", "pear")).conversation

    page = await finder.find("id-bob", "pear", conversation=talk)

    assert [one.shown.message.text for one in page.items] == ["pear"]
    await on_demand.stop()
    assert failures == []
