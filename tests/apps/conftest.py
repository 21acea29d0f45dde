"""Which tests of the apps run on PostgreSQL and DynamoDB, too: those marked `on_database`."""

import pytest

from tests.contracts.engines import FAULTY_DYNAMODB, demanded

DATABASES = ("postgres", "dynamodb", FAULTY_DYNAMODB.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the others. What they need of a store is in its contract."""
    left_out = [item for item in items if _is_on_a_database(item) and not _is_chosen(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def _is_on_a_database(item: pytest.Item) -> bool:
    return _store_of(item) in DATABASES


def _store_of(item: pytest.Item) -> object:
    """The engine that a test runs on, if it has one."""
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        return item.callspec.params.get("store")
    return None


def _is_chosen(item: pytest.Item) -> bool:
    if _store_of(item) == FAULTY_DYNAMODB.name and FAULTY_DYNAMODB.driver not in demanded():
        return False
    return item.get_closest_marker("on_database") is not None
