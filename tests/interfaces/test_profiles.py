"""One's own profile over HTTP, and tokens of members."""

import pytest
from httpx2 import AsyncClient
from joserfc import jwt
from joserfc.jwk import KeySet

from gatherlog.bootstrap import Platform
from tests.interfaces.talking import Member, signed_up

PROFILE = {
    "display_name": "Ada L.",
    "handle": "ada_l",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "quiet_hours": {"from": "22:00", "to": "07:00"},
    "read_receipts": True,
    "message_mail": False,
}


@pytest.fixture
async def ada(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "ada")


async def test_a_profile_is_changed_field_by_field_and_cleared_with_null(ada: Member) -> None:
    assert (await ada.ask("PUT", "/account", PROFILE)).json() == PROFILE
    changed = await ada.ask("PUT", "/account", {"language": "en"})
    assert changed.json() == {**PROFILE, "language": "en"}
    cleared = await ada.ask("PUT", "/account", dict.fromkeys(PROFILE))
    assert await ada.get("/account") == cleared.json()
    assert cleared.json() == {
        "display_name": None,
        "handle": None,
        "time_zone": "UTC",
        "language": "en",
        "quiet_hours": None,
        "read_receipts": False,
        "message_mail": True,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", "x" * 61),
        ("display_name", "a\u202eb"),
        ("display_name", "\u200b"),
        ("handle", "ab"),
        ("handle", "x" * 31),
        ("handle", "ä_b_c"),
        ("handle", "a b c"),
        ("time_zone", "Berlin"),
        ("language", "german"),
        ("quiet_hours", {"from": "22:00", "to": "22:00"}),
        ("quiet_hours", {"from": "24:00", "to": "07:00"}),
        ("quiet_hours", "22-7"),
        ("read_receipts", "yes"),
    ],
)
async def test_a_bad_value_is_named_and_nothing_is_changed(
    ada: Member, field: str, value: object
) -> None:
    before = await ada.get("/account")

    refused = await ada.ask("PUT", "/account", {"display_name": "Other", field: value})

    assert refused.status_code == 422
    assert [flaw["pointer"].split("/")[1] for flaw in refused.json()["errors"]] == [field]
    assert await ada.get("/account") == before


async def test_a_handle_that_is_taken_is_refused(
    ada: Member, platform: Platform, nobody: AsyncClient
) -> None:
    bob = await signed_up(platform, nobody, "bob")

    refused = await bob.ask("PUT", "/account", {"handle": "ADA", "display_name": "Ada"})

    assert (refused.status_code, refused.json()["code"]) == (409, "handle_taken")
    assert (await bob.get("/account"))["display_name"] == "Bob"


async def test_a_token_of_a_member_opens_what_the_session_opens_until_that_ends(
    ada: Member, nobody: AsyncClient
) -> None:
    token = (await ada.ask("POST", "/auth/token")).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    paths = ["/account", "/api/message_groups", "/auth/account", "/gatherings"]

    opened = [(await nobody.get(path, headers=bearer)).status_code for path in paths]
    assert opened == [200] * 4
    assert (await nobody.post("/auth/token", headers=bearer)).status_code == 401

    await ada.ask("DELETE", "/auth/session")
    assert (await nobody.get("/account", headers=bearer)).status_code == 401


async def test_signing_out_with_a_token_ends_its_session(ada: Member, nobody: AsyncClient) -> None:
    token = (await ada.ask("POST", "/auth/token")).json()["token"]

    ended = await nobody.delete("/auth/session", headers={"authorization": f"Bearer {token}"})

    assert ended.status_code == 204
    assert (await ada.ask("GET", "/account")).status_code == 401


async def test_a_token_is_verified_by_the_published_key(ada: Member, nobody: AsyncClient) -> None:
    token = (await ada.ask("POST", "/auth/token")).json()["token"]
    published = (await nobody.get("/.well-known/jwks.json")).json()

    claims = jwt.decode(token, KeySet.import_key_set(published), ["RS256"]).claims

    assert claims["sub"] == ada.account_id
    assert "d" not in published["keys"][0]


async def test_a_forged_token_is_nobodys(ada: Member, nobody: AsyncClient) -> None:
    token = (await ada.ask("POST", "/auth/token")).json()["token"]
    head, body, signature = token.split(".")
    forged = [
        f"{head}.{body}.{signature[:-2]}AA",
        f"{head}.{body}.",
        f"{head}.{body[:-4]}.{signature}",
        "eyJhbGciOiJub25lIn0.eyJzZXNzaW9uIjoieCJ9.",
        "a.eyJzZXNzaW9uIjoieCJ9.b",
        f"{head}.{'A' * 3000}.{signature}",
    ]

    for one in forged:
        refused = await nobody.get("/account", headers={"authorization": f"Bearer {one}"})
        listed = await nobody.get("/api/message_groups", headers={"authorization": f"Bearer {one}"})
        assert (refused.status_code, listed.status_code, listed.json()) == (401, 401, {})


async def test_a_key_of_an_account_has_its_profile_and_no_token(
    ada: Member, platform: Platform, nobody: AsyncClient
) -> None:
    key = await platform.keys.create("member", None, "", actor="test", account_id=ada.account_id)
    bearer = {"authorization": f"Bearer {key.secret}"}

    assert (await nobody.get("/account", headers=bearer)).json()["handle"] == "ada"
    assert (await nobody.post("/auth/token", headers=bearer)).status_code == 403
