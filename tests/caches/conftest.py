"""A real server for tests of caches, of each test's own."""

from collections.abc import Iterator

import pytest

from tests.caches.servers import RealServer, real_server


@pytest.fixture
def server() -> Iterator[RealServer]:
    with real_server() as started:
        yield started
