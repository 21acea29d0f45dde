"""A schema of an older layout: it is brought to the present one, by whoever owns it."""

from typing import Any

import pytest

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import let_use, open_store
from gatherlog.engines.postgres import installing
from gatherlog.engines.postgres.installing import LAYOUT, STEPS, prepare, script
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import NOON, card, commit, document, put, whole_stream, writing
from tests.contracts.engines import Place
from tests.postgres import execute, fetch, make_role, running

EVENT = (
    "INSERT INTO gatherlog.event VALUES"
    " (nextval('gatherlog.event_position'), $1, 1, $2, $3, $4, $4, '', 1, '', '')"
)
STREAM = "INSERT INTO gatherlog.stream VALUES ($1, 1)"
CARD = "INSERT INTO gatherlog.document VALUES ('card', 'a', $1, 1, $2, '{}')"


def make_older(postgres: Place, monkeypatch: pytest.MonkeyPatch, layout: int = 1) -> None:
    """A store as an older layout was made, with one event and one document."""
    place = read_place(postgres.url)

    async def make(connection: Any) -> None:
        await prepare(connection, place, create=True, clock=system_clock)
        await connection.execute(script(EVENT, place), "card-1", "old", "tests.happened", NOON)
        await connection.execute(script(STREAM, place), "card-1")
        await connection.execute(script(CARD, place), "card-1", b"old")

    with monkeypatch.context() as older:
        older.setattr(installing, "STEPS", STEPS[:layout])
        older.setattr(installing, "LAYOUT", layout)
        running(place.dsn, make)


def layout(postgres: Place) -> int:
    place = read_place(postgres.url)
    [(found,)] = fetch(place.dsn, script("SELECT layout FROM gatherlog.store", place))
    return int(found)


@pytest.mark.parametrize("older", range(1, LAYOUT))
async def test_a_store_of_an_older_layout_is_upgraded_and_goes_on(
    postgres: Place, monkeypatch: pytest.MonkeyPatch, older: int
) -> None:
    make_older(postgres, monkeypatch, older)
    assert layout(postgres) == older

    store = await postgres.open(create=False)
    await store.commit(writing(put("a", b"new", expects=1)))

    assert layout(postgres) == LAYOUT
    first, _ = await whole_stream(store, "card-1")
    assert first.id == "old"
    assert await card(store, "a") == document("a", b"new", version=2)


async def test_reading_only_leaves_the_first_layout_as_it_is(
    postgres: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(postgres, monkeypatch)

    with pytest.raises(NotAStore, match=r"layout of an earlier release; .* gatherlog upgrade"):
        await open_store(postgres.url, read_only=True)

    assert layout(postgres) == 1
    await postgres.open()
    store = await open_store(postgres.url, read_only=True)
    assert len(await whole_stream(store, "card-1")) == 1
    with pytest.raises(RuntimeError):
        await store.commit(commit("card-1"))
    await store.close()


async def test_a_role_that_owns_nothing_is_told_to_have_the_store_upgraded(
    postgres: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(postgres, monkeypatch)
    make_role(postgres.url, "guest")
    place = read_place(postgres.url)
    execute(place.dsn, f'GRANT USAGE ON SCHEMA "{place.schema}" TO guest')
    execute(place.dsn, script("GRANT SELECT ON gatherlog.store TO guest", place))

    with pytest.raises(NotAStore, match="let the owner of the database run `gatherlog init`"):
        await open_store(postgres.url.replace("postgres@", "guest@"))
    assert layout(postgres) == 1

    await postgres.open()
    await let_use(postgres.url, "guest")
    store = await open_store(postgres.url.replace("postgres@", "guest@"))
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}
    await store.close()
