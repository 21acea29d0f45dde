"""A thing with its organiser over GraphQL as an obvious first implementation: strawberry, sqlite3.

Everything is strawberry's default: each request is parsed, validated and executed. Rows hold JSON,
as many would store a nested thing. BENCH_STRAWBERRY_DB names the database file.
"""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import strawberry
from strawberry.asgi import GraphQL

FILE = "BENCH_STRAWBERRY_DB"
TABLES = """
CREATE TABLE thing (id TEXT PRIMARY KEY, organiser_id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE organiser (id TEXT PRIMARY KEY, name TEXT NOT NULL);
"""
THING = "SELECT organiser_id, body FROM thing WHERE id = ?"
ORGANISER = "SELECT id, name FROM organiser WHERE id = ?"


@strawberry.type
class Coordinates:
    lat: float
    lon: float


@strawberry.type
class Where:
    address: str
    location: Coordinates


@strawberry.type
class Span:
    start: str = strawberry.field(name="from")
    end: str = strawberry.field(name="to")


@strawberry.type
class Occurence:
    day_of_week: str
    hours: Span


@strawberry.type
class When:
    date_time: Span
    occurrences: list[Occurence]


@strawberry.type
class Contact:
    email: str | None
    phone: str | None
    www: str | None


@strawberry.type
class Ages:
    start: int = strawberry.field(name="from")
    end: int = strawberry.field(name="to")


@strawberry.type
class Price:
    start: float = strawberry.field(name="from")
    end: float = strawberry.field(name="to")


@strawberry.type
class Target:
    age: Ages
    type: list[str]


@strawberry.type
class Organiser:
    id: strawberry.ID
    name: str


@strawberry.type
class ThingToDo:
    id: strawberry.ID
    type: str
    name: str
    description: str
    where: Where
    when: When
    contact: Contact
    target: Target
    booking_mandatory: bool
    adult_mandatory: bool
    category: str
    price: Price
    organiser_id: strawberry.Private[str]

    @strawberry.field
    async def organiser(self) -> Organiser:
        id, name = database().execute(ORGANISER, [self.organiser_id]).fetchone()
        return Organiser(id=id, name=name)


@strawberry.type
class Query:
    @strawberry.field
    async def thing_to_do_by_id(self, id: strawberry.ID) -> ThingToDo | None:
        row = database().execute(THING, [id]).fetchone()
        return None if row is None else thing(id, row[0], json.loads(row[1]))


def thing(id: strawberry.ID, organiser_id: str, body: dict[str, Any]) -> ThingToDo:
    hours = [Occurence(day_of_week=day, hours=span(hours)) for day, hours in body["hours"]]
    return ThingToDo(
        id=id,
        type=body["type"],
        name=body["name"],
        description=body["description"],
        where=Where(
            address=body["address"],
            location=Coordinates(lat=body["point"][0], lon=body["point"][1]),
        ),
        when=When(date_time=span(body["span"]), occurrences=hours),
        contact=Contact(**body["contact"]),
        target=Target(age=Ages(start=body["ages"][0], end=body["ages"][1]), type=body["target"]),
        booking_mandatory=body["booking_mandatory"],
        adult_mandatory=body["adult_mandatory"],
        category=body["category"],
        price=Price(start=body["price"][0], end=body["price"][1]),
        organiser_id=organiser_id,
    )


def span(ends: list[str]) -> Span:
    return Span(start=ends[0], end=ends[1])


def fill(file: Path, things: int) -> list[str]:
    """Make a file with so many things; their ids."""
    body = {
        "type": "RECURRING_EVENT",
        "name": "Painting with frogs",
        "description": "We paint frogs. Bring an apron.",
        "address": "Pond Street 1, Berlin",
        "point": [52.52, 13.405],
        "span": ["2026-03-01T00:00:00+01:00", "2999-12-31T00:00:00+01:00"],
        "hours": [[day, ["10:00:00", "12:00:00"]] for day in ("SAT", "SUN")],
        "contact": {"email": "olga@example.org", "phone": None, "www": None},
        "ages": [5, 8],
        "target": ["CHILD"],
        "booking_mandatory": True,
        "adult_mandatory": False,
        "category": "ARTS",
        "price": [5.0, 7.5],
    }
    ids = [f"0198c0de-0000-7000-8000-{number:012d}" for number in range(things)]
    with sqlite3.connect(file) as made:
        made.executescript(TABLES)
        made.execute("INSERT INTO organiser VALUES ('o1', 'House of Olga')")
        text = json.dumps(body)
        made.executemany("INSERT INTO thing VALUES (?, 'o1', ?)", [(id, text) for id in ids])
    made.close()
    return ids


_DATABASES: list[sqlite3.Connection] = []


def database() -> sqlite3.Connection:
    """The one connection of this process."""
    if not _DATABASES:
        _DATABASES.append(sqlite3.connect(os.environ[FILE]))
    return _DATABASES[0]


app = GraphQL[None, None](strawberry.Schema(Query))
