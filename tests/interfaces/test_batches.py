"""Bodies with many things: how many are taken, and how much memory it costs to refuse more."""

import tracemalloc

import pytest

from gatherlog.core.eventstore.errors import LimitExceeded
from gatherlog.interfaces.problems import Malformed
from gatherlog.interfaces.rest.batches import MOST_BYTES, MOST_THINGS, Batch, reading_batch


def texts(body: bytes) -> list[bytes]:
    reading = reading_batch(body, is_lines=False, what="records")
    while True:
        try:
            next(reading)
        except StopIteration as end:
            batch: Batch = end.value
            return batch.texts


@pytest.mark.parametrize("element", [b"0", b"[]", b'""', b"{}"])
def test_more_things_than_are_taken_are_refused_without_holding_them(element: bytes) -> None:
    body = b"[" + b",".join([element] * (MOST_BYTES // (len(element) + 1) - 1)) + b"]"
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded):
            texts(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MOST_BYTES


def test_as_many_things_as_are_taken_may_have_any_number_of_parts() -> None:
    thing = b"{" + b",".join(b'"[\\\\\\",%d":[1e400]' % number for number in range(40)) + b"}"
    assert texts(b"[" + b",".join([thing] * MOST_THINGS) + b"]") == [thing] * MOST_THINGS


@pytest.mark.parametrize("end", [b"", b",", b",}]"])
def test_an_array_of_many_parts_that_is_no_json_is_refused(end: bytes) -> None:
    with pytest.raises(Malformed):
        texts(b"[[" + b",".join([b"0"] * 300_000) + b"]" + end)
