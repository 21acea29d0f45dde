"""A disk that fails in an unforeseen way: callers are told, and nothing is half there."""

import asyncio
import sys

import msgspec
import pytest

from tests.contracts.child import ROOT
from tests.contracts.engines import Place

FAULTS = [
    "efbig",
    "wal write",
    "wal sync",
    "wal read",
    "file write",
    "file sync",
    "file read",
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_disk_fails_whole_commits_and_heals_by_itself(
    place: Place, fault: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.engines.faulty_disk",
        place.url,
        fault,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()

    assert process.returncode == 0, errors.decode()
    assert msgspec.json.decode(out) == {
        "told as": ["StoreFailed"],
        "works again": True,
        "whole": True,
        "whole when opened again": True,
    }
