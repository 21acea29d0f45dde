"""Errors of the SMTP library as failed deliveries, as an operator sees them.

A server's text often quotes the address. So only its numbers are shown: the reply code and, if
there is one, the enhanced status code of RFC 3463, as in `550 5.1.1`.
"""

import re
from email.errors import MessageError
from typing import Final

import aiosmtplib

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.targets.mail import unusable_address

__all__ = ["failure", "needs_utf8"]

_PERMANENT: Final = 500
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b", re.ASCII)


def failure(error: Exception) -> DeliveryFailed:
    """Why an attempt failed, and whether a retry makes sense.

    Only a refusal of this one letter is final. A refusal of our name, password or sender is not,
    because an operator may correct the settings.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return failure(error.recipients[0])
    if isinstance(error, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)):
        if error.code >= _PERMANENT:
            detail = f"the mail server refuses this letter: {_numbers(error)}"
            return DeliveryFailed("smtp_refused", detail, final=True)
        return _later(error)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        if error.code < _PERMANENT:
            return _later(error)
        what = type(error).__name__.removeprefix("SMTP")
        detail = f"the mail server does not take letters from this site: {_numbers(error)} ({what})"
        return DeliveryFailed("smtp_config", detail)
    return _without_an_answer(error)


def needs_utf8() -> DeliveryFailed:
    """The error for an address beyond ASCII before the @, on a server without SMTPUTF8."""
    detail = "the mail server takes no addresses beyond ASCII (it lacks SMTPUTF8)"
    return DeliveryFailed("smtp_utf8", detail, final=True)


def _without_an_answer(error: Exception) -> DeliveryFailed:
    if isinstance(error, (Invalid, MessageError, ValueError)):
        return unusable_address()
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        detail = "the mail server takes no addresses beyond ASCII"
        return DeliveryFailed("smtp_refused", detail, final=True)
    if isinstance(error, TimeoutError):
        return DeliveryFailed("timeout", "the mail server did not answer in time")
    if isinstance(error, OSError):  # the library's own connection errors are OSErrors, too
        detail = f"the mail server could not be reached ({type(error).__name__})"
        return DeliveryFailed("unreachable", detail)
    detail = f"the mail server cannot be spoken to as it is set up ({type(error).__name__})"
    return DeliveryFailed("smtp_config", detail)


def _later(error: aiosmtplib.SMTPResponseException) -> DeliveryFailed:
    detail = f"the mail server wants to be asked again later: {_numbers(error)}"
    return DeliveryFailed("smtp_later", detail)


def _numbers(error: aiosmtplib.SMTPResponseException) -> str:
    enhanced = _ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else f"{error.code}"
