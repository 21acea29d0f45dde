"""The endpoints of the intake."""

from typing import Any, Final

from gatherlog.apps.intake.cloud_events import PREFIX
from gatherlog.apps.intake.records import ID_BYTES
from gatherlog.apps.people import Action
from gatherlog.interfaces.rest import intake
from gatherlog.interfaces.rest.batches import ARRAY, JSON, LINES, MOST_BYTES
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.intake import (
    CLOUD_EVENT,
    CLOUD_EVENTS,
    IntakeAnswer,
    IntakeQuery,
    RecordAnswer,
    RecordsQuery,
)

__all__ = ["INTAKE_ENDPOINTS"]

_RECORD: Final = {
    "type": "object",
    "required": ["Timestamp", "EventType", "ID", "EmitterId", "EmitterType"],
    "properties": {
        "Timestamp": {"type": "number", "minimum": 0, "description": "Seconds since 1970."},
        "EventType": {"type": "string", "minLength": 1},
        "ID": {"type": "string", "minLength": 1, "maxLength": ID_BYTES},
        "EmitterId": {"type": "string", "minLength": 1},
        "EmitterType": {"type": "string", "minLength": 1},
        "Data": {"type": ["object", "null"]},
        "EventID": {"type": "string", "minLength": 1},
    },
}
_CLOUD_EVENT: Final = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"type": "string", "minLength": 1},
    },
}

INTAKE_ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    Endpoint(
        method="POST",
        path="/intake",
        action=Action.INTAKE,
        handle=intake.take_records,
        summary="Send records or CloudEvents to a log: one, an array, or JSON lines",
        body=bytes,
        also_accepts=(LINES, CLOUD_EVENT, CLOUD_EVENTS),
        schemas={
            JSON: [_RECORD, ARRAY],
            CLOUD_EVENT: [_CLOUD_EVENT],
            CLOUD_EVENTS: [ARRAY],
        },
        telling_headers=(b"content-type", PREFIX),
        most_bytes=MOST_BYTES,
        query=IntakeQuery,
        answer=IntakeAnswer,
        scoped=False,
        refusals=("event_id_taken", "limit_exceeded", "denied"),
    ),
    Endpoint(
        method="GET",
        path="/intake",
        action=Action.READ_INTAKE,
        handle=intake.read_records,
        summary="Records of a log by entity, type, emitter and time",
        query=RecordsQuery,
        answer=list[RecordAnswer],
        scoped=False,
    ),
)
