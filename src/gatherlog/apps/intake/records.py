"""Records: what other systems send to the intake, read from JSON, and what is wrong with them.

A record has six fields: `Timestamp`, `EventType`, `ID`, `EmitterId`, `EmitterType` and `Data`. It
may name its `EventID`; whatever else it has is kept and given back.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.clock import LAST_TIME, to_micros
from gatherlog.core.eventstore.commit_checks import NAME_BYTES, check_name
from gatherlog.core.eventstore.errors import Flaw, Invalid, LimitExceeded
from gatherlog.core.eventstore.exact_json import DEPTH, decode, is_deep
from gatherlog.core.eventstore.plain_text import check_plain

__all__ = [
    "EVENT_TYPE",
    "ID_BYTES",
    "LOG",
    "BadRecord",
    "Fault",
    "Record",
    "TypeCheck",
    "made_record",
    "moment_of",
    "name_faults",
    "object_of",
    "read_record",
    "type_check",
]

EVENT_TYPE: Final = "[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"
"""The form of an event's type, unless the site sets another: EVENT_EXAMPLE."""
LOG: Final = "[a-z][a-z0-9_]{0,62}"
"""The form of the name of a log that records are taken into."""
ID_BYTES: Final = NAME_BYTES - 64
"""Of the UTF-8 of an entity's ID: a stream's name has that of the log before it."""
EVENT_ID_BYTES: Final = 1_024
MICROS: Final = 1_000_000
_LAST_SECOND: Final = LAST_TIME // MICROS
_DIGEST: Final = "sha256-"
_EVENT_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")
_ANSWERED: Final = frozenset({"EventID", "Position", "RecordedAt"})
"""Fields that are answered beside those that were sent. What is sent of the last two is ignored, so
a record that was read can be sent again."""
_IN_EVENT: Final = frozenset({"Timestamp", "EventType", "ID", "Data"})
"""Fields that the event itself has; the others are its context."""

_parts_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a record."""

    code: str
    """For programs: `missing`, `wrong_type`, `wrong_form`, `out_of_range`, `not_json`, `too_deep`,
    `too_large`, `not_taken`, `event_id_taken`."""
    pointer: str
    """Where in the record: a JSON pointer."""
    detail: str
    """What is wrong, for people."""


TypeCheck = Callable[[str], Fault | None]
"""What is wrong with an event's type; None if nothing is."""


class BadRecord(Invalid):
    """A record that cannot be taken; `faults` names everything that is wrong with it."""

    def __init__(self, *faults: Fault, event_id: str = "") -> None:
        super().__init__(*[Flaw(fault.pointer, fault.detail) for fault in faults])
        self.faults = faults
        self.event_id = event_id
        """The EventID that was sent; empty if none was."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record that can be taken."""

    entity: str
    """Its `ID`: whom or what it is about."""
    type: str
    time: int | None
    """When it happened, in microseconds since the epoch; None: when it is recorded."""
    data: bytes
    """JSON, byte for byte as it was sent."""
    context: Mapping[str, Any]
    """What else was sent, by name."""
    event_id: str
    """What tells it from the others of its log: the EventID that was sent, else `content`."""
    content: str
    """A digest of the record without its EventID; that of the same record is the same."""
    key: str
    """The event's id in the log: the EventID, or a digest of one that is no event's id."""


def type_check(pattern: str = EVENT_TYPE) -> TypeCheck:
    """The check that an event's type has this form, a regular expression. Raises re.error."""
    form = re.compile(pattern)
    like = "EVENT_EXAMPLE" if pattern == EVENT_TYPE else pattern

    def check(type: str) -> Fault | None:
        if form.fullmatch(type):
            return None
        return Fault("wrong_form", "/EventType", f"should have the form {like}")

    return check


def read_record(text: bytes, check_type: TypeCheck) -> Record:
    """The record that a JSON text holds. Raises BadRecord."""
    fields = object_of(text)
    faults = [*_faults(fields, check_type)]
    if faults:
        sent = fields.get("EventID")
        raise BadRecord(*faults, event_id=sent if isinstance(sent, str) else "")
    parts = _parts_of(text)
    return made_record(
        fields,
        time=_micros(fields["Timestamp"]),
        data=bytes(parts["Data"]) if "Data" in parts else b"null",
        event_id=fields.get("EventID"),
    )


