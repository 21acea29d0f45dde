"""Events that no present release would take, put into a log as an older one might have done."""

import pytest

from gatherlog.core import Append, Commit, Event, Store

LATE = 253_402_300_800_000_000
"""The first microsecond of the year 10000 in UTC."""
POISON = [
    Event("late", "poison", LATE + 43_199_000_000, LATE, b'{"id": "late"}'),
    Event("latest", "poison", 2**63 - 1, 2**63 - 1, b"{}"),
    Event("early", "poison", -(2**62), -1, b"{}"),
    Event("bytes", "poison", 0, 0, b"\xff\x00", meta=b"\xfe"),
    Event("nothing", "poison", 0, 0, b""),
    Event("half", "poison", 0, 0, b'{"id": "\\ud800"}', meta=b'"\\udc00"'),
    Event("huge", "poison", 0, 0, b'{"id": "huge", "n": %b}' % (b"9" * 5_000)),
    Event("vast", "poison", 0, 0, b'{"id": "vast", "n": 1e99999999999999999999}'),
    Event("deep", "poison", 0, 0, b"[" * 9_999, meta=b'{"rules": ' + b"[" * 9_999),
    Event("unknown", "guests.rsvp_submitted", 0, 0, b'{"id": 1}', 99, "nobody"),
]
"""What the forms of events have to get over; the last is of an app's type, and does not fit it."""


async def poison(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Append all of POISON, each to a stream of its own; the streams."""
    streams = [f"poison-{event.id}" for event in POISON]
    with monkeypatch.context() as without_bounds:
        for bound, value in (("LAST_TIME", 2**63 - 1), ("FIRST_TIME", -(2**63))):
            path = f"gatherlog.core.eventstore.commit_checks.{bound}"
            without_bounds.setattr(path, value)
        for stream, event in zip(streams, POISON, strict=True):
            await store.commit(Commit(appends=[Append(stream, [event])]))
    return streams
