"""The snake_case guest API: every request, in the order in which hosts make them."""

import re
from typing import Any

from httpx2 import AsyncClient

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NO_MEALS = {
    "vegetarian": 0,
    "vegan": 0,
    "gluten_free": 0,
    "lactose_free": 0,
    "halal": 0,
    "kosher": 0,
    "nut_allergy": 0,
    "other": 0,
}


async def test_a_host_keeps_a_guest_list_from_settings_to_farewell(api: AsyncClient) -> None:
    settings = {
        "event_name": "Midsummer",
        "event_date": "2099-06-19",
        "location": "The orchard",
        "rsvp_deadline": "2099-06-01",
        "max_guests": 80,
        "settings_data": {"colour": ["green", None, 1.5]},
    }
    changed = await api.put("/admin/settings", json=settings)
    assert (changed.status_code, _some(changed.json(), settings)) == (200, settings)
    assert (await api.get("/admin/settings")).json() == changed.json()

    new = {"first_name": "Ada", "last_name": "Lovelace", "email": "a@x.org", "group_id": "L"}
    created = await api.post("/guests", json=new)
    ada = created.json()
    id = ada["id"]
    assert created.status_code == 201
    assert created.headers["location"] == f"/guests/{id}"
    assert ada == {
        "id": id,
        "group_id": "L",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "a@x.org",
        "attending": None,
        "status": "pending",
        "num_guests": 0,
        "expected_guests": 1,
        "children": 0,
        "dietary": None,
        "dietary_tags": [],
        "rsvp_at": None,
        "waiting_since": None,
        "is_co_host": False,
        "created_at": ada["created_at"],
        "updated_at": ada["created_at"],
    }
    assert UUID7.fullmatch(id)
    assert MOMENT.fullmatch(ada["created_at"])

    read = await api.get(f"/guests/{id}")
    assert (read.status_code, read.json()) == (200, ada)

    put = await api.put(f"/guests/{id}", json={"email": None, "last_name": "King"})
    king = put.json()
    assert put.status_code == 200
    assert king == {**ada, "email": None, "last_name": "King", "updated_at": king["updated_at"]}

    rsvp = await api.post(f"/guests/{id}/rsvp", json={"attending": True, "dietary": "no nuts"})
    coming = rsvp.json()
    assert rsvp.status_code == 200
    assert coming == {
        **king,
        "attending": True,
        "status": "coming",
        "num_guests": 1,
        "dietary": "no nuts",
        "rsvp_at": coming["rsvp_at"],
        "updated_at": coming["rsvp_at"],
    }
    assert MOMENT.fullmatch(coming["rsvp_at"])

    bob = await api.post("/guests", json={"first_name": "Bob", "last_name": "Hund"})
    declined = await api.post(f"/guests/{bob.json()['id']}/rsvp", json={"attending": False})
    assert _some(declined.json(), {"attending": 0, "status": 0}) == {
        "attending": False,
        "status": "declined",
    }

    assert (await api.get("/guests")).json() == [declined.json(), coming]
    assert (await api.get("/groups")).json() == [{"group_id": "L", "member_count": 1}]
    assert (await api.get("/groups/L")).json() == [coming]

    assert (await api.get("/admin/stats")).json() == {
        "totalInvited": 2,
        "totalComing": 1,
        "totalGuests": 1,
        "totalExpected": 2,
        "withAllergies": 1,
        "total_guests": 2,
        "attending": 1,
        "not_attending": 1,
        "pending": 0,
        "undecided": 0,
        "waiting": 0,
        "people": 1,
        "adults": 1,
        "children": 0,
        "capacity": 80,
        "places_left": 79,
        "by_meal": NO_MEALS,
    }

    gone = await api.delete(f"/guests/{id}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert [
        (await api.delete(f"/guests/{id}")).status_code,
        (await api.get(f"/guests/{id}")).status_code,
        (await api.get("/groups/L")).status_code,
    ] == [404, 404, 404]
    assert (await api.get("/groups")).json() == []


