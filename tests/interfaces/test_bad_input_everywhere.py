"""Bad input on every path that takes JSON, and on the camelCase ones: refused, nothing written."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.people.policy import Action
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.bodies import MAX_BODY
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.endpoints import ENDPOINTS

JSON = {"content-type": "application/json"}
NAMED = {"firstName": "Ada", "lastName": "Lovelace"}
TAKING = [row for row in ENDPOINTS if row.body not in (None, bytes)]
"""Those that take a body in bytes have tests of their own: `test_intake.py`, `test_bodies.py`."""
BROKEN: dict[str, tuple[bytes, str, int]] = {
    "nothing": (b"", "application/json", 400),
    "half": (b"{", "application/json", 400),
    "bytes": (b'{"a": "\xff"}', "application/json", 400),
    "deep": (b"[" * 100_000, "application/json", 400),
    "list": (b"[]", "application/json", 422),
    "unknown": (b'{"nothing_of_ours": 1}', "application/json", 422),
    "form": (b"a=1", "application/x-www-form-urlencoded", 415),
    "long": (b" " * (MAX_BODY + 1), "application/json", 413),
}


async def guest(api: AsyncClient, nobody: AsyncClient, guest_id: str) -> dict[str, str]:
    """The Authorization header of the guest, who logs in."""
    link = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    login = await nobody.post("/auth/login", json={"token": link, "lastName": "Lovelace"})
    return {"authorization": f"Bearer {login.json()['token']}"}


async def member(nobody: AsyncClient, platform: Platform, name: str) -> dict[str, str]:
    """The Authorization header of a member with this handle."""
    code = await platform.accounts.issue_code(f"{name}@example.org")
    session = await platform.accounts.start_session(f"{name}@example.org", code)
    header = {"authorization": f"Bearer {session}"}
    await nobody.put("/account", json={"handle": name}, headers=header)
    return header


async def conversation(nobody: AsyncClient, writes: dict[str, str], to: str) -> dict[str, str]:
    """The parameters of paths about a message."""
    sent = {"message": "Hello", "handle": to}
    made = (await nobody.post("/api/messages", json=sent, headers=writes)).json()
    return {"message_group_uuid": made["message_group_uuid"], "message_uuid": made["uuid"]}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("row", TAKING, ids=lambda row: f"{row.method} {row.path}")
async def test_a_broken_body_is_refused_wherever_it_is_sent(
    api: AsyncClient,
    nobody: AsyncClient,
    guest_id: str,
    platform: Platform,
    row: Endpoint[Any, Any],
    broken: str,
) -> None:
    body, kind, status = BROKEN[broken]
    of_a_guest = row.action is Action.ANSWER_HOUSEHOLD
    credential = await guest(api, nobody, guest_id) if of_a_guest else {}
    path = row.path.replace("{gathering_id}", "default")
    path = path.replace("{guest_id}", guest_id).replace("{account_id}", guest_id)
    path = path.replace("{queue}", "jobs")
    if path.startswith("/api/") or path == "/account":
        credential = await member(nobody, platform, "ada")
        await member(nobody, platform, "bob")
        path = path.format(**await conversation(nobody, credential, "bob"))
    before = await platform.store.heads()

    refused = await api.request(
        row.method, path, content=body, headers={"content-type": kind, **credential}
    )

    assert refused.status_code == status
    assert await platform.store.heads() == before
    if row.lists_codes and status == 422:
        assert ("field_unknown" if broken == "unknown" else "body_invalid") in refused.json()
        return
    assert refused.json()["status"] == status
    if broken == "unknown":
        assert "/nothing_of_ours" in [flaw["pointer"] for flaw in refused.json()["errors"]]


FLAWS: list[tuple[str, object]] = [
    ("firstName", ""),
    ("firstName", "x" * 10_000),
    ("firstName", "a\x00b"),
    ("lastName", "a\u202eb"),
    ("lastName", None),
    ("email", "nobody"),
    ("groupId", "x" * 65),
    ("expectedGuests", "abc"),
    ("expectedGuests", -5),
    ("expectedGuests", 10**9),
    ("children", 1.5),
    ("dietary", "x" * 10_000),
]


@pytest.mark.parametrize(("field", "value"), FLAWS, ids=lambda value: repr(value)[:24])
async def test_flaws_of_a_guest_in_camel_case_are_named_in_camel_case(
    api: AsyncClient, guest_id: str, platform: Platform, field: str, value: object
) -> None:
    before = await platform.store.heads()

    refused = [
        await api.post("/admin/guests", json={**NAMED, field: value}),
        await api.put(f"/admin/guests/{guest_id}", json={field: value}),
    ]

    assert [
        (answer.status_code, [flaw["pointer"] for flaw in answer.json()["errors"]])
        for answer in refused
    ] == [(422, [f"/{field}"])] * 2
    assert await platform.store.heads() == before


@pytest.mark.parametrize(
    ("answer", "pointer"),
    [
        *[({"numGuests": people}, "/numGuests") for people in ("abc", -5, 10**9, 100, 1.5, True)],
        ({"numGuests": 1, "children": 2}, "/children"),
        ({"numGuests": 1, "dietary": "a\x00b"}, "/dietary"),
        ({"numGuests": 1, "dietary": "x" * 10_000}, "/dietary"),
        ({"numGuests": 1, "dietaryTags": ["fish"]}, "/dietaryTags/0"),
        ({"groupStatus": "perhaps"}, "/groupStatus"),
        ({"numGuests": 1, "groupStatus": "declined"}, "/numGuests"),
        ({"attending": True}, "/attending"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_an_invalid_answer_of_a_guest_is_refused(
    api: AsyncClient,
    nobody: AsyncClient,
    guest_id: str,
    platform: Platform,
    answer: dict[str, object],
    pointer: str,
) -> None:
    header = await guest(api, nobody, guest_id)
    before = await platform.store.heads()

    refused = await nobody.put("/rsvp", json=answer, headers=header)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [pointer]
    assert await platform.store.heads() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"email": "a@x.org"}),
        ("DELETE", "", None),
        ("PUT", "/group", {"groupId": "M"}),
        ("DELETE", "/group", None),
        ("PUT", "/co-host", None),
        ("DELETE", "/co-host", None),
    ],
)
async def test_a_change_of_an_older_version_is_refused_on_the_camel_case_paths(
    api: AsyncClient, guest_id: str, method: str, path: str, body: dict[str, str] | None
) -> None:
    place = f"/admin/guests/{guest_id}"
    seen = (await api.get(place)).headers["etag"]
    await api.put(place, json={"groupId": "L"})
    before = (await api.get(place)).json()

    refused = await api.request(method, place + path, json=body, headers={"if-match": seen})

    assert (refused.status_code, refused.json()["code"]) == (412, "stale")
    assert (await api.get(place)).json() == before
