"""Deny by default, over every endpoint of the table, and what a refusal says."""

import re
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.people.policy import ANYONE, Action
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.endpoints import ENDPOINTS

ID = "0198f3c2-0000-7000-8000-000000000000"


def _requests(endpoints: list[Endpoint[Any, Any]]) -> list[tuple[str, str]]:
    return [
        (endpoint.method, re.sub(r"\{\w+\}", ID, template))
        for endpoint in endpoints
        for template in endpoint.paths()
    ]


PROTECTED = _requests([endpoint for endpoint in ENDPOINTS if endpoint.action not in ANYONE])


OF_A_MEMBER = {
    Action.LIST_GATHERINGS,
    Action.CREATE_GATHERING,
    Action.READ_ACCOUNT,
    Action.END_SESSIONS,
    Action.ERASE_ACCOUNT,
    Action.SIGN_OUT,
    Action.ISSUE_TOKEN,
    Action.CHANGE_PROFILE,
    Action.USE_CONVERSATIONS,
}
OF_THINGS = {
    Action.FIND_THINGS,
    Action.READ_THING,
    Action.WRITE_TO_SITE,
    Action.KEEP_FAVOURITES,
    Action.KEEP_CHILDREN,
    Action.BOOK_THING,
    Action.REPORT_THING,
    Action.KEEP_PROFILE,
    Action.CREATE_THING,
    Action.LIST_OWN_THINGS,
    Action.READ_OWN_THING,
    Action.CHANGE_OWN_THING,
    Action.READ_ROSTER,
    Action.WRITE_TO_FAMILIES,
    Action.LIST_REVIEWS,
    Action.READ_REVIEW,
    Action.DECIDE_REVIEW,
    Action.WITHDRAW_THING,
    Action.SETTLE_REPORTS,
}
"""Asked by GraphQL and by pages."""
OF_OTHERS = _requests(
    [endpoint for endpoint in ENDPOINTS if endpoint.action not in ANYONE | OF_A_MEMBER]
)


def test_only_signing_in_its_public_key_and_the_servers_health_are_public() -> None:
    public = [endpoint.path for endpoint in ENDPOINTS if endpoint.public]

    assert public == [
        "/.well-known/jwks.json",
        "/auth/code",
        "/auth/session",
        "/auth/login",
        "/healthz",
        "/readyz",
    ]


def test_every_action_but_those_of_pages_has_an_endpoint() -> None:
    elsewhere = {
        Action.READ_INVITATION,
        Action.ANSWER_INVITATION,
        Action.READ_OVERVIEW,
        Action.READ_MAILBOX,
        Action.END_MAIL,
        Action.CONFIRM_ERASURE,
    } | OF_THINGS

    announcing = {Action.SEND_MESSAGE, Action.ANNOUNCE}
    """Asked by the endpoint that sends, once its body has named the conversation."""

    sending = {Action.INTAKE_INTO_LOG}
    """Asked by the endpoint of the intake, once its query has named the log."""

    asked = {endpoint.action for endpoint in ENDPOINTS}
    assert asked == set(Action) - elsewhere - announcing - sending


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_without_a_credential_nothing_is_answered_or_done(
    nobody: AsyncClient, platform: Platform, method: str, path: str
) -> None:
    before = await platform.store.heads()

    refused = await nobody.request(method, path)

    assert refused.status_code == 401
    if path.startswith("/api/"):
        assert refused.json() == {}
    else:
        assert refused.json()["code"] == "unauthenticated"
    assert refused.headers["www-authenticate"] == 'Bearer realm="gatherlog"'
    assert await platform.store.heads() == before


@pytest.mark.parametrize(("method", "path"), OF_OTHERS)
async def test_an_account_without_a_role_in_a_gathering_reads_and_changes_nothing(
    nobody: AsyncClient, platform: Platform, method: str, path: str
) -> None:
    """Also if the request has other flaws: the policy is asked first."""
    code = await platform.accounts.issue_code("eve@x.org")
    session = await platform.accounts.start_session("eve@x.org", code)
    before = await platform.store.heads()
    headers = {"authorization": f"Bearer {session}", "if-match": "x", "idempotency-key": "\t"}

    refused = await nobody.request(method, path, content=b"{", headers=headers)

    assert (refused.status_code, refused.json()["detail"]) == (404, "There is nothing here.")
    assert await platform.store.heads() == before


@pytest.mark.parametrize(
    "credential",
    [
        "Bearer glk_" + "A" * 43,
        "Bearer ",
        "Bearer",
        "Basic YTpi",
        "glk_" + "A" * 43,
        "Bearer glk_ö",
        "Bearer gls_" + "A" * 43,
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer " + "A" * 5000,
        "",
    ],
)
async def test_an_invalid_credential_is_refused(nobody: AsyncClient, credential: str) -> None:
    headers = {b"authorization": credential.encode("latin-1")}

    refused = await nobody.get("/guests", headers=headers)

    assert refused.status_code == 401


async def test_a_revoked_key_is_refused_at_once(nobody: AsyncClient, platform: Platform) -> None:
    key = await platform.keys.create("operator", None, "", actor="test")
    headers = {"authorization": f"bearer {key.secret}"}
    before = await nobody.get("/guests", headers=headers)

    await platform.keys.revoke(key.id, actor="test")

    after = await nobody.get("/guests", headers=headers)
    assert (before.status_code, after.status_code) == (200, 401)


async def test_the_token_of_a_guests_link_is_no_bearer_token(
    nobody: AsyncClient, api: AsyncClient
) -> None:
    guest = await api.post("/guests", json={"first_name": "Ada", "last_name": "Lovelace"})
    link = await api.post(f"/guests/{guest.json()['id']}/link")
    headers = {"authorization": f"Bearer {link.json()['token']}"}

    assert (await nobody.get("/guests", headers=headers)).status_code == 401


async def test_without_a_credential_no_other_flaw_of_a_request_is_reported(
    nobody: AsyncClient,
) -> None:
    """A malformed body, id or query is answered with 401, too."""
    answers = [
        await nobody.post("/guests", content=b"{"),
        await nobody.get("/guests/not-an-id"),
        await nobody.get("/guests?limit=abc"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_public_paths_need_no_credential_and_ignore_an_invalid_one(
    nobody: AsyncClient,
) -> None:
    headers = {"authorization": "Bearer glk_dead"}
    paths = ["/healthz", "/openapi.json", "/docs"]

    assert [(await nobody.get(path, headers=headers)).status_code for path in paths] == [200] * 3


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/docs", "/guests", "/nowhere"])
async def test_every_answer_has_the_security_headers(nobody: AsyncClient, path: str) -> None:
    headers = (await nobody.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


async def test_with_basic_authentication_the_password_is_the_key(
    nobody: AsyncClient, platform: Platform
) -> None:
    key = await platform.keys.create("operator", None, "tests", actor="test")

    taken = await nobody.get("/guests", auth=("anybody", key.secret))
    refused = await nobody.get("/guests", auth=(key.secret, "anything"))

    assert (taken.status_code, refused.status_code) == (200, 401)
