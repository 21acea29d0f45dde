"""Commands that read streams, and that append to more than one stream in one commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gatherlog.core import (
    Change,
    CommandHandler,
    Decided,
    Handled,
    Happened,
    Ref,
    Store,
    UnitOfWork,
)
from gatherlog.core.eventstore.errors import Refused
from gatherlog.engines import open_store
from tests.core.commands.test_command_handler import (
    SEATS,
    Seat,
    Seating,
    SeatTaken,
    decides,
    handler,
)
from tests.stores import events_of

Attempt = Callable[[UnitOfWork], Awaitable[Sequence[Decided]]]


class SeatsAlone(Seating):
    """A seat per guest, owned by the stream in which the guest took it."""

    def keys(self, happened: Happened) -> Iterable[Ref]:
        return [SEATS.ref(happened.payload.guest)]

    def evolve(self, documents: Mapping[Ref, Any], happened: Happened) -> Iterable[Change]:
        yield Change(SEATS, happened.payload.guest, Seat(happened.payload.guest))


@pytest.fixture(params=["memory:", "hostile:3", "hostile:4", "sqlite:///{folder}/store.db"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(request.param.format(folder=tmp_path), views=Seating.views)
    yield store
    await store.close()


@pytest.fixture
def commands(store: Store) -> CommandHandler:
    return handler(store, SeatsAlone())


def taken(guest: str, stream: str = "") -> Decided:
    return Decided(SeatTaken(guest), guest, stream)


async def guests_of(store: Store, stream: str) -> list[str]:
    unit = await read_only(store, stream)
    return [event.guest for event in unit]


async def read_only(store: Store, stream: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ()

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        nonlocal found
        found = await unit.stream(stream)
        return []

    await handler(store).handle(stream, attempt)
    return found


async def test_events_of_several_streams_are_appended_in_one_commit(
    store: Store, commands: CommandHandler
) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        return [taken("ada", "hall-1"), taken("ben", "hall-2"), taken("cy")]

    handled = await commands.handle("hall-3", attempt)

    assert [await guests_of(store, f"hall-{n}") for n in (1, 2, 3)] == [["ada"], ["ben"], ["cy"]]
    assert set(handled.versions.values()) == {1}
    documents = await store.get([SEATS.ref(guest) for guest in ("ada", "ben", "cy")])
    assert [one and one.stream for one in documents] == ["hall-1", "hall-2", "hall-3"]


async def test_a_document_that_events_of_two_streams_change_is_a_mistake(
    store: Store, commands: CommandHandler
) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        return [taken("ada", "hall-1"), taken("ada", "hall-2")]

    with pytest.raises(ValueError, match="is changed by events of 'hall-1' and 'hall-2'"):
        await commands.handle("hall-1", attempt)

    assert [await events_of(store, f"hall-{n}") for n in (1, 2)] == [[], []]


async def test_a_stream_that_was_read_may_not_grow_before_the_commit(
    store: Store, commands: CommandHandler
) -> None:
    async def last_of_five(unit: UnitOfWork) -> list[Decided]:
        there = len(await unit.stream("hall-1")) + len(await unit.stream("hall-2"))
        return [] if there == 5 else [taken(f"guest-{there}", "hall-2")]

    await asyncio.gather(*[commands.handle("hall-1", last_of_five) for _ in range(12)])

    assert await guests_of(store, "hall-2") == [f"guest-{n}" for n in range(5)]


async def test_two_commands_that_each_read_the_others_stream_are_not_both_carried_out(
    store: Store, commands: CommandHandler
) -> None:
    def alone(own: str, other: str) -> Attempt:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            if await unit.stream(other):
                raise Refused("the other was first")
            return [taken(own, own)]

        return attempt

    done = await asyncio.gather(
        commands.handle("hall-1", alone("hall-1", "hall-2")),
        commands.handle("hall-2", alone("hall-2", "hall-1")),
        return_exceptions=True,
    )

    assert {type(one) for one in done} == {Handled, Refused}


async def test_a_refusal_that_rests_on_an_outdated_stream_is_decided_again(
    store: Store, commands: CommandHandler
) -> None:
    async def attempt(unit: UnitOfWork) -> list[Decided]:
        if not await unit.stream("hall-1"):
            await commands.handle("hall-1", decides(SeatTaken("ada")))
            raise Refused("nobody is there")
        return [taken("ben", "hall-2")]

    await commands.handle("hall-2", attempt)

    assert await guests_of(store, "hall-2") == ["ben"]


async def test_another_exception_is_raised_at_once(store: Store, commands: CommandHandler) -> None:
    tries = 0

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        nonlocal tries
        tries += 1
        await unit.get(SEATS, "ada")
        await commands.handle("hall-1", decides(SeatTaken("ada")))
        raise TypeError("a mistake of the program")

    with pytest.raises(TypeError):
        await commands.handle("hall-1", attempt)

    assert tries == 1


async def test_a_stream_that_is_read_twice_is_the_same_both_times(
    store: Store, commands: CommandHandler
) -> None:
    await commands.handle("hall-1", decides(SeatTaken("ada")))

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        first = await unit.stream("hall-1")
        await commands.handle("hall-1", decides(SeatTaken("ben"))) if len(first) == 1 else None
        assert await unit.stream("hall-1") is first
        return [taken(f"after-{len(first)}", "hall-2")]

    await commands.handle("hall-2", attempt)

    assert await guests_of(store, "hall-2") == ["after-2"]
