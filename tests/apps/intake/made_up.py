"""Made-up records of meters, and what the intake says of them in short."""

import msgspec

from gatherlog.apps.intake import IntakeService, Result

NOON = 1_790_000_000
"""Seconds since 1970."""


def record(**fields: object) -> bytes:
    """A record as JSON; fields that are UNSET are left out."""
    whole = {
        "Timestamp": NOON,
        "EventType": "METER_READ",
        "ID": "m1",
        "EmitterId": "gateway-7",
        "EmitterType": "SYSTEM",
        "Data": {"litres": 12},
        **fields,
    }
    return msgspec.json.encode({k: v for k, v in whole.items() if v is not msgspec.UNSET})


async def take(intake: IntakeService, *texts: bytes, log: str = "meters") -> list[Result]:
    return await intake.take(log, [intake.read(text) for text in texts], by="key:1")


def short(results: list[Result]) -> list[tuple[str, str, int]]:
    """Status, stream and version of each."""
    return [(one.status, one.stream, one.version) for one in results]


def codes(result: Result) -> list[tuple[str, str]]:
    """Code and pointer of each fault."""
    return [(fault.code, fault.pointer) for fault in result.faults]
