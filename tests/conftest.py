"""What every test stands on: Hypothesis draws without deadlines, because machines are shared.

And a server for caches, of each test's own.
"""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.caches.servers import RealServer, real_server

settings.register_profile("gatherlog", deadline=None, max_examples=100)
settings.load_profile("gatherlog")


@pytest.fixture
def cache_server() -> Iterator[RealServer]:
    """A Valkey or Redis server; without one the test is skipped, unless one is demanded."""
    with real_server() as started:
        yield started
