"""Lists that are kept: whatever a cache gives, answers are those of the store."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from gatherlog.apps.messages import VIEWS, MessageFinder, MessageService
from gatherlog.apps.messages.kept_lists import KeptList, KeptLists
from gatherlog.apps.messages.views import MEMBERSHIPS, membership_id
from gatherlog.caches.memory import MemoryCache
from gatherlog.core import Query, Recorded, Store
from gatherlog.core.eventstore.errors import StoreFailed
from gatherlog.core.eventstore.store import Page
from gatherlog.core.search import SearchPage, SearchQuery
from gatherlog.engines import open_store
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import Everything, LeadingIds, MadeUpPeople, listed, new_group
from tests.stores import eventually, scanned

ADA, BOB, CY, DEE = "id-ada", "id-bob", "id-cy", "id-dee"
Make = Callable[..., MessageService]


class OldCache(MemoryCache):
    """Gives any of the values that were ever put under a key, or none, and drops nothing."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._all: dict[str, list[bytes]] = {}

    async def get(self, key: str) -> bytes | None:
        known: list[bytes | None] = [*self._all.get(key, [])]
        return self._chance.choice([*known, *known[-1:] * len(known), None])

    async def put(self, key: str, value: bytes) -> None:
        self._all.setdefault(key, []).append(value)

    async def drop(self, key: str) -> None:
        pass


class ConstantCache(MemoryCache):
    """Gives the same bytes for each key."""

    def __init__(self, value: bytes) -> None:
        super().__init__()
        self._value = value

    async def get(self, key: str) -> bytes | None:
        return self._value


class FindsNothing:
    """A search in an empty index."""

    async def find(self, query: SearchQuery) -> SearchPage:
        return SearchPage(total=0, found=[], has_next=False, has_previous=False)


@pytest.fixture
def lists(store: Store) -> KeptLists:
    return KeptLists(MemoryCache(), store.id)


@pytest.fixture
def make(store: Store, people: MadeUpPeople, clock: StandingClock) -> Make:
    def service(lists: KeptLists | None = None, on: Store = store, ids: int = 0) -> MessageService:
        given = LeadingIds(ids)
        return MessageService(on, people, Everything(), clock=clock, ids=given, lists=lists)

    return service


async def kept(service: MessageService, lists: KeptLists, account: str) -> KeptList:
    """What is kept once the list has been asked for; on engines whose queries lag, soon."""

    async def is_kept() -> bool:
        await service.conversations(account)
        return await lists.get(account) is not None

    await eventually(is_kept, True)
    found = await lists.get(account)
    assert found is not None
    return found


async def shows(store: Store, read: Callable[[], Awaitable[object]], expected: object) -> None:
    """Assert that `read` gives what is expected: at once, unless the store's queries may lag."""
    if store.limits.queries_lag:
        await eventually(read, expected)
    else:
        assert await read() == expected


async def test_searching_leaves_the_kept_page_as_it_is(
    make: Make, lists: KeptLists, store: Store
) -> None:
    service = make(lists)
    await service.start(ADA, "bob", "one")
    before = await kept(service, lists, BOB)
    hits = lists.lookups.hits

    await MessageFinder(store.id, service, FindsNothing()).find(BOB, "one")

    assert await lists.get(BOB) == before
    assert await listed(service, BOB) == [("Ada", "one", 1)]
    assert lists.lookups.hits == hits + 1


async def test_a_list_is_kept_and_used_as_long_as_nothing_moves(
    make: Make, lists: KeptLists, people: MadeUpPeople
) -> None:
    service = make(lists)
    first = await service.start(ADA, "bob", "one")
    await service.start(CY, "bob", "two")
    await kept(service, lists, BOB)
    before, stale = lists.lookups.hits, lists.lookups.stale
    assert await listed(service, BOB) == [("Cy", "two", 1), ("Ada", "one", 1)]

    await service.edit(ADA, first.conversation, first.message.id, "changed")
    people.rename(CY, display_name="Cyrus")
    await service.start(CY, "bob", "three")
    await service.mute(BOB, first.conversation, True)

    assert await listed(service, BOB) == [("Cyrus", "three", 2), ("Ada", "changed", 1)]
    assert (lists.lookups.hits, lists.lookups.stale) == (before + 2, stale)


async def test_who_takes_part_is_shown_as_it_is_now(make: Make, lists: KeptLists) -> None:
    service = make(lists)
    id = await new_group(service, ADA, ["bob", "cy"])
    await kept(service, lists, ADA)

    await service.add_member(ADA, id, "dee")
    await service.remove_member(ADA, id, "bob")

    [line] = (await service.conversations(ADA)).items
    assert {person.display_name for person in line.members} == {"Ada", "Cy", "Dee"}
    assert lists.lookups.hits > 0


