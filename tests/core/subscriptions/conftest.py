"""Every test of subscriptions runs on each engine that works in virtual time."""

from collections.abc import Iterator

import pytest

from tests.core.subscriptions.followers import ENGINES, chosen


@pytest.fixture(params=ENGINES, autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of the stores that `new_store` makes."""
    chosen.append(request.param)
    yield request.param
    chosen.pop()
