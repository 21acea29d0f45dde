"""Conditional requests: If-Match before a change, If-None-Match before an answer (RFC 9110)."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.interfaces.problems import Stale
from gatherlog.interfaces.rest.answers import etag
from gatherlog.interfaces.rest.endpoint import Call, Reply

__all__ = ["IF_MATCH", "check_if_match", "if_match", "not_modified"]

_TAG = re.compile(rb'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TAGS = re.compile(rb"[ \t,]*%b(?:[ \t]*,[ \t,]*%b)*[ \t,]*" % ((_TAG.pattern,) * 2))

_TEXT = r"(W/)?\"[!#-~\u0080-\u00ff]*\""
IF_MATCH = rf"^(\*|[ \t,]*{_TEXT}([ \t]*,[ \t,]*{_TEXT})*[ \t,]*)$"
"""The header If-Match as the API's description has it; the same as `_TAGS`, or `*`."""


def check_if_match(headers: Mapping[bytes, bytes]) -> None:
    """Raise Invalid unless the header If-Match, if there is one, is `*` or a list of tags."""
    header = headers.get(b"if-match")
    if header is not None and header.strip() != b"*" and not _TAGS.fullmatch(header):
        detail = "has to be versions in quotation marks, as ETag gives them, or *"
        raise Invalid(Flaw("/If-Match", detail))


async def if_match(
    call: Call[Any, Any], current: Callable[[], Awaitable[Stored[Any]]]
) -> int | None:
    """The version that the request's If-Match demands; None if any version will do.

    The header has passed `check_if_match`. Raises Stale if the current version is not among its
    tags, and NotFound if `current` does.
    """
    header = call.headers.get(b"if-match")
    if header is None:
        return None
    stored = await current()
    if header.strip() == b"*":
        return None  # it exists, which is all that `*` demands
    wanted = [tag for weak, tag in _TAG.findall(header) if not weak]
    if b"%d" % stored.version not in wanted:
        raise Stale("It is at another version than If-Match names; fetch it again.")
    return stored.version


def not_modified(call: Call[Any, Any], stored: Stored[Any]) -> Reply | None:
    """The answer 304 if If-None-Match names the current version; else None."""
    header = call.headers.get(b"if-none-match")
    if header is None:
        return None
    known = [tag for _, tag in _TAG.findall(header)]
    if header.strip() != b"*" and b"%d" % stored.version not in known:
        return None
    return Reply(304, b"", [etag(stored)])
