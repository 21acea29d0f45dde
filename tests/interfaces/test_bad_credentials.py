"""Invalid credentials are answered with 401 and 404, in the same way whatever exists."""

import base64
import json
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import Platform

ELSEWHERE = "0198f3c2-0000-7000-8000-000000000000"


@pytest.fixture
async def link(api: AsyncClient, guest_id: str) -> str:
    token: str = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    return token


@pytest.fixture
async def jwt(nobody: AsyncClient, link: str) -> str:
    login = await nobody.post("/auth/login", json={"token": link, "lastName": "Lovelace"})
    token: str = login.json()["token"]
    return token


async def _status(nobody: AsyncClient, jwt: str, path: str = "/rsvp") -> int:
    answer = await nobody.get(path, headers={"authorization": f"Bearer {jwt}"})
    return answer.status_code


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _read(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return value


@pytest.mark.parametrize(
    ("header", "claims", "signed"),
    [
        ({"alg": "none"}, {}, False),
        ({"alg": "none"}, {}, True),
        ({"alg": "NONE"}, {}, False),
        ({"alg": "HS256"}, {}, True),
        ({"alg": "RS512"}, {}, True),
        ({"kid": "other"}, {}, True),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, {}, True),
        ({"crit": ["b64"], "b64": False}, {}, True),
        ({}, {"gathering": ELSEWHERE}, True),
        ({}, {"sub": ELSEWHERE}, True),
        ({}, {"isAdmin": True}, True),
        ({}, {"exp": 2**53}, True),
        ({}, {"iss": "else"}, True),
        ({}, {}, False),
    ],
)
async def test_a_token_that_was_tampered_with_is_refused(
    nobody: AsyncClient, jwt: str, header: dict[str, Any], claims: dict[str, Any], signed: bool
) -> None:
    head, body, signature = jwt.split(".")
    forged = f"{_part({**_read(head), **header})}.{_part({**_read(body), **claims})}."

    assert await _status(nobody, jwt) == 200
    assert await _status(nobody, forged + (signature if signed else "")) == 401


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "..", "a" * 100, "e30.e30.e30", "\x7f", "a.b.c.d.e"]
)
async def test_a_malformed_token_is_refused(nobody: AsyncClient, token: str) -> None:
    assert await _status(nobody, token) == 401


async def test_a_token_ends_with_the_link_that_it_came_from(
    api: AsyncClient, nobody: AsyncClient, guest_id: str, jwt: str
) -> None:
    await api.post(f"/guests/{guest_id}/link")

    assert await _status(nobody, jwt) == 401


async def test_a_token_ends_with_its_guest(
    api: AsyncClient, nobody: AsyncClient, guest_id: str, jwt: str
) -> None:
    await api.delete(f"/guests/{guest_id}")

    assert await _status(nobody, jwt) == 401


async def test_a_token_ends_some_days_after_the_gathering(
    api: AsyncClient, nobody: AsyncClient, jwt: str
) -> None:
    await api.put("/admin/settings", json={"event_date": "2020-06-01"})

    assert await _status(nobody, jwt) == 401


@pytest.mark.parametrize("request_of", [("POST", "/auth/logout"), ("DELETE", "/auth/session")])
async def test_a_logout_ends_this_login_only(
    nobody: AsyncClient, link: str, jwt: str, request_of: tuple[str, str]
) -> None:
    login = await nobody.post("/auth/login", json={"token": link, "lastName": "Lovelace"})

    out = await nobody.request(*request_of, headers={"authorization": f"Bearer {jwt}"})

    assert out.status_code == 204
    assert await _status(nobody, jwt) == 401
    assert await _status(nobody, login.json()["token"]) == 200


async def test_a_guest_sees_nothing_but_the_own_invitation(
    api: AsyncClient, nobody: AsyncClient, guest_id: str, jwt: str, platform: Platform
) -> None:
    """What exists and what does not is answered alike."""
    other = await platform.guests.add_guest(
        "default", NewGuest(first_name="Eve", last_name="Else", group_id="E"), actor="test"
    )
    elsewhere = (await api.post("/gatherings", json={"event_name": "Else"})).json()["id"]
    paths = [
        f"/guests/{other.body.id}",
        f"/guests/{guest_id}",
        f"/guests/{ELSEWHERE}",
        f"/admin/guests/{other.body.id}",
        "/guests",
        "/groups/E",
        "/groups/nobody",
        "/guests.csv",
        "/admin/stats",
        "/admin/stats/live",
        "/admin/settings",
        f"/gatherings/{elsewhere}/rsvp",
        f"/gatherings/{ELSEWHERE}/rsvp",
        f"/gatherings/{elsewhere}",
        "/gatherings",
        "/auth/account",
    ]
    headers = {"authorization": f"Bearer {jwt}"}

    answers = [await nobody.get(path, headers=headers) for path in paths]

    assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [
        (404, "There is nothing here.")
    ] * len(paths)


