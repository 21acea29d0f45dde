"""The intake from a queue: four tries for what may pass, and none for what breaks the form."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from gatherlog.apps.intake import IntakeService, Offer, QueueIntake, Result
from gatherlog.core import Store
from gatherlog.core.eventstore.errors import DiskFull
from gatherlog.core.queues import Outgoing, Queues
from gatherlog.testing import StandingClock
from tests.apps.intake.made_up import record
from tests.core.queues.messages import SOON, ids
from tests.stores import events_of, eventually


def outgoing(id: str, content: bytes, key: str = "") -> Outgoing:
    return Outgoing(id=id, stream="", subject=key or id, version=0, content=content)


@pytest.fixture
def queues(store: Store, clock: StandingClock) -> Queues:
    return Queues(store, clock=clock, ids=ids)


class FullDisk:
    """An intake whose disk is full as long as records about `sick` are offered."""

    def __init__(self, intake: IntakeService) -> None:
        self._intake = intake

    def __getattr__(self, name: str) -> object:
        return getattr(self._intake, name)

    async def take(self, log: str, offers: Sequence[Offer], *, by: str) -> list[Result]:
        if any(getattr(offer, "entity", "") == "sick" for offer in offers):
            raise DiskFull("no room")
        return await self._intake.take(log, offers, by=by)


async def dead(queues: Queues) -> list[tuple[str, int, str]]:
    page = await queues.admin.dead_messages("orders")
    return sorted((one.id, one.attempts, one.reason) for one in page.messages)


async def left(queues: Queues) -> int:
    status = await queues.admin.status("orders")
    return status.ready + status.in_flight + status.waiting


async def test_good_messages_are_taken_and_bad_ones_die_at_once_with_their_places(
    intake: IntakeService, queues: Queues, store: Store
) -> None:
    event = {"specversion": "1.0", "id": "e1", "source": "/g", "type": "read", "subject": "m1"}
    contents = [
        record(EventID="a"),
        record(Timestamp="soon", ID=7),
        msgspec.json.encode(event),
        record(EventID="a"),
        b"[]",
    ]
    await queues.send("orders", [outgoing(f"{n}", one) for n, one in enumerate(contents)])
    reader = QueueIntake(intake, queues)

    while await reader.take("orders", "meters", wait=0.05):
        pass

    assert len(await events_of(store, "meters-m1")) == 2
    assert await left(queues) == 0
    expected = [
        ("1", 1, "/Timestamp: should be a number: seconds since 1970; /ID: should be a string"),
        ("4", 1, ": a record is a JSON object"),
    ]
    await eventually(lambda: dead(queues), expected)


async def test_what_may_pass_is_tried_four_times_and_keeps_no_other_out(
    intake: IntakeService, queues: Queues, clock: StandingClock, store: Store
) -> None:
    failures: list[BaseException] = []
    reader = QueueIntake(FullDisk(intake), queues, report=failures.append)  # type: ignore[arg-type]
    await queues.send("orders", [outgoing("1", record(ID="sick")), outgoing("2", record())])

    for _ in range(4):
        await reader.take("orders", "meters", wait=SOON)
        clock.advance(seconds=30)

    assert len(await events_of(store, "meters-m1")) == 1
    assert [type(error) for error in failures] == [DiskFull] * 4
    await eventually(lambda: dead(queues), [("1", 4, "failed 4 times: DiskFull: no room")])


async def test_it_reads_until_it_is_cancelled(
    intake: IntakeService, queues: Queues, store: Store
) -> None:
    reading = asyncio.create_task(QueueIntake(intake, queues).run("orders", "meters"))

    for n in range(3):
        await queues.send("orders", [outgoing(f"{n}", record(EventID=f"{n}"), key="m1")])

    async def taken() -> list[str]:
        return [event.id for event in await events_of(store, "meters-m1")]

    await eventually(taken, ["0", "1", "2"])
    assert (await queues.admin.queue("orders")).most_attempts == 4
    reading.cancel()
    await asyncio.wait([reading])
