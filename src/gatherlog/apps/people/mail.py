"""The letter with the code for signing in, and the mailer that sends letters."""

from collections.abc import Mapping
from typing import Protocol

from gatherlog.core.subscriptions.letters import Letter
from gatherlog.core.texts import _

__all__ = ["Letter", "Mailer", "code_letter"]


class Mailer(Protocol):
    """Sends letters in the background."""

    @property
    def not_sent(self) -> Mapping[str, int]:
        """How many letters that were to be sent in the background could not be, by kind."""
        ...

    def send(self, letter: Letter) -> None:
        """Queue a letter. Neither waits nor raises, so the caller learns nothing of its fate."""
        ...

    async def close(self) -> None:
        """Try for a short while to send what is queued. Closing twice does nothing."""
        ...


def code_letter(address: str, code: str, site: str) -> Letter:
    """The letter with the code for signing in, the same whether or not there is an account.

    The code does not stand in the subject, which a locked phone shows.
    """
    return Letter(
        to=address,
        subject=_("Your code for signing in"),
        text=_(
            "{code}\n\n"
            "is your code for signing in at {site}\n"
            "It works once, within ten minutes.\n\n"
            "Didn’t ask for it? Then somebody mistyped an address: do nothing, and tell nobody the "
            "code.\n"
        ).format(code=code, site=site),
    )
