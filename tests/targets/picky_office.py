"""An SMTP server that answers for each address as the test says."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

HANG = "hang"
"""Instead of an answer: the server gives none until the test is over."""


class PickyOffice:
    """The handler. `answers` are given, by address, to RCPT, one after the other; then 250."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}
        self.letters: list[EmailMessage] = []
        self.asked: list[str] = []
        """The address of every attempt."""
        self.url = ""
        self.over = asyncio.Event()
        self._changed = asyncio.Condition()

    def arrived(self) -> list[str]:
        """The recipients of received letters, in order."""
        return [str(letter["To"]) for letter in self.letters]

    def ids(self) -> list[str]:
        return [str(letter["Message-ID"]) for letter in self.letters]

    async def until(self, *, letters: int = 0, asked: int = 0) -> None:
        """Wait for so many letters, or attempts."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: len(self.letters) >= letters and len(self.asked) >= asked
            )

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        async with self._changed:
            self.asked.append(address)
            self._changed.notify_all()
        answers = self.answers.get(address)
        answer = answers.pop(0) if answers else "250 fine"
        if answer == HANG:
            await self.over.wait()
        elif not answer.startswith("250"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        letter = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        assert isinstance(letter, EmailMessage)
        async with self._changed:
            self.letters.append(letter)
            self._changed.notify_all()
        return "250 fine"


@asynccontextmanager
async def picky_office() -> AsyncIterator[PickyOffice]:
    office = PickyOffice()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(office, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    office.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield office
    finally:
        office.over.set()
        server.close()
