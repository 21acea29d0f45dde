"""What a receiver's answer means for the delivery: accepted, given up, or retried and when."""

import re
from datetime import MAXYEAR, UTC
from email.utils import parsedate_to_datetime, parsedate_tz
from typing import Final

from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.targets.webhook_connection import Answer

__all__ = ["LONGEST_PAUSE", "failure"]

LONGEST_PAUSE: Final = 3600.0
"""Seconds before a retry that a receiver may ask for at most: an hour."""

_TOO_LARGE: Final = (413, 431)


def failure(answer: Answer, *, origin: str, now: int, is_batch: bool) -> DeliveryFailed | None:
    """The failure that an answer means; None for 2xx. `now` is in microseconds since the epoch.

    Final are answers that no retry can change: 410, every redirect (none is followed), and 413 and
    431, except for a batch, whose events may be accepted one by one. All others are retried, 401,
    404 and 422 included, because receivers get repaired. `Retry-After` holds with any status.
    """
    status = answer.status
    kind, hint, final = "status", "", False
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        kind, hint, final = "redirect", "; redirects are not followed, name the final URL", True
    elif status == 410:
        kind, hint, final = "gone", "; the receiver is gone for good", True
    elif status in _TOO_LARGE:
        kind, hint, final = "too_large", "; more than the receiver takes", not is_batch
    return DeliveryFailed(
        kind,
        f"{origin} answered {status}{_content_type(answer)}{hint}",
        final=final,
        retry_after=_retry_after(answer.headers.get("retry-after", ""), now),
        status=status,
    )


def _content_type(answer: Answer) -> str:
    """The answer's media type, in parentheses. The body is not shown: it may be personal."""
    found = re.match(r"[\w.+-]{1,40}/[\w.+-]{1,60}", answer.headers.get("content-type", ""), re.A)
    return f" ({found[0]})" if found else ""


def _retry_after(text: str, now: int) -> float | None:
    """Seconds from now, from a number of seconds or a date; None for any other text.

    However large it is, it is cut to LONGEST_PAUSE.
    """
    if re.fullmatch(r"\d+", text, re.ASCII):
        return min(float(text), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return LONGEST_PAUSE if _is_beyond_calendar(text) else None
    seconds = (to_micros(moment.replace(tzinfo=moment.tzinfo or UTC)) - now) / 1_000_000
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _is_beyond_calendar(text: str) -> bool:
    """Whether it is a date in a year that Python's calendar does not have any more."""
    parsed = parsedate_tz(text)
    return parsed is not None and parsed[0] > MAXYEAR
