"""The receiver in Node.js, started as its README says, accepts what webhooks send."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.routing import WebhookFormat
from gatherlog.targets.webhook_signature import secret_text
from tests.core.routing.recorded_events import recorded
from tests.targets.webhook_receiver import SECRET, delivery, failure_of, target_at

RECEIVER = Path(__file__).parents[2] / "examples" / "webhook-node" / "receiver.mjs"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None and os.environ.get("GATHERLOG_REQUIRE_NODE") != "1", reason="there is no node"
)


class Node:
    """The running receiver: its URL, and the lines that it prints."""

    def __init__(self, url: str, lines: asyncio.StreamReader) -> None:
        self.url = url
        self._lines = lines

    async def line(self) -> str:
        return (await self._lines.readline()).decode().rstrip("\n")


@asynccontextmanager
async def running(secret: str = secret_text(SECRET)) -> AsyncIterator[Node]:
    assert NODE, "GATHERLOG_REQUIRE_NODE is set, and there is no node"
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(RECEIVER),
        env={"WEBHOOK_SECRET": secret, "PORT": "0"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        first = (await process.stdout.readline()).decode()
        yield Node(first.removeprefix("listening on ").strip(), process.stdout)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(
    "format", ["cloudevents", "cloudevents-binary", "cloudevents-batch", "bus"]
)
async def test_it_takes_every_format(format: WebhookFormat) -> None:
    async with running() as node:
        async with target_at(node.url, format=format, clock=system_clock) as target:
            await target.deliver([delivery(1), delivery(2, event=recorded(id="e-2", type="ö"))])

        assert await node.line() == 'signup {"id":"7","name":"Ada"}'
        assert await node.line() == 'ö {"id":"7","name":"Ada"}'


async def test_it_takes_what_a_transformer_made() -> None:
    async with running() as node, target_at(node.url, clock=system_clock) as target:
        await target.deliver([delivery(1, input={"hello": 12.34}), delivery(2, input="Zoë")])

        assert [await node.line(), await node.line()] == ['json {"hello":12.34}', 'text "Zoë"']


@pytest.mark.parametrize("format", ["cloudevents", "cloudevents-batch"])
async def test_it_takes_each_delivery_once(format: WebhookFormat) -> None:
    """Also if a repeated batch is split differently."""
    async with running() as node:
        async with target_at(node.url, format=format, clock=system_clock) as target:
            await target.deliver([delivery(1)])
            await target.deliver([delivery(1), delivery(2, event=recorded(id="e-2", type="two"))])

        assert (await node.line())[:6] == "signup"
        assert (await node.line())[:3] == "two"


async def test_it_takes_nothing_that_is_old_or_signed_with_another_secret() -> None:
    now = system_clock()
    async with running() as node:
        async with target_at(node.url, clock=lambda: now - 301_000_000) as old:
            assert (await failure_of(old)).status == 401
        async with target_at(node.url, secrets=[b"x" * 32], clock=system_clock) as forged:
            assert (await failure_of(forged)).status == 401
        async with target_at(node.url, secrets=[b"x" * 32, SECRET], clock=system_clock) as good:
            await good.deliver([delivery(3, event=recorded(type="taken"))])

        assert (await node.line())[:5] == "taken"


async def test_it_says_that_it_takes_no_more_than_a_mebibyte() -> None:
    async with running() as node, target_at(node.url, clock=system_clock) as target:
        failed = await failure_of(target, delivery(input="x" * 1_048_577))
        await target.deliver([delivery(input="x" * 1_048_576)])

    assert (failed.status, failed.final) == (413, True)


@pytest.mark.parametrize("format", ["cloudevents", "cloudevents-binary"])
async def test_it_takes_data_that_is_no_json(format: WebhookFormat) -> None:
    event = recorded(b"\xff", type="50%")
    async with running() as node:
        async with target_at(node.url, format=format, clock=system_clock) as target:
            await target.deliver([delivery(event=event)])

        assert await node.line() == '50% "/w=="'


async def test_without_a_secret_it_does_not_start() -> None:
    async with running(secret="whsec_c2hvcnQ=") as node:
        lines = [node.url, *[await node.line() for _ in range(9)]]

    assert "a secret reads whsec_, then at least 24 bytes in base64" in "\n".join(lines)
