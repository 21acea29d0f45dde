"""Reading records back, by entity, type, emitter and time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from gatherlog.apps.intake import IntakeService, entries_subscription
from gatherlog.apps.intake.reading import RecordQuery, records
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.subscriptions import Worker
from gatherlog.testing import CountingIds
from tests.apps.intake.made_up import NOON, record, take
from tests.stores import eventually


@contextlib.asynccontextmanager
async def working(store: Store) -> AsyncIterator[None]:
    worker = Worker(store, [entries_subscription()], clock=system_clock, ids=CountingIds())
    running = asyncio.create_task(worker.run())
    yield
    worker.stop()
    await running


async def found(store: Store, limit: int = 1000, **asked: object) -> list[str]:
    """The EventIDs of all pages."""
    ids: list[str] = []
    cursor = None
    while True:
        query = RecordQuery(log="meters", **asked)  # type: ignore[arg-type]
        page = await records(store, query, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        ids += [str(one.fields()["EventID"]) for one in page.items]
        if (cursor := page.cursor) is None:
            return ids


ROWS = [
    # EventID, ID, EventType, EmitterId, seconds after noon
    ("a", "m1", "METER_READ", "g1", 5),
    ("b", "m1", "METER_LEFT", "g2", 1),
    ("c", "m2", "METER_READ", "g1", 3),
    ("d", "m1", "METER_READ", "g2", 5),
    ("e", "m1", "METER_READ", "g1", 0),
    ("f", "m2", "METER_LEFT", "g1", 9),
]


@pytest.fixture
async def filled(intake: IntakeService, store: Store) -> None:
    names = ("EventID", "ID", "EventType", "EmitterId")
    texts = [
        record(**dict(zip(names, row[:4], strict=True)), Timestamp=NOON + row[4]) for row in ROWS
    ]
    await take(intake, *texts)
    await take(intake, record(EventID="x"), log="doors")


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_the_records_of_an_entity_are_there_at_once_by_time_and_then_by_place(
    filled: None, store: Store, limit: int
) -> None:
    noon = NOON * 1_000_000

    assert await found(store, limit, entity="m1") == ["e", "b", "a", "d"]
    assert await found(store, limit, entity="m1", type="METER_READ") == ["e", "a", "d"]
    assert await found(store, limit, entity="m1", emitter="g2") == ["b", "d"]
    between = {"since": noon + 1_000_000, "until": noon + 5_000_000}
    assert await found(store, limit, entity="m1", **between) == ["b"]
    assert await found(store, limit, entity="nobody") == []


@pytest.mark.parametrize("limit", [1, 1000])
async def test_all_others_are_found_by_type_emitter_and_time(
    filled: None, store: Store, limit: int
) -> None:
    noon = NOON * 1_000_000
    async with working(store):
        await eventually(lambda: found(store, limit), [*"ebcadf"])

        assert await found(store, limit, type="METER_READ") == [*"ecad"]
        assert await found(store, limit, emitter="g1") == [*"ecaf"]
        assert await found(store, limit, emitter="g1", type="METER_LEFT") == ["f"]
        between = {"since": noon + 1_000_000, "until": noon + 5_000_000}
        assert await found(store, limit, **between) == [*"bc"]
        assert await found(store, limit, **between, type="METER_READ") == ["c"]
        assert await found(store, limit, type="NOTHING") == []


async def test_pages_end_where_they_have_enough_bytes(intake: IntakeService, store: Store) -> None:
    half = {"text": "x" * (store.limits.event_bytes // 2)}
    count = 3 * store.limits.page_bytes // store.limits.event_bytes
    await take(intake, *[record(EventID=f"{n}", ID="m1", Data=half) for n in range(count)])
    async with working(store):
        everything = [f"{n}" for n in range(count)]
        await eventually(lambda: found(store), everything)

        pages = [
            await records(store, RecordQuery(log="meters", entity=entity), limit=1000)
            for entity in ("m1", None)
        ]
        assert [len(page.items) < count for page in pages] == [True, True]
        assert await found(store, entity="m1") == everything


async def test_a_cursor_belongs_to_its_query(filled: None, store: Store) -> None:
    page = await records(store, RecordQuery(log="meters", entity="m1"), limit=1)

    with pytest.raises(CursorInvalid):
        await records(store, RecordQuery(log="meters", entity="m2"), limit=1, cursor=page.cursor)


async def test_a_record_is_given_back_as_it_was_sent(intake: IntakeService, store: Store) -> None:
    sent = record(
        Timestamp=msgspec.Raw(b"1790000000.25"),
        Data=msgspec.Raw(b'{"n": 0.1000000000000000000001}'),
        Room=msgspec.Raw(b"0.2000000000000000000001"),
        EventID="a 1",
    )
    await take(intake, sent)

    [one] = (await records(store, RecordQuery(log="meters", entity="m1"), limit=9)).items
    back = encode(one.fields())
    for part in (b"1790000000.25", b'{"n": 0.1000000000000000000001}', b"0.2000000000000000000001"):
        assert part in back
    fields = one.fields()
    assert (fields["EventID"], fields["Position"] > 0) == ("a 1", True)
    assert fields["RecordedAt"] == "2026-05-01T12:00:00.000000Z"
    again = await take(intake, back)
    assert [result.status for result in again] == ["repeated"]
