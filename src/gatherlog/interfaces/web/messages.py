"""The texts of error pages: what is missing or went wrong, and what the reader can do about it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gatherlog.apps.guests import QuotaReached

__all__ = [
    "FORM_OUTDATED",
    "LINK_OVER",
    "LINK_UNKNOWN",
    "SHEET_LOST",
    "SIGN_IN_TOO_OFTEN",
    "TAKEN_DOWN",
    "Message",
    "beyond_quota",
    "message",
]


class Message(msgspec.Struct, frozen=True):
    """What a page with nothing but a message says."""

    title: str
    paragraphs: tuple[str, ...]
    steps: tuple[str, ...] = ()


LINK_UNKNOWN: Final = Message(
    "We cannot find this invitation",
    ("The link is not complete, has been replaced by a newer one, or the gathering is no more.",),
    (
        "If you copied the address, check that all of it is there.",
        "If you have several messages about this, open the link in the newest one.",
        "If that does not help, ask the person who invited you for a new link.",
    ),
)
LINK_OVER: Final = Message(
    "This invitation is over",
    ("The gathering was more than a week ago, so the link shows and takes nothing any more.",),
    ("If that cannot be, ask the person who invited you: the date may be wrong.",),
)
SIGN_IN_TOO_OFTEN: Final = Message(
    "That was quite a lot in a short time",
    ("Please wait a minute, then try to sign in again.",),
    ("If you were emailed a code, the latest one works for ten minutes after it was sent.",),
)
SHEET_LOST: Final = Message(
    "The sheet got lost on the way",
    ("The links that were made are on the page before, and nowhere else.",),
    ("Go back and copy them from there, or make new ones, which end these.",),
)
FORM_OUTDATED: Final = Message(
    "This form is out of date",
    ("It was made before you signed in or out, or for another site. Nothing was changed.",),
    (
        "Open the page again and send it from there.",
        "If that does not help, see whether your browser refuses our cookies.",
    ),
)
TAKEN_DOWN: Final = Message(
    "This was taken down",
    ("It was published here, and is no longer. Who had booked it has been told.",),
)
_MESSAGES: Final[Mapping[int, Message]] = {
    400: Message("We could not read that", ("Please go back, and send the page again.",)),
    401: Message("Please sign in", ("This page is only for those who are signed in.",)),
    403: Message("You don’t have access to this", ("This page is not open to you.",)),
    404: Message(
        "Page not found",
        ("The address may be mistyped or out of date.",),
        ("If somebody sent you a link, check that all of it is there.",),
    ),
    405: Message(
        "That does not work here",
        ("This page exists, but it cannot do what was asked of it. Please open it again.",),
    ),
    413: Message(
        "That was too much at once",
        ("What you sent is longer than we read. Please go back and shorten it.",),
    ),
    429: Message(
        "That was quite a lot in a short time",
        ("Please wait a while and try again. What you answered before is safe.",),
    ),
    500: Message(
        "Something went wrong here",
        ("The mistake is ours and has been noted. What you sent last may not have been saved.",),
        ("Please open the page again in a minute: it shows what was saved.",),
    ),
    503: Message(
        "This is not possible just now",
        ("Nothing that was saved is lost, but what you sent last may not have been saved.",),
        ("Please open the page again in a moment: it shows what was saved.",),
    ),
    507: Message(
        "There is no room left here",
        ("What you sent last was not saved; what was saved before is safe.",),
        ("Please tell the person who invited you, and try again later.",),
    ),
}


def beyond_quota(error: QuotaReached) -> Message:
    """The message for a host who would have more than the site allows."""
    back = "Go back: what you typed is still there, and nothing of it was saved."
    return Message("That is more than this site allows", (str(error),), (back,))


def message(status: int) -> Message:
    """The message for an HTTP status; other 4xx have that of 400, other 5xx that of 500."""
    return _MESSAGES.get(status) or _MESSAGES[400 if status < 500 else 500]
