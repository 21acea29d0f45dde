"""The page for authors of receivers: its Python works as written, and its figures are right."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatherlog.core.routing.bus_form import BUS_LIMIT
from gatherlog.targets.webhook import BATCH, TIMEOUT
from gatherlog.targets.webhook_answers import LONGEST_PAUSE
from gatherlog.targets.webhook_signature import TOLERANCE, secret_text, signature
from tests.targets.webhook_receiver import SECRET

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "receive-webhooks.md").read_text()
BODY = b'{"name":"Zo\xc3\xab"}'


@pytest.fixture
def is_signed() -> Callable[[str, dict[str, str], bytes], bool]:
    [block] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    found: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(block, found)
    return found["is_signed"]


def signed(*secrets: bytes, at: int) -> dict[str, str]:
    return {
        "webhook-id": "d-1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secrets, "d-1", at, BODY),
    }


def test_its_python_takes_what_is_signed_and_nothing_else(
    is_signed: Callable[[str, dict[str, str], bytes], bool],
) -> None:
    secret, now, other = secret_text(SECRET), int(time.time()), b"x" * 32

    assert is_signed(secret, signed(SECRET, at=now), BODY)
    assert is_signed(secret, signed(other, SECRET, at=now), BODY)
    for headers, body in [
        (signed(other, at=now), BODY),
        (signed(SECRET, at=now - 400), BODY),
        (signed(SECRET, at=now + 400), BODY),
        (signed(SECRET, at=now), BODY + b" "),
        (signed(SECRET, at=now) | {"webhook-id": "d-2"}, BODY),
        (signed(SECRET, at=now) | {"webhook-signature": "v1,ä"}, BODY),
        ({}, BODY),
    ]:
        assert not is_signed(secret, headers, body)


def test_its_figures_are_those_of_the_code() -> None:
    assert f"Answer within {TIMEOUT:g} seconds" in PAGE
    assert f"up to {BATCH} events" in PAGE
    assert f"longer than {BUS_LIMIT:,} bytes" in PAGE
    assert f"> {TOLERANCE}:" in PAGE
    assert LONGEST_PAUSE == 3600
    assert "up to an hour" in PAGE
