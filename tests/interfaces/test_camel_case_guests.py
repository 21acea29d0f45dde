"""The camelCase guest API: every request, in the order in which hosts and guests make them."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.guests import GuestPatch, NewGuest, OwnAnswer
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.rest.answers import GuestAnswer
from gatherlog.interfaces.rest.camel import (
    CamelGuest,
    CamelGuestPatch,
    CamelNewGuest,
    CamelOwnAnswer,
)
from gatherlog.interfaces.rest.endpoint import field_names


async def _add(api: AsyncClient, first: str, last: str, **fields: Any) -> dict[str, Any]:
    new = {"firstName": first, "lastName": last, **fields}
    made = await api.post("/admin/guests", json=new)
    assert made.status_code == 201
    guest: dict[str, Any] = made.json()
    return guest


async def _log_in(api: AsyncClient, nobody: AsyncClient, guest: dict[str, Any]) -> dict[str, str]:
    """The Authorization header of a guest, who logs in with the link's token and the last name."""
    link = await api.post(f"/guests/{guest['id']}/link")
    login = {"token": link.json()["token"], "lastName": guest["lastName"].upper()}
    answer = await nobody.post("/auth/login", json=login)
    assert (answer.status_code, list(answer.json())) == (200, ["token"])
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def test_a_household_is_invited_and_answers(api: AsyncClient, nobody: AsyncClient) -> None:
    await api.put("/admin/settings", json={"rsvp_deadline": "2099-06-01", "max_guests": 5})
    ada = await _add(api, "Ada", "Lovelace", groupId="L", expectedGuests=2, email="a@x.org")
    bob = await _add(api, "Bob", "Lovelace", groupId="L")
    jwt = await _log_in(api, nobody, ada)

    before = await nobody.get("/rsvp", headers=jwt)
    assert (before.status_code, before.json()) == (
        200,
        {
            "guest": {name: ada[name] for name in field_names(CamelGuest)},
            "groupMembers": [_member(bob)],
            "familySum": 3,
            "rsvpDeadline": "2099-06-01",
            "closed": False,
            "questions": before.json()["questions"],
            "waiting": [],
        },
    )

    body = {"numGuests": 2, "dietary": "no celery", "groupStatus": "coming"}
    put = await nobody.put("/rsvp", json=body, headers=jwt)
    after = put.json()
    assert put.status_code == 200
    assert _some(after["guest"], "status", "numGuests", "dietary", "attending") == {
        "status": "coming",
        "numGuests": 2,
        "dietary": "no celery",
        "attending": True,
    }
    assert after["groupMembers"] == [{**_member(bob), "status": "coming", "numGuests": 1}]
    assert after["questions"] == {"signedUp": 3, "notComing": [], "more": 0}
    assert (await nobody.get("/rsvp", headers=jwt)).json() == after

    declined = await nobody.put("/rsvp", json={"numGuests": 0}, headers=jwt)
    assert declined.json()["guest"]["status"] == "declined"
    assert declined.json()["groupMembers"] == after["groupMembers"]
    assert declined.json()["questions"]["notComing"] == [ada["id"]]

    stats = (await api.get("/admin/stats")).json()
    assert _some(stats, "totalInvited", "totalComing", "totalGuests", "totalExpected") == {
        "totalInvited": 2,
        "totalComing": 1,
        "totalGuests": 1,
        "totalExpected": 3,
    }

    gone = await nobody.post("/auth/logout", headers=jwt)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await nobody.get("/rsvp", headers=jwt)).status_code == 401
    assert (await nobody.post("/auth/logout", headers=jwt)).status_code == 401


