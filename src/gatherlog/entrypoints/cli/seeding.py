"""The command that publishes made-up things to do, as many as are wanted."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, settings_of_lasting, started_platform
from gatherlog.entrypoints.cli.options import WHOLE, StoreUrl
from gatherlog.entrypoints.cli.terminal import counted, updated_line

if TYPE_CHECKING:
    from gatherlog.interfaces.platform import Platform

__all__ = ["seed"]

T = TypeVar("T")
MOST = 1_000_000


def seed(
    *,
    count: Annotated[int, WHOLE, Parameter(help="How many things are published.")] = 500,
    seed: Annotated[int, WHOLE, Parameter(help="The same number gives the same things again.")] = 1,
    store: StoreUrl = None,
) -> None:
    """Publish things to do in a made-up city, to have something to try searches with.

    Events, series and places are the same for each --seed, but for their dates, which are after
    today. Organisers and a reviewer who are missing are made, with addresses that end in
    example.org. Each time there are so many things more. A missing store is created.
    """
    if not 1 <= count <= MOST:
        raise CommandRefused(f"--count is {count}: write 1 to {MOST:,}")
    settings = settings_of_lasting(store)

    async def publish() -> int:
        with updated_line() as show:
            async with started_platform(settings) as platform:
                return await _publish(platform, count, seed, show)

    print(f"Published: {counted(finish(publish()), 'thing')}.")


async def _publish(platform: "Platform", count: int, seed: int, show: Callable[[str], None]) -> int:
    """How many things were published; `show` is told meanwhile how far it is."""
    from gatherlog.apps.things.filling import ThingFiller
    from gatherlog.core.eventstore.clock import to_datetime
    from gatherlog.entrypoints.demo_city import RITA, open_account, open_organisers
    from gatherlog.entrypoints.demo_things import organiser_names, things

    organisers = await open_organisers(platform, organiser_names(count), "cli")
    reviewer = await open_account(platform, RITA, "reviewer", "cli")
    filler = ThingFiller(platform.store, actor="cli", clock=platform.clock, ids=platform.ids)
    await filler.save_profiles({one.id: name for name, one in organisers.items()})
    made = things(count, to_datetime(platform.clock()).date(), seed)
    new = ((content, organisers[name]) for content, name in _noted(made, count, show))
    return len(await filler.publish(new, reviewer))


def _noted(made: Iterable[T], count: int, show: Callable[[str], None]) -> Iterator[T]:
    """The same things, of which every hundredth is told of."""
    for number, one in enumerate(made):
        if number % 100 == 0:
            show(f"{number:,} of {counted(count, 'thing')}")
        yield one
