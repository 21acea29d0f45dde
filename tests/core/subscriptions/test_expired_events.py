"""Events that expired while a subscription was behind: it gets the envelope, which says so."""

import msgspec
import pytest

from gatherlog.core import Change, Codec, Recorded, Store, event_type
from gatherlog.core.eventstore.errors import EventExpired
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.handlers import Handlers, HandlerTarget
from gatherlog.core.subscriptions.projection import Projection
from tests.core.subscriptions.followers import (
    COUNTS,
    IDS,
    Counting,
    bodies,
    eventually,
    new_store,
    run_scenario,
    say,
    working,
)


@event_type("tests.happened")
class Said(msgspec.Struct, frozen=True):
    n: int


CODEC = Codec([Said])


async def three_said(store: Store) -> None:
    """Three events of one stream, of which the second has expired."""
    for n in range(3):
        await say(store, "card-1", f'{{"n":{n}}}')
    [_, second, _] = await whole(store)
    await store.blank(second.partition, [second.position])


async def whole(store: Store) -> list[Recorded]:
    found: list[Recorded] = []
    while page := await store.read_stream("card-1", after=len(found)):
        found += page
    return found


async def dead_letters(store: Store, name: str) -> int:
    admin = SubscriptionAdmin(store, clock=lambda: 0, ids=IDS)
    return await admin.count_dead_letters(name)


def test_a_handler_gets_the_envelope_and_sees_that_it_has_expired() -> None:
    taken: list[tuple[int, bool]] = []

    async def note(delivery: Delivery) -> None:
        taken.append((delivery.event.version, delivery.event.is_blank))

    async def scenario() -> None:
        store = new_store()
        await three_said(store)
        async with working(store, Handlers("noting", {"tests.happened": note})):
            await eventually(lambda: is_long(taken, 3))

    run_scenario(scenario())
    assert taken == [(1, False), (2, True), (3, False)]


async def is_long(taken: list[tuple[int, bool]], size: int) -> bool:
    return len(taken) >= size


def test_a_handler_that_cannot_decode_an_expired_event_is_done_with_it() -> None:
    taken: list[tuple[int, bool]] = []

    async def decode(delivery: Delivery) -> None:
        taken.append((CODEC.decode(delivery.event).n, False))

    async def scenario() -> int:
        store = new_store()
        await three_said(store)
        async with working(store, Handlers("decoding", {"tests.happened": decode})):
            await eventually(lambda: is_long(taken, 2))
        return await dead_letters(store, "decoding")

    assert run_scenario(scenario()) == 0
    assert taken == [(0, False), (2, False)]


class Adding(Counting):
    """A projection that decodes what it counts."""

    def evolve(self, documents, event: Recorded) -> list[Change]:  # type: ignore[no-untyped-def]
        CODEC.decode(event)
        return super().evolve(documents, event)


def test_a_projection_passes_over_an_expired_event_that_it_cannot_decode() -> None:
    async def scenario() -> int:
        store = new_store()
        await three_said(store)
        async with working(store, Projection("adding", Adding())):
            await eventually(lambda: has_all(store))
        return await dead_letters(store, "adding")

    async def has_all(store: Store) -> bool:
        found = await bodies(store, COUNTS)
        return "all" in found and found["all"].events == 2

    assert run_scenario(scenario()) == 0


def test_a_handler_that_reads_another_event_which_has_expired_has_failed() -> None:
    async def decode_another(delivery: Delivery) -> None:
        CODEC.decode(BLANK)

    said = msgspec.structs.replace(BLANK, data=b'{"n":1}')
    delivery = Delivery(id="d", rule="r", event=said)

    with pytest.raises(EventExpired):
        run_scenario(HandlerTarget(decode_another).deliver([delivery]))


BLANK = Recorded(0, 1, "card-1", 1, "e", "tests.happened", 1, 1, b"", 1, "", b"")
