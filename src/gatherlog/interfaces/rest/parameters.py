"""The parameters of paths: how each one is checked and described."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from gatherlog.apps.guests import DEFAULT
from gatherlog.apps.people.profile_decisions import HANDLE_PATTERN
from gatherlog.core.commands.appending import LONGEST, STREAM_PATTERN
from gatherlog.core.eventstore.commit_checks import NAME_BYTES
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.queues import check_queue
from gatherlog.core.routing.rules import NAME_PATTERN

__all__ = ["LOG_PATTERN", "PARAMETERS", "Parameter", "check_gathering_id", "check_id", "parameters"]

LOG_PATTERN: Final = f"[a-z][a-z0-9_]{{0,{NAME_BYTES - len('a-b')}}}"
"""Of the name of a log, which is a category of streams."""

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PARAMETER = re.compile(r"\{(\w+)\}")
_SHORT_NAME: Final[Mapping[str, Any]] = {"type": "string", "pattern": f"^{NAME_PATTERN}$"}
_NAME: Final[Mapping[str, Any]] = {"type": "string", "minLength": 1, "maxLength": NAME_BYTES}
"""The schema of a name. Its characters are at most as many as its bytes, which are limited."""


def check_id(value: str) -> str:
    """The id in lower case, the one spelling that services know."""
    if not _UUID.fullmatch(value):
        raise NotFound(f"{value[:64]!r} is not an id")
    return value.lower()


def check_gathering_id(value: str) -> str:
    """The id of a gathering as services know it; NotFound if none can have it."""
    return value if value == DEFAULT else check_id(value)


def _check_text(value: str) -> str:
    """A name that may be too long, so that a write with it is refused by the name's limit."""
    if not value or "\0" in value:
        raise NotFound("The name is not valid.")
    return value


def _check_name(value: str) -> str:
    if len(value) > NAME_BYTES:
        raise NotFound("The name is not valid.")
    return _check_text(value)


def _check_queue_name(value: str) -> str:
    try:
        check_queue(_check_name(value))
    except Invalid:
        raise NotFound("No queue can have this name.") from None
    return value


def _check_handle(value: str) -> str:
    """The handle behind its `@`. Whether anybody has it is not asked here."""
    if not value.startswith("@"):
        raise NotFound("A handle is written with an @ before it.")
    return _check_name(value[1:])


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of paths."""

    description: str
    check: Callable[[str], str]
    """Gives the value as services expect it. Raises NotFound for a value that nothing can have."""
    schema: Mapping[str, Any]
    is_personal: bool = False
    """Whether its values may name people, so that the request log must not show them."""


PARAMETERS: Final[Mapping[str, Parameter]] = {
    "gathering_id": Parameter(
        "A gathering's UUID, or `default`.",
        check_gathering_id,
        {"type": "string", "anyOf": [{"format": "uuid"}, {"const": DEFAULT}]},
    ),
    "guest_id": Parameter("A guest's UUID.", check_id, {"type": "string", "format": "uuid"}),
    "account_id": Parameter("An account's UUID.", check_id, {"type": "string", "format": "uuid"}),
    "group_id": Parameter(
        "A household, as its first guest named it; percent-encoded.",
        _check_name,
        {"type": "string", "minLength": 1, "maxLength": 64},
        is_personal=True,
    ),
    "message_group_uuid": Parameter(
        "A conversation's UUID.", check_id, {"type": "string", "format": "uuid"}
    ),
    "message_uuid": Parameter("A message's UUID.", check_id, {"type": "string", "format": "uuid"}),
    "handle": Parameter(
        "A member's handle; case does not count.",
        _check_handle,
        {"type": "string", "pattern": f"^{HANDLE_PATTERN}$"},
        is_personal=True,
    ),
    "stream": Parameter(
        f"A stream, as in `users-0198…`; percent-encoded. {LONGEST}",
        _check_text,
        {**_NAME, "pattern": STREAM_PATTERN},
        is_personal=True,
    ),
    "log": Parameter(
        "A log: the category of its streams, before the first `-` of their names.",
        _check_text,
        {"type": "string", "pattern": f"^{LOG_PATTERN}$"},
        is_personal=True,
    ),
    "rule": Parameter("A rule's name.", _check_name, _SHORT_NAME),
    "subscription": Parameter("A subscription's name.", _check_name, _NAME),
    "letter": Parameter("A dead letter's id.", _check_name, _NAME),
    "queue": Parameter("A queue's name.", _check_queue_name, _SHORT_NAME),
    "message": Parameter(
        "The id of a dead message.",
        _check_name,
        {"type": "string", "pattern": "^[ -~]+$", "maxLength": 64},
    ),
}
"""All parameters by name. A path template with any other name is a KeyError at start."""


def parameters(template: str) -> tuple[str, ...]:
    """The names of a template's parameters, in order."""
    return tuple(_PARAMETER.findall(template))
