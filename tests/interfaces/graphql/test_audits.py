"""The published audits of GraphQL over HTTP, of a server with real sockets."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interfaces.graphql.node_clients import NEEDS_NODE, output_of
from tests.interfaces.graphql.real_server import real_server

pytestmark = [NEEDS_NODE, pytest.mark.timeout(180)]  # packages are installed the first time


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with real_server(f"sqlite:///{tmp_path}/gatherlog.db") as url:
        yield url


async def test_the_guests_api_passes_every_audit(url: str) -> None:
    audits = json.loads(await output_of("audits.mjs", f"{url}/graphql/guest"))

    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) > 50
