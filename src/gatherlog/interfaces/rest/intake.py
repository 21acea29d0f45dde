"""The intake over HTTP: records and CloudEvents are sent to a log, and read back from it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from gatherlog.apps.intake import BadRecord, Fault, Offer, Result
from gatherlog.apps.intake.cloud_events import PREFIX, binary_text
from gatherlog.apps.intake.reading import RecordQuery, records
from gatherlog.apps.intake.records import LOG, moment_of
from gatherlog.core.eventstore.commit_checks import NAME_BYTES
from gatherlog.core.eventstore.errors import Flaw, Invalid, Refused
from gatherlog.core.eventstore.giving_way import gently, in_turns
from gatherlog.interfaces.auth import permit_into_log
from gatherlog.interfaces.problems import Malformed
from gatherlog.interfaces.rest.answers import Time, page
from gatherlog.interfaces.rest.batches import (
    LINES,
    Batch,
    FaultAnswer,
    media_of,
    reading_batch,
    results_reply,
)
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Paging

__all__ = [
    "CLOUD_EVENT",
    "CLOUD_EVENTS",
    "EventIdTaken",
    "IntakeAnswer",
    "IntakeQuery",
    "RecordAnswer",
    "RecordsQuery",
    "read_records",
    "take_records",
]

CLOUD_EVENT: Final = "application/cloudevents+json"
CLOUD_EVENTS: Final = "application/cloudevents-batch+json"
FEW: Final = 1_000
"""Records that a request may have before it needs a place among the long ones."""

LogName = Annotated[
    str,
    Meta(extra_json_schema={"pattern": f"^{LOG}$"}, description="The log of the records."),
]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, max_length=64)]


class EventIdTaken(Refused):
    """Another record of the log has the EventID of the only one that was sent."""

    code = "event_id_taken"


class IntakeQuery(msgspec.Struct, frozen=True):
    """Where records are sent to."""

    log: LogName = "intake"


class ResultAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record, and where its event is."""

    index: int
    status: Literal["accepted", "repeated", "rejected"]
    id: str | None
    """Its EventID."""
    stream: str | None
    version: int | None
    errors: list[FaultAnswer]


class IntakeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many records were taken, and what became of each, in the order in which they came."""

    accepted: int
    repeated: int
    rejected: int
    results: list[ResultAnswer]


class RecordsQuery(Paging, frozen=True, kw_only=True):
    """Which records of a log: those that match all given parameters."""

    log: LogName = "intake"
    id: (
        Annotated[str, Meta(max_length=NAME_BYTES, description="Only about this entity.")] | None
    ) = None
    type: (
        Annotated[str, Meta(max_length=NAME_BYTES, description="Only of this EventType.")] | None
    ) = None
    emitter: (
        Annotated[str, Meta(max_length=NAME_BYTES, description="Only from this EmitterId.")] | None
    ) = None
    since: Annotated[Moment, Meta(description="Not before; RFC 3339.")] | None = None
    until: Annotated[Moment, Meta(description="Before; RFC 3339.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="At most so many in one part.")] = 100


class RecordAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it was sent, whatever else it has, and its place in the log."""

    timestamp: Annotated[float, Meta(description="Seconds since 1970.")] = msgspec.field(
        name="Timestamp"
    )
    event_type: str = msgspec.field(name="EventType")
    id: str = msgspec.field(name="ID")
    emitter_id: str = msgspec.field(name="EmitterId")
    emitter_type: str = msgspec.field(name="EmitterType")
    data: Any = msgspec.field(name="Data")
    event_id: str = msgspec.field(name="EventID")
    position: int = msgspec.field(name="Position")
    recorded_at: Time = msgspec.field(name="RecordedAt")


async def take_records(call: Call[bytes, IntakeQuery]) -> Reply:
    log, intake = call.query.log, call.platform.intake
    permit_into_log(call.actor, log)
    intake.check_log(log)
    batch, read = await _read(call)
    async with _place(call, batch):
        offers = [read(text) async for text in gently(batch.texts)]
        if batch.is_one and isinstance(offers[0], BadRecord):
            raise _refusal(offers[0])
        results = await intake.take(log, offers, by=call.by)
        if batch.is_one and results[0].faults:
            raise _refusal(BadRecord(*results[0].faults))
        return await call.remember(await _answer(results))


async def read_records(call: Call[None, RecordsQuery]) -> Reply:
    query = call.query
    call.platform.intake.check_log(query.log)
    wanted = RecordQuery(
        log=query.log,
        entity=query.id,
        type=query.type,
        emitter=query.emitter,
        since=_micros("/since", query.since),
        until=_micros("/until", query.until),
    )
    found = await records(call.platform.store, wanted, limit=query.limit, cursor=query.cursor)
    return await page(call.path, query, (one.fields() for one in found.items), found.cursor)


async def _read(call: Call[bytes, Any]) -> tuple[Batch, Callable[[bytes], Offer]]:
    """The texts of the body, and what reads each of them."""
    intake, headers = call.platform.intake, call.headers
    media = media_of(headers)
    if media not in (CLOUD_EVENT, CLOUD_EVENTS) and PREFIX + b"specversion" in headers:
        return Batch([_text(headers, call.body)], is_one=True), intake.read_cloud_event
    batch = await in_turns(reading_batch(call.body, is_lines=media == LINES, what="records"))
    if media not in (CLOUD_EVENT, CLOUD_EVENTS):
        return batch, intake.read
    if batch.is_one is not (media == CLOUD_EVENT):
        what = "one CloudEvent" if media == CLOUD_EVENT else "an array of CloudEvents"
        raise Malformed(f"A body of type {media} is {what}.")
    return batch, intake.read_cloud_event


def _text(headers: Mapping[bytes, bytes], body: bytes) -> bytes:
    try:
        return binary_text(headers, body)
    except BadRecord as bad:
        raise _refusal(bad) from None


def _place(call: Call[Any, Any], batch: Batch) -> AbstractAsyncContextManager[None]:
    return call.long_write() if len(batch.texts) > FEW else nullcontext()


def _refusal(bad: BadRecord) -> Exception:
    """How a single record is refused."""
    first: Fault = bad.faults[0]
    if first.code == "not_json":
        return Malformed(f"The body {first.detail}.")
    if first.code == EventIdTaken.code:
        return EventIdTaken(first.detail)
    return bad


async def _answer(results: Sequence[Result]) -> Reply:
    counted = Counter(result.status for result in results)
    counts = {status: counted[status] for status in ("accepted", "repeated", "rejected")}
    return await results_reply(counts, (_result(n, result) for n, result in enumerate(results)))


def _result(index: int, result: Result) -> ResultAnswer:
    return ResultAnswer(
        index=index,
        status=result.status,
        id=result.event_id or None,
        stream=result.stream or None,
        version=result.version or None,
        errors=[FaultAnswer(fault.code, fault.pointer, fault.detail) for fault in result.faults],
    )


def _micros(pointer: str, text: str | None) -> int | None:
    try:
        return None if text is None else moment_of(text)
    except ValueError:
        raise Invalid(Flaw(pointer, "needs RFC 3339, as in 2027-06-05T15:00:00Z")) from None
