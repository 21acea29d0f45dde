"""A server of the tests ends with the process that has started it, however that ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.engines import POSTGRES, require
from tests.stores import eventually

START = """
import sys
from tests.postgres import server
here = server(int(sys.argv[1]))
print(here.folder, (here.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_a_server_ends_with_its_process(sign: signal.Signals) -> None:
    require(POSTGRES)
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(POSTGRES.postgres)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        folder, pid = process.stdout.readline().split()
        os.kill(int(pid), 0)
        os.killpg(process.pid, sign)

        async def is_there() -> bool:
            return Path(folder).exists() or Path(f"/proc/{pid}").exists()

        await eventually(is_there, False, deadline=30.0)  # it ends in order, on any machine
