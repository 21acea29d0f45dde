"""Refusals as the API of conversations gives them: bare lists of codes, and `{}` for nobody.

Its clients read these, and not problem documents. What has no such code is a problem document here
as well.
"""

from collections.abc import Mapping
from typing import Final

from gatherlog.apps.messages.refusals import (
    BLANK,
    NO_RECEIVER,
    BadMessage,
    NotYourBusiness,
    UnknownReceiver,
)
from gatherlog.core.eventstore.errors import (
    CursorInvalid,
    Flaw,
    GatherlogError,
    Invalid,
    Unauthenticated,
)
from gatherlog.interfaces.bodies import UNKNOWN_FIELD
from gatherlog.interfaces.problems import headers_of, status_of
from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.idempotency import Reply
from gatherlog.interfaces.rest.queries import TWICE, UNREADABLE

__all__ = ["listed_refusal"]

_CODES: Final[Mapping[str, str]] = {"message": BLANK, "handle": NO_RECEIVER}
"""The codes of fields that are missing or of a wrong type, where they have names of their own."""


def listed_refusal(error: GatherlogError) -> Reply | None:
    """The answer to a request that was refused; None where it is a problem document."""
    if isinstance(error, Unauthenticated):
        return json({}, 401, *headers_of(error))
    if isinstance(error, (BadMessage, UnknownReceiver, NotYourBusiness)):
        return json(error.codes, status_of(error))
    if isinstance(error, Invalid):
        return json(list(dict.fromkeys(map(_code, error.flaws))), status_of(error))
    return json(["cursor_invalid"], 422) if isinstance(error, CursorInvalid) else None


def _code(flaw: Flaw) -> str:
    if flaw.detail in (UNREADABLE, TWICE):
        return "query_invalid"
    field = flaw.pointer.split("/")[1] if flaw.pointer else "body"
    if flaw.detail == UNKNOWN_FIELD:
        return "field_unknown"
    return _CODES.get(field, f"{field}_invalid".lower())
