"""A search for tests: it finds the things that it is told of, in the order of their names."""

from gatherlog.apps.things import Found, Hit, Thing, ThingQuery
from gatherlog.core.search import Occurrence

__all__ = ["SampleFinder"]


class SampleFinder:
    """Finds things whose name has the text; keeps what it was asked."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.asked: list[ThingQuery] = []

    async def find(self, query: ThingQuery) -> Found:
        self.asked.append(query)
        fitting = [thing for thing in self.things if query.text in thing.content.name]
        fitting.sort(key=lambda thing: (thing.content.name, thing.id))
        is_measured = query.near is not None or query.within is not None
        begin = 0 if query.after is None else int(query.after) + 1
        part = list(enumerate(fitting))[begin:][: query.first]
        distance = 1200.0 if is_measured else None
        day = (query.days or (None, None))[0]
        date = None if day is None else Occurrence(day, 600, 720)
        hits = [Hit(thing.id, str(place), distance, date) for place, thing in part]
        return Found(len(fitting), hits, begin > 0, begin + len(part) < len(fitting))
