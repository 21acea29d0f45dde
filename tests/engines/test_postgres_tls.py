"""TLS to PostgreSQL, proved behind a proxy that ends it: the tests' own server has none."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gatherlog.core.eventstore.errors import Busy, NotAStore
from gatherlog.engines import open_store
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import commit
from tests.contracts.engines import Place
from tests.postgres import server
from tests.targets.certificates import Authority

ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)
"""What a client sends first if it wants TLS."""


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy(socket: Path, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """A port that takes clients with TLS only, and hands on what they say."""
    seen: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.add(writer)
        if await reader.readexactly(8) != ASK_FOR_TLS:
            writer.close()
            return
        writer.write(b"S")
        try:
            await writer.start_tls(tls)
        except (ssl.SSLError, ConnectionError):
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(socket)
        seen.add(server_writer)
        await asyncio.gather(
            hand_on(reader, server_writer),
            hand_on(server_reader, writer),
            return_exceptions=True,
        )

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in seen:
            writer.transport.abort()
        await asyncio.sleep(0)


@pytest.fixture
async def port(postgres: Place, tmp_path: Path) -> AsyncIterator[int]:
    assert postgres.engine.postgres is not None
    authority = Authority()
    tls = authority.server(tmp_path, x509.DNSName("localhost"))
    (tmp_path / "ca.pem").write_bytes(authority._certificate.public_bytes(Encoding.PEM))
    (tmp_path / "other.pem").write_bytes(Authority()._certificate.public_bytes(Encoding.PEM))
    socket = server(postgres.engine.postgres).folder / ".s.PGSQL.5432"
    async with proxy(socket, tls) as port:
        yield port


def address(postgres: Place, host: str, port: int, parameters: str) -> str:
    schema = read_place(postgres.url).schema
    return f"postgresql://postgres@{host}:{port}/postgres?schema={schema}&{parameters}"


async def test_a_server_with_a_certificate_of_a_trusted_authority_is_used(
    postgres: Place, port: int, tmp_path: Path
) -> None:
    verified = f"sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"

    for parameters in (verified, "sslmode=require"):
        store = await open_store(address(postgres, "localhost", port, parameters))
        await store.commit(commit("card-1"))
        await store.close()


@pytest.mark.parametrize(
    ("host", "parameters"),
    [
        ("localhost", "sslmode=verify-full&sslrootcert={folder}/other.pem"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert={folder}/ca.pem"),
        ("localhost", "sslmode=disable"),
    ],
    ids=["another authority", "another name", "without TLS"],
)
async def test_a_server_that_is_not_who_it_should_be_is_refused(
    postgres: Place, port: int, tmp_path: Path, host: str, parameters: str
) -> None:
    with pytest.raises((NotAStore, Busy)):
        await open_store(address(postgres, host, port, parameters.format(folder=tmp_path)))


async def test_a_missing_file_of_authorities_is_refused(
    postgres: Place, port: int, tmp_path: Path
) -> None:
    parameters = f"sslmode=verify-full&sslrootcert={tmp_path}/missing.pem"

    with pytest.raises(NotAStore, match="there is no file"):
        await open_store(address(postgres, "localhost", port, parameters))
