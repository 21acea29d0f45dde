"""The status of a site: its troubles by pure rules, and what is read of a store in trouble."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.queues import Outgoing
from gatherlog.interfaces.status import Status
from gatherlog.interfaces.status.shapes import (
    DestinationStatus,
    MailStatus,
    QueueCounts,
    ReaderStatus,
    SearchStatus,
    SetAside,
    StoreStatus,
    SubscriptionStatus,
)
from gatherlog.interfaces.status.troubles import age, troubles_of
from tests.core.subscriptions.followers import give_up
from tests.stores import eventually

SAME: Mapping[str, Any] = MappingProxyType({})
WORKER = "host:17:abc"
READER = ReaderStatus(
    partition=0, holder=WORKER, since=None, quiet_seconds=1.0, unread_seconds=None
)
BUS = SubscriptionStatus(
    name="bus",
    state="reading",
    behind=0,
    behind_is_least=False,
    oldest_seconds=None,
    parked=0,
    held=0,
    failing=0,
    dead=0,
    readers=(READER,),
)
SHOP = DestinationStatus(
    subscription="bus",
    destination="shop/target",
    rule="shop",
    parked=0,
    waits_for_operator=0,
    held=False,
    failing_since=None,
    oldest_seconds=None,
    next_try=None,
    dead=0,
    reason="timeout: it did not answer",
)
QUEUE = QueueCounts(name="orders", ready=1, in_flight=0, waiting=0, dead=0, oldest_seconds=9.0)
STORE = StoreStatus(
    heads=(7,),
    bytes={"database": 1_000_000, "wal": 0},
    disk_free_bytes=10_000_000_000,
    unbuilt_views=(),
)
SEARCH = SearchStatus(documents=3, is_building=False, oldest_seconds=None)
SITE = Status(
    version="1",
    at="2026-01-01T00:00:00.000000Z",
    works=False,
    store=STORE,
    subscriptions=(BUS, msgspec.structs.replace(BUS, name="logs")),
    destinations=(SHOP,),
    set_aside=(),
    queues=(QUEUE,),
    mail=MailStatus(held={"day": 3}, not_sent={"allowance": 2}),
    search=SEARCH,
)


def bus(
    *, works: bool = False, reader: Mapping[str, Any] = MappingProxyType({}), **changes: Any
) -> Status:
    """The site with other figures of its first subscription."""
    readers = (msgspec.structs.replace(READER, **reader),)
    one = msgspec.structs.replace(BUS, readers=readers, **changes)
    return changed(subscriptions=(one, SITE.subscriptions[1]), works=works)


def changed(**changes: Any) -> Status:
    return msgspec.structs.replace(SITE, **changes)


def shop(**changes: Any) -> Status:
    return changed(destinations=(msgspec.structs.replace(SHOP, **changes),))


def store(**changes: Any) -> Status:
    return changed(store=msgspec.structs.replace(STORE, **changes))


NOBODY = msgspec.structs.replace(BUS, readers=(msgspec.structs.replace(READER, holder=None),))


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (SITE, []),
        (changed(subscriptions=(NOBODY,)), ["nobody_reads"]),
        (changed(subscriptions=(NOBODY,), works=True), []),  # it is about to take the lease
        (bus(reader={"holder": None}), ["nobody_reads"]),
        (bus(works=True, reader={"holder": None, "unread_seconds": 31.0}), ["nobody_reads"]),
        (bus(reader={"unread_seconds": 31.0, "quiet_seconds": 31.0}), ["nobody_reads"]),
        (bus(reader={"unread_seconds": 29.0, "quiet_seconds": 3600.0}), []),
        (bus(reader={"unread_seconds": None, "quiet_seconds": 3600.0}), []),
        (bus(reader={"unread_seconds": 299.0, "quiet_seconds": 2.0}), []),
        (bus(reader={"unread_seconds": 301.0, "quiet_seconds": 2.0}), ["behind"]),
        (bus(reader={"unread_seconds": 301.0, "quiet_seconds": None}), ["behind"]),
        (bus(state="paused", reader={"unread_seconds": 99.0, "quiet_seconds": 99.0}), ["paused"]),
        (bus(state="pausing"), ["paused"]),
        (shop(parked=1, oldest_seconds=59.0), []),
        (shop(parked=1, oldest_seconds=61.0), ["parked"]),
        (shop(failing_since="2026-01-01T00:00:00.000000Z", parked=1), ["destination_fails"]),
        (shop(dead=1), ["dead_letters"]),
        (shop(dead=1, parked=1, waits_for_operator=1, oldest_seconds=99.0), ["dead_letters"]),
        (changed(queues=(msgspec.structs.replace(QUEUE, dead=1),)), ["queue_dead"]),
        (changed(mail=MailStatus(held={}, not_sent={"unreachable": 1})), ["mail_not_sent"]),
        (
            changed(set_aside=(SetAside(subscription="bus", what="rule x", why="odd"),)),
            ["set_aside"],
        ),
        (store(unbuilt_views=("guest",)), ["view_unbuilt"]),
        (store(disk_free_bytes=60_000_000), ["disk_low"]),
        (store(disk_free_bytes=None), []),
        (store(bytes={"database": 9, "wal": 65 * 2**20}), ["wal_large"]),
        (store(bytes={"database": 2**40}, disk_free_bytes=2**31), []),
        (store(bytes={"database": 900 * 2**20}, disk_free_bytes=800 * 2**20), ["disk_low"]),
        (changed(search=None), []),
        (
            changed(search=SearchStatus(documents=0, is_building=True, oldest_seconds=99.0)),
            ["search_builds"],
        ),
        (
            changed(search=SearchStatus(documents=0, is_building=False, oldest_seconds=99.0)),
            ["search_behind"],
        ),
    ],
)
def test_a_trouble_is_named_where_there_is_one_and_nowhere_else(
    status: Status, codes: list[str]
) -> None:
    troubles = troubles_of(status)

    assert [one.code for one in troubles] == codes
    assert all(one.says and one.do for one in troubles)


def test_a_failing_destination_is_told_with_its_age_and_the_last_reason() -> None:
    [told] = troubles_of(
        shop(failing_since="2026-01-01T08:30:00.123456Z", parked=2, oldest_seconds=780.0)
    )

    assert told.about == "shop/target"
    assert told.says == (
        "All deliveries to shop/target have failed since 2026-01-01T08:30:00Z, the oldest event"
        " for 13 min: timeout: it did not answer."
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7_200.0, "2 h"), (172_800.0, "2 days")],
)
def test_an_age_is_told_in_one_unit_that_fits(seconds: float, said: str) -> None:
    assert age(seconds) == said


async def status_of(api: AsyncClient) -> Status:
    answer = await api.get("/status")
    assert answer.status_code == 200
    return msgspec.json.decode(answer.content, type=Status)


@pytest.mark.usefixtures("working")
async def test_the_status_names_the_worker_that_reads_each_subscription(
    api: AsyncClient, platform: Platform
) -> None:
    async def holders() -> set[str | None]:
        await platform.status.read(fresh=0)
        found = (await status_of(api)).subscriptions
        return {reader.holder for one in found for reader in one.readers if reader.since}

    await eventually(holders, {platform.worker.id})
    found = await status_of(api)
    assert len({one.name for one in found.subscriptions}) == len(platform.subscriptions)
    assert found.works is True
    assert found.troubles == ()
    assert (await api.get("/readyz")).json() == {"status": "ready"}


async def test_what_is_in_trouble_is_found_in_the_store_alone(
    api: AsyncClient, platform: Platform
) -> None:
    """Nobody reads, a delivery was given up, and so was a message of a queue."""
    await give_up(platform.store, "bus", "shop/target")
    message = Outgoing(id="m", stream="s-1", subject="", version=1, content=b"1")
    await platform.queues.admin.change_queue("orders", most_attempts=1, by="test")
    await platform.queues.send("orders", [message])
    [received] = await platform.queues.receive("orders")
    await platform.queues.release("orders", received.receipt)
    assert await platform.queues.receive("orders") == []

    async def codes() -> list[str]:
        return [one.code for one in (await platform.status.read(fresh=0)).troubles]

    await eventually(codes, ["nobody_reads", "dead_letters", "queue_dead"])
    found = await status_of(api)
    [dead] = [one for one in found.destinations if one.dead]
    assert (dead.subscription, dead.destination, dead.rule) == ("bus", "shop/target", "shop")
    assert dead.reason == "raised: ValueError: no"


async def test_only_the_operator_reads_the_status_and_readyz_tells_kinds_alone(
    api: AsyncClient, nobody: AsyncClient, platform: Platform
) -> None:
    host = await platform.keys.create("host", "default", "", actor="test")
    await give_up(platform.store, "bus", "shop/target")

    by_host = await nobody.get("/status", headers={"Authorization": f"Bearer {host.secret}"})

    assert (await nobody.get("/status")).status_code == 401
    assert by_host.status_code == 404
    async with platform.working():
        assert (await api.get("/status")).text.count("shop/target") > 1

        async def in_short() -> str:
            return (await nobody.get("/readyz")).text

        await eventually(in_short, '{"status":"ready","troubles":["dead_letters"]}')
