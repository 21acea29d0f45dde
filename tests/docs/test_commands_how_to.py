"""The program of the how-to about commands works as written, file by file."""

from pathlib import Path

import pytest

from tests.docs.examples import blocks, output

SHOP, SELL, ONCE, STREAMS, LISTS, CHANGE = blocks("commands.md", "python")
SQLITE = "sqlite:///shop.db"
ADDRESSES = (SQLITE, "memory:", "hostile:1", "hostile:2", "hostile:3")


def printed(example: str, folder: Path, address: str = SQLITE) -> list[str]:
    """The lines that an example prints beside the files it imports, on the store at `address`."""
    assert SHOP.count(SQLITE) == 1
    (folder / "shop.py").write_text(SHOP.replace(SQLITE, address))
    (folder / "sell.py").write_text(SELL)
    return output(example, folder).splitlines()


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_command_is_decided_again_until_it_is_committed_or_refused(
    tmp_path: Path, address: str
) -> None:
    first, *customers = printed(SELL, tmp_path, address)

    assert first == "Stock(shop='shop-berlin', item='lamp', pieces=2)"
    assert sorted(customers) == ["OutOfStock('lamp: there are 0')", "sold", "sold"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_command_with_a_key_is_carried_out_once(tmp_path: Path, address: str) -> None:
    assert printed(ONCE, tmp_path, address) == [
        "False b'here is your lamp'",
        "True b'here is your lamp'",
        "the key 'order-17' was used before, for another command",
        "b'here is your lamp'",
        "None",
    ]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_command_appends_to_several_streams(tmp_path: Path, address: str) -> None:
    assert printed(STREAMS, tmp_path, address) == [
        "Stock(shop='shop-rome', item='lamp', pieces=1)",
        "Stock(shop='shop-paris', item='lamp', pieces=1)",
        "voucher-7 was used before",
    ]


def test_a_query_is_read_page_by_page(tmp_path: Path) -> None:
    assert printed(LISTS, tmp_path) == [
        "['chair', 'desk', 'lamp']",
        "['sofa']",
        "['lamp', 'sofa']",
    ]


def test_a_changed_view_serves_after_it_was_rebuilt(tmp_path: Path) -> None:
    printed(SELL, tmp_path)
    printed(LISTS, tmp_path)

    refused, *differences, berlin, lima = printed(CHANGE, tmp_path)

    assert refused == (
        "stock.by_item is not built yet: run `gatherlog upgrade`, or, for a view of your own,"
        " gatherlog.core.projections.build_views"
    )
    assert sorted(differences) == [
        "shop-berlin/lamp index",
        *[f"shop-lima/{item} index" for item in ("chair", "desk", "lamp", "sofa")],
    ]
    assert (berlin, lima) == (
        "Stock(shop='shop-berlin', item='lamp', pieces=0)",
        "Stock(shop='shop-lima', item='lamp', pieces=1)",
    )


def test_the_older_program_cannot_open_the_store_after_the_rebuild(tmp_path: Path) -> None:
    printed(SELL, tmp_path)
    printed(CHANGE, tmp_path)

    assert printed(LISTS, tmp_path)[-1].startswith(
        "gatherlog.core.eventstore.errors.ViewOutdated: view 'stock' is at version 2"
    )
