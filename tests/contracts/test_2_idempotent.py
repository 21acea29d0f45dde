"""Promise 2: a commit with a key happens once, however often it is asked for."""

import asyncio
from collections import Counter

import msgspec
import pytest

from gatherlog.core import NEW, Commit, Committed, Recalled, Store, Write
from gatherlog.core.eventstore.errors import Conflict, CounterOutOfBounds, KeyReused
from tests.contracts.child import children, work_together
from tests.contracts.commits import (
    NOON,
    append,
    card,
    cards,
    commit,
    count,
    put,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place

DAY = 24 * 3600 * 1_000_000


def keyed(
    key: str, *, fingerprint: bytes = b"same", answer: bytes = b"first", expected: int = -1
) -> Commit:
    """A commit of one event under a key."""
    appends = [append("card-1", expected=expected)]
    return Commit(appends=appends, key=key, fingerprint=fingerprint, answer=answer)


async def test_a_repeated_key_returns_the_stored_answer_and_writes_nothing(store: Store) -> None:
    first = await store.commit(keyed("k", answer=b"\x00\xff first"))

    again = await store.commit(keyed("k", answer=b"second"))

    assert (first.repeated, first.answer) == (False, b"\x00\xff first")
    assert again == Committed(repeated=True, answer=b"\x00\xff first")
    assert len(await whole_stream(store, "card-1")) == 1


async def test_a_key_used_for_another_command_is_refused(store: Store) -> None:
    await store.commit(keyed("k", fingerprint=b"one"))

    with pytest.raises(KeyReused):
        await store.commit(keyed("k", fingerprint=b"two"))

    assert len(await whole_stream(store, "card-1")) == 1


async def test_the_version_of_a_document_is_stored_with_the_answer(store: Store) -> None:
    await store.commit(writing(put("a", b"{}"), put("b", b"{}")))
    write = put("a", b"{}")
    demand = Write(view="card", id="b", stream="card-1")
    commits = [
        msgspec.structs.replace(writing(write), key="w", answer=b"a", versioned=("card", "a")),
        Commit(writes=[demand], key="d", answer=b"b", versioned=("card", "b")),
    ]

    first = [(await store.commit(commit)).answer for commit in commits]
    await store.commit(writing(put("a", b"{}"), put("b", b"{}")))
    again = [await store.commit(commit) for commit in commits]

    assert first == [b"a" + (2).to_bytes(8), b"b" + (1).to_bytes(8)]
    assert [(committed.repeated, committed.answer) for committed in again] == [
        (True, answer) for answer in first
    ]
    with pytest.raises(ValueError, match="not a document of this commit"):
        await store.commit(msgspec.structs.replace(commits[0], key="x", versioned=("card", "b")))


async def test_a_repeated_key_is_checked_before_every_other_condition(store: Store) -> None:
    once = Commit(
        appends=[append("card-1", expected=NEW)],
        writes=[
            put("a", b"1", expects=NEW),
            count("hall", taken=1, at_most={"taken": 1}),
        ],
        key="k",
        answer=b"first",
    )
    await store.commit(once)

    assert await store.commit(once) == Committed(repeated=True, answer=b"first")


async def test_a_key_that_was_used_for_another_command_is_checked_before_conflicts(
    store: Store,
) -> None:
    await store.commit(keyed("k", fingerprint=b"one", expected=NEW))

    with pytest.raises(KeyReused):
        await store.commit(keyed("k", fingerprint=b"two", expected=NEW))


async def test_a_refused_commit_leaves_its_key_free(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(Conflict):
            await store.commit(keyed("k", expected=5))
    with pytest.raises(CounterOutOfBounds):
        await store.commit(writing(count("hall", n=1, at_most={"n": 0}), key="k"))

    assert await store.recall("k") is None
    assert (await store.commit(keyed("k", expected=NEW))).streams == {"card-1": 1}


async def test_recall_returns_the_fingerprint_and_the_answer_of_a_key(store: Store) -> None:
    await store.commit(keyed("k", fingerprint=b"\x00f", answer=b"\xffa"))

    recalled = await store.recall("k")

    assert recalled is not None
    assert recalled == Recalled(b"\x00f", b"\xffa", recalled.at)
    assert await store.recall("unknown") is None


async def test_an_empty_answer_is_stored_like_any_other(store: Store) -> None:
    await store.commit(keyed("k", fingerprint=b"", answer=b""))

    assert await store.commit(keyed("k", fingerprint=b"")) == Committed(repeated=True, answer=b"")


@pytest.mark.parametrize("key", ["ä/雪/🎉", " ", "a\nb", "x" * 400, "🎉" * 100])
async def test_a_key_is_any_string_up_to_400_bytes(store: Store, key: str) -> None:
    await store.commit(keyed(key))

    assert (await store.commit(keyed(key))).repeated
    assert not (await store.commit(keyed(key[:-1] + "?"))).repeated


async def test_two_keys_are_the_same_only_if_every_character_is_the_same(store: Store) -> None:
    keys = ["k", "K", "k ", " k", "ká", "ka\u0301", "k\u200b"]

    assert [(await store.commit(keyed(key))).repeated for key in keys] == [False] * len(keys)


async def test_a_commit_with_nothing_but_a_key_stores_its_answer(store: Store) -> None:
    asked = Commit(key="k", fingerprint=b"f", answer=b"nothing to do")

    assert await store.commit(asked) == Committed(answer=b"nothing to do")
    assert await store.commit(asked) == Committed(repeated=True, answer=b"nothing to do")
    assert await store.heads() == (0,) * store.limits.partitions


async def test_of_many_commits_with_one_key_at_the_same_time_one_happens(store: Store) -> None:
    done = await asyncio.gather(*[store.commit(keyed("k")) for _ in range(32)])

    assert Counter(d.repeated for d in done) == {False: 1, True: 31}
    assert {d.answer for d in done} == {b"first"}
    assert len(await whole_stream(store, "card-1")) == 1


async def test_of_several_commands_with_one_key_at_the_same_time_one_happens(store: Store) -> None:
    rivals = [store.commit(keyed("k", fingerprint=bytes([i]))) for i in range(8)]

    done = await asyncio.gather(*rivals, return_exceptions=True)

    assert Counter(map(type, done)) == {Committed: 1, KeyReused: 7}


async def test_without_a_key_the_same_commit_happens_each_time(store: Store) -> None:
    asked = commit("card-1")

    assert [(await store.commit(asked)).streams for _ in range(2)] == [
        {"card-1": 1},
        {"card-1": 2},
    ]


async def test_a_key_is_remembered_when_the_store_is_closed_and_opened_again(
    durable: Place,
) -> None:
    first = await durable.open()
    await first.commit(keyed("k"))
    await first.close()

    again = await durable.open()

    assert await again.commit(keyed("k")) == Committed(repeated=True, answer=b"first")


async def test_a_key_returns_the_answer_when_the_acknowledgement_was_lost(durable: Place) -> None:
    async with children(durable, 1, "die_after_commit", key="k") as [child]:
        child.go()
        assert await child.rest() == []
        assert child.process.returncode == -9

    store = await durable.open()

    recalled = await store.recall("k")
    assert recalled is not None
    assert recalled.answer == b"lost"
    retried = msgspec.structs.replace(commit("card-1", key="k"), answer=b"new")
    assert await store.commit(retried) == Committed(repeated=True, answer=b"lost")
    assert len(await whole_stream(store, "card-1")) == 1


async def test_of_commits_of_many_processes_with_one_key_one_happens(shared: Place) -> None:
    store = await shared.open()

    said = await work_together(shared, 4, "use_key", key="k")

    assert Counter(repeated for [(repeated, _)] in said) == {False: 1, True: 3}
    [winner] = {answer for [(_, answer)] in said}
    assert (await store.commit(commit("card-1", key="k"))).answer == winner.encode()
    assert len(await whole_stream(store, "card-1")) == 1


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


async def test_a_key_is_remembered_for_24_hours(place: Place) -> None:
    clock = Hands()
    store = await place.open(clock=clock)
    await store.commit(keyed("k"))

    clock.now += DAY - 1

    assert await store.recall("k") == Recalled(b"same", b"first", NOON)
    assert await store.commit(keyed("k")) == Committed(repeated=True, answer=b"first")


async def test_after_24_hours_a_key_is_free_again(place: Place) -> None:
    clock = Hands()
    store = await place.open(clock=clock)
    await store.commit(keyed("k"))

    clock.now += DAY

    assert await store.recall("k") is None
    done = await store.commit(keyed("k", fingerprint=b"other", answer=b"second"))
    assert (done.repeated, done.streams) == (False, {"card-1": 2})
    assert await store.recall("k") == Recalled(b"other", b"second", clock.now)


async def test_repeating_a_commit_does_not_extend_the_lifetime_of_its_key(place: Place) -> None:
    clock = Hands()
    store = await place.open(clock=clock)
    await store.commit(keyed("k"))
    clock.now += DAY - 1
    await store.commit(keyed("k"))

    clock.now += 1

    assert not (await store.commit(keyed("k"))).repeated


async def test_a_repeated_key_does_not_write_documents_again(store: Store) -> None:
    asked = writing(put("a", b"1"), count("b", n=1), key="k")
    await store.commit(asked)
    before = await cards(store, ["a", "b"])

    await store.commit(asked)

    assert await cards(store, ["a", "b"]) == before
    found = await card(store, "b")
    assert found is not None
    assert found.counters == {"n": 1}
