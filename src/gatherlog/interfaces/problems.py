"""Errors as problem documents (RFC 9457), with the one table from error codes to statuses."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec

from gatherlog.apps.guests.refusals import LettersReached
from gatherlog.core.eventstore.errors import (
    Busy,
    Flaw,
    GatherlogError,
    Invalid,
    ViewNotBuilt,
)

__all__ = [
    "MEDIA_TYPE",
    "MOST_FLAWS",
    "PROBLEMS",
    "AnsweredOnce",
    "Blank",
    "BodyTooLarge",
    "BodyTooSlow",
    "Malformed",
    "MethodNotAllowed",
    "NotReady",
    "Problem",
    "ProblemDocument",
    "Stale",
    "TooMany",
    "UnsupportedMediaType",
    "describe",
    "headers_of",
    "is_logged",
    "status_of",
]

MEDIA_TYPE: Final = "application/problem+json"
MOST_FLAWS: Final = 100
"""Flaws of one request that are named in the answer."""


class Malformed(GatherlogError):
    """The body is not what its media type says."""

    code = "malformed"


class BodyTooLarge(GatherlogError):
    """The body is longer than the limit."""

    code = "body_too_large"


class BodyTooSlow(GatherlogError):
    """The body was not complete in time."""

    code = "body_too_slow"


class Blank(Invalid):
    """A login lacks a field; answered with 400, and not with 422 as Invalid is.

    Clients of the camelCase guest API expect that status.
    """

    code = "blank"


class TooMany(GatherlogError):
    """A rate limit is reached; the request may be repeated after `retry_after` seconds."""

    code = "too_many"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AnsweredOnce(GatherlogError):
    """The request was done with this Idempotency-Key; its answer held a secret and was not kept."""

    code = "answered_once"


class UnsupportedMediaType(GatherlogError):
    """The body has another media type than the one that is read here, which is `accepted`."""

    code = "unsupported_media_type"

    def __init__(self, message: str, accepted: str) -> None:
        super().__init__(message)
        self.accepted = accepted


class MethodNotAllowed(GatherlogError):
    """The path exists, but not with this method; `allowed` lists the methods that it has."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not offered here. Allowed: {allowed}.")
        self.allowed = allowed


class NotReady(GatherlogError):
    """The server runs, but cannot do its work."""

    code = "not_ready"


class Stale(GatherlogError):
    """What is to be changed is not at the version that If-Match names."""

    code = "stale"


class Problem(msgspec.Struct, frozen=True):
    """How errors of one code are answered."""

    status: HTTPStatus
    title: str
    detail: str | None = None
    """Shown instead of the error's message, where that is about the server's internals."""
    is_logged: bool = False
    """Whether the operator is told of it in the request log."""


_INSIDE: Final = "Something went wrong on this side. It has been written to the log."

