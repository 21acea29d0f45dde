"""The command queues: list, purge and remove."""

import asyncio
import json

from gatherlog.bootstrap import open_platform
from gatherlog.core.queues import Outgoing
from gatherlog.settings import Settings
from tests.entrypoints.conftest import Terminal


def send(queue: str, count: int) -> None:
    messages = [
        Outgoing(id=f"m{n}", stream="thing-1", subject="", version=n + 1, content=b"1")
        for n in range(count)
    ]

    async def put() -> None:
        platform = await open_platform(Settings())
        await platform.queues.send(queue, messages)
        await platform.stop()

    asyncio.run(put())


def test_queues_are_listed_with_their_messages(party: Terminal) -> None:
    send("orders", 3)

    listed = party("queues", "list").out.splitlines()
    [shown] = json.loads(party("queues", "list", "--json").out)

    assert listed[0].split() == ["name", "ready", "in", "flight", "waiting", "dead", "oldest"]
    assert listed[-1].split()[:5] == ["orders", "1", "0", "2", "0"]
    assert (shown["name"], shown["ready"], shown["waiting"]) == ("orders", 1, 2)


def test_a_queue_is_purged_and_removed(party: Terminal) -> None:
    send("orders", 3)

    assert party("queues", "purge", "orders", "--yes") == (
        0,
        "3 messages of orders were given up.\n",
        "",
    )
    assert party("queues", "remove", "orders", "--yes") == (0, "Queue orders is removed.\n", "")
    assert json.loads(party("queues", "list", "--json").out) == []


def test_nothing_is_given_up_without_a_confirmation(party: Terminal) -> None:
    send("orders", 3)

    for command in ("purge", "remove"):
        refused = party("queues", command, "orders")
        assert (refused.status, "confirm with --yes" in refused.err) == (2, True)
    [shown] = json.loads(party("queues", "list", "--json").out)
    assert (shown["ready"], shown["waiting"]) == (1, 2)


def test_a_queue_that_is_not_there_is_refused_in_one_line(party: Terminal) -> None:
    for command in ("purge", "remove"):
        refused = party("queues", command, "orders", "--yes")
        assert (refused.status, refused.out) == (1, "")
        assert refused.err == "gatherlog: there is no queue 'orders'\n"
