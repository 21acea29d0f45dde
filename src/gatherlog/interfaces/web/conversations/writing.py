"""What a form of messages sends, and the sentences about what is wrong with it."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from starlette.datastructures import FormData

from gatherlog.apps.messages import BadMessage, BlockedByYou, Line, ShownMessage, UnknownReceiver
from gatherlog.apps.messages.refusals import BLANK, ONESELF, TOO_LONG, UNPRINTABLE
from gatherlog.apps.messages.service_members import GroupKeptOnce
from gatherlog.apps.messages.service_sending import KeptOnce
from gatherlog.apps.messages.texts import LONGEST
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.errors import Denied, GatherlogError, NotFound
from gatherlog.interfaces.web.forms import text

__all__ = [
    "NOBODY",
    "REFUSALS",
    "UNDELIVERABLE",
    "group_once",
    "ids_of",
    "kept_once",
    "refusal",
    "written",
]

NOBODY: Final = "Nobody has this handle."
UNDELIVERABLE: Final = "Your message cannot be delivered."
"""Also where the other has blocked the member, who is not told that."""
REFUSALS: Final = (BadMessage, UnknownReceiver, BlockedByYou, Denied)
"""What a member is told on the page itself, beside what they wrote."""
_SENTENCES: Final = {
    BLANK: "Please write something first.",
    TOO_LONG: f"A message can have up to {LONGEST:,} characters. Please shorten it.",
    UNPRINTABLE: "The message contains a character that cannot be sent, such as a control "
    "character. Please remove it.",
    ONESELF: "This is your own handle.",
}
_LONGEST_NONCE: Final = 64


def written(form: FormData) -> str:
    """The text of the message, with line ends as they are stored."""
    return text(form, "text").replace("\r\n", "\n")


def refusal(error: GatherlogError, unknown: str = NOBODY) -> str:
    """The sentence for one of REFUSALS; `unknown` is that for somebody who cannot be written to."""
    if isinstance(error, BadMessage):
        return " ".join(_SENTENCES[code] for code in error.codes if code in _SENTENCES)
    if isinstance(error, NotFound):
        return unknown
    if isinstance(error, BlockedByYou):
        return "You have blocked this member. Unblock them to write."
    if isinstance(error, Denied):
        return "Only the owner of this conversation can write here."
    return str(error)


def kept_once(form: FormData, member: str, path: str) -> KeptOnce:
    """Makes a form that is sent twice, by a second tap or a second try, send one message.

    Each page has a nonce of its own for it. Another text is another message.
    """

    def once(shown: Callable[[Handled], ShownMessage]) -> Once | None:
        def answer(handled: Handled) -> bytes:
            sent = shown(handled)
            return f"{sent.conversation} {sent.message.id}".encode()

        return _once(form, answer, member, path, text(form, "to"), written(form))

    return once


def group_once(form: FormData, member: str) -> GroupKeptOnce:
    """As `kept_once`, for the form that starts a group; the answer is the group's id."""
    content = [text(form, name) for name in ("members", "title", "announce_only")]

    def once(shown: Callable[[Handled], Line]) -> Once | None:
        return _once(
            form, lambda handled: shown(handled).conversation.id.encode(), member, *content
        )

    return once


def _once(form: FormData, answer: Callable[[Handled], bytes], *content: str) -> Once | None:
    """The idempotency key of a form with this content; None where the form has no nonce."""
    nonce = text(form, "once")[:_LONGEST_NONCE]
    digest = sha256("\n".join((nonce, *content)).encode(errors="replace"))
    return Once(f"page:{digest.hexdigest()}", digest.digest(), answer) if nonce else None


def ids_of(answer: bytes) -> tuple[str, str]:
    """The conversation and the message that were sent before, of a `Repeated` answer."""
    conversation, message = answer.decode().split(" ")
    return conversation, message
