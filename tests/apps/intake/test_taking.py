"""Taking records: each once, in the order of each entity, and a bad one keeps no other out."""

import asyncio

import msgspec
import pytest

from gatherlog.apps.intake import CATEGORIES, IntakeService, record_logs
from gatherlog.apps.intake.views import IDENTITIES, entry_id
from gatherlog.core import Append, Commit, Event, Store
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.projections.rebuild import rebuild, verify
from gatherlog.testing import StandingClock
from tests.apps.intake.conftest import service_on
from tests.apps.intake.made_up import NOON, codes, record, short, take
from tests.stores import events_of, scanned


async def test_a_record_is_an_event_of_its_entity(intake: IntakeService, store: Store) -> None:
    [result] = await take(intake, record(EventID="a-1", Room="cellar"))

    [event] = await events_of(store, "meters-m1")
    assert (result.status, result.event_id, result.version) == ("accepted", "a-1", 1)
    assert (event.id, event.type, event.time) == ("a-1", "METER_READ", NOON * 1_000_000)
    assert event.data == b'{"litres":12}'
    assert msgspec.json.decode(event.meta)["given"] == {
        "EmitterId": "gateway-7",
        "EmitterType": "SYSTEM",
        "Room": "cellar",
    }


async def test_two_events_of_one_second_are_kept_and_a_repeated_one_is_not(
    intake: IntakeService, store: Store
) -> None:
    first = await take(intake, record(), record(Data={"litres": 13}), record())
    again = await take(intake, record(Data={"litres": 13}), record())

    assert short(first) == [
        ("accepted", "meters-m1", 1),
        ("accepted", "meters-m1", 2),
        ("repeated", "meters-m1", 1),
    ]
    assert short(again) == [("repeated", "meters-m1", 2), ("repeated", "meters-m1", 1)]
    assert len(await events_of(store, "meters-m1")) == 2


async def test_an_event_id_with_another_content_is_rejected(intake: IntakeService) -> None:
    await take(intake, record(EventID="a-1"))
    results = await take(
        intake,
        record(EventID="a-1", ID="m2"),
        record(EventID="a-1"),
        record(EventID="a-2"),
        record(EventID="a-2", Data=None),
    )

    assert [one.status for one in results] == ["rejected", "repeated", "accepted", "rejected"]
    assert codes(results[0]) == codes(results[3]) == [("event_id_taken", "/EventID")]


async def test_each_log_has_identities_of_its_own(intake: IntakeService) -> None:
    await take(intake, record(EventID="a-1"))

    assert short(await take(intake, record(EventID="a-1", ID="m2"), log="doors")) == [
        ("accepted", "doors-m2", 1)
    ]


async def test_order_is_that_of_arrival_whatever_the_producers_clock_says(
    intake: IntakeService, store: Store
) -> None:
    await take(intake, *[record(Timestamp=time) for time in (3_200_000_000, 5, NOON)])

    times = [event.time // 1_000_000 for event in await events_of(store, "meters-m1")]
    assert times == [3_200_000_000, 5, NOON]


async def test_bad_records_keep_no_other_out(intake: IntakeService, store: Store) -> None:
    texts = [b"{" if n % 10 == 3 else record(ID=f"m{n % 7}", EventID=f"{n}") for n in range(300)]

    results = await take(intake, *texts)

    rejected = [n for n, one in enumerate(results) if one.status == "rejected"]
    assert rejected == [n for n in range(300) if n % 10 == 3]
    assert intake.counts == {("meters", "accepted"): 270, ("meters", "rejected"): 30}
    for n in range(7):
        mine = [one for one in results if one.stream == f"meters-m{n}"]
        assert [one.version for one in mine] == [*range(1, len(mine) + 1)]
        events = await events_of(store, f"meters-m{n}")
        assert [event.id for event in events] == [one.event_id for one in mine]


async def test_an_event_beyond_the_engines_limit_is_rejected_alone(
    intake: IntakeService, store: Store
) -> None:
    large = record(Data={"text": "x" * store.limits.event_bytes})

    results = await take(intake, record(ID="m1"), large, record(ID="m2"))

    assert [one.status for one in results] == ["accepted", "rejected", "accepted"]
    assert codes(results[1]) == [("too_large", "")]


async def test_commits_stay_within_the_engines_bytes(intake: IntakeService, store: Store) -> None:
    half = {"text": "x" * (store.limits.event_bytes // 2)}

    results = await take(intake, *[record(ID=f"m{n}", Data=half) for n in range(40)])

    assert {one.status for one in results} == {"accepted"}


@pytest.mark.parametrize("log", ["gathering", "intake_log", "queue", "subscription"])
async def test_the_logs_of_apps_take_no_records(intake: IntakeService, log: str) -> None:
    with pytest.raises(Invalid) as refused:
        await take(intake, record(), log=log)

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/log"]


@pytest.mark.parametrize("log", ["", "Meters", "9", "a-b", "a" * 64, "a\n"])
async def test_a_log_has_a_name(intake: IntakeService, log: str) -> None:
    with pytest.raises(Invalid):
        await take(intake, record(), log=log)


async def test_of_many_at_once_each_record_is_taken_once(
    store: Store, clock: StandingClock
) -> None:
    """By several processes, each of which is new to the log."""
    texts = [record(EventID=f"{n}", ID=f"m{n % 3}") for n in range(20)]

    taken = await asyncio.gather(
        *(take(service_on(store, clock), *texts[n:], *texts[:n]) for n in range(5))
    )

    accepted = [one.event_id for results in taken for one in results if one.status == "accepted"]
    assert sorted(accepted, key=int) == [f"{n}" for n in range(20)]
    places = {(one.event_id, one.stream, one.version) for results in taken for one in results}
    assert len(places) == 20


async def test_identities_follow_from_the_log(intake: IntakeService, store: Store) -> None:
    """Not those of events that were appended in another way."""
    await take(intake, record(), record(EventID="a 1"), log="doors")
    await take(intake, *[record(EventID=f"{n}") for n in range(5)])
    other = Event("x", "METER_READ", 1, 1, b'{"a":1}', meta=b'{"given":{"intake":"1"}}')
    await store.commit(Commit(appends=[Append("meters-m1", [other])]))
    categories = [*CATEGORIES, *await record_logs(store)]
    before = await scanned(store, IDENTITIES.name)

    assert [one async for one in verify(store, categories)] == []
    await _damage(store, entry_id("meters", "3"))
    assert len([one async for one in rebuild(store, categories)]) == 1
    after = await scanned(store, IDENTITIES.name)
    assert [(one.id, one.body) for one in after] == [(one.id, one.body) for one in before]


async def _damage(store: Store, id: str) -> None:
    [document] = await store.get([IDENTITIES.ref(id)])
    assert document is not None
    write = IDENTITIES.write(id, document.stream, IDENTITIES.body("other"), at=document.version)
    await store.commit(Commit(writes=[write]))


async def test_a_record_whose_event_has_expired_is_not_taken_again(
    intake: IntakeService, store: Store
) -> None:
    """Its identity is left, and without its content whatever has that identity is the same."""
    await take(intake, record(EventID="a-1"))
    write = IDENTITIES.write(entry_id("meters", "a-1"), "meters-m1", IDENTITIES.body(""), at=1)
    await store.commit(Commit(writes=[write]))

    assert short(await take(intake, record(EventID="a-1", Data=None))) == [
        ("repeated", "meters-m1", 1)
    ]
