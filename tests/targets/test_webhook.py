"""What a webhook sends: each format, transformers' results, batches, and signatures."""

import pytest

from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.bus_form import bus_event
from gatherlog.core.routing.cloud_events import cloud_event
from gatherlog.targets.webhook import WebhookTarget
from gatherlog.targets.webhook_signature import is_signed
from gatherlog.testing import StandingClock
from tests.core.routing.recorded_events import SITE, recorded
from tests.targets.webhook_receiver import (
    SECRET,
    TAKEN,
    answering,
    delivery,
    sending,
    target_at,
)

ANOTHER = b"another secret of at least 24 bytes"


async def test_a_delivery_is_one_signed_post() -> None:
    clock = StandingClock("2026-11-24T12:00:00Z")
    async with sending(answering(TAKEN), path="/in?token=1", clock=clock) as (receiver, target):
        await target.deliver([delivery()])

    [request] = receiver.requests
    signed = request.headers.pop("webhook-signature")
    assert request.line == "POST /in?token=1 HTTP/1.1"
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "content-type": "application/cloudevents+json",
        "user-agent": "Gatherlog",
        "webhook-id": "d-1",
        "webhook-timestamp": "1795521600",
        "content-length": str(len(request.body)),
    }
    assert request.body == encode(cloud_event(recorded(id="e-1", version=1), source=SITE))
    headers = request.headers | {"webhook-signature": signed}
    assert is_signed([SECRET], headers, request.body, now=clock() / 1e6)


async def test_binary_mode_sends_the_data_byte_for_byte() -> None:
    data = b'{ "price": 12.340,\n"name":"Zo\xc3\xab" }'
    async with sending(answering(TAKEN), format="cloudevents-binary") as (receiver, target):
        await target.deliver([delivery(event=recorded(data, subject="Zoë\r\nx: y"))])

    [request] = receiver.requests
    assert request.body == data
    assert request.headers["content-type"] == "application/json"
    assert request.headers["ce-id"] == "users-7@3"
    assert request.headers["ce-subject"] == "Zo%C3%AB%EF%BF%BD%EF%BF%BDx:%20y"


async def test_the_bus_format_sends_the_bus_form_of_the_event() -> None:
    async with sending(answering(TAKEN), format="bus") as (receiver, target):
        await target.deliver([delivery()])

    [request] = receiver.requests
    assert request.headers["content-type"] == "application/json"
    assert request.body == encode(bus_event(recorded(version=1)))


async def test_a_batch_is_one_request() -> None:
    async with sending(answering(TAKEN), format="cloudevents-batch") as (receiver, target):
        await target.deliver([delivery(1), delivery(2)])
        assert target.batch == 100

    [request] = receiver.requests
    assert request.headers["content-type"] == "application/cloudevents-batch+json"
    assert request.body == encode(
        [cloud_event(recorded(id=f"e-{n}", version=n), source=SITE) for n in (1, 2)]
    )


async def test_the_id_of_a_batch_is_that_of_its_deliveries() -> None:
    """The same batch has the same id at every attempt; every other batch has another one."""
    async with sending(answering(TAKEN), format="cloudevents-batch") as (receiver, target):
        for numbers in [(1, 2), (1, 2), (2, 1), (1, 2, 3), (1,)]:
            await target.deliver([delivery(number) for number in numbers])

    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert ids[4] == "d-1"
    assert [id for id in ids if "." in id] == []


@pytest.mark.parametrize(
    ("input", "content_type", "body"),
    [
        ({"price": 12.34}, "application/json", b'{"price":12.34}'),
        ([1, None], "application/json", b"[1,null]"),
        (0, "application/json", b"0"),
        ("", "text/plain; charset=utf-8", b""),
        ("Zoë", "text/plain; charset=utf-8", b"Zo\xc3\xab"),
    ],
)
async def test_a_transformers_result_is_sent_in_place_of_the_event(
    input: object, content_type: str, body: bytes
) -> None:
    async with sending(answering(TAKEN), format="cloudevents-binary") as (receiver, target):
        await target.deliver([delivery(input=input)])

    [request] = receiver.requests
    assert (request.headers["content-type"], request.body) == (content_type, body)
    assert [name for name in request.headers if name.startswith("ce-")] == []


async def test_transformed_deliveries_go_one_by_one_and_in_order() -> None:
    async with sending(answering(TAKEN), format="cloudevents-batch") as (receiver, target):
        await target.deliver(
            [delivery(1), delivery(2), delivery(3, input=3), delivery(4, input=4), delivery(5)]
        )

    assert [request.headers["webhook-id"][:6] for request in receiver.requests] == [
        "batch_",
        "d-3",
        "d-4",
        "d-5",
    ]
    assert [request.body for request in receiver.requests[1:3]] == [b"3", b"4"]


async def test_while_a_secret_is_replaced_both_sign() -> None:
    async with sending(answering(TAKEN), secrets=[SECRET, ANOTHER]) as (receiver, target):
        await target.deliver([delivery()])

    [request] = receiver.requests
    now = int(request.headers["webhook-timestamp"])
    for secret in (SECRET, ANOTHER):
        assert is_signed([secret], request.headers, request.body, now=now)


def test_a_webhook_without_a_secret_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="signed"):
        WebhookTarget(
            "https://a.example",
            format="bus",
            secrets=[],
            source=SITE,
            clock=StandingClock(),
        )


async def test_a_target_shows_neither_secret_nor_path() -> None:
    async with target_at("https://user.example/services/T0K3N?key=s3cret") as target:
        assert repr(target) == "WebhookTarget('https://user.example', 'cloudevents')"


async def test_a_header_that_would_begin_another_is_never_sent() -> None:
    async with sending(answering(TAKEN)) as (receiver, target):
        with pytest.raises(ValueError, match="header"):
            await target.deliver([delivery(id="d-1\r\nx: y")])

    assert receiver.requests == []
