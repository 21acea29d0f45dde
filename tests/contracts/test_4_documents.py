"""Promise 4: documents, their versions and owners, and counters within bounds."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import msgspec
import pytest

from gatherlog.core import KEEP, NEW, Commit, Committed, Store, Write
from gatherlog.core.eventstore.errors import (
    Conflict,
    CounterOutOfBounds,
    HasCounters,
    OwnedElsewhere,
)
from tests.contracts.child import work_together
from tests.contracts.commits import (
    CARDS,
    append,
    card,
    cards,
    commit,
    count,
    delete,
    demand,
    document,
    documents_of,
    excluding_documents,
    lists,
    put,
    shows,
    streams_of,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place


async def test_a_body_gets_the_version_that_its_stream_has_after_the_append(
    store: Store,
) -> None:
    await store.commit(commit("card-1", events=4))

    done = await store.commit(
        Commit(
            appends=[append("card-1"), append("card-2")],
            writes=[put("a", b"A"), put("b", b"B", stream="card-2")],
        )
    )

    assert done.documents == {("card", "a"): 5, ("card", "b"): 1}
    assert await cards(store, ["a", "b"]) == [
        document("a", b"A", version=5),
        document("b", b"B", version=1, stream="card-2"),
    ]


async def test_new_demands_that_there_is_no_body(store: Store) -> None:
    await store.commit(writing(put("a", b"1", expects=NEW)))

    with pytest.raises(Conflict) as refusal:
        await store.commit(writing(put("a", b"2", expects=NEW)))

    conflict = refusal.value
    assert (conflict.what, conflict.name, conflict.expected, conflict.actual) == (
        "document",
        "card/a",
        0,
        1,
    )


async def test_an_exact_version_of_a_document_accepts_no_other_version(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))
    await store.commit(commit("card-1", events=5))

    for wrong in (2, 6):
        with pytest.raises(Conflict):
            await store.commit(writing(put("a", b"2", expects=wrong)))
    await store.commit(writing(put("a", b"2", expects=1)))

    assert await card(store, "a") == document("a", b"2", version=7)


async def test_none_accepts_any_version_of_a_document(store: Store) -> None:
    for version in (1, 2):
        await store.commit(writing(put("a", b"%d" % version, expects=None)))
        assert await card(store, "a") == document("a", b"%d" % version, version=version)


async def test_a_write_that_only_demands_writes_nothing_and_needs_no_append(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))

    done = await store.commit(Commit(writes=[demand("a", 1), demand("missing", NEW)]))

    assert done == Committed()
    assert await cards(store, ["a", "missing"]) == [document("a", b"1", version=1), None]
    with pytest.raises(Conflict):
        await store.commit(Commit(writes=[demand("a", 2)]))
    with pytest.raises(Conflict):
        await store.commit(Commit(writes=[demand("missing", 1)]))


async def test_a_commit_is_refused_if_a_document_that_it_only_demands_has_changed(
    store: Store,
) -> None:
    await store.commit(writing(put("rule", b"1")))
    await store.commit(writing(put("rule", b"2")))

    with pytest.raises(Conflict):
        await store.commit(writing(demand("rule", 1), put("a", b"1")))

    assert await card(store, "a") is None


async def test_if_two_commits_each_demand_that_the_others_document_is_absent_one_is_refused(
    store: Store,
) -> None:
    for turn in range(30):
        rivals = [store.commit(excluding_documents(f"{turn}", number)) for number in (0, 1)]
        done = await asyncio.gather(*rivals, return_exceptions=True)

        assert Counter(map(type, done)) == {Committed: 1, Conflict: 1}


async def test_if_two_stores_each_demand_that_the_others_document_is_absent_one_is_refused(
    shared: Place,
) -> None:
    stores = [await shared.open(), await shared.open()]
    for turn in range(30):
        rivals = [one.commit(excluding_documents(f"{turn}", n)) for n, one in enumerate(stores)]
        done = await asyncio.gather(*rivals, return_exceptions=True)

        assert Counter(map(type, done)) == {Committed: 1, Conflict: 1}


async def test_if_two_processes_each_demand_that_the_others_document_is_absent_one_is_refused(
    shared: Place,
) -> None:
    await (await shared.open()).close()

    ours, theirs = await work_together(shared, 2, "exclude_documents", rounds=60)

    assert [mine + other for mine, other in zip(ours, theirs, strict=True)] == [1] * 60


async def test_keep_changes_neither_the_body_nor_its_version_nor_its_index_keys(
    store: Store,
) -> None:
    keys = {"by_name": ("all", "Ada")}
    await store.commit(writing(put("a", b"1", index_keys=keys)))

    await store.commit(writing(Write(view="card", id="a", stream="card-1", body=KEEP)))

    assert await card(store, "a") == document("a", b"1", version=1, index_keys=keys)


async def test_a_body_of_the_same_bytes_gets_a_new_version_and_new_index_keys(store: Store) -> None:
    body = b"the very same object"
    for table in ("1", "2"):
        await store.commit(writing(put("a", body, index_keys={"by_table": (table, "Ada")})))

    expected = document("a", body, version=2, index_keys={"by_table": ("2", "Ada")})
    assert (await card(store, "a"), await documents_of(store, "card")) == (expected, [expected])
    await shows(store, CARDS.query("by_table", "2"), expected)
    await lists(store, CARDS.query("by_table", "1"))


async def test_a_deleted_document_is_gone_and_can_be_made_again(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))
    with pytest.raises(Conflict):
        await store.commit(writing(delete("a", expects=7)))

    await store.commit(writing(delete("a", expects=1)))

    assert await card(store, "a") is None
    assert await documents_of(store, "card") == []
    await store.commit(writing(put("a", b"2", expects=NEW, stream="card-2")))
    assert await card(store, "a") == document("a", b"2", version=1, stream="card-2")


async def test_a_document_that_is_made_again_at_once_belongs_to_its_new_stream(
    store: Store,
) -> None:
    await store.commit(writing(put("a", b"1")))

    await asyncio.gather(
        store.commit(writing(delete("a"))),
        store.commit(writing(put("a", b"2", expects=NEW, stream="card-2"))),
    )

    expected = document("a", b"2", version=1, stream="card-2")
    assert (await card(store, "a"), await documents_of(store, "card")) == (expected, [expected])
    with pytest.raises(OwnedElsewhere):
        await store.commit(writing(put("a", b"3")))
    await store.commit(writing(put("a", b"3", stream="card-2")))


async def test_deleting_a_missing_document_does_nothing(store: Store) -> None:
    await store.commit(writing(delete("a")))

    assert await card(store, "a") is None


async def test_a_missing_counter_begins_at_zero(store: Store) -> None:
    await store.commit(writing(count("a", seats=5, waiting=-2)))
    await store.commit(writing(count("a", seats=-3, other=1)))

    assert await card(store, "a") == document(
        "a", None, version=0, counted=2, seats=2, waiting=-2, other=1
    )


async def test_adds_never_change_the_version_of_a_document(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))

    await store.commit(writing(count("a", seats=1)))

    assert await card(store, "a") == document("a", b"1", version=1, counted=2, seats=1)
    await store.commit(writing(put("a", b"2", expects=1)))
    assert await card(store, "a") == document("a", b"2", version=3, counted=2, seats=1)


async def test_counters_alone_are_a_document_without_a_body(store: Store) -> None:
    await store.commit(writing(count("a", seats=1)))

    assert await card(store, "a") == document("a", None, version=0, counted=1, seats=1)
    await store.commit(writing(put("a", b"1", expects=NEW)))
    assert await card(store, "a") == document("a", b"1", version=2, counted=1, seats=1)


async def test_a_body_and_adds_in_one_write_both_get_the_version_of_the_stream(
    store: Store,
) -> None:
    both = msgspec.structs.replace(put("a", b"1"), adds={"seats": 2}, at_most={"seats": 2})

    done = await store.commit(writing(both))

    assert done.documents == {("card", "a"): 1}
    assert await card(store, "a") == document("a", b"1", version=1, counted=1, seats=2)


@pytest.mark.parametrize(
    ("bounds", "adds", "value", "bound"),
    [
        ({"at_most": {"seats": 10}}, {"seats": 6}, 11, 10),
        ({"at_least": {"seats": 0}}, {"seats": -6}, -1, 0),
        ({"at_most": {"seats": 4}}, {"seats": 0}, 5, 4),
        ({"at_least": {"seats": 6}}, {}, 5, 6),
        ({"at_most": {"seats": 3}}, {"seats": -1}, 4, 3),
        ({"at_least": {"unheard": 1}}, {}, 0, 1),
    ],
)
async def test_an_error_about_a_bound_names_the_counter_its_value_and_the_bound(
    store: Store,
    bounds: Mapping[str, Mapping[str, int]],
    adds: Mapping[str, int],
    value: int,
    bound: int,
) -> None:
    await store.commit(writing(count("a", seats=5)))

    with pytest.raises(CounterOutOfBounds) as refusal:
        await store.commit(writing(msgspec.structs.replace(count("a", adds), **bounds)))

    refused = refusal.value
    [name] = [counter for limits in bounds.values() for counter in limits]
    assert (refused.document, refused.counter, refused.value, refused.bound) == (
        "card/a",
        name,
        value,
        bound,
    )
    assert await card(store, "a") == document("a", None, version=0, counted=1, seats=5)


async def test_a_counter_may_reach_its_bound_but_never_pass_it(store: Store) -> None:
    await store.commit(writing(count("a", n=10, at_most={"n": 10}, at_least={"n": 10})))
    await store.commit(writing(count("a", n=-10, at_most={"n": 0}, at_least={"n": 0})))

    assert await card(store, "a") == document("a", None, version=0, counted=2, n=0)


async def test_an_add_of_zero_with_a_bound_only_checks_the_counter(store: Store) -> None:
    await store.commit(writing(count("a", seats=5)))
    before = await card(store, "a")

    await store.commit(Commit(writes=[count("a", seats=0, at_most={"seats": 5})]))
    await store.commit(Commit(writes=[count("a", at_least={"seats": 5})]))
    with pytest.raises(CounterOutOfBounds):
        await store.commit(Commit(writes=[count("a", seats=0, at_most={"seats": 4})]))

    assert await card(store, "a") == before


async def test_a_check_of_a_missing_document_finds_zero_and_makes_no_document(store: Store) -> None:
    await store.commit(Commit(writes=[count("a", seats=0, at_most={"seats": 0})]))
    with pytest.raises(CounterOutOfBounds):
        await store.commit(Commit(writes=[count("a", at_least={"seats": 1})]))

    assert await card(store, "a") is None


async def test_one_broken_bound_refuses_all_adds_of_the_commit(store: Store) -> None:
    with pytest.raises(CounterOutOfBounds):
        await store.commit(writing(count("a", seats=1), count("b", seats=2, at_most={"seats": 1})))

    assert await cards(store, ["a", "b"]) == [None, None]


async def test_counters_hold_every_integer_of_63_bits(store: Store) -> None:
    most = 2**63 - 1
    await store.commit(writing(count("a", up=most, down=-most)))

    for counter, step in (("up", 1), ("down", -1)):
        with pytest.raises(CounterOutOfBounds) as refusal:
            await store.commit(writing(count("a", {counter: step})))
        assert (refusal.value.value, refusal.value.bound) == (step * (most + 1), step * most)
    assert await card(store, "a") == document("a", None, version=0, counted=1, up=most, down=-most)


async def test_a_document_with_counters_is_never_deleted(store: Store) -> None:
    await store.commit(writing(put("a", b"1"), count("b", seats=0, taken=1)))
    await store.commit(writing(count("a", seats=1)))
    await store.commit(writing(count("a", seats=-1)))

    for id in ("a", "b"):
        with pytest.raises(HasCounters):
            await store.commit(writing(delete(id)))
    assert await card(store, "a") == document("a", b"1", version=1, counted=3, seats=0)


async def test_deleting_and_adding_in_one_write_is_refused(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))

    with pytest.raises(HasCounters):
        await store.commit(writing(msgspec.structs.replace(delete("a"), adds={"seats": 1})))


@pytest.mark.parametrize(
    "write",
    [
        put("a", b"2", stream="card-2"),
        count("a", stream="card-2", seats=1),
        delete("a", stream="card-2"),
    ],
    ids=["body", "adds", "delete"],
)
async def test_a_document_is_changed_only_by_the_stream_that_owns_it(
    store: Store, write: Write
) -> None:
    await store.commit(writing(put("a", b"1")))

    with pytest.raises(OwnedElsewhere) as refusal:
        await store.commit(writing(write))

    assert (refusal.value.owner, refusal.value.stream) == ("card-1", "card-2")
    assert await card(store, "a") == document("a", b"1", version=1)


async def test_a_demand_may_name_a_document_of_any_stream(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))
    bounded = count("a", stream="card-2", at_most={"seats": 0}, expects=1)

    await store.commit(Commit(appends=[append("card-2")], writes=[bounded]))

    assert await card(store, "a") == document("a", b"1", version=1)


async def test_a_document_cannot_be_changed_without_an_event_of_its_stream(store: Store) -> None:
    for write in (put("a", b"1"), count("a", n=1), delete("a")):
        with pytest.raises(ValueError, match="without an event"):
            await store.commit(Commit(appends=[append("card-2")], writes=[write]))

    assert await streams_of(store, "card") == []


async def test_a_document_may_appear_only_once_in_a_commit(store: Store) -> None:
    with pytest.raises(ValueError, match="twice"):
        await store.commit(writing(put("a", b"1"), count("a", n=1)))


async def test_one_id_in_two_views_names_two_documents(store: Store) -> None:
    other = msgspec.structs.replace(put("a", b"other"), view="badge")

    await store.commit(writing(put("a", b"card"), other))

    assert await card(store, "a") == document("a", b"card", version=1)
    [badge] = await store.get([("badge", "a")])
    assert badge is not None
    assert (badge.view, badge.body) == ("badge", b"other")


async def test_of_32_racing_callers_one_takes_the_last_seat(store: Store) -> None:
    seat = count("hall", taken=1, at_most={"taken": 5})
    for _ in range(4):
        await store.commit(writing(seat))

    done = await asyncio.gather(
        *[store.commit(writing(seat)) for _ in range(32)], return_exceptions=True
    )

    assert Counter(map(type, done)) == {Committed: 1, CounterOutOfBounds: 31}
    hall = await card(store, "hall")
    assert hall is not None
    assert hall.counters == {"taken": 5}


async def test_32_racing_callers_of_four_processes_take_no_seat_twice(shared: Place) -> None:
    store = await shared.open()

    said = await work_together(shared, 4, "take_seats", tries=8, seats=7)

    assert Counter(got for results in said for got in results) == {True: 7, False: 25}
    assert await card(store, "hall") == document("hall", None, version=0, counted=7, taken=7)


async def test_racing_writers_of_one_document_never_overwrite_each_other(store: Store) -> None:
    await store.commit(writing(put("a", b"0")))

    async def increment() -> None:
        while True:
            seen = await card(store, "a")
            assert seen is not None
            assert seen.body is not None
            body = b"%d" % (int(seen.body) + 1)
            try:
                await store.commit(writing(put("a", body, expects=seen.version)))
            except Conflict:
                continue
            return

    await asyncio.gather(*[increment() for _ in range(16)])

    assert await card(store, "a") == document("a", b"16", version=17)


# Rebuilds: no append, the stamp is given, and the counters must not have moved.


async def test_a_rebuild_sets_the_version_of_a_body_itself(store: Store) -> None:
    await store.commit(commit("card-1", events=9))

    repair = msgspec.structs.replace(put("a", b"folded", expects=NEW), at=9)
    done = await store.commit(Commit(writes=[repair]))

    assert done == Committed(documents={("card", "a"): 9})
    assert await card(store, "a") == document("a", b"folded", version=9)
    assert len(await whole_stream(store, "card-1")) == 9


async def test_a_rebuild_adds_only_if_the_counters_have_not_changed(store: Store) -> None:
    await store.commit(writing(count("a", seats=3)))
    await store.commit(commit("card-1"))
    repair = msgspec.structs.replace(count("a", seats=2), counted=1, at=2)
    await store.commit(Commit(writes=[repair]))
    assert await card(store, "a") == document("a", None, version=0, counted=2, seats=5)

    with pytest.raises(Conflict) as refusal:
        await store.commit(Commit(writes=[repair]))

    conflict = refusal.value
    assert (conflict.what, conflict.name, conflict.expected, conflict.actual) == (
        "counters",
        "card/a",
        1,
        2,
    )


async def test_a_rebuild_can_delete_a_document_without_an_event(store: Store) -> None:
    await store.commit(writing(put("a", b"1")))

    await store.commit(Commit(writes=[msgspec.structs.replace(delete("a", expects=1), at=1)]))

    assert await card(store, "a") is None


async def test_for_a_rebuild_the_counters_of_a_missing_document_last_changed_at_version_zero(
    store: Store,
) -> None:
    await store.commit(commit("card-1", events=2))
    repair = msgspec.structs.replace(count("a", seats=2), counted=0, at=2)

    await store.commit(Commit(writes=[repair]))

    assert await card(store, "a") == document("a", None, version=0, counted=2, seats=2)


async def test_commits_made_at_the_same_time_take_effect_one_after_the_other(store: Store) -> None:
    steps = [
        writing(put("a", b"1", expects=NEW)),
        writing(put("a", b"2", expects=1)),
        writing(count("a", n=4)),
        writing(count("a", n=-1, at_least={"n": 3}, expects=2)),
        writing(put("a", b"3", expects=2)),
    ]

    await asyncio.gather(*[store.commit(step) for step in steps])

    assert await card(store, "a") == document("a", b"3", version=5, counted=4, n=3)
