"""CloudEvents 1.0 as records: in the JSON format, and with their attributes in headers of HTTP."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from gatherlog.apps.intake.records import (
    ID_BYTES,
    BadRecord,
    Fault,
    Record,
    made_record,
    moment_of,
    name_faults,
    object_of,
)
from gatherlog.core.eventstore.clock import FIRST_TIME, LAST_TIME
from gatherlog.core.eventstore.commit_checks import NAME_BYTES
from gatherlog.core.eventstore.exact_json import decode

__all__ = ["PREFIX", "binary_text", "read_cloud_event"]

PREFIX: Final = b"ce-"
"""What the headers of the binary mode begin with."""
_NEEDED: Final = ("specversion", "id", "source", "type")
_TEXTS: Final = (*_NEEDED, "subject", "time", "datacontenttype", "dataschema")
_NAME: Final = re.compile("[a-z0-9]+")
_JSON: Final = re.compile(r"application/([a-z0-9.+-]+\+)?json *(;.*)?", re.IGNORECASE)
_parts_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_cloud_event(text: bytes) -> Record:
    """The record that a CloudEvent in the JSON format is. Raises BadRecord.

    Its entity is the subject, or else the source, which is the emitter, too; its EventID is the
    source and the id. All attributes are kept. One without a time has that at which it is recorded.
    """
    sent = object_of(text)
    event = {name: value for name, value in sent.items() if value is not None or name == "data"}
    if faults := [*_faults(event)]:
        raise BadRecord(*faults)
    attributes = {name: value for name, value in event.items() if name not in ("data", "type")}
    attributes.pop("time", None)
    fields = {
        **attributes,
        "EventType": event["type"],
        "ID": event.get("subject", event["source"]),
        "EmitterId": event["source"],
        "EmitterType": "SYSTEM",
        "Data": event.get("data"),
    }
    data = bytes(_parts_of(text)["data"]) if "data" in event else b"null"
    event_id = f"{event['source']} {event['id']}"
    time = moment_of(event["time"]) if "time" in event else None
    return made_record(fields, time=time, data=data, event_id=event_id)


def binary_text(headers: Mapping[bytes, bytes], body: bytes) -> bytes:
    """A CloudEvent of the binary mode in the JSON format; its data is `body`, which is JSON.

    Attributes are in the headers `ce-…`, percent-encoded, and datacontenttype in `content-type`.
    Raises BadRecord.
    """
    attributes = {
        name[len(PREFIX) :].decode("latin-1"): _decoded(name, value)
        for name, value in headers.items()
        if name.startswith(PREFIX)
    }
    if content_type := headers.get(b"content-type"):
        attributes["datacontenttype"] = content_type.decode("latin-1")
    text = msgspec.json.encode(attributes)
    if not body.strip():
        return text
    try:
        decode(body)
    except ValueError as error:
        raise BadRecord(Fault("not_json", "/data", f"is not JSON: {error}")) from None
    return text[:-1] + b',"data":' + body + b"}"


def _decoded(name: bytes, value: bytes) -> str:
    try:
        return unquote(value.decode("latin-1"), errors="strict")
    except UnicodeDecodeError:
        pointer = f"/{name[len(PREFIX) :].decode('latin-1')}"
        raise BadRecord(Fault("wrong_form", pointer, "is not UTF-8, percent-encoded")) from None


def _faults(event: Mapping[str, Any]) -> Iterator[Fault]:
    for name in _NEEDED:
        if name not in event:
            yield Fault("missing", f"/{name}", "is needed")
    for name, value in event.items():
        yield from _attribute_faults(name, value)
    if "subject" not in event and "source" in event:
        yield from name_faults("/source", event["source"], ID_BYTES)


def _attribute_faults(name: str, value: object) -> Iterator[Fault]:
    """What is wrong with one member of the JSON format; all but `data` are attributes."""
    pointer = f"/{name.replace('~', '~0').replace('/', '~1')}"
    if name == "data":
        return
    if name == "data_base64":
        yield Fault("not_taken", pointer, "binary data is not taken; send JSON in data")
    elif not _NAME.fullmatch(name):
        yield Fault("wrong_form", pointer[:100], "an attribute is named with a-z and 0-9")
    elif name in _TEXTS:
        most = ID_BYTES if name == "subject" else NAME_BYTES
        wrong = [*name_faults(pointer, value, most)]
        yield from wrong or _value_faults(name, str(value))
    elif not isinstance(value, str | bool | int | None):
        yield Fault("wrong_type", pointer, "should be a string, a boolean or an integer")


def _value_faults(name: str, value: str) -> Iterator[Fault]:
    if name == "specversion" and value != "1.0":
        yield Fault("out_of_range", "/specversion", "only CloudEvents 1.0 are taken")
    if name == "source" and any(character.isspace() for character in value):
        yield Fault("wrong_form", "/source", "a URI reference has no spaces")
    if name == "datacontenttype" and not _JSON.fullmatch(value):
        yield Fault("not_taken", "/datacontenttype", "only JSON is taken")
    if name == "time":
        yield from _time_faults(value)


def _time_faults(text: str) -> Iterator[Fault]:
    try:
        micros = moment_of(text)
    except ValueError:
        yield Fault("wrong_form", "/time", "should be RFC 3339, as in 2027-06-05T15:00:00Z")
        return
    if not FIRST_TIME <= micros <= LAST_TIME:
        yield Fault("out_of_range", "/time", "should be from 1970 to the end of 9999, in UTC")
