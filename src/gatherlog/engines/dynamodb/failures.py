"""The errors of DynamoDB, and what they mean for a store, in one place."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.eventstore.errors import Busy, NotAStore, StoreError, StoreFailed

__all__ = ["DynamoError", "Reason", "is_for_later", "is_renewable", "is_skewed", "translate"]

_LATER: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""The same request may well succeed a moment later."""
_RENEWABLE: Final = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"}
)
_SKEWED: Final = ("Signature expired", "Signature not yet current")
_CREDENTIALS: Final = frozenset(
    {
        *_RENEWABLE,
        "IncompleteSignature",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "MissingAuthenticationToken",
    }
)
_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "NotAuthorized"})


class Reason(msgspec.Struct, frozen=True, rename="pascal"):
    """Why one action of a transaction was not carried out; the code is `None` if it could be."""

    code: str
    message: str | None = None
    item: dict[str, Any] | None = None


class DynamoError(Exception):
    """What DynamoDB answered instead of a result; nothing was written."""

    def __init__(self, code: str, message: str, reasons: Sequence[Reason] = ()) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.reasons = reasons


def is_for_later(error: DynamoError) -> bool:
    """Whether the same request may succeed a moment later."""
    return error.code in _LATER


def is_renewable(error: DynamoError) -> bool:
    """Whether other credentials may help."""
    return error.code in _RENEWABLE


def is_skewed(error: DynamoError) -> bool:
    """Whether the clocks of this machine and of AWS differ too much."""
    return error.code == "RequestTimeTooSkewed" or (
        error.code == "InvalidSignatureException" and error.message.startswith(_SKEWED)
    )


def translate(error: DynamoError) -> StoreError:
    """The error of the store contract."""
    code = error.code
    if code in _LATER:
        return Busy(f"DynamoDB cannot do this now: {error}")
    if code == "ResourceNotFoundException":
        return NotAStore(f"the table is not there: {error.message}")
    if code in _CREDENTIALS:
        return Busy(f"AWS does not accept the credentials of this process: {error}")
    if code in _DENIED:
        return StoreFailed(f"AWS does not let these credentials use the table: {error.message}")
    return StoreFailed(f"DynamoDB failed: {error}")
