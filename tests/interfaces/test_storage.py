"""What clients are told when the storage fails, and what operators see of its files."""

from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from tests.stores import eventually

NEW = {"first_name": "Ada", "last_name": "Lovelace"}


@pytest.fixture
def file(platform: Platform) -> Path:
    """The file of the store."""
    assert platform.settings.address.file is not None
    return platform.settings.address.file


async def test_a_write_is_503_at_once_when_the_file_was_removed(
    api: AsyncClient, file: Path, log_lines: list[bytes]
) -> None:
    assert (await api.post("/guests", json=NEW)).status_code == 201
    file.unlink()

    answer = await api.post("/guests", json=NEW)

    assert (answer.status_code, answer.json()["code"]) == (503, "store_failed")
    assert str(file) not in answer.text
    assert b"StoreFailed" in b"".join(log_lines)


@pytest.mark.parametrize("path", ["/guests", "/readyz", "/metrics"])
async def test_reads_and_readiness_are_503_soon_when_the_file_was_removed(
    api: AsyncClient, file: Path, path: str
) -> None:
    file.unlink()

    async def status() -> int:
        return (await api.get(path)).status_code

    await eventually(status, 503)


async def test_an_operator_sees_the_size_of_the_file_and_of_its_log(
    api: AsyncClient, file: Path
) -> None:
    await api.post("/guests", json=NEW)
    lines = (await api.get("/metrics")).text.splitlines()

    sizes = dict(line.split() for line in lines if line.startswith("gatherlog_store_bytes"))
    assert {name: int(float(size)) for name, size in sizes.items()} == {
        'gatherlog_store_bytes{file="database"}': file.stat().st_size,
        'gatherlog_store_bytes{file="wal"}': file.with_name(f"{file.name}-wal").stat().st_size,
    }


async def test_an_operator_sees_how_much_room_is_left_on_the_disk(api: AsyncClient) -> None:
    lines = (await api.get("/metrics")).text.splitlines()

    [free] = [line.split()[1] for line in lines if line.startswith("gatherlog_disk_free_bytes ")]
    assert float(free) > 0


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/guests/x", 404)])
async def test_a_request_log_that_cannot_be_written_changes_no_answer(
    platform: Platform, path: str, status: int
) -> None:
    def full(line: bytes) -> None:
        raise OSError(28, "No space left on device")

    app = build_app(platform, log=RequestLog(platform.clock, full))
    key = await platform.keys.create("operator", None, "", actor="test")
    async with AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key.secret}"},
    ) as client:
        assert (await client.get(path)).status_code == status
