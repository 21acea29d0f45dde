"""Views: reading and writing documents, with the declared index keys."""

from typing import Literal

import msgspec
import pytest

from gatherlog.core import DELETE, KEEP, Document, Query, View, Write
from gatherlog.core.eventstore.store import Body
from gatherlog.core.projections.views import LONGEST_REMEMBERED, REMEMBERED


class Guest(msgspec.Struct, frozen=True):
    name: str
    email: str | None = None


GUESTS = View(
    "guest",
    Guest,
    version=2,
    by_name=lambda guest: ("all", guest.name),
    by_email=lambda guest: None if guest.email is None else (guest.email,),
)


def test_a_body_is_written_with_its_keys_and_read_back() -> None:
    ada = Guest("Ada", "ada@example.org")

    write = GUESTS.write("g-1", "gathering-1", ada, expects=3)

    assert write == Write(
        view="guest",
        id="g-1",
        stream="gathering-1",
        expects=3,
        body=b'{"name":"Ada","email":"ada@example.org"}',
        index_keys={"by_name": ("all", "Ada"), "by_email": ("ada@example.org",)},
        indexes=2,
    )
    assert isinstance(write.body, bytes)
    assert GUESTS.read(_document(write.body)) == ada


def _document(body: bytes | None) -> Document:
    return Document("guest", "g-1", "gathering-1", 1, 0, body, {}, {})


def test_a_pattern_that_gives_none_leaves_the_document_out() -> None:
    assert GUESTS.keys(Guest("Ada")) == {"by_name": ("all", "Ada")}


def test_where_there_is_no_body_there_is_none() -> None:
    assert GUESTS.read(None) is None
    assert GUESTS.read(_document(None)) is None


def test_the_same_bytes_are_decoded_once_and_others_anew() -> None:
    body = GUESTS.write("g-1", "gathering-1", Guest("Ada")).body
    assert isinstance(body, bytes)

    first = GUESTS.recall(_document(body))

    assert GUESTS.recall(_document(body)) is first
    assert GUESTS.recall(_document(body.replace(b"Ada", b"Bob"))) == Guest("Bob")
    assert GUESTS.recall(_document(None)) is None
    assert first == Guest("Ada")


def test_a_view_remembers_a_limited_number_of_short_bodies() -> None:
    guests = View("guest", Guest)
    documents = [
        msgspec.structs.replace(_document(b'{"name":"%d"}' % number), id=f"g-{number}")
        for number in range(REMEMBERED + 1)
    ]
    long = _document(b'{"name":"%s"}' % (b"x" * LONGEST_REMEMBERED))

    first, *_, last = [guests.recall(document) for document in documents]

    assert guests.recall(documents[-1]) is last
    assert guests.recall(documents[0]) is not first
    assert guests.recall(long) is not guests.recall(long)


@pytest.mark.parametrize("body", [KEEP, DELETE])
def test_keeping_and_deleting_bring_no_keys(body: Literal[Body.KEEP, Body.DELETE]) -> None:
    write = GUESTS.write("g-1", "gathering-1", body, adds={"n": 1})

    assert (write.body, write.index_keys, write.adds) == (body, {}, {"n": 1})


def test_a_query_names_a_declared_index() -> None:
    assert GUESTS.query("by_name", "all", limit=3) == Query(
        view="guest", index="by_name", partition="all", limit=3
    )
    with pytest.raises(ValueError, match="declares no index 'by_moon'"):
        GUESTS.query("by_moon", "all")
