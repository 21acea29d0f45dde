"""Pages in a language that a test makes up, whose texts stand in brackets: no English is left."""

import re

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.texts import in_use
from gatherlog.interfaces.http import Http
from tests.catalogue import PSEUDO, untranslated
from tests.every_page import every_page

TYPED = re.compile(
    "Gatherlog|Garden party|Villa Rosa, Lindenstraße|Okonkwo|Maya|Tobe|Ife|Kofi|Ada|No nuts"
    "|SQLite, one file|API|OpenAPI|(olga|paul|rita)@example.org|Europe/Berlin|https?:[^ ]*"
    "|Olga|Paul|Choir|@?olga|@?paul|Hello there|Hello"
    "|Painting with|frogs|toads|Climbing barn|Kasperl and the lost moon|Pond House, Teichstraße"
    "|Old barn, Seestraße|Theatre in the Yard, Oranienstraße|House of Frogs|We paint what.*get wet"
    "|A puppet show with live music|Nearly|Who is Kasperl|It was closed|Mia|Nuts: the pen is in her"
    "|Windows|Mac (Roman|Central European)|UTF|ISO|CP|KOI8-U|Shift JIS|GB|Big5|EUC-KR"
    "|bag|Grandma|Pia or Grandma|hello@frogs.example.org"
)
"""What somebody typed, and names."""
LEFT = re.compile("/docs")
"""The reference of the API, which stays in English."""


@pytest.mark.timeout(200)  # some seventy pages
async def test_no_english_is_left_on_the_pages(app: Http, platform: Platform) -> None:
    found = {}
    for email, paths in (await every_page(platform)).items():
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
            client.headers["Accept"] = "text/html"
            if email:
                code = await platform.accounts.issue_code(email)
                session = await platform.accounts.start_session(email, code)
                client.cookies.set("gatherlog", session)
            for path in paths:
                with in_use(PSEUDO):
                    html = (await client.get(path, follow_redirects=True)).text
                assert 'lang="en-x-pseudo"' in html or LEFT.match(path)
                left = [TYPED.sub("", text).strip() for text in untranslated(html)]
                if words := [text for text in left if re.search("[A-Za-z]{2}", text)]:
                    found[path] = words

    assert {path: words for path, words in found.items() if not LEFT.match(path)} == {}
