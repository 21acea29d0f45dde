"""Rate limits: the settings, the windows, and 429 over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.rates import MOST_KEYS, Rate, Rates, Window, read_rates
from tests.stores import events_of, streams_of

SECOND = 1_000_000
DEAD = {"authorization": "Bearer glk_" + "A" * 43}


class HandClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@asynccontextmanager
async def _limited(
    platform: Platform, clock: HandClock, limits: str = "", **settings: Any
) -> AsyncIterator[AsyncClient]:
    """A client of a server with these limits, whose clock the test moves."""
    shown = msgspec.structs.replace(platform.settings, rate_limits=limits, **settings)
    limited = replace(platform, settings=shown, clock=clock)
    app = build_app(limited, log=RequestLog(clock, lambda line: None))
    transport = ASGITransport(app=app, client=("192.0.2.1", 1234))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def test_limits_that_are_not_named_keep_their_defaults() -> None:
    assert read_rates("rsvp=3/day, sign_in=off") == Rates(sign_in=None, rsvp=Rate(3, 86_400))


def test_the_default_limits() -> None:
    assert read_rates("") == Rates(
        sign_in=Rate(10, 60),
        email=Rate(5, 60),
        rsvp=Rate(10, 3600),
        wrong=Rate(30, 60),
        contact=Rate(5, 3600),
        families=Rate(30, 86_400),
    )


def test_off_means_no_limits() -> None:
    assert read_rates("off") == Rates(
        sign_in=None,
        email=None,
        rsvp=None,
        conversation=None,
        wrong=None,
        contact=None,
        families=None,
    )


@pytest.mark.parametrize(
    "text", ["on", "rsvp", "rsvp=0/hour", "rsvp=1/week", "rsvp=-1/day", "tea=1/day", "rsvp=1e3/day"]
)
def test_invalid_limits_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_rates(text)

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/rate_limits"]


def test_a_window_slides(clock: HandClock) -> None:
    window = Window(Rate(2, 60), clock)
    begin, waits = clock.now, []
    for second in (0, 30, 59, 60, 61, 89, 90):
        clock.now = begin + second * SECOND
        waits.append(window.hit("a"))

    assert waits == [0.0, 0.0, 1.0, 0.0, 29.0, 1.0, 0.0]


def test_keys_are_counted_apart(clock: HandClock) -> None:
    window = Window(Rate(1, 60), clock)

    assert [window.hit("a"), window.hit("b"), window.hit("a")] == [0.0, 0.0, 60.0]


def test_a_clock_that_is_set_back_locks_nobody_out(clock: HandClock) -> None:
    window = Window(Rate(1, 60), clock)
    window.hit("a")
    clock.now -= 3600 * SECOND

    assert window.hit("a") == 0.0


def test_a_window_forgets_keys_without_recent_hits(clock: HandClock) -> None:
    window = Window(Rate(1, 60), clock)
    for key in range(MOST_KEYS + 100):
        window.hit(str(key))
    many = len(window)
    clock.now += 61 * SECOND
    window.hit("a")

    assert (many, len(window)) == (MOST_KEYS, 1)


@given(steps=st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab")), max_size=60))
def test_no_period_has_more_hits_than_the_rate(steps: list[tuple[int, str]]) -> None:
    clock, passed = HandClock(), []
    window = Window(Rate(3, 60), clock)
    for seconds, key in steps:
        clock.now += seconds * SECOND
        wait = window.hit(key)
        assert 0 <= wait <= 60
        if not wait:
            passed.append((key, clock.now))

    for key, at in passed:
        later = [t for other, t in passed if other == key and at <= t < at + 60 * SECOND]
        assert len(later) <= 3


async def test_ten_sign_ins_a_minute_from_one_address(platform: Platform, clock: HandClock) -> None:
    """All ways to sign in together; and a minute later as many again."""
    async with _limited(platform, clock) as client:
        answers = [await _sign_in(client, attempt) for attempt in range(12)]
        clock.now += 60 * SECOND
        later = await _sign_in(client, 0)

    assert [answer.status_code for answer in answers[10:]] == [429, 429]
    assert 429 not in [answer.status_code for answer in answers[:10]]
    assert (answers[11].json()["code"], answers[11].headers["retry-after"]) == ("too_many", "60")
    assert later.status_code == 202


async def _sign_in(client: AsyncClient, attempt: int) -> Response:
    email = f"a{attempt}@x.org"
    bodies: list[tuple[str, dict[str, str]]] = [
        ("/auth/code", {"email": email}),
        ("/auth/session", {"email": email, "code": "000000"}),
        ("/auth/login", {"token": "none", "lastName": "none"}),
    ]
    path, body = bodies[attempt % 3]
    return await client.post(path, json=body)


async def test_five_codes_a_minute_for_one_address_from_one_client(
    platform: Platform, clock: HandClock
) -> None:
    """Another client, such as the owner of the address, is not slowed by them."""
    proxy = ("192.0.2.1",)
    async with _limited(platform, clock, "sign_in=off", trusted_proxies=proxy) as client:
        spellings = ["a@x.org", "A@x.org", " a@X.ORG ", "a@x.org", "a@x.org", "a@x.org"]
        answers = [await client.post("/auth/code", json={"email": email}) for email in spellings]
        another = await client.post("/auth/code", json={"email": "b@x.org"})
        elsewhere = {"x-forwarded-for": "198.51.100.7"}
        owner = await client.post("/auth/code", json={"email": "a@x.org"}, headers=elsewhere)

    assert [answer.status_code for answer in answers][-1] == 429
    assert 429 not in [answer.status_code for answer in answers[:-1]]
    assert [another.status_code, owner.status_code] == [202, 202]


async def test_a_device_that_has_signed_in_before_is_not_slowed_by_others_in_its_network(
    platform: Platform, clock: HandClock
) -> None:
    code = await platform.accounts.issue_code("a@x.org")
    device = (await platform.accounts.sign_in("a@x.org", code)).device
    async with _limited(platform, clock) as client:
        others = [await _sign_in(client, attempt) for attempt in range(12)]
        asked = {"email": "a@x.org", "device": device}
        owner = [await client.post("/auth/code", json=asked) for _ in range(6)]
        wrong = await client.post("/auth/code", json={**asked, "email": "b@x.org"})

    assert others[-1].status_code == 429
    assert [answer.status_code for answer in owner] == [202] * 5 + [429]
    assert wrong.status_code == 429  # the device is not known for this address


async def test_a_client_that_signed_in_shows_its_device_and_is_mailed_codes_beside_strangers(
    platform: Platform, clock: HandClock
) -> None:
    code = await platform.accounts.issue_code("a@x.org")
    proxy = ("192.0.2.1",)
    async with _limited(platform, clock, "off", trusted_proxies=proxy) as client:
        session = {"email": "a@x.org", "code": code}
        first = (await client.post("/auth/session", json=session)).json()
        for n in range(40):
            stranger = {"x-forwarded-for": f"198.51.100.{n}"}
            await client.post("/auth/code", json={"email": "a@x.org"}, headers=stranger)
        before = len(await _code_events(platform))
        await client.post("/auth/code", json={"email": "a@x.org"})
        without = len(await _code_events(platform))
        await client.post("/auth/code", json={"email": "a@x.org", "device": first["device"]})
        with_device = len(await _code_events(platform))

    assert sorted(first) == ["device", "token"]
    assert (without - before, with_device - before) == (0, 1)


async def _code_events(platform: Platform) -> list[str]:
    [stream] = await streams_of(platform.store, "sign_in")
    events = await events_of(platform.store, stream.stream)
    return [event.type for event in events if event.type == "people.code_issued"]


async def test_known_and_unknown_addresses_are_limited_alike(
    platform: Platform, clock: HandClock
) -> None:
    """Neither the answers nor the limits show whether there is an account."""
    code = await platform.accounts.issue_code("known@x.org")
    await platform.accounts.start_session("known@x.org", code)
    async with _limited(platform, clock, "sign_in=off") as client:
        shown = {
            email: [
                (answer.status_code, answer.content, sorted(answer.headers.items()))
                for answer in [
                    await client.post("/auth/code", json={"email": email}) for _ in range(6)
                ]
            ]
            for email in ("known@x.org", "unknown@x.org")
        }

    assert shown["known@x.org"] == shown["unknown@x.org"]


async def test_ten_answers_an_hour_by_a_guest_by_link_and_login_together(
    platform: Platform, clock: HandClock, api: AsyncClient, guest_id: str
) -> None:
    token = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with _limited(platform, clock) as client:
        login = await client.post("/auth/login", json={"token": token, "lastName": "Lovelace"})
        jwt = {"authorization": f"Bearer {login.json()['token']}"}
        by_jwt = [await client.put("/rsvp", json={"numGuests": 1}, headers=jwt) for _ in range(9)]
        by_link = [
            await client.post(f"/r/{token}", content="attending=no", headers=form) for _ in range(2)
        ]
        refused = await client.put("/rsvp", json={"numGuests": 1}, headers=jwt)
        read = await client.get("/rsvp", headers=jwt)

    assert [answer.status_code for answer in by_jwt] == [200] * 9
    assert [answer.status_code == 429 for answer in by_link] == [False, True]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert read.status_code == 200


async def test_a_keys_answers_are_not_limited(
    platform: Platform, clock: HandClock, guest_id: str, api: AsyncClient
) -> None:
    headers = {"authorization": api.headers["authorization"]}
    async with _limited(platform, clock) as client:
        path, answer = f"/guests/{guest_id}/rsvp", {"attending": True}
        answers = [await client.post(path, json=answer, headers=headers) for _ in range(40)]

    assert {answer.status_code for answer in answers} == {200}


async def test_many_invalid_credentials_from_one_address_are_limited(
    platform: Platform, clock: HandClock, api: AsyncClient
) -> None:
    """A client with a valid credential at the same address is not limited."""
    headers = {"authorization": api.headers["authorization"]}
    async with _limited(platform, clock, "wrong=3/minute") as client:
        wrong = [(await client.get("/guests", headers=DEAD)).status_code for _ in range(5)]
        right = (await client.get("/guests", headers=headers)).status_code
        none = (await client.get("/guests")).status_code

    assert (wrong, right, none) == ([401, 401, 401, 429, 429], 200, 401)


async def test_the_forwarded_address_of_an_untrusted_client_is_ignored(
    platform: Platform, clock: HandClock
) -> None:
    async with _limited(platform, clock, "wrong=2/minute") as client:
        assert await _wrong_from(client, 4) == [401, 401, 429, 429]


async def test_the_forwarded_address_of_a_trusted_proxy_is_believed(
    platform: Platform, clock: HandClock
) -> None:
    proxies = ("192.0.2.0/24",)
    async with _limited(platform, clock, "wrong=2/minute", trusted_proxies=proxies) as client:
        assert await _wrong_from(client, 4) == [401, 401, 401, 401]


async def _wrong_from(client: AsyncClient, count: int) -> list[int]:
    return [
        (
            await client.get("/guests", headers={**DEAD, "x-forwarded-for": f"198.51.100.{number}"})
        ).status_code
        for number in range(count)
    ]
