"""A made-up city full of things to do, all within one metropolis, the same for each seed."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, product

from gatherlog.core.search import Circle, Occurrence, Place, SearchDocument, SearchQuery, Sort, Text

CENTER = Place(48.2, 16.37)
WORDS = 40_000
ZONE = "Europe/Vienna"
CATEGORIES = ["MUSIC", "DANCE", "ARTS", "SPORT", "OUTDOOR", "THEATER", "EDUCATION", "OTHER"]
TYPES = {"EVENT": 3, "RECURRING_EVENT": 5, "PLACE": 2}
"""How frequent each type is."""
PRICES = [0.0, 0.0, 0.0, 5.0, 8.0, 10.0, 12.5, 20.0]
DAYS = 97
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


def things(count: int, today: date) -> Iterator[SearchDocument]:
    """Things to do around the centre, with about 45 words each, and dates from today on."""
    dice = random.Random(1)
    words = vocabulary(dice)
    ranks = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))

    def text(fewest: int, most: int) -> str:
        return " ".join(dice.choices(words, cum_weights=ranks, k=dice.randint(fewest, most)))

    owners = [text(2, 2) for _ in range(max(1, count // 10))]
    for number in range(count):
        owner, kind = dice.randrange(len(owners)), dice.choices([*TYPES], [*TYPES.values()])[0]
        youngest, price = (
            dice.randint(0, 12),
            dice.choice([0.0, 0.0, 0.0, 5.0, 8.0, 10.0, 12.5, 20.0]),
        )
        yield SearchDocument(
            id=f"thing-{number:06d}",
            owner=f"owner-{owner}",
            texts=[Text(text(2, 5), 5), Text(text(20, 60), 3), Text(owners[owner], 2)],
            tags={"type": [kind], "category": [dice.choice(CATEGORIES)], "target": ["CHILD"]},
            place=Place(CENTER.lat + dice.gauss(0, 0.08), CENTER.lon + dice.gauss(0, 0.12)),
            ages=(youngest, youngest + dice.randint(1, 8)),
            prices=(price, price + 5),
            occurrences=occurrences(kind, today, dice),
            zone=ZONE,
            rolling=kind != "EVENT",
        )


def occurrences(kind: str, today: date, dice: random.Random) -> list[Occurrence]:
    """Places are open every day, series are once a week, and events once."""
    if kind == "PLACE":
        start, length, days = 540, 540, range(DAYS)
    else:
        start, length = dice.randrange(32, 72) * 15, dice.choice([45, 60, 90, 120])
        once = dice.randrange(120)
        days = range(once, once + 1) if kind == "EVENT" else range(dice.randrange(7), DAYS, 7)
    return [Occurrence(today + timedelta(days=day), start, start + length) for day in days]


def questions(count: int, today: date) -> Sequence[SearchQuery]:
    """Text + 5 km + age + weekend, sorted by relevance or distance, with the texts of MIX."""
    dice = random.Random(2)
    words = vocabulary(random.Random(1))
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 7)
    return [
        SearchQuery(
            text=word(MIX[number % len(MIX)], words, dice),
            within=Circle(
                Place(CENTER.lat + dice.gauss(0, 0.04), CENTER.lon + dice.gauss(0, 0.06)), 5000
            ),
            ages=[(age := dice.randint(2, 12), age)],
            days=(saturday, saturday + timedelta(days=1)),
            sort=dice.choice([Sort.RELEVANCE, Sort.DISTANCE]),
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
