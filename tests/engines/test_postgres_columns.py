"""A plan comes to PostgreSQL as columns; those with the same value in each row are short."""

from operator import attrgetter

import pytest

from gatherlog.core import Append, Commit, Event
from gatherlog.core.eventstore.store import Write
from tests.contracts.commits import NOON, card, document, put, whole_stream
from tests.contracts.engines import Place

FIELDS = attrgetter("id", "type", "time", "recorded", "data", "schema", "subject", "meta")
USUAL = Event("a", "t", NOON, NOON, b"{}")
UNUSUAL = Event("b", "u", NOON + 1, NOON + 2, b"{1}", 2, "s", b"m")
GROUPS = [
    [USUAL],
    [UNUSUAL],
    [USUAL] * 3,
    [UNUSUAL] * 3,
    [UNUSUAL, USUAL, UNUSUAL],
    [USUAL, UNUSUAL],
]


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize("group", GROUPS, ids=range(len(GROUPS)))
async def test_events_are_kept_as_they_are_given_whichever_values_they_share(
    postgres: Place, group: list[Event], streams: int
) -> None:
    store = await postgres.open()
    names = [f"card-{number}" for number in range(streams)]
    for _ in range(2):  # new streams, and then others
        await store.commit(Commit(appends=[Append(name, group) for name in names]))

    for name in names:
        assert [*map(FIELDS, await whole_stream(store, name))] == [*map(FIELDS, group * 2)]


@pytest.mark.parametrize("owners", [("card-1", "card-1"), ("card-1", "card-2")], ids=["one", "two"])
async def test_documents_are_written_whether_they_share_their_owner_and_keys_or_not(
    postgres: Place, owners: tuple[str, str]
) -> None:
    store = await postgres.open()

    def writes(body: bytes, **keys: str) -> list[Write]:
        listed = {"by_name": ("all", keys["name"])} if keys else {}
        first, second = owners
        return [put("a", body, stream=first, index_keys=listed), put("b", body, stream=second)]

    appends = [Append(owner, [USUAL]) for owner in sorted({*owners})]
    for body, keys in ((b"1", {}), (b"2", {"name": "x"}), (b"3", {"name": "x"}), (b"4", {})):
        await store.commit(Commit(appends=appends, writes=writes(body, **keys)))

    for id, owner in zip("ab", owners, strict=True):
        assert await card(store, id) == document(id, b"4", version=4, stream=owner)