async def test_an_answer_of_null_is_undecided(api: AsyncClient, guest_id: str) -> None:
    answer = await api.post(f"/guests/{guest_id}/rsvp", json={"attending": None})

    assert _some(answer.json(), {"attending": 0, "status": 0}) == {
        "attending": None,
        "status": "undecided",
    }


async def test_the_answer_of_get_can_be_put_back_unchanged(api: AsyncClient, guest_id: str) -> None:
    await api.post(f"/guests/{guest_id}/rsvp", json={"attending": True, "num_guests": 3})
    guest = (await api.get(f"/guests/{guest_id}")).json()
    settings = (await api.get("/admin/settings")).json()

    put = await api.put(f"/guests/{guest_id}", json=guest)
    put_settings = await api.put("/admin/settings", json=settings)

    assert (put.status_code, put.json()) == (200, guest)
    assert (put_settings.status_code, put_settings.json()) == (200, settings)


async def test_read_only_fields_are_ignored(api: AsyncClient, guest_id: str) -> None:
    before = (await api.get(f"/guests/{guest_id}")).json()

    put = await api.put(f"/guests/{guest_id}", json={"id": "other", "status": 7, "rsvp_at": []})

    assert (put.status_code, put.json()) == (200, before)


async def test_an_id_is_the_same_in_capitals(api: AsyncClient, guest_id: str) -> None:
    capitals = await api.get(f"/guests/{guest_id.upper()}")

    assert (capitals.status_code, capitals.json()["id"]) == (200, guest_id)


async def test_a_household_with_any_name_can_be_read(api: AsyncClient) -> None:
    names = ["A/B", "a b", "100%", "Grün & Söhne", "?#", "%2F", "stats"]
    for name in names:
        guest = {"first_name": "Ada", "last_name": "Lovelace", "group_id": name}
        assert (await api.post("/guests", json=guest)).status_code == 201

    found = [await api.get(f"/groups/{_encoded(name)}") for name in names]

    assert [[guest["group_id"] for guest in group.json()] for group in found] == [
        [name] for name in names
    ]


async def test_a_link_is_shown_once_and_opens_the_invitation(
    api: AsyncClient, nobody: AsyncClient, guest_id: str
) -> None:
    issued = await api.post(f"/guests/{guest_id}/link")
    token = issued.json()["token"]

    assert issued.status_code == 201
    assert issued.json() == {"url": f"http://127.0.0.1:8000/r/{token}", "token": token}
    assert (await nobody.get(f"/r/{token}")).status_code == 200
    assert token not in (await api.get(f"/guests/{guest_id}")).text


async def test_a_new_link_ends_the_earlier_one(
    api: AsyncClient, nobody: AsyncClient, guest_id: str
) -> None:
    first = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    second = (await api.post(f"/guests/{guest_id}/link")).json()["token"]

    assert [(await nobody.get(f"/r/{token}")).status_code for token in (first, second)] == [
        404,
        200,
    ]


async def test_head_answers_as_get_does_without_a_body(api: AsyncClient, guest_id: str) -> None:
    get, head = await api.get(f"/guests/{guest_id}"), await api.head(f"/guests/{guest_id}")

    assert head.content == b""
    assert (head.status_code, dict(head.headers)) == (200, dict(get.headers))


def _some(whole: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    return {name: whole[name] for name in like}


def _encoded(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())


async def test_the_sheet_has_the_guests_that_are_asked_for(api: AsyncClient, guest_id: str) -> None:
    await api.post("/guests", json={"first_name": "Bob", "last_name": "Hopper", "group_id": "home"})

    async def names(query: str) -> list[str]:
        lines = (await api.get(f"/guests.csv{query}")).text.splitlines()[1:]
        return [line.partition(",")[0] for line in lines]

    assert await names("") == ["Bob", "Ada"]
    assert await names("?q=love") == ["Ada"]
    assert await names("?group_id=home") == ["Bob"]
    assert await names("?status=coming") == []
    assert (await api.get("/guests.csv?status=maybe")).status_code == 422
