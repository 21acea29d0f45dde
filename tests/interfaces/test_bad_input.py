"""Bad input: a clear problem, nothing written, never a 500."""

from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform

UNKNOWN = "0198f3c2-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b"{'a': 1}",
        b'{"first_name": NaN}',
        b'{"first_name": Infinity}',
        b'{"first_name": "\\ud800", "last_name": "x"}',
        b'{"first_name": "\xff", "last_name": "x"}',
        b'{"first_name": "\xed\xa0\x80", "last_name": "x"}',
        b"\xef\xbb\xbf{}",
        '{"first_name": "a", "last_name": "b"}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_a_body_that_is_not_json_is_malformed(
    api: AsyncClient, platform: Platform, body: bytes
) -> None:
    before = await platform.store.heads()

    refused = await api.post("/guests", content=body, headers=JSON)

    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
    assert await platform.store.heads() == before


JSON = {"content-type": "application/json"}
NAMED = {"first_name": "Ada", "last_name": "Lovelace"}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], [""]),
        (None, [""]),
        ("Ada", [""]),
        ({}, ["/first_name", "/last_name"]),
        ({**NAMED, "plus_one": True}, ["/plus_one"]),
        ({**NAMED, "a/b~c": 1}, ["/a~1b~0c"]),
        ({**NAMED, "id": UNKNOWN}, ["/id"]),
        ({**NAMED, "expected_guests": "abc"}, ["/expected_guests"]),
        ({**NAMED, "expected_guests": True}, ["/expected_guests"]),
        ({**NAMED, "expected_guests": 1.5}, ["/expected_guests"]),
        ({**NAMED, "expected_guests": -5}, ["/expected_guests"]),
        ({**NAMED, "expected_guests": 10**9}, ["/expected_guests"]),
        ({**NAMED, "expected_guests": 10**400}, ["/expected_guests"]),
        ({**NAMED, "dietary_tags": ["vegan", 7]}, ["/dietary_tags/1"]),
        ({**NAMED, "dietary_tags": ["vegan", "fish"]}, ["/dietary_tags/1"]),
        ({**NAMED, "dietary_tags": "vegan"}, ["/dietary_tags"]),
        ({**NAMED, "first_name": "x" * 10_000}, ["/first_name"]),
        ({**NAMED, "first_name": ""}, ["/first_name"]),
        ({**NAMED, "first_name": "a\x00b"}, ["/first_name"]),
        ({**NAMED, "last_name": "a\nb"}, ["/last_name"]),
        ({**NAMED, "last_name": "a\u202eb"}, ["/last_name"]),
        ({**NAMED, "email": "nobody"}, ["/email"]),
        ({**NAMED, "group_id": "x" * 65}, ["/group_id"]),
        (
            {"first_name": 1, "email": 2, "shoes": 3},
            ["/email", "/first_name", "/last_name", "/shoes"],
        ),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, (dict, type(None), str)) else None,
)
async def test_an_invalid_guest_is_refused_with_every_flaw(
    api: AsyncClient, platform: Platform, body: Any, pointers: list[str]
) -> None:
    before = await platform.store.heads()

    refused = await api.post("/guests", content=dumps(body), headers=JSON)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert sorted(flaw["pointer"] for flaw in refused.json()["errors"]) == pointers
    assert await platform.store.heads() == before


