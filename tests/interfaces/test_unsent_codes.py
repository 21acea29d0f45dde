"""A code for signing in that could not be sent is in the metrics and in the log, by its kind."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from httpx2 import ASGITransport, AsyncClient

from gatherlog import bootstrap
from gatherlog.apps.people import Origin
from gatherlog.apps.people.decisions import MOST_CODES
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.stores import eventually


class Anybody:
    """The handler of a mail server that takes every letter."""


@pytest.fixture
async def smtp_url() -> AsyncIterator[str]:
    """A server without SMTPUTF8."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Anybody(), loop=loop), "127.0.0.1", 0)
    yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def metrics(platform: Platform, address: str) -> str:
    """Ask for a code at an address, and give the metrics once one was lost."""

    async def is_lost() -> bool:
        return bool(platform.mailer.not_sent)

    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    key = await platform.keys.create("operator", None, "tests", actor="test")
    async with AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key.secret}"},
    ) as client:
        asked = await client.post("/auth/code", json={"email": address})
        assert asked.status_code == 202
        await eventually(is_lost, True)
        return (await client.get("/metrics")).text


async def test_a_code_for_an_address_that_the_server_does_not_take_is_counted_and_logged(
    tmp_path: Path, smtp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[bytes] = []
    monkeypatch.setattr(bootstrap, "to_stderr", lines.append)
    platform = await start(
        Settings(
            store=f"sqlite:///{tmp_path}/gatherlog.db",
            rate_limits="off",
            smtp_url=smtp_url,
            mail_from="Grüße <us@bücher.example>",
        )
    )

    shown = await metrics(platform, "jürgen@bücher.example")
    await platform.stop()

    assert 'gatherlog_codes_not_sent_total{kind="smtp_utf8"} 1.0' in shown
    [line] = map(json.loads, lines)
    assert (line["mail"], line["reason"]) == ("not delivered", "smtp_utf8")
    assert "rgen" not in str(line)
    assert "bücher" not in str(line)


async def test_a_site_without_mail_says_that_it_sent_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[bytes] = []
    monkeypatch.setattr(bootstrap, "to_stderr", lines.append)
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", rate_limits="off"))

    shown = await metrics(platform, "ada@example.org")
    await platform.stop()

    assert 'gatherlog_codes_not_sent_total{kind="no_mail"} 1.0' in shown
    assert [json.loads(line)["reason"] for line in lines] == ["no_mail"]


async def test_a_code_that_is_withheld_is_counted_and_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[bytes] = []
    monkeypatch.setattr(bootstrap, "to_stderr", lines.append)
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", rate_limits="off"))
    stranger = Origin(network="198.51.100.66")

    for _ in range(MOST_CODES + 2):
        await platform.accounts.request_code("ada@example.org", stranger)
    await platform.stop()

    assert platform.mailer.not_sent == {"no_mail": MOST_CODES, "allowance": 2}
    reasons = [json.loads(line)["reason"] for line in lines]
    assert reasons == ["no_mail"] * MOST_CODES + ["allowance"] * 2
    assert b"ada" not in b"".join(lines)
