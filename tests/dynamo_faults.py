"""A proxy before the emulator of DynamoDB that does what the service documents and the emulator
never does: transactions that collide, throttling, keys left unprocessed, answers that are lost
after the write, indexes that lag, pages that end early.

It is a process of its own (`tests/dynamo_proxy.py`), which ends with the process that started it.
What goes wrong is drawn from a seed, as often as `Faults` says; a test may change that
at any time (`FaultyDynamo.be`).
"""

import subprocess
import sys
from typing import Final

import msgspec

from tests.dynamo import ROOT, call, emulator

__all__ = ["MILD", "SLOW", "Faults", "FaultyDynamo", "faulty_dynamo"]


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How often something goes wrong, as probabilities, and how long things take."""

    seed: int = 1
    throttles: float = 0.0
    unprocessed: float = 0.0
    """Of each key of a batch."""
    loses: float = 0.0
    """The answer to a transaction is lost; in half of these cases it was carried out."""
    lag: float = 0.0
    """Seconds, at most, until an index shows a write."""
    page: int | None = None
    """The most items that a page of a query has."""
    seconds: float = 0.0
    """Seconds, at most, that a transaction takes. Others that touch its items collide with it."""
    slow_partition: int | None = None
    """Transactions that append to this partition take SLOW seconds."""
    refuses: str = ""
    """The error with which requests are answered,"""
    refusals: int = 1_000_000
    """so often."""
    refused_key: str = ""
    """Requests that are signed with this access key are refused as expired."""
    clock: float = 0.0
    """Seconds by which the clock of the service is ahead."""
    waits: float = 0.0
    """Seconds that every answer takes."""
    state: str = ""
    """The state that the table is said to be in."""


SLOW: Final = 0.5
MILD: Final = Faults(throttles=0.02, unprocessed=0.1, loses=0.02, lag=0.05, page=7, seconds=0.002)
"""So often that a long test sees everything, and seldom enough for it to end."""


class FaultyDynamo:
    """The proxy as its tests see it."""

    def __init__(self, faults: Faults) -> None:
        command = [sys.executable, "-m", "tests.dynamo_proxy", str(emulator().port)]
        self._process = subprocess.Popen(
            [*command, msgspec.json.encode(faults).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.endpoint = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def be(self, faults: Faults) -> None:
        """From now on let other things go wrong."""
        call("Faults", self.endpoint, **msgspec.to_builtins(faults))

    def done(self) -> dict[str, int]:
        """How often what has gone wrong."""
        counts: dict[str, int] = call("Done", self.endpoint)
        return counts

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


_running: list[FaultyDynamo] = []


def faulty_dynamo() -> FaultyDynamo:
    """The proxy of this process with MILD faults, started when it is first asked for."""
    if not _running:
        _running.append(FaultyDynamo(MILD))
    return _running[0]
