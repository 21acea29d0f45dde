"""Items in the form of a DynamoDB log as they are sent: read, checked, and made events."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gatherlog.core.commands.appending import EventType, NewEvent, name_flaws, type_flaws
from gatherlog.core.eventstore.commit_checks import NAME_BYTES
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.plain_text import PLAIN
from gatherlog.core.eventstore.store import ANY
from gatherlog.core.routing.bus_form import item_key
from gatherlog.core.routing.event_data import decoded_data
from gatherlog.interfaces.bodies import BodyReader
from gatherlog.interfaces.rest.streams import MAX_VERSION

__all__ = ["Item", "MadeItem", "made_item", "read_item"]

Payload = Annotated[
    msgspec.Raw,
    Meta(
        extra_json_schema={
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {
                    "type": "string",
                    "pattern": f"^{PLAIN}+$",
                    "minLength": 1,
                    "maxLength": NAME_BYTES - len("a-"),
                }
            },
        }
    ),
]


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event to append to the stream `<log>-<payload.id>`, as an item of a DynamoDB log."""

    type: EventType = ""
    payload: Payload = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    """An object with an `id`. It is stored byte for byte."""
    pk: str | None = None
    sk: Annotated[int, Meta(le=MAX_VERSION, extra_json_schema={"minimum": 1})] | None = None
    """The version that the event is to have; refused unless it is the next. None: the next."""
    log: str | None = None


class MadeItem(msgspec.Struct, frozen=True):
    """An item that can be appended."""

    pk: str
    stream: str
    event: NewEvent
    expected: int


_READER: Final = BodyReader(Item, (), frozenset())


def read_item(text: bytes) -> Item:
    """The item that a JSON text is. Raises Malformed if it is not JSON, and Invalid."""
    return _READER.decode(text)


def made_item(log: str, item: Item) -> MadeItem:
    """The event that an item is, in the stream `<log>-<payload.id>`. Raises Invalid."""
    payload, is_json = decoded_data(bytes(item.payload))
    if not is_json:
        raise Invalid(Flaw("/payload", "is nested too deeply, or holds a number out of range"))
    id = payload.get("id") if isinstance(payload, dict) else None
    if flaws := _item_flaws(item, log, id):
        raise Invalid(*flaws)
    return MadeItem(
        pk=item_key(log, str(id)),
        stream=f"{log}-{id}",
        event=NewEvent(type=item.type, data=bytes(item.payload)),
        expected=ANY if item.sk is None else item.sk - 1,
    )


def _item_flaws(item: Item, log: str, id: object) -> list[Flaw]:
    """The flaws of an item, in the words that clients of `dynamodb-logs` know."""
    flaws = []
    if not item.type:
        flaws.append(Flaw("/type", "type must be specified"))
    else:
        flaws += type_flaws("/type", item.type)
    if id is None or id == "":
        flaws.append(Flaw("/payload/id", "payload.id must be specified"))
    elif not isinstance(id, str):
        flaws.append(Flaw("/payload/id", "payload.id must be a string"))
    elif wrong := name_flaws("/payload/id", "a stream's name", f"{log}-{id}"):
        flaws += wrong
    elif item.pk is not None and item.pk != item_key(log, id):
        flaws.append(Flaw("/pk", f"must be {item_key(log, id)}, or left out"))
    if item.log is not None and item.log != log:
        flaws.append(Flaw("/log", "is another than the path's"))
    if item.sk is not None and item.sk < 1:
        flaws.append(Flaw("/sk", "the first version is 1"))
    return flaws
