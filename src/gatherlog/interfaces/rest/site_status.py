"""The status of the site over HTTP: whole for the operator, and in short for whoever asks."""

from typing import Final

import msgspec

from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = ["IN_SHORT", "Readiness", "read_status"]

IN_SHORT: Final = 5.0
"""Seconds for which the troubles at `/readyz`, which anybody may ask for, are given again."""


class Readiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server is ready. Its troubles, as codes, do not keep it from serving."""

    status: str
    troubles: tuple[str, ...] = ()
    """Their kinds, each once; `GET /status` tells the operator what they are about."""


async def read_status(call: Call[None, Nothing]) -> Reply:
    """The whole status, with 200 also where there is trouble."""
    return json(await call.platform.status.read())
