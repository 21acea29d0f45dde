"""Messages expire: what documents say of them goes before the events become blank.

A message expires as a whole, as soon as its text or an edit of it does. Its place and its author
stay, so that counts of unread messages stay right, and pages and answers show that it is gone. It
is a command as any other: it is recorded, so that indexes for searching hear of it, and no command
that goes on at the same time brings a text back.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gatherlog.apps.messages import decisions
from gatherlog.apps.messages.events import CODEC, Edited, Reported, Sent
from gatherlog.apps.messages.fold import FOLD, owner_of
from gatherlog.apps.messages.views import (
    CONVERSATIONS,
    MESSAGES,
    REPORTS,
    message_document,
    number_of,
)
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.store import Limits, Store

__all__ = ["MessageExpiring"]

ACTOR: Final = "retention"
AT_ONCE: Final = 16
"""Conversations that are changed at the same time."""
_MOST: Final = 100
"""Documents that one commit empties, so that other commits need not wait long."""
_OF_MESSAGES: Final = frozenset(event_type_of(one) for one in (Sent, Edited))
_REPORTED: Final = event_type_of(Reported)


class MessageExpiring:
    """Empties messages, and what the moderator was shown of them, before their events are blank."""

    def __init__(self, store: Store, *, clock: Clock, ids: Ids) -> None:
        self._handler = CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids)
        self._most = _most(store.limits)

    async def __call__(self, events: Sequence[Recorded]) -> None:
        """Take away what these events of conversations say; repeating it does nothing."""
        streams: dict[str, list[Recorded]] = {}
        for event in events:
            streams.setdefault(event.stream, []).append(event)
        turns = asyncio.Semaphore(AT_ONCE)

        async def expire(stream: str) -> None:
            async with turns:
                for numbers, reports in self._parts(streams[stream]):
                    await self._expire(stream, numbers, reports)

        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(expire(stream))

    def _parts(self, events: Iterable[Recorded]) -> Iterator[tuple[list[int], list[str]]]:
        """The numbers of messages and the ids of reports, as many as a commit empties."""
        some = [*events]
        numbers = sorted({number_of(one.subject) for one in some if one.type in _OF_MESSAGES})
        reports = [_report_of(one) for one in some if one.type == _REPORTED and not one.is_blank]
        for start in range(0, len(numbers), self._most):
            yield numbers[start : start + self._most], []
        for start in range(0, len(reports), self._most):
            yield [], reports[start : start + self._most]

    async def _expire(self, stream: str, numbers: list[int], reports: list[str]) -> None:
        id = owner_of(stream)
        documents = [(MESSAGES, message_document(id, number)) for number in numbers]
        shown = [(REPORTS, one) for one in reports]

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((CONVERSATIONS, id), *documents, *shown)
            found = [unit.body(*document) for document in documents]
            present = [one for view, one in shown if unit.body(view, one) is not None]
            return decisions.expire(unit.body(CONVERSATIONS, id), found, present)

        await run(self._handler, stream, attempt, actor=ACTOR)


def _report_of(event: Recorded) -> str:
    reported: Reported = CODEC.decode(event)
    return f"{event.subject}/{reported.by}"


def _most(limits: Limits) -> int:
    rest = limits.commit_actions - actions_of(limits, events=1, streams=1, views=[CONVERSATIONS])
    each = max(actions_of(limits, views=[view]) for view in (MESSAGES, REPORTS))
    return min(_MOST, max(1, rest // each))
