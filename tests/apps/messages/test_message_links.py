"""Addresses in messages: found, cut where the sentence goes on, and never anything but the web."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.messages.links import pieces


def urls(text: str) -> list[str]:
    return [piece.url for piece in pieces(text) if piece.url is not None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://example.org/a?b=c#d, please.", ["https://example.org/a?b=c#d"]),
        ("(https://example.org/a_(b))", ["https://example.org/a_(b)"]),
        ("HTTP://EXAMPLE.ORG! http://x.org…", ["HTTP://EXAMPLE.ORG", "http://x.org"]),
        ("https://grüße.example/straße", ["https://grüße.example/straße"]),
        ("http://[::1]:8000/a]", ["http://[::1]:8000/a"]),
        ("javascript:alert(1) data:text/html,x ftp://x.org", []),
        ("https://good.example@evil.example/", []),
        ("https://", []),
        ("https://x.org:0/ http://[/ http://x:99999/", []),
        ('https://x.org/"onclick="alert(1)', ["https://x.org/"]),
        ("https://x.org/<script>", ["https://x.org/"]),
    ],
)
def test_only_plain_addresses_of_the_web_are_found(text: str, found: list[str]) -> None:
    assert urls(text) == found


@given(st.text() | st.text("htps:/.()[]@x ", max_size=60))
def test_the_pieces_are_the_text(text: str) -> None:
    cut = pieces(text)

    assert "".join(piece.text for piece in cut) == text
    assert all(piece.url in (None, piece.text) for piece in cut)