async def test_a_host_lists_changes_groups_and_removes_guests(api: AsyncClient) -> None:
    ada = await _add(api, "Ada", "Lovelace", dietaryTags=["vegan"])
    bob = await _add(api, "Zoë", "Grün", email="zoe@x.org")
    path = f"/admin/guests/{ada['id']}"

    assert (await api.get("/admin/guests")).json() == [bob, ada]
    read = await api.get(path)
    assert (read.json(), read.headers["etag"]) == (ada, '"2"')
    changed = await api.put(path, json={"expectedGuests": 3, "attending": True})
    assert _some(changed.json(), "expectedGuests", "numGuests", "status") == {
        "expectedGuests": 3,
        "numGuests": 3,
        "status": "coming",
    }
    put = await api.put(path, json=changed.json())
    assert (put.status_code, put.json()) == (200, changed.json())

    grouped = await api.put(f"{path}/group", json={"groupId": "A/B"})
    assert (grouped.status_code, grouped.json()["groupId"]) == (200, "A/B")
    assert (await api.get("/groups")).json() == [{"group_id": "A/B", "member_count": 1}]
    alone = [(await api.delete(f"{path}/group")).status_code for _ in range(2)]
    assert (alone, (await api.get(path)).json()["groupId"]) == ([204, 404], None)

    gone = [(await api.delete(path)).status_code for _ in range(2)]
    assert (gone, (await api.get("/admin/guests")).json()) == ([204, 404], [bob])


async def test_guests_are_found_by_name_address_state_and_household(api: AsyncClient) -> None:
    zoe = await _add(api, "Zoë", "Grün", email="post@example.org", groupId="G")
    ada = await _add(api, "Ada", "Lovelace", groupId="L")
    await api.put(f"/admin/guests/{ada['id']}", json={"attending": False})

    found = {
        query: [guest["id"] for guest in (await api.get(f"/admin/guests?{query}")).json()]
        for query in (
            *("q=GRUN", "q=zoe", "q=EXAMPLE.org", "q=nobody", "status=declined", "group_id=G"),
            "q=a&status=pending&group_id=L",
        )
    }

    assert found == {
        "q=GRUN": [zoe["id"]],
        "q=zoe": [zoe["id"]],
        "q=EXAMPLE.org": [zoe["id"]],
        "q=nobody": [],
        "status=declined": [ada["id"]],
        "group_id=G": [zoe["id"]],
        "q=a&status=pending&group_id=L": [],
    }


async def test_a_search_is_paged_without_repeats(api: AsyncClient) -> None:
    for number in range(7):
        await _add(api, f"Guest{number}", "Even" if number % 2 else "Odd")

    pages, path = [], "/admin/guests?q=odd&limit=2"
    while path:
        page = await api.get(path)
        pages.append([guest["firstName"] for guest in page.json()])
        path = page.links["next"]["url"] if "next" in page.links else ""

    assert [name for page in pages for name in page] == ["Guest0", "Guest2", "Guest4", "Guest6"]
    assert [len(page) for page in pages[:2]] == [2, 2]


@pytest.mark.parametrize(
    "body", [{}, {"token": "", "lastName": " "}, {"token": None}, {"lastName": "Lovelace"}]
)
async def test_a_login_with_a_blank_field_is_400(nobody: AsyncClient, body: dict[str, Any]) -> None:
    blank = sorted(
        {"token", "lastName"} - {name for name, text in body.items() if (text or "").strip()}
    )

    refused = await nobody.post("/auth/login", json=body)

    assert (refused.status_code, refused.json()["code"]) == (400, "blank")
    assert sorted(flaw["pointer"] for flaw in refused.json()["errors"]) == [
        f"/{name}" for name in blank
    ]