async def test_a_host_learns_nothing_of_other_gatherings(
    api: AsyncClient, nobody: AsyncClient, platform: Platform
) -> None:
    theirs = (await api.post("/gatherings", json={"event_name": "Theirs"})).json()["id"]
    key = await platform.keys.create("host", "default", "", actor="test")
    headers = {"authorization": f"Bearer {key.secret}"}

    answers = [
        await nobody.request(method, f"/gatherings/{id}{path}", headers=headers)
        for id in (theirs, ELSEWHERE)
        for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/guests"), ("GET", "/rsvp")]
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }


async def test_a_key_is_no_login_and_cannot_log_out(api: AsyncClient) -> None:
    answers = [
        await api.delete("/auth/session"),
        await api.post("/auth/logout"),
        await api.get("/rsvp"),
        await api.put("/rsvp", json={"numGuests": 1}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4


async def test_a_code_ends_after_ten_wrong_attempts(
    nobody: AsyncClient, platform: Platform
) -> None:
    code = await platform.accounts.issue_code("eve@x.org")
    wrong = "000000" if code != "000000" else "111111"
    tries = [wrong] * 9 + [code]

    answers = [
        await nobody.post("/auth/session", json={"email": "eve@x.org", "code": one})
        for one in tries
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


async def test_known_and_unknown_addresses_are_answered_alike(
    nobody: AsyncClient, platform: Platform
) -> None:
    code = await platform.accounts.issue_code("known@x.org")
    await platform.accounts.start_session("known@x.org", code)

    shown = [
        [
            (answer.status_code, answer.content)
            for answer in (
                await nobody.post("/auth/code", json={"email": email}),
                await nobody.post("/auth/session", json={"email": email, "code": "000000"}),
            )
        ]
        for email in ("known@x.org", "unknown@x.org")
    ]

    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@x.org\r\nBcc: b@x.org", "a@x.org\x00", "a b@x.org", "x" * 10_000, 7]
)
async def test_no_code_is_sent_to_an_invalid_address(nobody: AsyncClient, email: object) -> None:
    refused = await nobody.post("/auth/code", json={"email": email})

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/email"]


@pytest.mark.parametrize("field", ["firstName", "lastName", "email", "groupId"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x00", "\x85", "\u2028"])
async def test_no_line_break_gets_into_the_lines_of_mails_and_pages(
    api: AsyncClient, field: str, break_: str
) -> None:
    guest = {"firstName": "Ada", "lastName": "L", "email": "a@x.org", "groupId": "L"}
    guest[field] += f"{break_}Bcc: eve@x.org"

    refused = await api.post("/admin/guests", json=guest)

    assert (refused.status_code, (await api.get("/guests")).json()) == (422, [])
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [f"/{field}"]


async def test_a_name_that_begins_like_a_formula_is_escaped_in_the_sheet(api: AsyncClient) -> None:
    guest = {"first_name": "=1+1", "last_name": "@cmd", "email": "+a@x.org"}
    await api.post("/guests", json=guest)

    sheet = (await api.get("/guests.csv")).content.decode("utf-8-sig")

    cells = sheet.splitlines()[1].replace('"', "").split(",")
    assert [cell for cell in cells if cell[:1] in tuple("=+-@")] == []
    assert (await api.get("/guests")).json()[0]["first_name"] == "=1+1"


async def test_two_credentials_in_one_request_are_refused(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    """A proxy might check one of them, and this server the other."""
    right = api.headers["authorization"].encode()
    lines = [(b"authorization", right), (b"authorization", right)]

    assert (await nobody.get("/guests", headers=lines)).status_code == 401


async def test_a_list_of_tags_on_several_lines_is_one_list(api: AsyncClient, guest_id: str) -> None:
    tag = (await api.get(f"/guests/{guest_id}")).headers["etag"].encode()
    path, json = f"/guests/{guest_id}", {"email": "a@x.org"}
    lines = [(b"if-match", tag), (b"if-match", b'"0"')]

    first = await api.put(path, json=json, headers=lines)
    stale = await api.put(path, json=json, headers=[*lines, (b"if-match", b'"9999"')])

    assert [first.status_code, stale.status_code] == [200, 412]
