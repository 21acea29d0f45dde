"""Index keys as stored: they sort like their parts, and ranges miss nothing."""

import unicodedata

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatherlog.core import Query
from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.index_keys import index_range, next_cursor, split_key

PARTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
KEYS = st.lists(PARTS, min_size=1, max_size=3).map(tuple)


ENDS = st.text(st.sampled_from("aé雷🎉"), max_size=12)
"""Ends of keys, of characters of all sizes, somewhere in which long keys are cut."""


def sort_key(key: tuple[str, ...]) -> str:
    """The stored form of a sort key in a partition of twelve bytes, which leave 500 for it."""
    return split_key(("p" * 12, *key))[1]


def parts_order(key: tuple[str, ...]) -> list[bytes]:
    return [part.encode() for part in key]


@given(KEYS, KEYS)
@example(("a", "b"), ("a ", ""))
@example(("\uffff",), ("\U00010000",))
def test_the_order_of_bytes_is_the_order_of_parts(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    stored = sort_key(one).encode() < sort_key(other).encode()

    assert stored == (parts_order(one) < parts_order(other))
    assert stored == (sort_key(one) < sort_key(other))


@given(st.lists(st.text(max_size=300), min_size=1, max_size=4).map(tuple))
def test_a_stored_key_is_at_most_512_bytes_with_its_partition_and_has_no_control_characters(
    key: tuple[str, ...],
) -> None:
    partition, stored = split_key(key)

    assert len(partition.encode()) + len(stored.encode()) <= 512
    controls = [char for char in stored if unicodedata.category(char) in ("Cc", "Cs")]
    assert set(controls) <= {"\x01", "\x7f"}
    assert stored.count("\x01") <= max(0, len(key) - 2)
    assert "\x7f" not in stored[:-1]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=700))
def test_a_long_key_keeps_as_much_as_fits(text: str) -> None:
    stored = sort_key((text,))

    if len(text.encode()) <= 500:
        assert stored == text
    else:
        assert text.startswith(stored[:-1])
        assert len(stored.encode()) == 500


@settings(max_examples=300)
@given(st.integers(488, 500), ENDS, ENDS)
def test_cut_keys_keep_their_order(size: int, one: str, other: str) -> None:
    first, last = sorted(["x" * size + one, "x" * size + other])

    assert sort_key((first,)) <= sort_key((last,))


def test_a_key_is_split_into_partition_and_sort_key() -> None:
    assert split_key(("a\x01b", "c", "d")) == ("ab", "c\x01d")
    assert split_key(("a",)) == ("a", "")
    assert split_key(("p", "a", "", "b")) == ("p", "a\x01\x01b")


def asked(
    prefix: tuple[str, ...] = (), since: tuple[str, ...] = (), until: tuple[str, ...] = ()
) -> Query:
    return Query(
        view="card", index="by", partition="p" * 12, prefix=prefix, since=since, until=until
    )


def within(query: Query, key: tuple[str, ...]) -> bool:
    wanted = index_range(query, "store")
    stored = sort_key(key)
    return wanted.low <= stored and (wanted.high is None or stored < wanted.high)


@given(KEYS, st.lists(PARTS, max_size=2).map(tuple), KEYS, KEYS)
def test_a_range_holds_just_what_its_bounds_say(
    key: tuple[str, ...],
    prefix: tuple[str, ...],
    since: tuple[str, ...],
    until: tuple[str, ...],
) -> None:
    sort = parts_order(key)
    begins = sort[: len(prefix)] == parts_order(prefix)

    assert within(asked(prefix), key) == begins
    assert within(asked(prefix, since), key) == (begins and sort >= parts_order(prefix + since))
    assert within(asked(prefix, (), until), key) == (begins and sort < parts_order(prefix + until))


@settings(max_examples=300)
@given(st.integers(488, 500), ENDS, ENDS)
def test_a_range_misses_nothing_where_keys_are_cut(size: int, one: str, other: str) -> None:
    key, bound = ("x" * size + one,), ("x" * size + other,)

    assert within(asked(prefix=key), key)
    if parts_order(key) >= parts_order(bound):
        assert within(asked(since=bound), key)
    if parts_order(key) < parts_order(bound):
        assert within(asked(until=bound), key)


@given(st.text(), st.text())
def test_a_cursor_is_read_by_its_own_query(key: str, id: str) -> None:
    key, id = (text.encode(errors="ignore").decode() for text in (key, id))
    query = asked(prefix=("a",))

    cursor = next_cursor(query, "store", key, id)

    again = msgspec.structs.replace(query, limit=7, cursor=cursor)
    assert index_range(again, "store").beyond == (key, id)
    with pytest.raises(CursorInvalid):
        index_range(again, "another store")


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_other_text_is_an_invalid_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid):
        index_range(Query(view="card", index="by", partition="p", cursor=text), "store")


@given(st.text(min_size=300, max_size=600), st.text(min_size=300, max_size=600))
@example("x" * 500 + "a", "x" * 500 + "b")
def test_two_long_partitions_are_never_taken_for_one_another(one: str, other: str) -> None:
    stored, another = split_key((one,))[0], split_key((other,))[0]

    assert max(len(stored.encode()), len(another.encode())) <= 400
    assert (stored == another) == (_uncontrolled(one) == _uncontrolled(other))


def _uncontrolled(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=401, max_size=500))
def test_no_other_partition_key_is_stored_as_a_long_one_is(long: str) -> None:
    stored, _ = split_key((long,))

    assert len(stored.encode()) <= 400
    assert split_key((stored,))[0] != stored
    assert split_key((long + "x",))[0] != stored
