"""Messages for tests, a consumer that takes them all, and a check that lines are intact."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
from uuid_utils import uuid7

from gatherlog.core import Document, Store
from gatherlog.core.queues import Outgoing, Queues, Received
from gatherlog.core.queues.documents import LINES, MESSAGES, Line, Message, line_id
from gatherlog.testing import StandingClock
from tests.stores import scanned

SOON = 5.0
"""As `receive(wait=)`, for messages that are available: queries may lag."""
A_MOMENT = 0.03
"""Seconds after which every query shows what was committed before, on engines under test."""


def ids() -> str:
    return str(uuid7())


def message(id: str, line: str = "ada", *, version: int = 1, text: str = "") -> Outgoing:
    """A message with this id, in the line of this subject."""
    return Outgoing(
        id=id,
        stream="gathering-1",
        subject=line,
        version=version,
        content=msgspec.json.encode({"text": text or id}),
    )


def in_line(line: str, count: int) -> list[Outgoing]:
    """`count` messages of one line: `ada-1`, `ada-2`, …"""
    return [message(f"{line}-{n}", line, version=n) for n in range(1, count + 1)]


def ids_of(messages: Iterable[Received | Message]) -> list[str]:
    return [one.id for one in messages]


async def peeked(queues: Queues, queue: str = "orders") -> list[str]:
    """The ids of the messages that are available, as far as queries show them."""
    return ids_of(await queues.admin.peek(queue))


async def dead_ids(queues: Queues, queue: str = "orders") -> list[str]:
    """The ids of the dead messages, as far as queries show them."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await queues.admin.dead_messages(queue, cursor=cursor)
        found += ids_of(page.messages)
        if (cursor := page.cursor) is None:
            return found


async def drain(queues: Queues, queue: str, *, most: int = 10) -> list[Received]:
    """Receive and acknowledge until the queue is empty: all messages, in the order of receiving."""
    received: list[Received] = []
    while batch := await queues.receive(queue, most=most, wait=A_MOMENT):
        await queues.ack(queue, [message.receipt for message in batch])
        received += batch
        await asyncio.sleep(0)  # so that other tasks run in between
    return received


async def let_time_out(queues: Queues, clock: StandingClock, times: int) -> None:
    """Receive the only message that is available, and do not acknowledge it."""
    for _ in range(times):
        assert len(await queues.receive("orders", visible_after=30, wait=SOON)) == 1
        clock.advance(seconds=30)


async def all_messages(store: Store) -> list[Message]:
    """All messages that the store holds, including those that are dead or done."""
    found = [MESSAGES.read(one) for one in await scanned(store, MESSAGES.name)]
    return [one for one in found if one is not None]


async def check_lines(store: Store) -> None:
    """As `check_lines_of`, while nothing changes."""
    check_lines_of([*await scanned(store, LINES.name), *await scanned(store, MESSAGES.name)])


def check_lines_of(documents: Iterable[Document]) -> None:
    """Assert that every message that is neither dead nor done is in its line, once and in order."""
    by_view: dict[str, list[Document]] = {LINES.name: [], MESSAGES.name: []}
    for document in documents:
        by_view.setdefault(document.view, []).append(document)
    lines = [LINES.read(one) for one in by_view[LINES.name]]
    messages = [one for one in map(MESSAGES.read, by_view[MESSAGES.name]) if one is not None]
    alive = {one.id: one for one in messages if one.died_at is None and one.done_at is None}
    in_lines: list[str] = []
    for line in lines:
        assert line is not None
        in_lines += _ids_in_line(line, alive)
    assert sorted(in_lines) == sorted(alive)
    assert len({line_id(one.queue, one.stream, one.subject) for one in lines if one}) == len(lines)


def _ids_in_line(line: Line, alive: dict[str, Message]) -> Sequence[str]:
    linked = [alive[line.first]]
    while linked[-1].next:
        linked.append(alive[linked[-1].next])
    assert (linked[-1].id, len(linked)) == (line.last, line.length)
    assert line.first_sent_at == linked[0].sent_at
    assert {(one.stream, one.subject) for one in linked} == {(line.stream, line.subject)}
    return [one.id for one in linked]
