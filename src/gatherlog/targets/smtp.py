"""Letters brought to an SMTP server, in the background, each in several tries."""

import asyncio
import contextlib
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from gatherlog.apps.people.mail import Letter
from gatherlog.core.clock import Clock, rfc3339
from gatherlog.core.errors import GatherlogError
from gatherlog.targets.mail import message

__all__ = ["SmtpMailer", "SmtpServer"]

QUEUE: Final = 1000
"""Letters that may wait; more are dropped, and the log says so."""
WORKERS: Final = 4
TIMEOUT: Final = 20.0
"""Seconds that one try may take."""
PAUSES: Final = (2.0, 10.0, 30.0)
"""Seconds before each further try: all of them lie well within a code's life."""
PATIENCE: Final = 5.0
"""Seconds that closing waits for letters that are still to go."""

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PERMANENT: Final = 500

Sink = Callable[[bytes], object]


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where an SMTP server is and how it is spoken to."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    """From the first byte; otherwise TLS is begun as soon as the server offers it."""

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
        """Demanded before a password goes over a network; else taken where it is offered."""
        if self.tls:
            return False
        return True if self.username is not None and self.host not in _LOCAL else None

    def __repr__(self) -> str:
        return f"SmtpServer({self.host!r}, {self.port})"


class SmtpMailer:
    """A `Mailer` that brings letters to an SMTP server, a few at a time, each in several tries.

    Letters that wait are in memory alone: what a crash takes was only good for minutes.
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
        self._server = server
        self._sender = sender
        self._clock = clock
        self._sink = sink
        self._pauses = pauses
        self._waiting: asyncio.Queue[Letter] = asyncio.Queue(QUEUE)
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False

    def send(self, letter: Letter) -> None:
        if self._closed:
            return self._report("closed")
        try:
            self._waiting.put_nowait(letter)
        except asyncio.QueueFull:
            return self._report("too many letters wait")
        if len(self._workers) < WORKERS:
            self._workers.append(asyncio.create_task(self._work()))
        return None

    async def close(self) -> None:
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._waiting.join()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
            self._report("closed")

    async def _work(self) -> None:
        while True:
            letter = await self._waiting.get()
            try:
                await self._bring(letter)
            except GatherlogError as refused:
                self._report(refused.code)
            except Exception as error:  # noqa: BLE001  nobody waits for it; the next letters do
                self._report(type(error).__name__)
            finally:
                self._waiting.task_done()

    async def _bring(self, letter: Letter) -> None:
        """Try until it is gone, refused for good, or has failed once more than there are pauses."""
        written = message(letter, self._sender, self._clock())
        for pause in (*self._pauses, None):
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await self._try(written, letter.to)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                if pause is None or _is_permanent(error):
                    return self._report(_named(error))
                await asyncio.sleep(pause)
        return None

    async def _try(self, written: EmailMessage, to: str) -> None:
        server = self._server
        await aiosmtplib.send(
            written,
            sender=parseaddr(self._sender)[1],
            recipients=[to],
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.start_tls,
            timeout=TIMEOUT,
        )

    def _report(self, reason: str) -> None:
        """One line that says that a letter is lost; not which, nor what a server said of it."""
        line = {"time": rfc3339(self._clock()), "mail": "not delivered", "reason": reason}
        self._sink(msgspec.json.encode(line) + b"\n")


def _is_permanent(error: Exception) -> bool:
    """Whether the server would say the same again."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= _PERMANENT for refused in error.recipients)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error.code >= _PERMANENT
    return isinstance(error, (aiosmtplib.SMTPNotSupported, ValueError))


def _named(error: Exception) -> str:
    """The kind of failure, and the server's number for it; its words may quote the address."""
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"
