"""A made-up city full of things to do, all within one metropolis, the same for each seed."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, product

from gatherlog.apps.things import (
    CATEGORIES_OF_THINGS,
    Contact,
    Content,
    FloatRange,
    Hours,
    IntRange,
    Organiser,
    Thing,
    ThingQuery,
    When,
    Where,
)
from gatherlog.apps.things.content import DAYS, Kind
from gatherlog.core.search import Circle, Place

CENTER = Place(48.2, 16.37)
WORDS = 40_000
ZONE = "Europe/Vienna"
TYPES: dict[Kind, int] = {"EVENT": 3, "RECURRING_EVENT": 5, "PLACE": 2}
"""How frequent each type is."""
PRICES = [0.0, 0.0, 0.0, 5.0, 8.0, 10.0, 12.5, 20.0]
MIX = ("rare", "rank 20 to 200", "commonest", "blank")
"""The texts that are asked for, in equal shares. Words are as frequent as in a natural text: the
second as often as the first, divided by a little less than two, and so on."""


def vocabulary(dice: random.Random) -> list[str]:
    """Words of two to four syllables, by rank."""
    onsets, vowels = "b d f g h k l m n p r s t v w z st tr kl sch br", "a e i o u ei au en er"
    syllables = [onset + vowel for onset, vowel in product(onsets.split(), vowels.split())]
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(dice.choices(syllables, k=dice.choice([2, 2, 3, 3, 4])))] = None
    return list(found)


def things(count: int, today: date) -> Iterator[tuple[Thing, Organiser]]:
    """Published things around the centre, with about 45 words each, after `today`."""
    dice = random.Random(1)
    words = vocabulary(dice)
    ranks = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))

    def text(fewest: int, most: int) -> str:
        return " ".join(dice.choices(words, cum_weights=ranks, k=dice.randint(fewest, most)))

    owners = [Organiser(id=f"o{n:05d}", name=text(2, 2)) for n in range(max(1, count // 10))]
    for number in range(count):
        owner = dice.choice(owners)
        yield (
            Thing(
                id=f"thing-{number:06d}",
                organiser_id=owner.id,
                status="PUBLISHED",
                content=content(text(2, 5), text(20, 60), today, dice),
                created_at=1,
                updated_at=1,
                submitted_at=1,
                published_at=1,
            ),
            owner,
        )


def content(name: str, description: str, today: date, dice: random.Random) -> Content:
    """Places are open every day, series are once a week, and events once."""
    kind = dice.choices([*TYPES], [*TYPES.values()])[0]
    youngest, price = dice.randint(0, 12), dice.choice(PRICES)
    return Content(
        name=name,
        description=description,
        kind=kind,
        where=Where(
            lat=CENTER.lat + dice.gauss(0, 0.08),
            lon=CENTER.lon + dice.gauss(0, 0.12),
            address="Street 1",
        ),
        when=when(kind, today, dice),
        contact=Contact(),
        ages=IntRange(youngest, youngest + dice.randint(1, 8)),
        audience=("CHILD",),
        category=dice.choice(CATEGORIES_OF_THINGS),
        price=FloatRange(price, price + 5),
        booking_mandatory=dice.random() < 0.5,
        adult_mandatory=dice.random() < 0.3,
        time_zone=ZONE,
    )


def when(kind: Kind, today: date, dice: random.Random) -> When:
    start, length = dice.randrange(32, 72) * 15, dice.choice([45, 60, 90, 120])
    if kind == "EVENT":
        day = today + timedelta(days=1 + dice.randrange(120))
        return When(start=f"{day}T{_clock(start)}", end=f"{day}T{_clock(start + length)}")
    days = DAYS if kind == "PLACE" else [dice.choice(DAYS)]
    begin, end = (540, 1080) if kind == "PLACE" else (start, start + length)
    return When(
        start=f"{today}T00:00:00",
        end=f"{today + timedelta(days=400)}T00:00:00",
        hours=tuple(Hours(day=day, start=_clock(begin), end=_clock(end)) for day in days),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}:00"


def questions(count: int, today: date) -> Sequence[ThingQuery]:
    """Text + 5 km + age + weekend, sorted by relevance or distance, with the texts of MIX."""
    dice = random.Random(2)
    words = vocabulary(random.Random(1))
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 7)
    return [
        ThingQuery(
            text=word(MIX[number % len(MIX)], words, dice),
            within=Circle(
                Place(CENTER.lat + dice.gauss(0, 0.04), CENTER.lon + dice.gauss(0, 0.06)), 5000
            ),
            ages=[(age := dice.randint(2, 12), age)],
            days=(saturday, saturday + timedelta(days=1)),
            sort=dice.choice(["RELEVANCE", "GEO_DISTANCE"]),
            first=20,
        )
        for number in range(count)
    ]


def word(kind: str, words: list[str], dice: random.Random) -> str:
    """A word of one kind of the mix."""
    ranks = {"rare": range(8_000, WORDS), "rank 20 to 200": range(20, 200), "commonest": range(3)}
    return words[dice.choice(ranks[kind])] if kind in ranks else ""


def now() -> datetime:
    return datetime.now(UTC)