PROBLEMS: Final[Mapping[str, Problem]] = {
    "malformed": Problem(HTTPStatus.BAD_REQUEST, "The body is malformed"),
    "blank": Problem(HTTPStatus.BAD_REQUEST, "Something is missing"),
    "cursor_invalid": Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The cursor is not valid here"),
    "unauthenticated": Problem(HTTPStatus.UNAUTHORIZED, "Say who you are"),
    "denied": Problem(HTTPStatus.FORBIDDEN, "You may not do this"),
    "rsvp_closed": Problem(HTTPStatus.FORBIDDEN, "The time for answering is over"),
    "not_found": Problem(HTTPStatus.NOT_FOUND, "Not found"),
    "method_not_allowed": Problem(HTTPStatus.METHOD_NOT_ALLOWED, "Not with this method"),
    "body_too_slow": Problem(HTTPStatus.REQUEST_TIMEOUT, "The body took too long"),
    "conflict": Problem(HTTPStatus.CONFLICT, "It has changed meanwhile"),
    "counter_out_of_bounds": Problem(HTTPStatus.CONFLICT, "It has changed meanwhile"),
    "refused": Problem(HTTPStatus.CONFLICT, "This is not possible now"),
    "gathering_full": Problem(HTTPStatus.CONFLICT, "There are not enough places left"),
    "quota_reached": Problem(HTTPStatus.CONFLICT, "There are as many as there may be"),
    "notify_undecided": Problem(HTTPStatus.CONFLICT, "Say whether guests shall be told"),
    "full": Problem(HTTPStatus.CONFLICT, "There are not enough places"),
    "already_booked": Problem(HTTPStatus.CONFLICT, "It is booked already"),
    "child_is_booked": Problem(HTTPStatus.CONFLICT, "The child has a booking"),
    "wrong_state": Problem(HTTPStatus.CONFLICT, "This is not possible in its state"),
    "handle_taken": Problem(HTTPStatus.CONFLICT, "Somebody else has this handle"),
    "event_id_taken": Problem(HTTPStatus.CONFLICT, "Another event has this EventID"),
    "rule_exists": Problem(HTTPStatus.CONFLICT, "The name is taken"),
    "rule_unreadable": Problem(HTTPStatus.CONFLICT, "The rule cannot be read"),
    "no_mail_to_confirm": Problem(HTTPStatus.CONFLICT, "The site sends no mail"),
    "bodies_needed": Problem(HTTPStatus.CONFLICT, "Documents are made of these events"),
    "too_many_rules": Problem(HTTPStatus.CONFLICT, "There are as many rules as there may be"),
    "receipt_stale": Problem(HTTPStatus.CONFLICT, "The receipt counts no more"),
    "answered_once": Problem(HTTPStatus.CONFLICT, "It was done, and is not told twice"),
    "stale": Problem(HTTPStatus.PRECONDITION_FAILED, "It has changed meanwhile"),
    "body_too_large": Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "limit_exceeded": Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This is too large to keep"),
    "unsupported_media_type": Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This kind of body is not read here"
    ),
    "invalid": Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid"),
    "key_reused": Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The key was used for something else"),
    "too_many": Problem(HTTPStatus.TOO_MANY_REQUESTS, "Too often"),
    "letters_reached": Problem(HTTPStatus.TOO_MANY_REQUESTS, "Enough letters for today"),
    "busy": Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Too busy just now",
        "Too much is going on at once. Nothing is lost: try again in a moment.",
    ),
    **{
        code: Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The storage failed",
            "Whether anything was written down is not known. The failure is in the server's log."
            " Try again later, with the same Idempotency-Key.",
            is_logged=True,
        )
        for code in ("store_failed", "not_a_store", "key_unusable")
    },
    "not_ready": Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Not ready"),
    "store_closed": Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "Shutting down", "This server is about to stop."
    ),
    "view_outdated": Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This server is out of date",
        "The site has been updated, but this server has not. It has to be restarted.",
    ),
    "view_not_built": Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The site is being updated",
        "What was asked for is being built for the new version. Try again in a moment.",
        is_logged=True,
    ),
    "search_not_ready": Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Searching is being prepared",
        "The index for searching is being built. Try again in a moment.",
    ),
    "disk_full": Problem(
        HTTPStatus.INSUFFICIENT_STORAGE,
        "The disk is full",
        "There is no room left to write this down; nothing was changed.",
    ),
    **{
        code: Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong", _INSIDE, is_logged=True
        )
        for code in (
            "error",
            "store_error",
            "has_counters",
            "owned_elsewhere",
            "document_undecodable",
            "event_unknown",
            "event_expired",
            "event_undecodable",
            "repeated",
            "lease_lost",
            "delivery_failed",
        )
    },
}
"""By every code of the error tree. A code that is missing here is answered as "error"."""


class ErrorPlace(msgspec.Struct, frozen=True):
    """One thing wrong with a request."""

    pointer: str
    """Where: a JSON pointer into the body, or `/name` of a query parameter."""
    detail: str


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, in the form of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """Stable, for programs; the other texts are for people and may change."""
    errors: list[ErrorPlace] = []
    """With code `invalid`: every flaw that was found."""


def status_of(error: GatherlogError) -> int:
    """The status that an error is answered with."""
    return PROBLEMS.get(error.code, PROBLEMS["error"]).status.value


def is_logged(error: GatherlogError) -> bool:
    """Whether the operator is told of an error: it is a failure on this side."""
    return PROBLEMS.get(error.code, PROBLEMS["error"]).is_logged


def describe(error: GatherlogError) -> ProblemDocument:
    """The problem document of an error."""
    code = error.code if error.code in PROBLEMS else "error"
    problem = PROBLEMS[code]
    flaws: Sequence[Flaw] = ()
    detail = problem.detail or str(error) or problem.title
    if isinstance(error, Invalid):
        flaws = error.flaws[:MOST_FLAWS]
        detail = str(Invalid(*flaws))
        if len(error.flaws) > MOST_FLAWS:
            detail = f"The first {MOST_FLAWS} of {len(error.flaws):,} flaws: {detail}"
    return ProblemDocument(
        type=f"urn:gatherlog:problem:{code}",
        title=problem.title,
        status=problem.status.value,
        detail=detail,
        code=code,
        errors=[ErrorPlace(flaw.pointer, flaw.detail) for flaw in flaws],
    )


def headers_of(error: GatherlogError) -> list[tuple[bytes, bytes]]:
    """The headers that go with an error's answer."""
    if isinstance(error, (Busy, TooMany, LettersReached, ViewNotBuilt)):
        return [(b"retry-after", b"%d" % max(1, math.ceil(error.retry_after)))]
    if isinstance(error, MethodNotAllowed):
        return [(b"allow", error.allowed.encode())]
    if isinstance(error, UnsupportedMediaType):
        return [(b"accept", error.accepted.encode())]
    if isinstance(error, (BodyTooLarge, BodyTooSlow)):
        return [(b"connection", b"close")]  # or the rest of the body would still be read
    if error.code == "unauthenticated":
        return [(b"www-authenticate", b'Bearer realm="gatherlog"')]
    return []
