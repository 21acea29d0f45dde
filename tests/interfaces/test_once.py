"""Idempotency-Key: a request that is sent again is done once, and answered as at first."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.settings import Settings

ADA = {"first_name": "Ada", "last_name": "Lovelace"}
KEY = {"idempotency-key": "0198-try"}
SHEET = b"first name,last name\nAda,Lovelace\nBob,Hund\n"


def _is_replay(first: Response, again: Response) -> bool:
    """Whether the second answer is the first one, with the header that marks a repetition."""
    return (
        again.status_code == first.status_code
        and again.content == first.content
        and "idempotency-replayed" not in first.headers
        and dict(again.headers) == {**first.headers, "idempotency-replayed": "true"}
    )


async def test_a_guest_added_twice_with_one_key_is_one_guest(api: AsyncClient) -> None:
    first = await api.post("/guests", json=ADA, headers=KEY)
    again = await api.post("/guests", json=ADA, headers=KEY)

    assert (first.status_code, _is_replay(first, again)) == (201, True)
    assert again.headers["location"] == f"/guests/{first.json()['id']}"
    assert (await api.get("/guests")).json() == [first.json()]


async def test_every_repeated_change_is_answered_as_at_first(
    api: AsyncClient, guest_id: str
) -> None:
    """Also if the guest has changed in the meantime."""
    other = (await api.post("/gatherings", json={"event_name": "Other"})).json()["id"]
    second = (await api.post("/guests", json=ADA)).json()["id"]
    requests: list[tuple[str, str, Any]] = [
        ("PUT", "/admin/settings", {"max_guests": 5}),
        ("PUT", "/gatherings/default", {"location": "Here"}),
        ("POST", "/gatherings", {"event_name": "Another"}),
        ("PUT", f"/guests/{guest_id}", {"email": "ada@x.org"}),
        ("POST", f"/guests/{guest_id}/rsvp", {"attending": True}),
        ("PUT", f"/admin/guests/{guest_id}", {"numGuests": 2}),
        ("PUT", f"/admin/guests/{guest_id}/group", {"groupId": "L"}),
        ("PUT", f"/admin/guests/{guest_id}/co-host", None),
        ("DELETE", f"/admin/guests/{guest_id}/co-host", None),
        ("DELETE", f"/admin/guests/{guest_id}/group", None),
        ("POST", "/admin/guests", {"firstName": "Bob", "lastName": "Hund"}),
        ("DELETE", f"/guests/{guest_id}", None),
        ("DELETE", f"/admin/guests/{second}", None),
        ("DELETE", f"/gatherings/{other}", None),
    ]
    headers = [{"idempotency-key": f"try-{number}"} for number in range(len(requests))]

    first = [
        await api.request(method, path, json=json, headers=key)
        for (method, path, json), key in zip(requests, headers, strict=True)
    ]
    again = [
        await api.request(method, path, json=json, headers=key)
        for (method, path, json), key in zip(requests, headers, strict=True)
    ]

    assert [answer.status_code for answer in first] == [
        *[200, 200, 201, 200, 200, 200, 200, 200, 200, 204, 201, 204, 204, 204]
    ]
    assert [_is_replay(*pair) for pair in zip(first, again, strict=True)] == [True] * 14


def test_every_endpoint_that_keeps_the_key_in_its_commit_is_among_those_repeated_here() -> None:
    kept = {
        (endpoint.method, endpoint.path) for endpoint in ENDPOINTS if endpoint.keeps_key_in_commit
    }

    assert kept == {
        ("PUT", "/admin/settings"),
        ("PUT", "/gatherings/{gathering_id}"),
        ("POST", "/gatherings"),
        ("DELETE", "/gatherings/{gathering_id}"),
        ("POST", "/guests"),
        ("PUT", "/guests/{guest_id}"),
        ("DELETE", "/guests/{guest_id}"),
        ("POST", "/guests/{guest_id}/rsvp"),
        ("POST", "/guests/{guest_id}/link"),
        ("POST", "/admin/guests"),
        ("PUT", "/admin/guests/{guest_id}"),
        ("DELETE", "/admin/guests/{guest_id}"),
        ("PUT", "/admin/guests/{guest_id}/group"),
        ("DELETE", "/admin/guests/{guest_id}/group"),
        ("PUT", "/admin/guests/{guest_id}/co-host"),
        ("DELETE", "/admin/guests/{guest_id}/co-host"),
        ("PUT", "/rsvp"),
        ("POST", "/api/messages"),  # repeated in test_conversations.py
        ("POST", "/api/message_groups"),  # repeated in test_large_groups.py
    }


def test_the_key_of_a_new_endpoint_is_looked_up_first_unless_its_row_says_otherwise() -> None:
    rows = {
        Endpoint(
            method=endpoint.method,
            path=endpoint.path,
            action=endpoint.action,
            handle=endpoint.handle,
            summary="",
        ).keeps_key_in_commit
        for endpoint in ENDPOINTS
    }

    assert rows == {False}


async def test_another_body_with_the_same_key_is_refused(api: AsyncClient) -> None:
    await api.post("/guests", json=ADA, headers=KEY)

    refused = await api.post("/guests", json={**ADA, "first_name": "Eve"}, headers=KEY)

    assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")
    assert len((await api.get("/guests")).json()) == 1


async def test_a_key_holds_for_one_path_method_and_credential(
    api: AsyncClient, nobody: AsyncClient, platform: Platform
) -> None:
    other = await platform.keys.create("operator", None, "", actor="test")
    as_other = {**KEY, "authorization": f"Bearer {other.secret}"}

    made = [
        await api.post("/guests", json=ADA, headers=KEY),
        await nobody.post("/guests", json=ADA, headers=as_other),
        await api.post("/gatherings/default/guests", json=ADA, headers=KEY),
    ]

    assert [answer.status_code for answer in made] == [201] * 3
    assert len({answer.json()["id"] for answer in made}) == 3


async def test_a_refused_request_may_be_repeated_with_its_key(api: AsyncClient) -> None:
    refused = await api.post("/guests", json={"first_name": "Ada"}, headers=KEY)
    done = await api.post("/guests", json=ADA, headers=KEY)

    assert [refused.status_code, done.status_code] == [422, 201]


async def test_a_repeated_request_is_answered_with_the_etag_of_the_first(
    api: AsyncClient, guest_id: str
) -> None:
    tag = (await api.get(f"/guests/{guest_id}")).headers["etag"]
    headers = {**KEY, "if-match": tag}

    first = await api.put(f"/guests/{guest_id}", json={"email": "a@x.org"}, headers=headers)
    again = await api.put(f"/guests/{guest_id}", json={"email": "a@x.org"}, headers=headers)

    assert (first.status_code, _is_replay(first, again)) == (200, True)


@pytest.mark.parametrize("key", ["", "with space", "x" * 401, "grün", "tab\t", "a\x7f"])
async def test_a_malformed_key_is_refused(api: AsyncClient, key: str) -> None:
    headers = {b"idempotency-key": key.encode("latin-1")}

    refused = await api.post("/guests", json=ADA, headers=headers)

    assert refused.status_code == 422
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/Idempotency-Key"]
    assert (await api.get("/guests")).json() == []


async def test_two_keys_in_one_request_are_refused(api: AsyncClient) -> None:
    headers = [(b"idempotency-key", b"a"), (b"idempotency-key", b"b")]

    assert (await api.post("/guests", json=ADA, headers=headers)).status_code == 422


async def test_a_key_of_the_greatest_length_is_accepted(api: AsyncClient) -> None:
    headers = {"idempotency-key": "~" * 400}

    first = await api.post("/guests", json=ADA, headers=headers)

    assert _is_replay(first, await api.post("/guests", json=ADA, headers=headers))


async def test_a_secret_is_not_answered_twice(api: AsyncClient, guest_id: str) -> None:
    first = await api.post(f"/guests/{guest_id}/link", headers=KEY)
    again = await api.post(f"/guests/{guest_id}/link", headers=KEY)

    assert first.status_code == 201
    assert (again.status_code, again.json()["code"]) == (409, "answered_once")
    assert (await api.get(f"/r/{first.json()['token']}")).status_code == 200


async def test_the_token_of_a_login_is_not_answered_twice(
    api: AsyncClient, nobody: AsyncClient, guest_id: str
) -> None:
    token = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    login = {"token": token, "lastName": "Lovelace"}

    first = await nobody.post("/auth/login", json=login, headers=KEY)
    again = await nobody.post("/auth/login", json=login, headers=KEY)

    assert [first.status_code, again.status_code] == [200, 409]


async def test_a_sheet_sent_twice_is_imported_once(api: AsyncClient, platform: Platform) -> None:
    headers = {**KEY, "content-type": "text/csv"}

    first = await api.post("/guests/import", content=SHEET, headers=headers)
    other = await api.post("/guests/import?keep_good=true", content=SHEET, headers=headers)
    again = await api.post("/guests/import", content=SHEET, headers=headers)

    assert (first.status_code, first.json()["new"], _is_replay(first, again)) == (200, 2, True)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


async def test_a_sheet_sent_twice_at_the_same_time_is_imported_once(api: AsyncClient) -> None:
    headers = {**KEY, "content-type": "text/csv"}

    answers = await asyncio.gather(
        *(api.post("/guests/import", content=SHEET, headers=headers) for _ in range(4))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len((await api.get("/guests")).json()) == 2


@pytest.mark.parametrize("callers", [2, 16])
async def test_of_many_requests_at_once_one_adds_and_all_get_its_answer(
    api: AsyncClient, callers: int
) -> None:
    answers = await asyncio.gather(
        *(api.post("/guests", json=ADA, headers=KEY) for _ in range(callers))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len((await api.get("/guests")).json()) == 1


async def test_of_two_answers_of_a_guest_at_once_one_counts_and_both_are_answered_alike(
    api: AsyncClient, nobody: AsyncClient, guest_id: str
) -> None:
    headers = {**KEY, **await _logged_in(api, nobody, guest_id)}

    answers = await asyncio.gather(
        *(nobody.put("/rsvp", json={"numGuests": 2}, headers=headers) for _ in range(2))
    )

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    stats = (await api.get("/admin/stats")).json()
    assert (stats["attending"], stats["people"]) == (1, 2)


async def test_of_many_requests_at_once_one_removes_and_none_is_answered_with_404(
    api: AsyncClient, guest_id: str
) -> None:
    answers = await asyncio.gather(
        *(api.delete(f"/guests/{guest_id}", headers=KEY) for _ in range(16))
    )

    assert {answer.status_code for answer in answers} == {204}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


async def test_of_many_requests_at_once_one_makes_a_link_which_stays_valid(
    api: AsyncClient, guest_id: str
) -> None:
    answers = await asyncio.gather(
        *(api.post(f"/guests/{guest_id}/link", headers=KEY) for _ in range(8))
    )

    [made] = [answer for answer in answers if answer.status_code == 201]
    assert [answer.status_code for answer in answers].count(409) == 7
    assert (await api.get(f"/r/{made.json()['token']}")).status_code == 200


async def test_a_guests_own_answer_sent_twice_counts_once(
    api: AsyncClient, nobody: AsyncClient, guest_id: str
) -> None:
    headers = {**KEY, **await _logged_in(api, nobody, guest_id)}

    first = await nobody.put("/rsvp", json={"numGuests": 2}, headers=headers)
    again = await nobody.put("/rsvp", json={"numGuests": 2}, headers=headers)
    read = await nobody.get("/rsvp", headers=headers)

    assert (first.status_code, _is_replay(first, again)) == (200, True)
    assert read.json() == first.json()


async def test_a_key_is_still_known_after_a_restart(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/gatherlog.db"
    platform = await start(Settings(store=store))
    key = await platform.keys.create("operator", None, "", actor="test")
    async with _client(platform, key.secret) as api:
        first = await api.post("/guests", json=ADA, headers=KEY)
    await platform.stop()

    platform = await start(Settings(store=store))
    async with _client(platform, key.secret) as api:
        again = await api.post("/guests", json=ADA, headers=KEY)
        guests = (await api.get("/guests")).json()
    await platform.stop()

    assert _is_replay(first, again)
    assert guests == [first.json()]


def _client(platform: Platform, secret: str) -> AsyncClient:
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    headers = {"Authorization": f"Bearer {secret}"}
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://test", headers=headers)


async def _logged_in(api: AsyncClient, nobody: AsyncClient, guest_id: str) -> dict[str, str]:
    token = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    login = await nobody.post("/auth/login", json={"token": token, "lastName": "lovelace"})
    return {"authorization": f"Bearer {login.json()['token']}"}
