"""Items as the events, documents and keys that they hold."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Document, IndexKey, Recalled, Ref

__all__ = [
    "COUNTER",
    "Item",
    "Value",
    "documents_of",
    "events_of",
    "number",
    "packed_events",
    "packed_keys",
    "recalled_of",
    "text",
]


class Value(msgspec.Struct, frozen=True, gc=False):
    """The value of an attribute; one of the fields is set."""

    S: str = ""
    N: str = ""
    B: bytes = b""
    L: list["Value"] = []


Item = Mapping[str, Value]
COUNTER: Final = "c:"
"""What the names of attributes that are counters begin with."""

_pack: Final = msgspec.msgpack.Encoder().encode
_Packed = tuple[str, str, int, int, bytes, int, str, bytes]
_unpack: Final = msgspec.msgpack.Decoder(list[_Packed]).decode
_unpack_keys: Final = msgspec.msgpack.Decoder(dict[str, tuple[str, ...]]).decode


def text(value: str) -> dict[str, str]:
    """A text as an attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """An integer as an attribute."""
    return {"N": str(value)}


def packed_events(events: Iterable[Recorded]) -> bytes:
    """Events of one stream that follow one another, without their places."""
    return _pack(
        [
            (one.id, one.type, one.time, one.recorded, one.data, one.schema, one.subject, one.meta)
            for one in events
        ]
    )


def events_of(item: Item) -> list[Recorded]:
    """The events of an item, in order."""
    packed = _unpack(item["e"].B)
    stream = item["pk"].S[2:]
    partition = int(item["g"].S.partition("#")[0])
    version = int(item["sk"].S) - len(packed)
    position = int(item["s"].N) - len(packed)
    return [
        Recorded(partition, position + place, stream, version + place, *fields)
        for place, fields in enumerate(packed, 1)
    ]


def recalled_of(item: Item) -> Recalled:
    """What a commit with a key has left."""
    return Recalled(item["f"].B, item["r"].B, int(item["w"].N))


def packed_keys(index_keys: Mapping[str, IndexKey]) -> bytes:
    """The keys of a document, as it keeps them besides what lists it."""
    return _pack(index_keys)


def documents_of(items: Iterable[Item]) -> dict[Ref, Document]:
    """The documents of some items, which may come in any order: bodies, and counters."""
    bodies: dict[Ref, Item] = {}
    counters: dict[Ref, Item] = {}
    for item in items:
        view, id = item["pk"].S.split("#")[1], item["sk"].S
        if id.endswith("\0"):
            counters[view, id[:-1]] = item
        else:
            bodies[view, id] = item
    return {ref: _document_of(ref, item, counters.get(ref)) for ref, item in bodies.items()}


def _document_of(ref: Ref, item: Item, counters: Item | None) -> Document:
    return Document(
        *ref,
        item["o"].S,
        int(item["v"].N),
        0 if counters is None else int(counters["n"].N),
        item["b"].B if "b" in item else None,
        _unpack_keys(item["i"].B) if "i" in item else {},
        {} if counters is None else _counters_of(counters),
    )


def _counters_of(item: Item) -> dict[str, int]:
    return {
        name[len(COUNTER) :]: int(value.N)
        for name, value in item.items()
        if name.startswith(COUNTER)
    }
