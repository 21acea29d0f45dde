"""What goes wrong between us and an SMTP server, as an operator is told of it.

A server's words often quote the address, so nothing of them is passed on but its two numbers: the
reply code and, where there is one, the enhanced status code of RFC 3463, such as `550 5.1.1`.
"""

import re
from email.errors import MessageError
from typing import Final

import aiosmtplib

from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.targets.mail import unusable_address

__all__ = ["failure"]

_PERMANENT: Final = 500
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b", re.ASCII)


def failure(error: Exception) -> DeliveryFailed:
    """Why a try came to nothing, and whether the next one could go better.

    A refusal is final only where it is about this letter. Where the server does not like our name,
    password or sender, that is no letter's fault, and an operator may repair it meanwhile.
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


def _without_an_answer(error: Exception) -> DeliveryFailed:
    if isinstance(error, (Invalid, MessageError, ValueError)):
        return unusable_address()
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        detail = "the mail server takes no addresses beyond ASCII"
        return DeliveryFailed("smtp_refused", detail, final=True)
    if isinstance(error, TimeoutError):
        return DeliveryFailed("timeout", "the mail server did not answer in time")
    if isinstance(error, OSError):  # connections that are refused or end are OSErrors there, too
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
