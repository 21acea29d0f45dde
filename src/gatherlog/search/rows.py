"""The fields of the index, and how a document becomes a row of it."""

from collections.abc import Iterable
from datetime import date
from hashlib import blake2b
from typing import Final

import msgspec
import tantivy

from gatherlog.core.search.documents import WEIGHTS, Occurrence, SearchDocument, check_document
from gatherlog.core.search.words import words_of
from gatherlog.search.calendar import check_zone, days_by_window, occurrence_tokens
from gatherlog.search.cells import cell_tokens

__all__ = ["FORMAT", "SCHEMA", "Kept", "Row", "kept_in", "row_of", "tag_token", "tie_of"]

FORMAT: Final = "1"
"""To be changed with anything in how documents are indexed: indexes are then built anew."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What the index gives back of a document that it finds."""

    id: str
    version: int
    zone: str
    rolling: bool
    occurrences: tuple[Occurrence, ...] | None
    """In order."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document as the index takes it, field by field."""

    id: str
    kept: bytes
    tie: int
    owner: str = ""
    all: str = ""
    """The different words of all texts."""
    w1: str = ""
    """The words of the texts of weight 1, and so on."""
    w2: str = ""
    w3: str = ""
    w4: str = ""
    w5: str = ""
    tags: list[str] = []
    zone: str = ""
    timeless: str = ""
    """`y` for a document that is not bound to any time."""
    windows: list[str] = []
    times: list[int] = []
    last_day: int | None = None
    renew: int | None = None
    """The ordinal number of the day on which the index asks for it again."""
    cells: list[int] = []
    lat: float | None = None
    lon: float | None = None
    ages: list[int] = []
    """Every age from the youngest to the oldest."""
    price_from: float | None = None
    price_to: float | None = None


def row_of(document: SearchDocument) -> Row:
    """The row of a document. Raises ValueError for a document that cannot be indexed."""
    check_document(document)
    check_zone(document.zone)
    words: dict[int, list[str]] = {}
    for text in document.texts:
        words.setdefault(text.weight, []).extend(words_of(text.text))
    place, ages, prices = document.place, document.ages, document.prices
    days = days_by_window(document.occurrences or ())
    return Row(
        id=document.id,
        kept=_kept(document),
        tie=tie_of(document.id),
        owner=document.owner,
        all=_distinct(word for found in words.values() for word in found),
        **{f"w{weight}": _distinct(found) for weight, found in words.items()},
        tags=[tag_token(kind, value) for kind, values in document.tags.items() for value in values],
        zone=document.zone,
        timeless="y" if document.occurrences is None else "",
        windows=[f"{window.start}-{window.end}" for window in days],
        times=occurrence_tokens(days, document.rolling),
        last_day=max(map(max, days.values()), default=None),
        renew=document.renew_on.toordinal() if document.renew_on else None,
        cells=cell_tokens(place) if place else [],
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        ages=[*range(ages[0], ages[1] + 1)] if ages else [],
        price_from=float(prices[0]) if prices else None,
        price_to=float(prices[1]) if prices else None,
    )


def kept_in(document: tantivy.Document) -> Kept:
    """What was kept of a document that was found."""
    return _DECODER.decode(bytes(document.get_first("kept") or b""))


def tie_of(id: str) -> int:
    """The place of a document among those that are equal by what they are sorted by.

    It is fixed and even: nobody comes first by the way ids are given out.
    """
    return int.from_bytes(blake2b(id.encode(), digest_size=8).digest(), "big") >> 1


def tag_token(kind: str, value: str) -> str:
    """What a document with this tag is indexed under."""
    return f"{kind}\x1f{value}"


def _kept(document: SearchDocument) -> bytes:
    occurrences = document.occurrences
    return _ENCODER.encode(
        Kept(
            document.id,
            document.version,
            document.zone,
            document.rolling,
            None if occurrences is None else tuple(sorted(occurrences, key=_begin)),
        )
    )


def _begin(occurrence: Occurrence) -> tuple[date, int, int]:
    return occurrence.day, occurrence.start, occurrence.end


def _distinct(words: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(words))


def _schema() -> tantivy.Schema:
    schema = tantivy.SchemaBuilder()
    for name in ("all", *(f"w{weight}" for weight in WEIGHTS)):
        schema.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in ("id", "owner", "tags", "zone", "timeless", "windows"):
        schema.add_text_field(name, tokenizer_name="raw", index_option="basic")
    schema.add_bytes_field("kept", stored=True)
    schema.add_unsigned_field("tie", indexed=True, fast=True)
    for name in ("times", "cells", "ages"):
        schema.add_unsigned_field(name, indexed=True)
    for name in ("last_day", "renew"):
        schema.add_unsigned_field(name, fast=True)
    for name in ("lat", "lon", "price_from", "price_to"):
        schema.add_float_field(name, fast=True)
    return schema.build()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Kept)
SCHEMA: Final = _schema()
