"""What became of a write is known as long as somebody may ask, whatever the clocks say."""

from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.engines import open_store
from gatherlog.engines.postgres import PostgresStore
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres.outcomes import KEPT, WriterMark, give_up
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import commit, whole_stream
from tests.contracts.engines import Place
from tests.postgres import execute, fetch

YEAR = 365 * 24 * 3600 * 1_000_000
LAST = "SELECT writer, number FROM gatherlog.outcome ORDER BY position, writer LIMIT 1"
MANY = (
    "INSERT INTO gatherlog.outcome SELECT 'old-' || n, 1, 0 FROM generate_series(1, $1::int) AS n"
)


def writer_of_the_first_write(postgres: Place) -> WriterMark:
    place = read_place(postgres.url)
    [(writer, number)] = fetch(place.dsn, script(LAST, place))
    return WriterMark(str(writer), int(str(number)))


async def is_given_up(store: Store, mark: WriterMark) -> bool:
    assert isinstance(store, PostgresStore)
    return await give_up(store.engine._fetch, mark)


async def test_a_client_whose_clock_is_a_year_ahead_forgets_no_outcome_of_others(
    postgres: Place,
) -> None:
    store = await postgres.open()
    await store.commit(commit("card-1"))
    mark = writer_of_the_first_write(postgres)
    ahead = await open_store(postgres.url, clock=lambda: system_clock() + YEAR)

    await ahead.commit(commit("card-2"))

    assert not await is_given_up(store, mark)
    await ahead.close()


async def test_a_write_that_was_given_up_stays_so_if_that_is_asked_again(postgres: Place) -> None:
    """As after the answer to the giving up was lost. Nor does the write happen if it comes late."""
    store = await postgres.open()
    await store.commit(commit("card-1"))
    done = writer_of_the_first_write(postgres)
    never = WriterMark(done.writer, done.number + 1)

    assert [await is_given_up(store, never) for _ in range(3)] == [True] * 3
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}
    assert len(await whole_stream(store, "card-1")) == 2


async def test_of_very_many_connections_the_last_writes_are_known(postgres: Place) -> None:
    store = await postgres.open()
    await store.commit(commit("card-1", events=5))
    await store.commit(commit("card-1"))
    place = read_place(postgres.url)
    execute(place.dsn, script(MANY, place), KEPT + 100)

    other = await postgres.open()
    await other.commit(commit("card-2"))

    count = script("SELECT count(*) FROM gatherlog.outcome", place)
    assert fetch(place.dsn, count) == [(KEPT,)]
    kept = script("SELECT count(*) FROM gatherlog.outcome WHERE writer NOT LIKE 'old-%'", place)
    assert fetch(place.dsn, kept) == [(2,)]
