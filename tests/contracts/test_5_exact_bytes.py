"""Promise 5: what goes in comes out, byte for byte."""

import asyncio

import msgspec
import pytest

from gatherlog.core import Append, Commit, Committed, Event, Recorded, Store
from gatherlog.core.eventstore.clock import LAST_TIME
from gatherlog.core.eventstore.planner import partition_of
from tests.contracts.commits import (
    append,
    card,
    cards,
    document,
    documents_of,
    event,
    feeds,
    put,
    streams_of,
    whole_feed,
    writing,
)
from tests.contracts.engines import Place

BYTES = {
    "nothing": b"",
    "a NUL": b"\x00",
    "NULs within": b"a\x00b\x00",
    "an escaped NUL": rb'{"text":"a\u0000b"}',
    "an integer beyond doubles": b'{"n":9007199254740993}',
    "an integer beyond 64 bits": b'{"n":18446744073709551617}',
    "a float with an exponent": b'{"n":1e2}',
    "a float": b'{"n":12.34}',
    "a float with zeros": b'{"n":1.00}',
    "minus zero": b'{"n":-0.0}',
    "null": b'{"text":null}',
    "an empty text": b'{"text":""}',
    "keys out of order": b'{"b":1,"a":2}',
    "a key twice": b'{"a":1,"a":2}',
    "spaces": b'{ "a" : 1 }\n',
    "accents": '{"name":"Zoë Ångström 李雷 👩‍👩‍👧"}'.encode(),
    "combining accents": "e\u0301 is not \u00e9".encode(),
    "text that is not JSON": b"hello",
    "bytes that are no UTF-8": b"\xff\xfe\x80\xc3\x28",
    "every byte": bytes(range(256)),
    "what looks like hexadecimal": b"\\x6162",
    "a number as text": b"0012",
}


@pytest.mark.parametrize("value", BYTES.values(), ids=BYTES.keys())
async def test_data_meta_body_and_answer_come_back_byte_for_byte(
    store: Store, value: bytes
) -> None:
    asked = Commit(
        appends=[append("card-1", event(value, meta=value))],
        writes=[put("a", value)],
        key="k",
        fingerprint=value,
        answer=value,
    )
    await store.commit(asked)

    [found] = await store.read_stream("card-1")
    [fed] = (await feeds(store))[partition_of("card-1", store.limits.partitions)]
    assert (found.data, found.meta) == (value, value)
    assert fed == found
    assert await card(store, "a") == document("a", value, version=1)
    assert await store.commit(asked) == Committed(repeated=True, answer=value)


async def test_the_largest_event_and_body_come_back_byte_for_byte(store: Store) -> None:
    block = bytes(range(256))
    data = (block * (store.limits.event_bytes // 256 + 1))[: store.limits.event_bytes]
    body = (block * (store.limits.body_bytes // 256 + 1))[: store.limits.body_bytes]

    await store.commit(Commit(appends=[append("card-1", event(data))], writes=[put("a", body)]))

    [found] = await store.read_stream("card-1")
    assert found.data == data
    assert await card(store, "a") == document("a", body, version=1)


async def test_an_empty_body_a_body_of_null_and_a_missing_document_are_different(
    store: Store,
) -> None:
    await asyncio.gather(
        store.commit(writing(put("empty", b""))),
        store.commit(writing(put("null", b"null"))),
    )

    bodies = [found and found.body for found in await cards(store, ["empty", "null", "none"])]
    assert bodies == [b"", b"null", None]


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "Zoë 李雷 👩‍👩‍👧",
        "e\u0301",
        "'; DROP TABLE event; --",
        "a\nb\tc",
        "%_*?[x]",
        "NULL",
        "0",
    ],
)
async def test_names_come_back_as_they_were_given(store: Store, text: str) -> None:
    sent = Event("e-1", text, 0, 0, b"", 1, text)
    stream = f"card-{text}"
    await store.commit(
        Commit(appends=[Append(stream, [sent])], writes=[put(text, b"x", stream=stream)])
    )

    [found] = await store.read_stream(stream)
    assert (found.stream, found.type, found.subject) == (stream, text, text)
    assert await card(store, text) == document(text, b"x", version=1, stream=stream)
    [head] = await streams_of(store, "card")
    assert head.stream == stream


@pytest.mark.parametrize("moment", [0, 1, 1_790_000_000_123_457, LAST_TIME - 1])
async def test_times_and_schema_versions_are_those_of_the_caller(store: Store, moment: int) -> None:
    sent = Event("e-1", "tests.happened", moment, moment + 1, b"data", 7, "guest-1", b"meta")

    await store.commit(Commit(appends=[Append("card-1", [sent])]))

    partition = partition_of("card-1", store.limits.partitions)
    assert await store.read_stream("card-1") == [
        Recorded(
            partition,
            1,
            "card-1",
            1,
            "e-1",
            "tests.happened",
            moment,
            moment + 1,
            b"data",
            7,
            "guest-1",
            b"meta",
        )
    ]


async def test_events_are_the_same_after_the_store_is_opened_again(durable: Place) -> None:
    first = await durable.open()
    for number, value in enumerate(BYTES.values()):
        await first.commit(
            Commit(
                appends=[append("card-1", event(value, meta=value))],
                writes=[put(f"a{number:02}", value)],
            )
        )
    await first.close()

    again = await durable.open()

    feed = await whole_feed(again)
    assert [(e.data, e.meta) for e in feed] == [(value, value) for value in BYTES.values()]
    assert [d.body for d in await documents_of(again, "card")] == list(BYTES.values())


async def test_counters_keep_their_names_and_exact_values(store: Store) -> None:
    adds = {"plain": 2**53 + 1, "Zoë 👩‍👩‍👧": -1, "a.b": 4, "\x01": 5}
    asked = put("a", b"x")
    await store.commit(writing(msgspec.structs.replace(asked, adds=adds)))

    found = await card(store, "a")
    assert found is not None
    assert found.counters == adds
