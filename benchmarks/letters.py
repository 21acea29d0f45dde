"""A mail server that accepts every mail and extracts its sign-in code; only the SMTP it needs."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CODE = re.compile(rb"^([0-9]{6})\r$", re.MULTILINE)
RECIPIENT = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)
ANSWERS = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Letters:
    """The codes in the mails that arrive, for callers that wait for them by address."""

    def __init__(self) -> None:
        self.port = 0
        self._waiting: dict[str, asyncio.Future[str]] = {}

    def next_to(self, address: str) -> asyncio.Future[str]:
        """The code in the next mail to this address."""
        self._waiting[address] = asyncio.get_running_loop().create_future()
        return self._waiting[address]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, with any number of mails."""
        writer.write(b"220 here\r\n")
        address = ""
        while line := await reader.readline():
            if found := RECIPIENT.match(line):
                address = found[1].decode()
            writer.write(ANSWERS.get(line[:4].upper(), b"250 fine\r\n"))
            if line[:4].upper() == b"DATA":
                self._deliver(address, await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
        writer.close()

    def _deliver(self, address: str, letter: bytes) -> None:
        code = CODE.search(letter)
        if code is not None:
            self._waiting.pop(address).set_result(code[1].decode())


@asynccontextmanager
async def mail_server() -> AsyncIterator[Letters]:
    """Listens on a free port of 127.0.0.1."""
    letters = Letters()
    server = await asyncio.start_server(letters.serve, "127.0.0.1", 0)
    letters.port = server.sockets[0].getsockname()[1]
    try:
        yield letters
    finally:
        server.close()
