"""What is the same for everybody is compressed for clients that ask for it, and nothing else is."""

import pytest
from httpx2 import AsyncClient

from gatherlog.interfaces.compression import takes_gzip

PUBLIC = ("/docs", "/openapi.json", "/static/gatherlog.css", "/static/messages.js")


@pytest.mark.parametrize("path", PUBLIC)
async def test_what_everybody_gets_is_compressed_where_it_is_asked_for(
    nobody: AsyncClient, path: str
) -> None:
    plain = await nobody.get(path, headers={"Accept-Encoding": "identity"})
    compressed = await nobody.get(path, headers={"Accept-Encoding": "br, gzip"})

    assert compressed.content == plain.content
    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(compressed.headers["content-length"]) < len(plain.content) / 2
    assert compressed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/", "/signin", "/things", "/r/unknown", "/healthz"])
async def test_a_page_that_may_hold_a_secret_is_not_compressed(
    nobody: AsyncClient, path: str
) -> None:
    headers = {"Accept-Encoding": "gzip", "Accept": "text/html"}

    assert "content-encoding" not in (await nobody.get(path, headers=headers)).headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("x-gzip", True),
        ("gzip; q=1", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_taken_where_it_is_named_with_a_weight(header: str, expected: bool) -> None:
    assert takes_gzip(header) is expected
