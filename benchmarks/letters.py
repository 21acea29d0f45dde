"""A mail server that takes every letter and hands out the codes in them: just enough SMTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CODE = re.compile(rb"^([0-9]{6})\r$", re.MULTILINE)
RECIPIENT = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)
ANSWERS = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Letters:
    """Codes by address, for whoever waits for them."""

    def __init__(self) -> None:
        self.port = 0
        self._waiting: dict[str, asyncio.Future[str]] = {}

    def next_to(self, address: str) -> asyncio.Future[str]:
        """The code in the next letter to this address."""
        self._waiting[address] = asyncio.get_running_loop().create_future()
        return self._waiting[address]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation, with one letter or several."""
        writer.write(b"220 here\r\n")
        address = ""
        while line := await reader.readline():
            if found := RECIPIENT.match(line):
                address = found[1].decode()
            writer.write(ANSWERS.get(line[:4].upper(), b"250 fine\r\n"))
            if line[:4].upper() == b"DATA":
                self._arrived(address, await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
        writer.close()

    def _arrived(self, address: str, letter: bytes) -> None:
        code = CODE.search(letter)
        if code is not None:
            self._waiting.pop(address).set_result(code[1].decode())


@asynccontextmanager
async def mail_server() -> AsyncIterator[Letters]:
    """Listens on a free port of 127.0.0.1."""
    letters = Letters()
    server = await asyncio.start_server(letters.take, "127.0.0.1", 0)
    letters.port = server.sockets[0].getsockname()[1]
    try:
        yield letters
    finally:
        server.close()
