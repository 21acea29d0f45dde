"""A proxy before a database that cuts connections at the moments that a test asks for."""

import asyncio
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from tests.postgres import PostgresServer

__all__ = ["CuttingProxy"]

SOCKET: Final = ".s.PGSQL.5432"
Cut = Literal["request", "answer"]


class CuttingProxy:
    """It hands everything on, until it is told to cut.

    `cut` names what is lost next: a request that holds `marker`, before the server sees it, or the
    answer to it, after the server has done it. Then the connection ends.
    """

    def __init__(self, server: PostgresServer, marker: bytes) -> None:
        self._target = server.folder / SOCKET
        self._marker = marker
        self._folder = tempfile.TemporaryDirectory(prefix="gatherlog-proxy-")
        self._open: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None
        self.cut: Cut | None = None
        self._silent: set[asyncio.StreamWriter] = set()
        """Connections of which nothing is handed on any more, although they do not end."""
        self.accepted = 0
        """Connections so far."""
        self.asked: list[float] = []
        """When something was asked of the server, by the clock of the loop."""

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.refuse()
        self._folder.cleanup()

    def url(self, schema: str) -> str:
        """The address of a store behind the proxy."""
        return f"postgresql://postgres@/postgres?host={self._folder.name}&schema={schema}"

    def lead_to(self, server: PostgresServer) -> None:
        """From now on, hand on what comes to another server."""
        self._target = server.folder / SOCKET

    async def accept(self) -> None:
        """Let connections in, from now on."""
        path = Path(self._folder.name) / SOCKET
        self._listening = await asyncio.start_unix_server(self._serve, path)

    async def refuse(self) -> None:
        """End all connections, and let none in."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
            (Path(self._folder.name) / SOCKET).unlink(missing_ok=True)
        self.end()
        await asyncio.sleep(0)

    def silence(self) -> None:
        """Hand on nothing more on the connections that are open, and do not end them."""
        self._silent |= self._open

    def end(self) -> None:
        """End all connections that are open."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        server_reader, server_writer = await asyncio.open_unix_connection(self._target)
        pair = {writer, server_writer}
        self._open |= pair
        try:
            done, pending = await asyncio.wait(
                [
                    asyncio.ensure_future(self._requests(reader, server_writer)),
                    asyncio.ensure_future(_hand_on(server_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in pending:
                task.cancel()
            await asyncio.gather(*done, *pending, return_exceptions=True)
        finally:
            self._open -= pair
            for one in pair:
                one.transport.abort()

    async def _requests(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if server in self._silent:
                continue
            self.asked.append(asyncio.get_running_loop().time())
            if self.cut is not None and self._marker in data:
                if self.cut == "answer":
                    server.write(data)
                    await server.drain()
                self.cut = None
                return
            server.write(data)
            await server.drain()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
