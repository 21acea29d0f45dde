"""Many things at once: what is stored is what the commands would have stored, thing by thing."""

import msgspec
import pytest

from gatherlog.apps.things import Organiser, OwnThing, ThingService
from gatherlog.apps.things.filling import ThingFiller
from gatherlog.core import Store
from gatherlog.core.commands.event_meta import actor_of
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.things.booking_invariants import check_rebuild
from tests.apps.things.sample_things import OLGA, OTTO, RITA, content
from tests.stores import events_of, eventually

NAMED = Organiser(id=OLGA, name="Olga's pond")
MANY = 25
"""More than one commit takes on the engines with small limits."""


@pytest.fixture
def filler(store: Store, clock: StandingClock, ids: CountingIds) -> ThingFiller:
    return ThingFiller(store, actor="cli", clock=clock, ids=ids)


async def test_a_thing_is_as_the_commands_would_have_left_it(
    filler: ThingFiller, service: ThingService, store: Store
) -> None:
    await service.save_profile(OLGA, NAMED.name, actor="cli")
    made = (await service.create_thing(content(), OLGA, actor="cli")).body
    await service.submit_thing(made.id, OLGA, actor="cli")
    one = await service.approve(made.id, RITA, actor="cli")

    [id] = await filler.publish([(content(), NAMED)], RITA)

    other = await service.published_thing(id)
    assert msgspec.structs.replace(other.body, id=one.body.id) == one.body
    assert other.version == one.version
    streams = [await events_of(store, f"thing-{id}") for id in (one.body.id, other.body.id)]
    first, second = [[(e.type, e.data, actor_of(e), e.time) for e in some] for some in streams]
    assert first == second


async def test_all_are_published_in_the_order_given(
    filler: ThingFiller, service: ThingService, store: Store
) -> None:
    names = [f"Frog {number}" for number in range(MANY)]

    ids = await filler.publish([(content(name=name), NAMED) for name in names], RITA)

    found = await service.published_things(ids)
    assert [one and one.content.name for one in found] == names

    async def listed() -> list[str]:
        return sorted(one.body.id for one in (await service.all_published(Window(limit=99))).items)

    await eventually(listed, sorted(ids))
    await check_rebuild(store)


async def test_profiles_are_saved(filler: ThingFiller, service: ThingService, store: Store) -> None:
    names = {f"account-{number}": f"Organiser {number}" for number in range(MANY)}

    await filler.save_profiles(names)

    found = await service.profiles(list(names))
    assert {one.id: one.name for one in found if one is not None} == names
    await check_rebuild(store)


async def test_what_is_refused_is_named_and_leaves_nothing_of_its_commit(
    filler: ThingFiller, service: ThingService
) -> None:
    over = content(kind="EVENT", when=msgspec.structs.replace(content().when, end="2027-03-02"))

    with pytest.raises(Invalid) as refused:
        await filler.publish([(content(), NAMED), (over, NAMED)], RITA)

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/when"]
    assert (await service.all_published(Window(limit=9))).items == []


async def test_nobody_reviews_their_own_things_in_this_way(filler: ThingFiller) -> None:
    with pytest.raises(OwnThing):
        await filler.publish([(content(), Organiser(id=OTTO, name="Otto"))], OTTO)