def made_record(
    fields: Mapping[str, Any], *, time: int | None, data: bytes, event_id: str | None
) -> Record:
    """A record of fields that were checked; `data` is the JSON text of `Data`."""
    kept = {name: value for name, value in fields.items() if name not in _ANSWERED}
    content = _digest(_canonical({**kept, "Timestamp": time, "Data": fields.get("Data")}))
    context = {name: value for name, value in kept.items() if name not in _IN_EVENT}
    key = event_id = content if event_id is None else event_id
    if not _is_key(event_id, content):
        context["EventID"], key = event_id, _digest(event_id)
    return Record(fields["ID"], fields["EventType"], time, data, context, event_id, content, key)


def object_of(text: bytes) -> dict[str, Any]:
    """The object that a JSON text is, no deeper than can be kept. Raises BadRecord."""
    try:
        if not text.isascii():
            text.decode()
        value = decode(text)
    except UnicodeDecodeError:
        raise BadRecord(Fault("not_json", "", "is not UTF-8")) from None
    except ValueError as error:
        raise BadRecord(Fault("not_json", "", f"is not JSON: {error}")) from None
    if type(value) is not dict:
        raise BadRecord(Fault("wrong_type", "", "a record is a JSON object"))
    if text.count(b"{") + text.count(b"[") > DEPTH and is_deep(value):
        raise BadRecord(Fault("too_deep", "", f"is nested beyond {DEPTH} levels"))
    return value


def moment_of(text: str) -> int:
    """A time in RFC 3339 in microseconds since the epoch; ValueError for any other text."""
    try:
        return to_micros(msgspec.convert(text, datetime))
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def name_faults(pointer: str, name: object, most: int = NAME_BYTES) -> Iterator[Fault]:
    """What is wrong with a field that has to be a name: plain text of 1 to `most` bytes."""
    if type(name) is not str:
        yield Fault("wrong_type", pointer, "should be a string")
        return
    try:
        check_name("it", name, most)
        check_plain("it", name)
    except LimitExceeded as error:
        yield Fault("too_large", pointer, f"has {error.found:,} bytes; at most {most} fit")
    except ValueError:
        empty = "is empty" if not name else "has a character that no name may have"
        yield Fault("wrong_form", pointer, empty)


def _faults(fields: Mapping[str, Any], check_type: TypeCheck) -> Iterator[Fault]:
    for name in ("Timestamp", "EventType", "ID", "EmitterId", "EmitterType"):
        if name not in fields:
            yield Fault("missing", f"/{name}", "is needed")
        elif name == "Timestamp":
            yield from _time_faults(fields[name])
        else:
            most = ID_BYTES if name == "ID" else NAME_BYTES
            wrong = [*name_faults(f"/{name}", fields[name], most)]
            if name == "EventType" and not wrong and (fault := check_type(fields[name])):
                wrong.append(fault)
            yield from wrong
    if not isinstance(fields.get("Data"), dict | None):
        yield Fault("wrong_type", "/Data", "should be an object or null")
    if "EventID" in fields:
        yield from name_faults("/EventID", fields["EventID"], EVENT_ID_BYTES)


def _time_faults(time: object) -> Iterator[Fault]:
    if isinstance(time, bool) or not isinstance(time, int | float | Decimal):
        yield Fault("wrong_type", "/Timestamp", "should be a number: seconds since 1970")
    elif not 0 <= time < _LAST_SECOND + 1:
        detail = "should be seconds since 1970, up to the end of the year 9999"
        if _LAST_SECOND < time <= _LAST_SECOND * 1000:
            detail += "; this looks like milliseconds: divide it by 1000"
        yield Fault("out_of_range", "/Timestamp", detail)


def _micros(seconds: float | Decimal) -> int:
    """Seconds, exactly as they were written, in whole microseconds."""
    if type(seconds) is int:
        return seconds * MICROS
    exact = Decimal(str(seconds)) * MICROS
    return min(int(exact.to_integral_value(ROUND_HALF_EVEN)), LAST_TIME)


def _is_key(event_id: str, content: str) -> bool:
    """Whether an EventID is the event's id: it can be one, and is no digest but its own."""
    if event_id == content:
        return True
    return _EVENT_ID.fullmatch(event_id) is not None and not event_id.startswith(_DIGEST)


def _digest(text: bytes | str) -> str:
    """A digest of 50 characters."""
    data = text.encode() if isinstance(text, str) else text
    return _DIGEST + urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")
