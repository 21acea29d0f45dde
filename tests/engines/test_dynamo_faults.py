"""What goes wrong between a process and DynamoDB, and what its callers hear of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import Busy, StoreFailed
from gatherlog.engines import open_store
from tests.contracts.commits import CARDS, commit, whole_stream
from tests.contracts.engines import Place
from tests.dynamo import url_of
from tests.dynamo_faults import Faults, FaultyDynamo


@pytest.fixture
def service(dynamo: Place) -> Iterator[FaultyDynamo]:
    service = FaultyDynamo(Faults())
    yield service
    service.close()


@pytest.fixture
async def store(service: FaultyDynamo, dynamo: Place) -> AsyncIterator[Store]:
    table = dynamo.url.partition("?")[0].removeprefix("dynamodb://")
    store = await open_store(url_of(table, endpoint=service.endpoint), views=[CARDS])
    await store.commit(commit("card-1"))
    yield store
    await store.close()


@pytest.mark.parametrize("error", ["ThrottlingException", "ProvisionedThroughputExceededException"])
async def test_throttling_that_goes_on_is_busy_and_nothing_is_written(
    service: FaultyDynamo, store: Store, error: str
) -> None:
    service.be(Faults(refuses=error))
    reads = asyncio.gather(store.get([("card", "a")]), return_exceptions=True)
    with pytest.raises(Busy):
        await store.commit(commit("card-1"))
    [read] = await reads
    service.be(Faults())

    assert isinstance(read, Busy)
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}


async def test_throttling_for_a_moment_is_waited_for(service: FaultyDynamo, store: Store) -> None:
    service.be(Faults(refuses="ThrottlingException", refusals=20))

    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}


async def test_a_lost_answer_is_found_out_by_the_same_request(
    service: FaultyDynamo, store: Store
) -> None:
    service.be(Faults(seed=3, loses=0.5))
    for number in range(2, 22):
        assert (await store.commit(commit("card-1"))).streams == {"card-1": number}
    service.be(Faults())

    assert service.done()["lost"] > 5
    assert [event.version for event in await whole_stream(store, "card-1")] == [*range(1, 22)]


async def test_a_region_that_does_not_answer_in_time_leaves_a_commit_unknown(
    service: FaultyDynamo, store: Store
) -> None:
    service.be(Faults(waits=20))
    work = store.commit(commit("card-1", key="k")), store.get([("card", "a")])
    failures = await asyncio.gather(*work, return_exceptions=True)
    service.be(Faults())
    assert [type(one) for one in failures] == [StoreFailed, Busy]

    recalled = await store.recall("k")
    done = await store.commit(commit("card-1", key="k"))
    assert done.repeated == (recalled is not None)


async def test_a_slow_partition_does_not_hold_up_reads_of_others(
    service: FaultyDynamo, store: Store
) -> None:
    service.be(Faults(slow_partition=4))  # that of card-1
    loop = asyncio.get_running_loop()
    slow = asyncio.ensure_future(store.commit(commit("card-1")))
    start = loop.time()
    while not slow.done() and loop.time() - start < 0.3:
        await store.get([("card", "a")])
        assert not slow.done()

    assert (await slow).streams == {"card-1": 2}


async def test_a_clock_that_is_an_hour_slow_is_corrected_by_that_of_the_service(
    service: FaultyDynamo, store: Store
) -> None:
    service.be(Faults(clock=3600))

    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}
    assert await store.get([("card", "a")]) == [None]
    assert service.done()["skewed"] == 1


async def test_expired_credentials_are_renewed_where_others_are_to_be_had(
    service: FaultyDynamo, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.be(Faults(refused_key="test"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "newer")

    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}


async def test_expired_credentials_without_others_are_busy_and_nothing_is_written(
    service: FaultyDynamo, store: Store
) -> None:
    service.be(Faults(refused_key="test"))
    with pytest.raises(Busy, match="credentials"):
        await store.commit(commit("card-1"))
    with pytest.raises(Busy, match="credentials"):
        await store.get([("card", "a")])
    service.be(Faults())

    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}


async def test_a_right_that_is_missing_is_told(service: FaultyDynamo, store: Store) -> None:
    service.be(Faults(refuses="AccessDeniedException"))

    with pytest.raises(StoreFailed, match="does not let these credentials"):
        await store.commit(commit("card-1"))
    with pytest.raises(StoreFailed, match="does not let these credentials"):
        await store.get([("card", "a")])