async def test_a_wrong_token_and_a_wrong_name_are_refused_alike(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    ada = await _add(api, "Ada", "Lovelace")
    token = (await api.post(f"/guests/{ada['id']}/link")).json()["token"]
    logins = [
        {"token": token, "lastName": "Byron"},
        {"token": "A" * 43, "lastName": "Lovelace"},
        {"token": "short", "lastName": "x" * 10_000},
    ]

    refused = [await nobody.post("/auth/login", json=login) for login in logins]

    assert {(answer.status_code, answer.json()["detail"]) for answer in refused} == {
        (401, "Invalid token or last name")
    }
    assert len({answer.content for answer in refused}) == 1


async def test_after_the_deadline_rsvp_is_closed(api: AsyncClient, nobody: AsyncClient) -> None:
    ada = await _add(api, "Ada", "Lovelace")
    jwt = await _log_in(api, nobody, ada)
    await api.put("/admin/settings", json={"rsvp_deadline": "2020-01-01"})

    refused = await nobody.put("/rsvp", json={"numGuests": 1}, headers=jwt)

    assert (refused.status_code, refused.json()["code"]) == (403, "rsvp_closed")
    assert refused.json()["detail"] == "RSVP is closed"
    assert (await nobody.get("/rsvp", headers=jwt)).json()["closed"] is True


async def test_a_guest_who_finds_no_room_waits_and_moves_up(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    await api.put("/admin/settings", json={"max_guests": 1})
    ada, bob = await _add(api, "Ada", "Lovelace"), await _add(api, "Bob", "Hund")
    as_ada, as_bob = await _log_in(api, nobody, ada), await _log_in(api, nobody, bob)
    await nobody.put("/rsvp", json={"numGuests": 1}, headers=as_ada)

    waits = await nobody.put("/rsvp", json={"numGuests": 1}, headers=as_bob)
    stats = (await api.get("/admin/stats")).json()
    more = await nobody.put("/rsvp", json={"numGuests": 2}, headers=as_ada)
    await nobody.put("/rsvp", json={"numGuests": 0}, headers=as_ada)
    moved_up = (await nobody.get("/rsvp", headers=as_bob)).json()

    assert waits.status_code == 200
    assert _some(waits.json()["guest"], "status", "attending") == {
        "status": "waiting",
        "attending": None,
    }
    assert waits.json()["guest"]["waitingSince"] == waits.json()["guest"]["rsvpAt"]
    assert waits.json()["waiting"] == [
        {"members": [bob["id"]], "people": 1, "place": 1, "fits": True}
    ]
    assert _some(stats, "waiting", "attending", "places_left") == {
        "waiting": 1,
        "attending": 1,
        "places_left": 0,
    }
    assert (more.status_code, more.json()["code"]) == (409, "gathering_full")
    assert (moved_up["guest"]["status"], moved_up["waiting"]) == ("coming", [])


async def test_a_household_larger_than_the_gathering_is_told_so(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    await api.put("/admin/settings", json={"max_guests": 2})
    ada = await _add(api, "Ada", "Lovelace", groupId="L", expectedGuests=2)
    bob = await _add(api, "Bob", "Lovelace", groupId="L")
    jwt = await _log_in(api, nobody, ada)

    body = {"numGuests": 2, "groupStatus": "coming"}
    answer = (await nobody.put("/rsvp", json=body, headers=jwt)).json()

    assert [unit["fits"] for unit in answer["waiting"]] == [False]
    assert answer["waiting"][0]["people"] == 3
    assert sorted(answer["waiting"][0]["members"]) == sorted([ada["id"], bob["id"]])


async def test_lowering_the_places_below_what_is_taken_removes_nobody(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    ada = await _add(api, "Ada", "Lovelace")
    jwt = await _log_in(api, nobody, ada)
    await nobody.put("/rsvp", json={"numGuests": 3}, headers=jwt)

    lowered = await api.put("/admin/settings", json={"max_guests": 1})
    kept = await nobody.get("/rsvp", headers=jwt)
    fewer = await nobody.put("/rsvp", json={"numGuests": 2}, headers=jwt)

    assert lowered.status_code == 200
    assert _some(kept.json()["guest"], "status", "numGuests") == {
        "status": "coming",
        "numGuests": 3,
    }
    assert (await api.get("/admin/stats")).json()["places_left"] == 0
    assert (fewer.status_code, fewer.json()["guest"]["numGuests"]) == (200, 2)


async def test_a_co_host_manages_the_gathering_but_not_the_co_hosts(
    api: AsyncClient, nobody: AsyncClient
) -> None:
    ada = await _add(api, "Ada", "Lovelace")
    jwt, path = await _log_in(api, nobody, ada), f"/admin/guests/{ada['id']}"

    before = (await nobody.get("/admin/guests", headers=jwt)).status_code
    made = await api.put(f"{path}/co-host")
    during = [
        (await nobody.get("/admin/guests", headers=jwt)).status_code,
        (await nobody.put(path, json={"email": "a@x.org"}, headers=jwt)).status_code,
        (await nobody.put(f"{path}/co-host", headers=jwt)).status_code,
        (await nobody.delete("/gatherings/default", headers=jwt)).status_code,
    ]
    ended = await api.delete(f"{path}/co-host")
    after = (await nobody.get("/admin/guests", headers=jwt)).status_code

    assert (made.json()["isCoHost"], ended.json()["isCoHost"]) == (True, False)
    assert (before, during, after) == (404, [200, 200, 403, 403], 404)


async def test_a_member_signs_in_makes_a_gathering_and_signs_out(
    nobody: AsyncClient, platform: Platform
) -> None:
    asked = await nobody.post("/auth/code", json={"email": "eve@x.org"})
    code = await platform.accounts.issue_code("eve@x.org")
    signed_in = await nobody.post("/auth/session", json={"email": "Eve@x.org", "code": code})
    session = {"authorization": f"Bearer {signed_in.json()['token']}"}
    made = await nobody.post("/gatherings", json={"event_name": "Mine"}, headers=session)
    path = f"/gatherings/{made.json()['id']}"
    account = (await nobody.get("/auth/account", headers=session)).json()

    assert (asked.status_code, asked.content) == (202, b"")
    assert (account["email"], account["sessions"]) == ("eve@x.org", 1)
    assert (await nobody.get("/gatherings", headers=session)).json() == [made.json()]
    assert (await nobody.get(f"{path}/admin/guests", headers=session)).json() == []
    assert (await nobody.get("/guests", headers=session)).status_code == 404
    assert (await nobody.delete("/auth/session", headers=session)).status_code == 204
    assert (await nobody.get(path, headers=session)).status_code == 401


async def test_all_sessions_of_an_account_end_together(
    nobody: AsyncClient, platform: Platform
) -> None:
    sessions = []
    for _ in range(2):
        code = await platform.accounts.issue_code("eve@x.org")
        token = await platform.accounts.start_session("eve@x.org", code)
        sessions.append({"authorization": f"Bearer {token}"})

    ended = await nobody.delete("/auth/sessions", headers=sessions[0])

    assert ended.status_code == 204
    assert [(await nobody.get("/gatherings", headers=one)).status_code for one in sessions] == [
        401,
        401,
    ]


async def test_flaws_name_the_fields_as_the_client_does(api: AsyncClient) -> None:
    refused = await api.post(
        "/admin/guests",
        json={"firstName": "", "lastName": "x", "expectedGuests": -1, "first_name": "Ada"},
    )
    by_rule = await api.post(
        "/admin/guests", json={"firstName": "", "lastName": "x", "expectedGuests": -1}
    )

    pointers = [sorted(flaw["pointer"] for flaw in a.json()["errors"]) for a in (refused, by_rule)]
    assert pointers == [["/first_name"], ["/expectedGuests", "/firstName"]]


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        (CamelGuest, GuestAnswer),
        (CamelNewGuest, NewGuest),
        (CamelGuestPatch, GuestPatch),
        (CamelOwnAnswer, OwnAnswer),
    ],
)
def test_both_spellings_have_the_same_fields(camel: Any, snake: Any) -> None:
    def camelled(name: str) -> str:
        first, *others = name.split("_")
        return first + "".join(part.title() for part in others)

    assert field_names(camel) == {camelled(name) for name in field_names(snake)}


def _member(guest: dict[str, Any]) -> dict[str, Any]:
    return _some(guest, "id", "firstName", "lastName", "status", "numGuests", "expectedGuests")


def _some(whole: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: whole[name] for name in names}
