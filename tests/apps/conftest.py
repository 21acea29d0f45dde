"""Which tests of the apps run on PostgreSQL and DynamoDB, too: those marked `on_database`."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the others. What they need of a store is in its contract."""
    left_out = [item for item in items if _is_on_a_database(item) and not _is_chosen(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def _is_on_a_database(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and (
        hasattr(item, "callspec") and item.callspec.params.get("store") in ("postgres", "dynamodb")
    )


def _is_chosen(item: pytest.Item) -> bool:
    return item.get_closest_marker("on_database") is not None
