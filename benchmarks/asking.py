"""A thing to do with its organiser over GraphQL, by variable, as a guest: one worker, one file."""

import shutil
from pathlib import Path

from benchmarks import servers
from benchmarks.load import Load, generate
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from benchmarks.peers import naive_strawberry
from benchmarks.serving import figures
from gatherlog.apps.things import (
    VIEWS,
    Contact,
    Content,
    FloatRange,
    Hours,
    IntRange,
    ThingService,
    When,
    Where,
)
from gatherlog.bootstrap import new_id
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.engines import open_store

CLIENTS = 32
QUERY = """
query Thing($id: ID!) {
  thingToDoById(id: $id) {
    id type name description
    where { address location { lat lon } }
    when { dateTime { from to } occurrences { dayOfWeek hours { from to } } }
    contact { email phone www }
    target { age { from to } type }
    bookingMandatory adultMandatory category
    price { from to }
    organiser { id name }
  }
}
"""
CONTENT = Content(
    name="Painting with frogs",
    description="We paint frogs. Bring an apron.",
    kind="RECURRING_EVENT",
    where=Where(lat=52.52, lon=13.405, address="Pond Street 1, Berlin"),
    when=When(
        start="2026-03-01T00:00:00",
        end="2035-12-31T00:00:00",
        hours=(
            Hours(day="SAT", start="10:00:00", end="12:00:00"),
            Hours(day="SUN", start="10:00:00", end="12:00:00"),
        ),
    ),
    contact=Contact(email="olga@example.org"),
    ages=IntRange(5, 8),
    audience=("CHILD",),
    category="ARTS",
    price=FloatRange(5.0, 7.5),
    booking_mandatory=True,
    adult_mandatory=False,
    time_zone="Europe/Berlin",
)


async def fill(file: Path, things: int) -> list[str]:
    """A store with so many published things of one organiser; their ids."""
    await servers.output_of(*servers.GATHERLOG, "init", "--store", f"sqlite:///{file}")
    store = await open_store(f"sqlite:///{file}", views=VIEWS)
    try:
        service = ThingService(store, clock=system_clock, ids=new_id)
        await service.save_profile("olga", "House of Olga", actor="benchmark")
        return [await published(service) for _ in range(things)]
    finally:
        await store.close()


async def published(service: ThingService) -> str:
    made = (await service.create_thing(CONTENT, "olga", actor="benchmark")).body
    await service.submit_thing(made.id, "olga", actor="benchmark")
    return (await service.approve(made.id, "rita", actor="benchmark")).body.id


def gatherlog(size: Size, filled: Path, things: list[str]) -> Measure:
    async def measure(folder: Path) -> Figures:
        file = Path(shutil.copy(filled, folder))
        async with servers.gatherlog(file) as server:
            return await asked(server, load(size, server.port, "/graphql/guest", things))

    return measure


def strawberry(size: Size) -> Measure:
    async def measure(folder: Path) -> Figures:
        file = folder / "strawberry.db"
        things = naive_strawberry.fill(file, size.things)
        environ = {naive_strawberry.FILE: str(file)}
        async with servers.uvicorn("benchmarks.peers.naive_strawberry:app", folder, environ) as it:
            return await asked(it, load(size, it.port, "/", things))

    return measure


async def asked(server: servers.Server, load: Load) -> Figures:
    """The figures of a load, and the server's processor time for each answer."""
    before = server.cpu()
    found = await generate(load)
    return {**figures(found), "cpu_us": (server.cpu() - before) / found.answers * 1e6}


def load(size: Size, port: int, path: str, things: list[str]) -> Load:
    warm_up = min(1.0, size.seconds / 2)
    return Load(port, CLIENTS, things, size.seconds, warm_up, path=path, query=QUERY)


async def plan(size: Size, folder: Path) -> Plan:
    file = folder / "ours.db"
    things = await fill(file, size.things)
    return Plan(
        [
            Contender("gatherlog", "a thing and its organiser", gatherlog(size, file, things)),
            Contender("naive strawberry", "the same, with defaults", strawberry(size)),
        ],
        [
            Target("gatherlog", "rate", "naive strawberry", at_least=8),
            Target("gatherlog", "cpu_us", "naive strawberry", at_most=1 / 8),
        ],
    )


BENCHMARKS = [Benchmark("graphql", "a thing to do with its organiser over GraphQL", plan)]
