"""Where a page ends: by the number of its items, or by their bytes."""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.page_sizes import FIRST_CHUNK, LARGEST_CHUNK, cut_page, take_page

SIZES = st.lists(st.integers(0, 9), max_size=2 * LARGEST_CHUNK)


def own_size(items: Sequence[int]) -> int:
    return sum(items)


@given(SIZES, st.integers(1, 2 * LARGEST_CHUNK), st.integers(1, 300))
def test_a_page_has_as_many_items_as_the_limit_and_the_bytes_allow(
    items: list[int], limit: int, most: int
) -> None:
    page, is_last = take_page(iter(items), limit, most, own_size)

    assert page == cut_page(items[:limit], most, own_size)
    assert is_last == (page == items)
    assert len(page) == 1 or sum(page) <= most


@given(SIZES, st.integers(1, 30))
def test_pages_one_after_the_other_have_every_item_once(items: list[int], most: int) -> None:
    found: list[int] = []
    is_last = False
    while not is_last:
        page, is_last = take_page(iter(items[len(found) :]), 7, most, own_size)
        found += page

    assert found == items


def test_a_page_of_large_items_takes_no_more_than_a_few_of_them() -> None:
    taken = 0

    def large_items() -> Iterator[int]:
        nonlocal taken
        for _ in range(10_000):
            taken += 1
            yield 1000

    page, is_last = take_page(large_items(), 5_000, 3_500, own_size)

    assert (page, is_last) == ([1000] * 3, False)
    assert taken <= len(page) + FIRST_CHUNK
