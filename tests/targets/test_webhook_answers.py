"""What a receiver's answers mean: accepted, final, or retried and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.targets.webhook_answers import failure
from gatherlog.targets.webhook_connection import Answer
from gatherlog.testing import StandingClock
from tests.targets.webhook_receiver import (
    TAKEN,
    answering,
    delivery,
    failure_of,
    receiving,
    sending,
    target_at,
    url_of,
)

NOW = StandingClock("2026-11-24T12:00:00Z")()


def answer(status: int, *lines: str) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status} Whatever", *lines, "content-length: 4"))
    return f"{head}\r\n\r\nbody".encode()


@pytest.mark.parametrize("status", [200, 201, 202, 206, 299])
async def test_an_answer_of_2xx_means_accepted(status: int) -> None:
    async with sending(answering(answer(status))) as (_, target):
        await target.deliver([delivery()])


@pytest.mark.parametrize(
    ("status", "kind", "final"),
    [
        (300, "redirect", True),
        (304, "redirect", True),
        (308, "redirect", True),
        (400, "status", False),
        (401, "status", False),
        (404, "status", False),
        (408, "status", False),
        (410, "gone", True),
        (413, "too_large", True),
        (422, "status", False),
        (429, "status", False),
        (431, "too_large", True),
        (500, "status", False),
        (503, "status", False),
        (999, "status", False),
    ],
)
async def test_what_an_answer_means(status: int, kind: str, final: bool) -> None:
    content = () if status == 304 else ("content-type: text/html",)
    async with sending(answering(answer(status, *content))) as (receiver, target):
        failed = await failure_of(target)

    assert (failed.kind, failed.final, failed.status) == (kind, final, status)
    assert len(receiver.requests) == 1


async def test_a_redirect_is_not_followed() -> None:
    async with receiving(answering(TAKEN)) as there:
        moved = answer(302, f"location: {url_of(there)}")
        async with receiving(answering(moved)) as here, target_at(url_of(here)) as target:
            failed = await failure_of(target)

    assert str(failed) == (
        f"http://127.0.0.1:{here.port} answered 302; redirects are not followed, name the final URL"
    )
    assert (failed.final, there.connections) == (True, 0)


async def test_a_batch_that_is_too_large_may_be_accepted_one_by_one() -> None:
    async with sending(answering(answer(413)), format="cloudevents-batch") as (_, target):
        together = await failure_of(target, delivery(1), delivery(2))
        alone = await failure_of(target, delivery(1))

    assert (together.final, alone.final) == (False, True)


async def test_a_failure_shows_status_and_type_and_no_secret() -> None:
    said = answer(500, "content-type: text/html; charset=x", "x-mail: ada@example.org")
    path = "/services/T0K3N?key=s3cret"
    async with sending(answering(said), path=path) as (receiver, target):
        failed = await failure_of(target)

    assert str(failed) == f"http://127.0.0.1:{receiver.port} answered 500 (text/html)"


@pytest.mark.parametrize("text", ["\x1b[31mred/x", "x", "", "a b/c", "ä/b"])
def test_a_malformed_content_type_is_not_shown(text: str) -> None:
    failed = failure(
        Answer(500, {"content-type": text}), origin="https://a.example", now=NOW, is_batch=False
    )

    assert str(failed) == "https://a.example answered 500"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("3600", 3600.0),
        ("999999999", 3600.0),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 12:02:00 -0000", 120.0),
        ("Tue, 24 Nov 2026 13:02:00 +0100", 120.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 24 Nov 2099 12:00:00 GMT", 3600.0),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("10000000000", 3600.0),
        ("9" * 5000, 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 -1200", 3600.0),
        ("Sat, 01 Jan 10000 00:00:00 GMT", 3600.0),
        (f"Sat, 01 Jan {'9' * 500} 00:00:00 GMT", 3600.0),
        ("soon", None),
        ("Tue, 99 Nov 2026 12:02:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_how_long_a_receiver_makes_us_wait(status: int, text: str, seconds: float | None) -> None:
    failed = failure(
        Answer(status, {"retry-after": text}), origin="https://a.example", now=NOW, is_batch=False
    )

    assert failed is not None
    assert (failed.retry_after, failed.final) == (seconds, False)


@given(
    st.text(max_size=40)
    | st.from_regex(r"\w{3}, \d{1,3} (Jan|Nov|x) \d{1,12} \d{1,3}:\d{1,3} ?([+-]\d{1,6})?")
)
def test_a_receiver_can_ask_for_a_pause_of_an_hour_at_most(text: str) -> None:
    failed = failure(
        Answer(503, {"retry-after": text}), origin="https://a.example", now=NOW, is_batch=False
    )

    assert failed is not None
    assert failed.retry_after is None or 0 <= failed.retry_after <= 3600


async def test_the_wait_that_a_receiver_asks_for_arrives() -> None:
    async with sending(answering(answer(503, "Retry-After: 7"))) as (_, target):
        failed = await failure_of(target)

    assert failed.retry_after == 7.0
