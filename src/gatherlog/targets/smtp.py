"""Sends letters to an SMTP server: one at a time, or in the background with retries."""

import asyncio
import contextlib
from collections.abc import Mapping
from email.errors import MessageError
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.letters import Letter
from gatherlog.targets.mail import Lost, Sink, message, recipient
from gatherlog.targets.mail_sender import MailSender
from gatherlog.targets.smtp_failures import failure, needs_utf8

__all__ = ["SmtpMailer", "SmtpServer"]

QUEUE: Final = 1000
"""Letters that may wait; more are dropped, and the log says so."""
WORKERS: Final = 4
TIMEOUT: Final = 20.0
"""Seconds that one attempt may take."""
QUIT_SECONDS: Final = 2.0
"""Seconds that the server has to answer QUIT."""
PAUSES: Final = (2.0, 10.0, 30.0)
"""Seconds before each retry; their sum is well below the ten minutes for which a code is valid."""
CLOSE_SECONDS: Final = 5.0
"""Seconds that closing waits for letters that are not sent yet."""

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """The address of an SMTP server, and how to connect to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    """TLS from the first byte; otherwise STARTTLS is used if the server offers it."""

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """`smtp://[name:password@]host[:port]`, or `smtps://`; ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("not like smtp://name:password@host:port")
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 587 if parts.username else 25),
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            tls=tls,
        )

    @property
    def start_tls(self) -> bool | None:
        """Required before a password is sent over a network; None: used if it is offered."""
        if self.tls:
            return False
        return True if self.username is not None and self.host not in _LOCAL else None

    def __repr__(self) -> str:
        return f"SmtpServer({self.host!r}, {self.port})"


class SmtpMailer:
    """A `MailTransport` that sends letters to an SMTP server, with one connection each.

    As a `Mailer` it sends letters in the background that must not be stored, such as codes. They
    wait in memory; a crash loses them, but they are only valid for minutes.
    """

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        *,
        clock: Clock,
        sink: Sink,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        """Raises Invalid where `sender` is no mailbox."""
        self._server = server
        self._sender = MailSender.from_text(sender)
        self._clock = clock
        self._lost = Lost(clock, sink)
        self._pauses = pauses
        self._waiting: asyncio.Queue[Letter] = asyncio.Queue(QUEUE)
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False

    async def deliver(self, letter: Letter) -> None:
        try:
            await self._submit(letter)
        except (aiosmtplib.SMTPException, MessageError, OSError, ValueError, Invalid) as error:
            raise failure(error) from None  # its own words may quote the address

    @property
    def not_sent(self) -> Mapping[str, int]:
        return self._lost.counts

    def lose(self, kind: str) -> None:
        """Count and log a letter that is not sent, by the reason."""
        self._lost.note(kind)

    def send(self, letter: Letter) -> None:
        if self._closed:
            return self._lost.note("closed")
        try:
            self._waiting.put_nowait(letter)
        except asyncio.QueueFull:
            return self._lost.note("queue_full", "too many letters wait")
        if len(self._workers) < WORKERS:
            self._workers.append(asyncio.create_task(self._work()))
        return None

    async def close(self) -> None:
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._waiting.join()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
            self._lost.note("closed")

    async def _work(self) -> None:
        while True:
            letter = await self._waiting.get()
            try:
                await self._deliver_with_retries(letter)
            except DeliveryFailed as failed:
                self._lost.note(failed.kind, detail=str(failed))
            except Exception as error:  # noqa: BLE001  the worker has to go on with other letters
                self._lost.note("error", type(error).__name__)
            finally:
                self._waiting.task_done()

    async def _deliver_with_retries(self, letter: Letter) -> None:
        """Deliver, with a retry after each pause; raises the last failure, or a final one."""
        for pause in self._pauses:
            try:
                return await self.deliver(letter)
            except DeliveryFailed as failed:
                if failed.final:
                    raise
                await asyncio.sleep(pause)
        return await self.deliver(letter)

    async def _submit(self, letter: Letter) -> None:
        to, written = recipient(letter), message(letter, self._sender, self._clock())
        client = self._client()
        try:
            async with asyncio.timeout(TIMEOUT):
                await client.connect()
                await self._hand_over(client, written, to)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=QUIT_SECONDS)  # the letter was accepted already
        finally:
            client.close()

    async def _hand_over(self, client: aiosmtplib.SMTP, written: EmailMessage, to: str) -> None:
        try:
            await client.send_message(written, sender=self._sender.address, recipients=[to])
        except aiosmtplib.SMTPNotSupported:
            if to.isascii():
                raise
            raise needs_utf8() from None

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.start_tls,
            timeout=TIMEOUT,
        )
