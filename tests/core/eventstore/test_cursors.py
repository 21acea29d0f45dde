"""Cursors: what was written is read again, and nothing else is taken for one."""

import base64
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.errors import CursorInvalid

OF = fingerprint("streams", "card")


@given(st.text(), st.tuples(st.text(), st.text()))
def test_a_place_comes_back_as_it_was_written(name: str, row: tuple[str, str]) -> None:
    assert read_cursor(write_cursor("store", OF, name), "store", OF, str) == name
    assert read_cursor(write_cursor("store", OF, row), "store", OF, tuple[str, str]) == row


@given(st.text())
def test_a_cursor_is_safe_in_a_url(name: str) -> None:
    assert set(write_cursor("store", OF, name)) <= {*string.ascii_letters, *string.digits, *"-_"}


def test_a_cursor_of_another_store_or_list_is_refused_and_says_which() -> None:
    cursor = write_cursor("store", OF, "card-1")

    with pytest.raises(CursorInvalid, match="another store"):
        read_cursor(cursor, "elsewhere", OF, str)
    with pytest.raises(CursorInvalid, match="another query"):
        read_cursor(cursor, "store", fingerprint("streams", "cards"), str)


def test_a_cursor_of_another_kind_of_list_is_refused() -> None:
    with pytest.raises(CursorInvalid, match="malformed"):
        read_cursor(write_cursor("store", OF, ("a", "b")), "store", OF, str)


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


MALFORMED = {
    "nothing": "",
    "no base64": "a b",
    "a length that base64 has not": "abcde",
    "characters beyond ASCII": "🎉",
    "no JSON": packed(b"hello"),
    "no UTF-8": packed(b'["store",1,"\xff"]'),
    "another form": packed(b"{}"),
    "too few parts": packed(b'["store",1]'),
    "too many parts": packed(b'["store",1,"a","b"]'),
    "half a character": packed(b'["store",%d,"\\ud800"]' % OF),
    "lists without end": packed(b'["store",1,' + b"[" * 100_000),
    "lists within lists": packed(b'["store",1,' + b"[" * 9_000 + b"]" * 9_001),
}


@pytest.mark.parametrize("cursor", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("place", [str, tuple[str, str]])
def test_what_is_no_cursor_is_refused(cursor: str, place: type[Any]) -> None:
    with pytest.raises(CursorInvalid):
        read_cursor(cursor, "store", OF, place)


def test_a_fingerprint_tells_lists_apart_by_every_part() -> None:
    lists = [("a", "b"), ("ab",), ("a", ("b",)), ("a",), ("b", "a"), ("a", "b", ""), ()]

    assert len({fingerprint(*parts) for parts in lists}) == len(lists)
