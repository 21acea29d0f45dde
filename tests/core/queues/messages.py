"""Messages as tests send them, and what consumers do with them."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
from uuid_utils import uuid7

from gatherlog.core import Store
from gatherlog.core.queues import Outgoing, Queues, Received
from gatherlog.core.queues.documents import LINES, MESSAGES, Line, Message, line_id


def ids() -> str:
    return str(uuid7())


def message(id: str, line: str = "ada", *, version: int = 1, text: str = "") -> Outgoing:
    """A message with this id, about this guest of one gathering."""
    return Outgoing(
        id=id,
        stream="gathering-1",
        subject=line,
        version=version,
        content=msgspec.json.encode({"text": text or id}),
    )


def in_line(line: str, count: int) -> list[Outgoing]:
    """So many messages of one line: `ada-1`, `ada-2`, …"""
    return [message(f"{line}-{n}", line, version=n) for n in range(1, count + 1)]


def named(messages: Iterable[Received | Message]) -> list[str]:
    return [one.id for one in messages]


async def drain(queues: Queues, queue: str, *, most: int = 10) -> list[Received]:
    """Everything that there is to take, acknowledged, in the order in which it was given."""
    taken: list[Received] = []
    while found := await queues.receive(queue, most=most):
        await queues.ack(queue, [one.receipt for one in found])
        taken += found
        await asyncio.sleep(0)  # others have their turn
    return taken


async def all_messages(store: Store) -> list[Message]:
    """All that the store knows of, dead and done with included."""
    found = [MESSAGES.read(one) for one in await store.scan(MESSAGES.name)]
    return [one for one in found if one is not None]


async def check_lines(store: Store) -> None:
    """Every message that is neither dead nor done with stands in its line, once and in order."""
    lines = [LINES.read(one) for one in await store.scan(LINES.name)]
    found = await all_messages(store)
    alive = {one.id: one for one in found if one.died_at is None and one.done_at is None}
    standing: list[str] = []
    for line in lines:
        assert line is not None
        standing += _chain(line, alive)
    assert sorted(standing) == sorted(alive)
    assert len({line_id(one.queue, one.stream, one.subject) for one in lines if one}) == len(lines)


def _chain(line: Line, alive: dict[str, Message]) -> Sequence[str]:
    chain = [alive[line.first]]
    while chain[-1].next:
        chain.append(alive[chain[-1].next])
    assert (chain[-1].id, len(chain)) == (line.last, line.length)
    assert line.since == chain[0].sent_at
    assert {(one.stream, one.subject) for one in chain} == {(line.stream, line.subject)}
    return [one.id for one in chain]