@pytest.mark.parametrize("people", ["abc", -5, 10**9, 100, 1.5, True, None, [2], 10**400])
async def test_invalid_numbers_of_people_are_refused(
    api: AsyncClient, guest_id: str, people: object
) -> None:
    before = (await api.get(f"/guests/{guest_id}")).json()

    refused = await api.post(
        f"/guests/{guest_id}/rsvp", json={"attending": True, "num_guests": people}
    )

    assert refused.status_code == 422
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/num_guests"]
    assert (await api.get(f"/guests/{guest_id}")).json() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rsvp_deadline", "soon"),
        ("rsvp_deadline", "2026-02-30"),
        ("rsvp_deadline", ""),
        ("rsvp_deadline", 20260601),
        ("event_date", "2026-13-01"),
        ("time_zone", "Middle/Earth"),
        ("time_zone", "../../etc/passwd"),
        ("max_guests", -1),
        ("max_guests", 10**9),
        ("max_guests", "many"),
        ("event_name", "x" * 10_000),
        ("event_name", "a\x07b"),
        ("settings_data", []),
        (
            "settings_data",
            {
                "deep": [
                    [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
                ]
            },
        ),
        ("settings_data", {"long": "x" * 70_000}),
        ("id_of_nothing", 1),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_invalid_settings_are_refused(api: AsyncClient, field: str, value: object) -> None:
    before = (await api.get("/admin/settings")).json()

    refused = await api.put("/admin/settings", json={field: value})

    assert refused.status_code == 422
    assert [flaw["pointer"].split("/")[1] for flaw in refused.json()["errors"]] == [field]
    assert (await api.get("/admin/settings")).json() == before


@pytest.mark.parametrize("digits", [20, 400, 5000])
async def test_long_numbers_are_stored_exactly_or_refused(api: AsyncClient, digits: int) -> None:
    body = b'{"settings_data": {"n": ' + b"9" * digits + b"}}"

    put = await api.put("/admin/settings", content=body, headers=JSON)

    assert put.status_code in (200, 422, 400)
    assert (await api.get("/admin/settings")).status_code == 200


async def test_of_two_fields_with_the_same_name_the_last_one_counts(
    api: AsyncClient, guest_id: str
) -> None:
    body = b'{"attending": true, "attending": false}'

    answer = await api.post(f"/guests/{guest_id}/rsvp", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["attending"]) == (200, False)


@pytest.mark.parametrize("body", [{}, {"attending": "yes"}, {"attending": 1}])
async def test_an_answer_must_say_yes_no_or_null(
    api: AsyncClient, guest_id: str, body: dict[str, object]
) -> None:
    refused = await api.post(f"/guests/{guest_id}/rsvp", json=body)

    assert refused.status_code == 422
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/attending"]


async def test_after_the_deadline_only_the_host_answers(api: AsyncClient, guest_id: str) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    await api.put("/admin/settings", json={"rsvp_deadline": yesterday})

    refused = await api.post(f"/guests/{guest_id}/rsvp", json={"attending": True})
    by_host = await api.put(f"/guests/{guest_id}", json={"attending": True})

    assert (refused.status_code, refused.json()["code"]) == (403, "rsvp_closed")
    assert (by_host.status_code, by_host.json()["status"]) == (200, "coming")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/guests/{UNKNOWN}"),
        ("PUT", f"/guests/{UNKNOWN}"),
        ("DELETE", f"/guests/{UNKNOWN}"),
        ("POST", f"/guests/{UNKNOWN}/rsvp"),
        ("POST", f"/guests/{UNKNOWN}/link"),
        ("GET", "/groups/nobody"),
        ("GET", f"/gatherings/{UNKNOWN}"),
        ("PUT", f"/gatherings/{UNKNOWN}"),
        ("DELETE", f"/gatherings/{UNKNOWN}"),
        ("GET", f"/gatherings/{UNKNOWN}/guests"),
        ("GET", f"/gatherings/{UNKNOWN}/guests.csv"),
        ("GET", f"/gatherings/{UNKNOWN}/groups"),
        ("GET", f"/gatherings/{UNKNOWN}/admin/stats"),
        ("GET", f"/gatherings/{UNKNOWN}/admin/settings"),
        ("PUT", f"/gatherings/{UNKNOWN}/admin/settings"),
        ("GET", "/guests/7"),
        ("DELETE", "/guests/%00"),
        ("POST", "/guests/' OR 1=1/rsvp"),
        ("GET", "/guests/" + "9" * 10_000),
        ("GET", "/gatherings/Default"),
        ("GET", "/guests/"),
        ("GET", "/groups/"),
        ("GET", "/groups/%FF"),
        ("GET", "/guests//"),
        ("GET", "/nowhere"),
    ],
)
async def test_missing_things_are_not_found(api: AsyncClient, method: str, path: str) -> None:
    json = {"attending": True} if method == "POST" and "rsvp" in path else {}

    refused = await api.request(method, path, json=json)

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/guests", "DELETE", "GET, HEAD, POST"),
        (f"/guests/{UNKNOWN}", "PATCH", "DELETE, GET, HEAD, PUT"),
        (f"/guests/{UNKNOWN}/rsvp", "GET", "POST"),
        ("/openapi.json", "POST", "GET, HEAD"),
        ("/", "DELETE", "GET, HEAD"),
        ("/healthz", "OPTIONS", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_answered_with_the_allowed_ones(
    api: AsyncClient, path: str, method: str, allowed: str
) -> None:
    refused = await api.request(method, path)

    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert ", ".join(sorted(refused.headers["allow"].split(", "))) == allowed


async def test_an_unknown_link_opens_nothing(nobody: AsyncClient) -> None:
    assert (await nobody.get("/r/" + "A" * 43)).status_code == 404


async def test_a_sheet_with_broken_lines_is_refused_line_by_line(api: AsyncClient) -> None:
    sheet = b"first name,last name,email\nAda,Lovelace,a@x.org\n,,\nBob,Hund,nowhere\n,,b@x.org\n"

    refused = await api.post("/guests/import", content=sheet, headers=CSV)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert [flaw["pointer"] for flaw in refused.json()["errors"]][-1] == "/lines/5"
    assert (await api.get("/guests")).json() == []


async def test_the_good_lines_of_a_sheet_are_imported_on_request(api: AsyncClient) -> None:
    sheet = "First name;Email\nAda;a@x.org\n;\n;b@x.org\nZoë;\n".encode("utf-8-sig")

    outcome = await api.post("/guests/import?keep_good=true", content=sheet, headers=CSV)
    again = await api.post("/guests/import?keep_good=true", content=sheet, headers=CSV)

    assert [(a.status_code, a.json()["new"], a.json()["unchanged"]) for a in (outcome, again)] == [
        (200, 2, 0),
        (200, 0, 2),
    ]
    assert [line["line"] for line in outcome.json()["bad"]][-1] == 4
    assert [guest["first_name"] for guest in (await api.get("/guests")).json()] == ["Ada", "Zoë"]


async def test_a_preview_writes_nothing(api: AsyncClient, platform: Platform) -> None:
    before = await platform.store.heads()

    preview = await api.post("/guests/import?preview=true", content=SHEET, headers=CSV)

    assert (preview.status_code, preview.json()["new"]) == (200, 1)
    assert await platform.store.heads() == before


async def test_diets_that_were_not_understood_are_named(api: AsyncClient) -> None:
    sheet = b"first name,last name,diet\nAda,L,vegan\nIda,L,no mushrooms\n"

    preview = await api.post("/guests/import?preview=true", content=sheet, headers=CSV)
    done = await api.post("/guests/import", content=sheet, headers=CSV)

    unread = [answer.json()["unread_diets"] for answer in (preview, done)]
    assert unread == [[{"line": 3, "text": "no mushrooms"}]] * 2
    assert (await api.get("/guests")).json()[1]["dietary"] == "no mushrooms"


CSV = {"content-type": "text/csv"}
SHEET = b"first name,last name\nAda,Lovelace\n"


@pytest.mark.parametrize("sheet", [b"", b"\x00\x01", b"PK\x03\x04zip", b"a,b\n1,2\n"])
async def test_a_body_that_is_no_sheet_is_refused(api: AsyncClient, sheet: bytes) -> None:
    refused = await api.post("/guests/import", content=sheet, headers=CSV)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_importing_an_exported_sheet_changes_nothing(api: AsyncClient) -> None:
    await api.post("/guests", json={**NAMED, "email": "a@x.org", "group_id": "L"})

    sheet = await api.get("/guests.csv")
    back = await api.post("/guests/import", content=sheet.content, headers=CSV)

    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert (back.status_code, back.json()["unchanged"], back.json()["new"]) == (200, 1, 0)
