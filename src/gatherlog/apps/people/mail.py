"""Letters that are sent, and to what they are handed."""

from typing import Protocol

from gatherlog.core.subscriptions.letters import Letter

__all__ = ["Letter", "Mailer", "code_letter"]


class Mailer(Protocol):
    """Takes letters and brings them away in its own time."""

    def send(self, letter: Letter) -> None:
        """Take a letter. Never waits and never fails: whoever asked for it learns nothing."""
        ...

    async def close(self) -> None:
        """Try for a short while to bring away what was taken; twice does nothing."""
        ...


def code_letter(address: str, code: str, site: str) -> Letter:
    """The letter with the code for signing in; it says nothing about whether there is an account.

    The code does not stand in the subject: a locked phone shows that.
    """
    return Letter(
        to=address,
        subject="Your code for signing in",
        text=(
            f"{code}\n\n"
            f"is your code for signing in at {site}\n"
            "It works once, within ten minutes.\n\n"
            "Did you not ask for it? Then somebody mistyped an address: "
            "do nothing, and tell nobody the code.\n"
        ),
    )
