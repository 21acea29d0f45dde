"""Copies of what events say, outside of the log: messages of queues, reasons why deliveries failed.

`Concerns` tells by the stream, subject and version of an event whether it is about whoever is
erased, and `Names` of JSON whether it names them.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import Recorded, event_type_of
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import Commit, Store
from gatherlog.core.projections.paging import all_documents, all_streams, stream_events
from gatherlog.core.queues.documents import MESSAGES, Message
from gatherlog.core.queues.queue_store import QueueStore
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, Backlog, ParkedKey, versioned_write
from gatherlog.core.subscriptions.dead_letters import (
    CATEGORY,
    CODEC,
    DEAD_LETTERS,
    FOLD,
    DeliveryGivenUp,
    DeliveryRedacted,
)

__all__ = ["Concerns", "Names", "blank_backlogs", "blank_messages", "redact_dead_letters"]

Concerns = Callable[[str, str, int], bool]
Names = Callable[[bytes], bool]
_EMPTY: Final = msgspec.Raw(b"null")
_GIVEN_UP: Final = event_type_of(DeliveryGivenUp)


async def blank_messages(store: Store, concern: Concerns, names: Names) -> int:
    """Empty the messages that were made of such events; they stay in their lines. How many it were.

    Of messages that were sent, and made of no event, `names` tells by the content.
    """
    blanked = 0
    async for found in all_documents(store, MESSAGES.name):
        message = MESSAGES.read(found)
        if message is not None and _concerns(message, concern, names):
            blanked += await until_no_conflict(lambda id=found.id: _blank_message(store, id))  # type: ignore[misc]
    return blanked


def _concerns(message: Message, concern: Concerns, names: Names) -> bool:
    if message.stream:
        return concern(message.stream, message.subject, message.version)
    return names(bytes(message.content))


async def _blank_message(store: Store, id: str) -> bool:
    [found] = await store.get([MESSAGES.ref(id)])
    message = MESSAGES.read(found)
    if found is None or message is None or bytes(message.content) == bytes(_EMPTY):
        return False
    emptied = msgspec.structs.replace(message, content=_EMPTY, reason="")
    await store.commit(Commit(writes=[QueueStore.write(MESSAGES, id, found.version, emptied)]))
    return True


async def blank_backlogs(store: Store, concern: Concerns) -> int:
    """Forget why deliveries of such events failed that wait to be tried again.

    Returns how many documents that changed.
    """
    changed = 0
    async for found in all_documents(store, BACKLOGS.name):
        if found.body is not None:
            changed += await until_no_conflict(
                lambda id=found.id: _blank_backlog(store, id, concern)  # type: ignore[misc]
            )
    return changed


async def _blank_backlog(store: Store, id: str, concern: Concerns) -> bool:
    [found] = await store.get([BACKLOGS.ref(id)])
    before = BACKLOGS.read(found)
    if found is None or before is None:
        return False
    after = _without_details(before, concern)
    if after == before:
        return False
    write = versioned_write(BACKLOGS, id, before.subscription, found.version, after)
    await store.commit(Commit(writes=[write]))
    return True


def _without_details(backlog: Backlog, concern: Concerns) -> Backlog:
    def is_about(one: ParkedKey) -> bool:
        return concern(one.stream, one.subject, one.version)

    parked = tuple(
        msgspec.structs.replace(one, detail="") if is_about(one) else one for one in backlog.parked
    )
    return msgspec.structs.replace(backlog, parked=parked)


async def redact_dead_letters(store: Store, concern: Concerns, *, clock: Clock, ids: Ids) -> int:
    """Forget why deliveries of such events were given up, and blank the events that said so.

    Returns how many events became blank.
    """
    blanked = 0
    async for head in all_streams(store, CATEGORY.name):
        given_up: list[Recorded] = []
        async for event in stream_events(store, head.stream):
            if event.type == _GIVEN_UP and not event.is_blank and _is_about(event, concern):
                given_up.append(event)
        for event in given_up:
            await _redact(store, event.subject, head.stream, clock, ids)
            await store.blank(event.partition, [event.position])
        blanked += len(given_up)
    return blanked


def _is_about(event: Recorded, concern: Concerns) -> bool:
    given_up: DeliveryGivenUp = CODEC.decode(event)
    return concern(given_up.stream, given_up.about, given_up.version)


async def _redact(store: Store, id: str, stream: str, clock: Clock, ids: Ids) -> None:
    """Take the detail and the trace out of a dead letter, if there still is one."""

    async def attempt(unit: UnitOfWork) -> list[Decided]:
        before = await unit.get(DEAD_LETTERS, id)
        if before is None or not (before.detail or before.trace):
            return []
        after = msgspec.structs.replace(before, detail="", trace=())
        return [Decided(DeliveryRedacted(dead_letter=after), id)]

    await CommandHandler(store, CODEC, FOLD, clock=clock, ids=ids).handle(stream, attempt)
