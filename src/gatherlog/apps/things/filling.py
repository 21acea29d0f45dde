"""Publishing many things at once, for sample data and measurements, in few commits.

The decisions, events and documents are those of the app's commands. What is missing are keys for
repeating a command: who is interrupted has published a part, and publishes it again by repeating.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from gatherlog.apps.things import decisions
from gatherlog.apps.things.content import Content
from gatherlog.apps.things.decisions import stream_of
from gatherlog.apps.things.events import CODEC, ProfileSaved
from gatherlog.apps.things.folds import OrganiserFold, ThingFold
from gatherlog.apps.things.views import ORGANISERS, THINGS, Organiser, Thing
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.folds import Fold, Happened
from gatherlog.core.projections.views import View

__all__ = ["ThingFiller"]

T = TypeVar("T")
MOST: Final = 200
"""Things of one commit, so that other commands need not wait long."""
THING_BYTES: Final = 100_000
"""The most that the events and the document of one thing take: each has its texts, in UTF-8."""


class ThingFiller:
    """Saves profiles and publishes things on a store, as `actor`."""

    def __init__(self, store: Store, *, actor: str, clock: Clock, ids: Ids) -> None:
        def handler(fold: Fold[Happened]) -> CommandHandler:
            return CommandHandler(store, CODEC, fold, clock=clock, ids=ids)

        self._limits = store.limits
        self._things = handler(ThingFold())
        self._organisers = handler(OrganiserFold())
        self._actor = actor
        self._ids = ids

    async def save_profiles(self, names: Mapping[str, str]) -> None:
        """Save the names of organisers, by the ids of their accounts, where they are others yet."""
        for chunk in _chunks(names.items(), self._size(ORGANISERS, events=1)):

            async def attempt(
                unit: UnitOfWork, names: Mapping[str, str] = dict(chunk)
            ) -> list[Decided]:
                known = await unit.get_all(ORGANISERS, list(names))
                return [
                    Decided(ProfileSaved(name), stream=f"organiser-{id}")
                    for (id, name), before in zip(names.items(), known, strict=True)
                    if before is None or before.name != name
                ]

            await run(self._organisers, "", attempt, actor=self._actor)

    async def publish(
        self, things: Iterable[tuple[Content, Organiser]], reviewer_id: str
    ) -> list[str]:
        """Create, submit and approve things; their ids, in the order given.

        Raises what the three commands raise for the first thing that is refused: Invalid for its
        content, OwnThing where the organiser is the reviewer. Commits before that one stay.
        """
        published: list[str] = []
        for chunk in _chunks(things, self._size(THINGS, events=3)):
            ids = [self._ids() for _ in chunk]
            made = list(zip(ids, chunk, strict=True))

            async def attempt(
                unit: UnitOfWork, new: Sequence[tuple[str, tuple[Content, Organiser]]] = made
            ) -> list[Decided]:
                now = unit.now
                return [one for id, it in new for one in _published(id, *it, reviewer_id, now)]

            await run(self._things, "", attempt, actor=self._actor)
            published += ids
        return published

    def _size(self, view: View[Any], *, events: int) -> int:
        """How many streams, each with its events and its document, fit into one commit."""
        each = actions_of(self._limits, events=events, streams=1, views=[view])
        by_bytes = self._limits.commit_bytes // THING_BYTES
        return max(1, min(MOST, self._limits.commit_actions // each, by_bytes))


def _published(
    id: str, content: Content, organiser: Organiser, reviewer_id: str, now: int
) -> Iterator[Decided]:
    """The events of a thing from its draft until it is published."""
    steps: list[Callable[[Any], list[Decided]]] = [
        lambda thing: decisions.create(content, organiser.id),
        lambda thing: decisions.submit(thing, organiser, now=now),
        lambda thing: decisions.approve(thing, None, reviewer_id, now=now),
    ]
    fold, ref, stream = ThingFold(), THINGS.ref(id), stream_of(id)
    thing: Thing | None = None
    for step in steps:
        for event in step(thing):
            yield Decided(event.payload, stream=stream)
            happened = Happened(stream, "", now, event.payload)
            for change in fold.evolve({ref: thing}, happened):
                thing = change.body if isinstance(change.body, Thing) else thing


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