@pytest.mark.parametrize("change", ["moved", "joined", "left", "removed"])
async def test_a_list_that_is_not_right_any_more_is_not_used(
    make: Make, store: Store, lists: KeptLists, change: str
) -> None:
    service, elsewhere = make(lists), make(ids=1000)
    first = await service.start(ADA, "bob", "one")
    group = await new_group(service, CY, ["bob", "ada"], title="Choir")
    assert (await kept(service, lists, BOB)).places[0][0] == group
    stale = lists.lookups.stale

    match change:
        case "moved":
            await elsewhere.send(ADA, first.conversation, "two")
            right = [("Ada", "two", 2), ("Choir", "", 0)]
        case "joined":
            await elsewhere.start(DEE, "bob", "new")
            right = [("Dee", "new", 1), ("Choir", "", 0), ("Ada", "one", 1)]
        case "left":
            await elsewhere.leave(BOB, first.conversation)
            right = [("Choir", "", 0)]
        case _:
            await elsewhere.remove_member(CY, group, "bob")
            right = [("Ada", "one", 1)]

    await shows(store, lambda: listed(service, BOB), right)
    assert lists.lookups.stale > stale


async def test_an_empty_list_is_kept_until_the_first_conversation(
    make: Make, store: Store, lists: KeptLists
) -> None:
    service = make(lists)
    assert (await kept(service, lists, DEE)).places == ()
    assert await listed(service, DEE) == []

    await make(ids=1000).start(ADA, "dee", "hello")

    await shows(store, lambda: listed(service, DEE), [("Ada", "hello", 1)])


async def test_a_kept_page_leads_to_the_next_one(make: Make, lists: KeptLists) -> None:
    service = make(lists)
    for author in (ADA, CY, DEE):
        await service.start(author, "bob", "hello")

    async def pages() -> list[list[str]]:
        first = await service.conversations(BOB, limit=2)
        if first.cursor is None:  # the index is late
            return []
        second = await service.conversations(BOB, limit=2, cursor=first.cursor)
        return [[line.name for line in page.items] for page in (first, second)]

    async def is_hit() -> bool:
        before = lists.lookups.hits
        return await pages() == [["Dee", "Cy"], ["Ada"]] and lists.lookups.hits > before

    await eventually(is_hit, True)
    assert [line.name for line in (await service.conversations(BOB, limit=1)).items] == ["Dee"]


async def test_news_drop_a_list_that_they_have_made_wrong(make: Make, lists: KeptLists) -> None:
    service = make(lists)
    await service.start(ADA, "bob", "one")
    place = await service.newest_place(BOB)
    await kept(service, lists, BOB)

    await service.start(ADA, "bob", "two")
    page = await service.news(BOB, place)
    assert await lists.get(BOB) is not None
    await service.start(CY, "bob", "three")
    await service.news(BOB, page.place)

    assert await lists.get(BOB) is None


@pytest.mark.parametrize("seed", range(3))
async def test_an_old_list_is_never_answered(make: Make, store: Store, seed: int) -> None:
    """Two servers with a cache that gives whatever was once kept, and one without."""
    chance = random.Random(seed)
    lists = KeptLists(OldCache(chance), store.id)
    servers = [make(lists), make(lists, ids=1000)]
    plain = make(ids=2000)
    handles = {ADA: "ada", CY: "cy", DEE: "dee"}
    for step in range(60):
        server, author = chance.choice(servers), chance.choice([*handles])
        found = (await plain.conversations(BOB)).items
        match chance.randrange(6):
            case 0 if found:
                await server.leave(BOB, chance.choice(found).conversation.id)
            case 1 if found:
                await server.mute(BOB, chance.choice(found).conversation.id, step % 2 == 0)
            case 2:
                await new_group(server, author, ["bob"], title=f"group {step}")
            case _:
                await server.start(author, "bob", f"{step}")
        right = await shown_of(store, plain)
        for one in servers:
            await shows(store, partial(shown, one), right)
            assert await one.unread(BOB) == sum(0 if muted else n for *_, n, muted in right)
    if not store.limits.queries_lag:
        assert lists.lookups.hits > 10
    assert lists.lookups.stale > 10


async def shown(service: MessageService) -> list[tuple[str, int, int, bool]]:
    lines = (await service.conversations(BOB, limit=100)).items
    return [(one.conversation.id, one.mine.order, one.mine.unread, one.mine.muted) for one in lines]


async def shown_of(store: Store, service: MessageService) -> list[tuple[str, int, int, bool]]:
    """The list as the documents have it, without any index."""
    found = [MEMBERSHIPS.read(one) for one in await scanned(store, "membership")]
    mine = [one for one in found if one is not None and one.account == BOB]
    rows = [(one.conversation, one.order, one.unread, one.muted) for one in mine]
    return sorted(rows, key=lambda row: -row[1])


