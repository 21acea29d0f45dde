"""Real SMTP servers on this machine, which keep what they receive."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.targets.smtp import SmtpMailer, SmtpServer

SENDER = "Our party <party@example.org>"


class PostOffice:
    """The handler of an SMTP server. `answers` are given to RCPT, one after the other."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.answers: list[str] = []
        self.url = ""
        self.arrived = asyncio.Event()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers and not (answer := self.answers.pop(0)).startswith("250"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.letters.append(envelope)
        self.arrived.set()
        return "250 fine"


@asynccontextmanager
async def post_office(*, utf8: bool = True) -> AsyncIterator[PostOffice]:
    """An SMTP server; without `utf8`, it takes no addresses beyond ASCII."""
    handler = PostOffice()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=utf8, loop=loop), "127.0.0.1", 0
    )
    handler.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield handler
    finally:
        server.close()


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as handler:
        yield handler


@pytest.fixture
async def ascii_office() -> AsyncIterator[PostOffice]:
    """A server without SMTPUTF8."""
    async with post_office(utf8=False) as handler:
        yield handler


MailerAt = Callable[..., SmtpMailer]


@pytest.fixture
def lines() -> list[bytes]:
    """What a mailer logs."""
    return []


@asynccontextmanager
async def mailer_at(
    url: str, lines: list[bytes], *, pauses: tuple[float, ...] = ()
) -> AsyncIterator[SmtpMailer]:
    """A mailer that is closed at the end, which sends all its letters."""
    mailer = SmtpMailer(
        SmtpServer.from_url(url), SENDER, clock=system_clock, sink=lines.append, pauses=pauses
    )
    try:
        yield mailer
    finally:
        await mailer.close()
