"""The texts of error pages: what is missing or went wrong, and what the reader can do about it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gatherlog.apps.guests import QuotaReached
from gatherlog.core.texts import N_, _

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
    "translated",
]


class Message(msgspec.Struct, frozen=True):
    """What a page with nothing but a message says."""

    title: str
    paragraphs: tuple[str, ...]
    steps: tuple[str, ...] = ()


LINK_UNKNOWN: Final = Message(
    N_("We cannot find this invitation"),
    (N_("The link is incomplete, was replaced by a newer one, or the gathering was removed."),),
    (
        N_("If you copied the address, check that all of it is there."),
        N_("If you have several messages about this, open the link in the newest one."),
        N_("If that does not help, ask the person who invited you for a new link."),
    ),
)
LINK_OVER: Final = Message(
    N_("This invitation is over"),
    (N_("The gathering was more than a week ago, so the link shows and takes nothing any more."),),
    (N_("If that cannot be, ask the person who invited you: the date may be wrong."),),
)
SIGN_IN_TOO_OFTEN: Final = Message(
    N_("Please slow down"),
    (N_("Please wait a minute, then try to sign in again."),),
    (N_("If you were emailed a code, the latest one works for ten minutes after it was sent."),),
)
SHEET_LOST: Final = Message(
    N_("The sheet got lost on the way"),
    (N_("The links that were made are on the page before, and nowhere else."),),
    (N_("Go back and copy them from there, or make new ones, which end these."),),
)
FORM_OUTDATED: Final = Message(
    N_("This form is out of date"),
    (N_("It was made before you signed in or out, or for another site. Nothing was changed."),),
    (
        N_("Open the page again and send it from there."),
        N_("If that does not help, see whether your browser refuses our cookies."),
    ),
)
TAKEN_DOWN: Final = Message(
    N_("This was taken down"),
    (N_("It was published here, and is no longer. Everybody who had booked it has been told."),),
)
_MESSAGES: Final[Mapping[int, Message]] = {
    400: Message(N_("We could not read that"), (N_("Please go back, and send the page again."),)),
    401: Message(N_("Please sign in"), (N_("This page is only for those who are signed in."),)),
    403: Message(N_("You don’t have access to this"), (N_("This page is not open to you."),)),
    404: Message(
        N_("Page not found"),
        (N_("The address may be mistyped or out of date."),),
        (N_("If somebody sent you a link, check that all of it is there."),),
    ),
    405: Message(
        N_("That does not work here"),
        (N_("This page exists, but it cannot do what was asked of it. Please open it again."),),
    ),
    413: Message(
        N_("That was too much at once"),
        (N_("What you sent is longer than we read. Please go back and shorten it."),),
    ),
    429: Message(
        N_("Please slow down"),
        (N_("Please wait a while and try again. What you answered before is safe."),),
    ),
    500: Message(
        N_("Something went wrong here"),
        (N_("The mistake is ours and has been noted. What you sent last may not be saved."),),
        (N_("Please open the page again in a minute: it shows what was saved."),),
    ),
    503: Message(
        N_("This is not possible just now"),
        (N_("Nothing that was saved is lost, but what you sent last may not have been saved."),),
        (N_("Please open the page again in a moment: it shows what was saved."),),
    ),
    507: Message(
        N_("There is no room left here"),
        (N_("What you sent last was not saved; what was saved before is safe."),),
        (N_("Please tell the person who invited you, and try again later."),),
    ),
}


def beyond_quota(error: QuotaReached) -> Message:
    """The message for a host who would have more than the site allows."""
    back = _("Go back: what you typed is still there, and nothing of it was saved.")
    return Message(_("That is more than this site allows"), (str(error),), (back,))


def translated(message: Message) -> Message:
    """The message in the language that is in use."""
    paragraphs, steps = (tuple(map(_, texts)) for texts in (message.paragraphs, message.steps))
    return Message(_(message.title), paragraphs, steps)


def message(status: int) -> Message:
    """The message for an HTTP status; other 4xx have that of 400, other 5xx that of 500."""
    return _MESSAGES.get(status) or _MESSAGES[400 if status < 500 else 500]
