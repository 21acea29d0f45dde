"""An event as the log returns it, for tests of the forms that are made of it."""

from typing import Any

import msgspec

from gatherlog.core.eventstore.events import Recorded

SITE = "https://party.example"


def recorded(data: bytes = b'{"id":"7","name":"Ada"}', **fields: Any) -> Recorded:
    event = Recorded(
        partition=1,
        position=9,
        stream="users-7",
        version=3,
        id="e-1",
        type="signup",
        time=1_790_000_000_000_000,
        recorded=1_790_000_000_000_500,
        data=data,
        schema=2,
        subject="ada",
        meta=b'{"actor":"guest:7"}',
    )
    return msgspec.structs.replace(event, **fields)