@pytest.mark.parametrize(
    "value",
    [b"", b"\xff", b"null", b"[]", b"[20,1]", b'[20,0,[["x",1]],null,[]]', b"[20,0,[],null,[1]]"],
)
async def test_a_cache_that_gives_nonsense_changes_no_answer(
    make: Make, store: Store, value: bytes
) -> None:
    lists = KeptLists(ConstantCache(value), store.id)
    service = make(lists)
    await service.start(ADA, "bob", "one")

    await shows(store, lambda: listed(service, BOB), [("Ada", "one", 1)])
    assert lists.lookups.hits == 0


async def test_a_list_of_conversations_of_others_is_not_answered(make: Make, store: Store) -> None:
    plain = make()
    strange = await plain.start(ADA, "cy", "not for Bob")
    await plain.start(ADA, "bob", "one")
    document = (await store.get([MEMBERSHIPS.ref(membership_id(strange.conversation, CY))]))[0]
    theirs = MEMBERSHIPS.read(document)
    assert theirs is not None
    places = ((strange.conversation, theirs.order),)
    forged = KeptList(20, theirs.order, places, None, (ADA, CY))
    lists = KeptLists(ConstantCache(msgspec.json.encode(forged)), store.id)
    service = make(lists)

    await shows(store, lambda: listed(service, BOB), [("Ada", "one", 1)])
    assert lists.lookups.hits == 0


class LateStore:
    """A store whose queries do not show some documents yet, each on its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.limits = replace(store.limits, queries_lag=True)
        self.missing: set[str] = set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def query(self, query: Query) -> Page:
        page = await self._store.query(query)
        return Page([one for one in page.documents if one.id not in self.missing], page.cursor)


class RacingStore(LateStore):
    """A store in which something happens right after a query, and whose queries are not late."""

    def __init__(self, store: Store, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(store)
        self.limits = store.limits
        self._meanwhile = meanwhile

    async def query(self, query: Query) -> Page:
        page = await super().query(query)
        await self._meanwhile()
        return page


class Unreadable(LateStore):
    """A store that does not give the events with which a late index is compared."""

    async def read_stream(self, stream: str, **given: object) -> list[Recorded]:
        raise StoreFailed("the disk is gone")


@pytest.fixture
async def plain_store() -> AsyncIterator[Store]:
    store = MemoryStore(VIEWS)
    yield store
    await store.close()


async def test_a_page_without_what_the_index_is_late_with_is_not_kept(
    plain_store: Store, make: Make
) -> None:
    late = LateStore(plain_store)
    lists = KeptLists(MemoryCache(), plain_store.id)
    service = make(lists, on=late)
    first = await service.start(ADA, "bob", "one")
    await service.start(CY, "bob", "two")
    late.missing = {membership_id(first.conversation, BOB)}

    assert await listed(service, BOB) == [("Cy", "two", 1)]
    assert await lists.get(BOB) is None
    late.missing = set()
    assert await listed(service, BOB) == [("Cy", "two", 1), ("Ada", "one", 1)]
    assert await lists.get(BOB) is not None


@pytest.mark.parametrize("again", [False, True], ids=["a new one", "one of the page"])
async def test_a_page_in_which_something_moves_while_it_is_read_is_not_kept(
    plain_store: Store, make: Make, again: bool
) -> None:
    plain, lists = make(ids=1000, on=plain_store), KeptLists(MemoryCache(), plain_store.id)
    for author in (CY, ADA):
        await plain.start(author, "bob", "before")

    async def meanwhile() -> None:
        await plain.start(CY if again else DEE, "bob", "meanwhile")

    await listed(make(lists, on=RacingStore(plain_store, meanwhile)), BOB)

    assert await lists.get(BOB) is None
    right = await listed(plain, BOB)
    assert [await listed(make(lists, on=plain_store), BOB) for _ in range(2)] == [right, right]
    assert lists.lookups.hits == 1


async def test_what_cannot_be_compared_is_answered_and_not_kept(
    plain_store: Store, make: Make
) -> None:
    lists = KeptLists(MemoryCache(), plain_store.id)
    await make(on=plain_store).start(ADA, "bob", "one")

    assert await listed(make(lists, on=Unreadable(plain_store)), BOB) == [("Ada", "one", 1)]
    assert await lists.get(BOB) is None


async def test_two_stores_on_one_file_share_lists_that_stay_right(
    tmp_path: Path, make: Make
) -> None:
    url, cache = f"sqlite:///{tmp_path}/shared.db", MemoryCache()
    one, other = await open_store(url, views=VIEWS), await open_store(url, views=VIEWS)
    here = make(KeptLists(cache, one.id), on=one)
    there = make(KeptLists(cache, other.id), on=other, ids=1000)
    for step in range(20):
        author, handle = [(ADA, "ada"), (CY, "cy")][step % 2]
        await here.start(author, "bob", f"{step}")
        assert (await listed(there, BOB))[0][:2] == (handle.capitalize(), f"{step}")
        assert (await listed(here, BOB))[0][:2] == (handle.capitalize(), f"{step}")
    await one.close()
    await other.close()
