"""Errors in GraphQL's form. Their codes follow from the statuses that they have elsewhere."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLError

from gatherlog.core.eventstore.errors import Busy, Flaw, GatherlogError, Invalid, ViewNotBuilt
from gatherlog.interfaces.problems import MOST_FLAWS, PROBLEMS, TooMany, is_logged, status_of

__all__ = [
    "BAD_INPUT",
    "INVALID",
    "TOO_LARGE",
    "UNPARSABLE",
    "Refusal",
    "formatted",
    "of_ours",
]

BAD_INPUT: Final = "BAD_USER_INPUT"
UNPARSABLE: Final = "GRAPHQL_PARSE_FAILED"
INVALID: Final = "GRAPHQL_VALIDATION_FAILED"
TOO_LARGE: Final = "QUERY_TOO_LARGE"
INTERNAL: Final = "INTERNAL"
UNAVAILABLE: Final = "UNAVAILABLE"

BY_STATUS: Final[Mapping[int, str]] = {
    400: BAD_INPUT,
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: BAD_INPUT,
    422: BAD_INPUT,
    429: "RATE_LIMITED",
    503: UNAVAILABLE,
    507: UNAVAILABLE,
}
"""The code of an error by the status that it has elsewhere; any other status is INTERNAL."""
_APART: Final[Mapping[str, str]] = {"full": "FULL", "repeated": "CONFLICT"}
"""Errors, by our own codes, that are told apart here."""
MEANINGS: Final[Mapping[str, str]] = {
    "UNAUTHENTICATED": "no credential, or one that has ended; HTTP status 401",
    "FORBIDDEN": "the credential does not allow this, or one may not decide on one's own thing",
    "NOT_FOUND": "there is no such thing, or not for you: the two look the same",
    BAD_INPUT: "`extensions.errors` has a `pointer` into the field's arguments for each flaw",
    "CONFLICT": "not in its present state, or it was changed meanwhile; nothing was done",
    "FULL": "more places than there are altogether",
    "RATE_LIMITED": "too often; `extensions.retryAfter` gives the seconds to wait",
    UNPARSABLE: "the query is not GraphQL",
    INVALID: "the query does not fit the schema",
    TOO_LARGE: "the query is larger, deeper or dearer than allowed",
    UNAVAILABLE: "not possible just now, such as searching before the index is built; try later",
    INTERNAL: "something failed on this side; it is in the server's log",
}
_INSIDE: Final = frozenset({INTERNAL, UNAVAILABLE})
_LONGEST: Final = 500
"""Characters of a message: what was sent is quoted in some."""
_VARIABLE: Final = re.compile(
    r"Variable '\$(?P<name>\w+)' has invalid value(?: at (?P<place>[\w.\[\]]+))?: (?P<detail>.*)",
    re.DOTALL,
)
"""What the library says of a variable that does not fit."""

Error = dict[str, Any]


class Refusal(Exception):
    """A request that is not executed, with GraphQL's errors; they are answered without data."""

    def __init__(self, code: str, *errors: GraphQLError, status: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.status = status
        """The status of the answer; 0: that of errors of GraphQL."""


def code_of(error: BaseException | None) -> str:
    """The `extensions.code` of an error."""
    if not isinstance(error, GatherlogError):
        return INTERNAL
    return _APART.get(error.code) or BY_STATUS.get(status_of(error), INTERNAL)


def formatted(
    errors: Iterable[GraphQLError], code: str, report: Callable[[BaseException], None]
) -> list[Error]:
    """The errors as they are answered.

    `code` is for those that GraphQL itself found. What failed on this side is given to `report`,
    and nothing of it is shown.
    """
    return [_formatted(error, code, report) for error in errors]


def _formatted(error: GraphQLError, code: str, report: Callable[[BaseException], None]) -> Error:
    shown: Error = {"message": error.message[:_LONGEST]}
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        shown["extensions"] = {"code": code, **_of_variable(error.message)}
        return shown
    shown |= of_ours(cause)
    if shown["extensions"]["code"] in _INSIDE and _is_failure(cause):
        report(cause)
    return shown


def _is_failure(cause: BaseException) -> bool:
    return not isinstance(cause, GatherlogError) or is_logged(cause)


def of_ours(cause: BaseException) -> Error:
    """Message and extensions of an error; an error that is none of ours shows nothing of itself."""
    code = code_of(cause)
    extensions: dict[str, Any] = {"code": code}
    if isinstance(cause, Invalid):
        extensions["errors"] = flaws(cause.flaws)
    if isinstance(cause, (TooMany, Busy, ViewNotBuilt)):
        extensions["retryAfter"] = max(1, round(cause.retry_after))
    message = str(cause)
    if code in _INSIDE:
        problem = PROBLEMS.get(getattr(cause, "code", ""), PROBLEMS["error"])
        message = problem.detail or message
    return {"message": message[:_LONGEST], "extensions": extensions}


def _of_variable(message: str) -> dict[str, Any]:
    """The flaw of a variable, as those that a service finds; the pointer is into the variables."""
    found = _VARIABLE.match(message)
    if found is None:
        return {}
    steps = re.findall(r"\w+", found["place"] or "")
    flaw = Flaw("/" + "/".join([found["name"], *steps]), found["detail"][:_LONGEST])
    return {"errors": flaws([flaw])}


def flaws(found: Sequence[Flaw]) -> list[dict[str, str]]:
    """Flaws as `extensions.errors` lists them; pointers are into the field's arguments."""
    return [{"pointer": flaw.pointer, "detail": flaw.detail} for flaw in found[:MOST_FLAWS]]
