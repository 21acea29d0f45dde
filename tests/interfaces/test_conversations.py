"""The API of conversations, as its clients know it: paths, fields, lists of codes, statuses."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.apps.things.sample_things import Town
from tests.interfaces.graphql.sample_town import DAY, content
from tests.interfaces.talking import Member, signed_up
from tests.stores import HOSTILE_URL, events_in, eventually

GROUPS = "/api/message_groups"
NOBODYS = "0198f3c2-0000-7000-8000-000000000000"


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param.format(folder=tmp_path), rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def ada(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "ada")


@pytest.fixture
async def bob(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "bob")


@pytest.fixture
async def eve(platform: Platform, nobody: AsyncClient) -> Member:
    return await signed_up(platform, nobody, "eve")


async def test_the_requests_of_a_known_client_get_the_answers_that_it_expects(
    ada: Member, bob: Member
) -> None:
    started = await ada.write("Hello Bob", handle="bob")
    group = started["message_group_uuid"]
    assert {**started, "uuid": "", "created_at": ""} == {
        "message_group_uuid": group,
        "uuid": "",
        "display_name": "Ada",
        "handle": "ada",
        "message": "Hello Bob",
        "created_at": "",
        "edited_at": None,
        "deleted_at": None,
        "user_uuid": ada.account_id,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", started["created_at"])
    assert await bob.get("/api/messages/counter") == {"count": 1}

    added = await bob.write("Hello Ada", message_group_uuid=group)
    again = await ada.write("How are you?", handle="bob")
    assert (added["display_name"], again["message_group_uuid"]) == ("Bob", group)

    shown = await bob.get(f"/api/messages/{group}")
    assert [(one["display_name"], one["message"]) for one in shown] == [
        ("Ada", "How are you?"),
        ("Bob", "Hello Ada"),
        ("Ada", "Hello Bob"),
    ]
    assert await bob.get("/api/messages/counter") == {"count": 0}
    await eventually(lambda: lines(bob), 1)
    [line] = await bob.get(GROUPS)
    assert [line[name] for name in ("uuid", "display_name", "handle", "message")] == [
        group,
        "Ada",
        "ada",
        "How are you?",
    ]
    assert (line["created_at"], line["unread"]) == (again["created_at"], 0)
    assert await bob.get("/api/users/@ada/short") == {
        "uuid": ada.account_id,
        "handle": "ada",
        "display_name": "Ada",
    }


REFUSED: list[tuple[dict[str, Any], int, list[str]]] = [
    ({}, 422, ["message_blank", "user_reciever_handle_blank"]),
    ({"message": None, "handle": None}, 422, ["message_blank", "user_reciever_handle_blank"]),
    ({"message": 5, "handle": 5}, 422, ["message_blank", "user_reciever_handle_blank"]),
    ({"message": " ", "handle": "bob"}, 422, ["message_blank"]),
    ({"message": "\u200b\u2060", "handle": "bob"}, 422, ["message_blank"]),
    ({"message": "x" * 1025, "handle": "bob"}, 422, ["message_exceed_max_chars"]),
    ({"message": "a\u202eb", "handle": "bob"}, 422, ["message_invalid"]),
    ({"message": "a\x00b", "handle": "bob"}, 422, ["message_invalid"]),
    ({"message": "Hello", "handle": " "}, 422, ["user_reciever_handle_blank"]),
    ({"message": "Hello", "message_group_uuid": ""}, 422, ["message_group_uuid_blank"]),
    ({"message": "Hello", "message_group_uuid": 7}, 422, ["message_group_uuid_blank"]),
    (
        {"message": "", "message_group_uuid": []},
        422,
        ["message_blank", "message_group_uuid_blank"],
    ),
    ({"message": "Hello", "handle": "ada"}, 422, ["user_reciever_handle_invalid"]),
    ({"message": "Hello", "handle": "@ADA"}, 422, ["user_reciever_handle_invalid"]),
    (
        {"message": "Hello", "handle": "bob", "message_group_uuid": NOBODYS},
        422,
        ["user_reciever_handle_invalid"],
    ),
    ({"message": "Hello", "handle": "nobody"}, 404, ["user_reciever_handle_unknown"]),
    ({"message": "Hello", "handle": "x" * 999}, 404, ["user_reciever_handle_unknown"]),
    ({"message": "Hello", "handle": "bob", "colour": "red"}, 422, ["field_unknown"]),
    ({"message": "Hello", "handle": "bob", "gathering_id": 5}, 422, ["gathering_id_invalid"]),
    ({"message": "Hello", "handle": "bob", "gathering_id": NOBODYS}, 404, ["gathering_id_unknown"]),
    ({"message": "Hello", "handle": "bob", "thing_id": NOBODYS}, 404, ["thing_id_unknown"]),
]


NUMBERED = [f"{number}-{codes[-1]}" for number, (_, _, codes) in enumerate(REFUSED)]


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize(("body", "status", "codes"), REFUSED, ids=NUMBERED)
async def test_a_bad_message_is_answered_with_all_codes_that_apply(
    ada: Member, platform: Platform, body: dict[str, Any], status: int, codes: list[str]
) -> None:
    refused = await ada.ask("POST", "/api/messages", body)

    assert (refused.status_code, refused.json()) == (status, codes)
    assert await events_in(platform.store, ("conversation", "inbox")) == []


async def test_a_line_end_of_two_characters_is_kept_and_counted_as_one(
    ada: Member, bob: Member
) -> None:
    sent = await ada.write("x" * 1000 + "\r\n" * 23 + "y", handle=bob.handle)

    assert sent["message"] == "x" * 1000 + "\n" * 23 + "y"
    path = f"{GROUPS}/{sent['message_group_uuid']}/messages/{sent['uuid']}"
    edited = await ada.ask("PATCH", path, {"message": "Dear Bob,\r\nhello"})
    assert (edited.status_code, edited.json()["message"]) == (200, "Dear Bob,\nhello")


async def test_a_conversation_of_others_does_not_exist(
    ada: Member, bob: Member, eve: Member
) -> None:
    sent = await ada.write("Hello", handle="bob")
    assert bob.handle == "bob"
    group, uuid = sent["message_group_uuid"], sent["uuid"]
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"/api/messages/{group}", None),
        ("POST", "/api/messages", {"message": "Hi", "message_group_uuid": group}),
        ("GET", f"{GROUPS}/{group}", None),
        ("PUT", f"{GROUPS}/{group}/read", {"upto": uuid}),
        ("PUT", f"{GROUPS}/{group}/mute", None),
        ("DELETE", f"{GROUPS}/{group}/mute", None),
        ("PUT", f"{GROUPS}/{group}/leave", None),
        ("PUT", f"{GROUPS}/{group}/members/@eve", None),
        ("DELETE", f"{GROUPS}/{group}/members/@bob", None),
        ("PATCH", f"{GROUPS}/{group}/messages/{uuid}", {"message": "No"}),
        ("DELETE", f"{GROUPS}/{group}/messages/{uuid}", None),
        ("POST", f"{GROUPS}/{group}/messages/{uuid}/report", {"reason": ""}),
    ]

    for method, path, body in requests:
        refused = await eve.ask(method, path, body)
        unknown = body and {k: v.replace(group, NOBODYS) for k, v in body.items()}
        missing = await eve.ask(method, path.replace(group, NOBODYS), unknown)
        assert (refused.status_code, refused.json()) == (404, missing.json()), path
    assert await eve.get(GROUPS) == []
    assert [one["message"] for one in await ada.get(f"/api/messages/{group}")] == ["Hello"]


async def test_who_is_blocked_is_told_that_nobody_has_the_handle(ada: Member, bob: Member) -> None:
    group = (await ada.write("Hello", handle="bob"))["message_group_uuid"]
    blocked = await bob.ask("PUT", "/api/users/@ada/block")
    assert (blocked.status_code, blocked.json()["handle"]) == (200, "ada")

    for to in {"handle": "bob"}, {"message_group_uuid": group}:
        refused = await ada.ask("POST", "/api/messages", {"message": "Hey", **to})
        assert (refused.status_code, refused.json()) == (404, ["user_reciever_handle_unknown"])

    short, unknown = [await ada.ask("GET", f"/api/users/@{one}/short") for one in ("bob", "nobody")]
    assert (short.status_code, short.json()) == (404, unknown.json())
    assert (await ada.ask("PUT", "/api/users/@bob/block")).status_code == 200
    assert (await ada.ask("DELETE", "/api/users/@bob/block")).status_code == 204

    assert (await bob.ask("DELETE", "/api/users/@ada/block")).status_code == 204
    await ada.write("Hey", handle="bob")


async def test_whom_one_has_blocked_is_listed_in_parts_to_oneself_alone(
    ada: Member, bob: Member, eve: Member
) -> None:
    async def blocked(member: Member) -> list[str]:
        handles: list[str] = []
        path = "/api/users/blocked?limit=1"
        while path:
            answer = await member.ask("GET", path)
            handles += [one["handle"] for one in answer.json()]
            link = re.match(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
            path = "" if link is None else link[1]
        return handles

    for other in bob, eve:
        await ada.ask("PUT", f"/api/users/@{other.handle}/block")

    await eventually(lambda: blocked(ada), ["eve", "bob"])
    assert await blocked(bob) == []
    await ada.ask("DELETE", "/api/users/@eve/block")
    await eventually(lambda: blocked(ada), ["bob"])


async def test_editing_and_deleting_leave_their_marks(ada: Member, bob: Member) -> None:
    sent = await ada.write("Helo", handle="bob")
    group, uuid = sent["message_group_uuid"], sent["uuid"]
    path = f"{GROUPS}/{group}/messages/{uuid}"

    assert (await bob.ask("PATCH", path, {"message": "Ha"})).status_code == 403
    assert (await bob.ask("DELETE", path)).status_code == 403
    edited = (await ada.ask("PATCH", path, {"message": "Hello"})).json()
    assert (edited["message"], edited["edited_at"] > sent["created_at"]) == ("Hello", True)
    assert (await ada.ask("PATCH", path, {"message": ""})).json() == ["message_blank"]
    assert (await ada.ask("DELETE", path)).status_code == 204
    assert (await ada.ask("PATCH", path, {"message": "Ho"})).status_code == 409

    [shown] = await bob.get(f"/api/messages/{group}")
    assert (shown["message"], shown["deleted_at"] > edited["edited_at"]) == ("", True)


async def test_a_message_that_is_not_there_is_not_found_whatever_is_asked_of_it(
    ada: Member, bob: Member, eve: Member
) -> None:
    """It is made up, or of another conversation, or from before the member came."""
    group = (await ada.ask("POST", GROUPS, {"handles": ["bob"], "title": "Party"})).json()["uuid"]
    before = await ada.write("Only Bob reads this", message_group_uuid=group)
    await ada.ask("PUT", f"{GROUPS}/{group}/members/@eve")
    elsewhere = await ada.write("Hello", handle="bob")

    for member, uuid in ((ada, NOBODYS), (bob, elsewhere["uuid"]), (eve, before["uuid"])):
        path = f"{GROUPS}/{group}/messages/{uuid}"
        asked = [
            await member.ask("PATCH", path, {"message": "Ha"}),
            await member.ask("DELETE", path),
            await member.ask("POST", f"{path}/report", {"reason": "rude"}),
        ]
        assert [answer.status_code for answer in asked] == [404] * 3


async def test_whoever_comes_back_may_still_take_back_what_they_wrote_before(
    ada: Member, bob: Member
) -> None:
    sent = await ada.write("Oops", handle="bob")
    group = sent["message_group_uuid"]
    await ada.ask("PUT", f"{GROUPS}/{group}/leave")
    await bob.write("Ada?", handle="ada")

    taken = await ada.ask("DELETE", f"{GROUPS}/{group}/messages/{sent['uuid']}")

    assert taken.status_code == 204
    assert [one["message"] for one in await bob.get(f"/api/messages/{group}")] == ["Ada?", ""]


async def test_reading_marks_only_what_was_opened(ada: Member, bob: Member) -> None:
    sent = [await ada.write(f"{n}", handle="bob") for n in range(4)]
    group = sent[0]["message_group_uuid"]
    path = f"/api/messages/{group}"

    for looked in "?peek=true", "?order=asc", "?order=desc", f"?before={sent[2]['uuid']}":
        await bob.get(path + looked)
    assert await bob.get("/api/messages/counter") == {"count": 4}
    marked = await bob.ask("PUT", f"{GROUPS}/{group}/read", {"upto": sent[1]["uuid"].upper()})
    assert (marked.status_code, marked.json()["unread"]) == (200, 2)
    await bob.ask("PUT", f"{GROUPS}/{group}/read", {"upto": sent[0]["uuid"]})
    assert await bob.get("/api/messages/counter") == {"count": 2}
    await bob.get(path + "?limit=1")
    assert await bob.get("/api/messages/counter") == {"count": 0}

    wrong = await bob.ask("PUT", f"{GROUPS}/{group}/read", {"upto": NOBODYS})
    assert (wrong.status_code, wrong.json()) == (422, ["upto_invalid"])


async def test_links_lead_through_all_messages_in_both_orders(ada: Member, bob: Member) -> None:
    sent = [await ada.write(f"{n}", handle="bob") for n in range(5)]
    group = sent[0]["message_group_uuid"]

    async def followed(path: str) -> list[str]:
        found = []
        while path:
            answer = await bob.ask("GET", path)
            found += [one["message"] for one in answer.json()]
            link = re.match(r'<(.*)>; rel="next"', answer.headers.get("link", ""))
            path = "" if link is None else link[1]
        return found

    assert await followed(f"/api/messages/{group}?limit=2") == ["4", "3", "2", "1", "0"]
    assert await followed(f"/api/messages/{group}?limit=2&order=asc") == ["0", "1", "2", "3", "4"]
    await eventually(lambda: followed(f"{GROUPS}?limit=1"), ["4"])


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("limit=0", ["limit_invalid"]),
        ("limit=101", ["limit_invalid"]),
        ("before=x&after=y", ["before_invalid", "after_invalid"]),
        (f"before={NOBODYS}", ["before_invalid"]),
        (f"after={NOBODYS}", ["after_invalid"]),
        (f"before={NOBODYS}&after={NOBODYS}", ["after_invalid"]),
        ("order=up", ["order_invalid"]),
        ("colour=red", ["field_unknown"]),
        ("limit=1&limit=2", ["query_invalid"]),
        ("before=%ff", ["query_invalid"]),
    ],
)
async def test_a_bad_query_is_answered_with_codes(
    ada: Member, bob: Member, query: str, codes: list[str]
) -> None:
    group = (await ada.write("Hello", handle="bob"))["message_group_uuid"]

    refused = await bob.ask("GET", f"/api/messages/{group}?{query}")

    assert (refused.status_code, refused.json()) == (422, codes)


async def test_a_cursor_of_another_list_is_refused(ada: Member, bob: Member, eve: Member) -> None:
    await ada.write("Hello", handle="bob")
    other = await ada.write("Hello", handle="eve")
    await eventually(lambda: lines(ada), 2)
    link = (await ada.ask("GET", f"{GROUPS}?limit=1")).headers["link"]
    cursor = re.findall(r"cursor=([^>]*)>", link)[0]

    foreign = await bob.ask("GET", f"{GROUPS}?limit=1&cursor={cursor}")
    group = other["message_group_uuid"]
    here = await eve.ask("GET", f"/api/messages/{group}?before={other['uuid'][:-1]}2")

    assert (foreign.status_code, foreign.json()) == (422, ["cursor_invalid"])
    assert (here.status_code, here.json()) == (422, ["before_invalid"])


async def lines(member: Member) -> int:
    return len(await member.get(GROUPS))


async def test_groups_are_started_named_muted_and_left(
    ada: Member, bob: Member, eve: Member
) -> None:
    body = {"handles": ["bob", "@eve"], "title": "Party", "announce_only": True}
    made = await ada.ask("POST", GROUPS, body)
    group = made.json()["uuid"]
    assert (made.status_code, made.headers["location"]) == (201, f"{GROUPS}/{group}")
    assert [one["handle"] for one in made.json()["members"]] == ["ada", "bob", "eve"]
    refused = await bob.ask("POST", "/api/messages", {"message": "Hi", "message_group_uuid": group})
    assert refused.status_code == 403
    assert (await bob.ask("PUT", f"{GROUPS}/{group}/members/@eve")).status_code == 403
    assert (await bob.ask("PUT", f"{GROUPS}/{group}/mute")).json()["muted"] is True
    assert (await bob.ask("DELETE", f"{GROUPS}/{group}/mute")).status_code == 204
    assert (await ada.ask("DELETE", f"{GROUPS}/{group}/members/@eve")).status_code == 204
    assert (await eve.ask("GET", f"{GROUPS}/{group}")).status_code == 404
    again = await ada.ask("PUT", f"{GROUPS}/{group}/members/@eve")
    assert (again.status_code, again.json()["size"]) == (200, 3)
    assert (await bob.ask("PUT", f"{GROUPS}/{group}/leave")).status_code == 204
    assert (await bob.ask("PUT", f"{GROUPS}/{group}/leave")).status_code == 404


async def test_one_handle_finds_the_conversation_of_the_two(ada: Member, bob: Member) -> None:
    first = (await ada.ask("POST", GROUPS, {"handles": ["bob"]})).json()
    second = (await bob.ask("POST", GROUPS, {"handles": ["ada"]})).json()

    assert (first["uuid"], first["display_name"]) == (second["uuid"], "Bob")
    for handles in [], ["x"] * 101, ["ada"], ["nobody"], "bob", [5]:
        refused = await ada.ask("POST", GROUPS, {"handles": handles})
        assert refused.status_code in (422, 404)


async def test_a_report_reaches_the_operator_and_nobody_else(
    ada: Member, bob: Member, api: AsyncClient
) -> None:
    sent = await ada.write("Rude", handle="bob")
    path = f"{GROUPS}/{sent['message_group_uuid']}/messages/{sent['uuid']}/report"
    assert (await bob.ask("POST", path, {"reason": "rude"})).status_code == 204

    async def reported() -> list[tuple[str, str]]:
        found = (await api.get("/api/messages/reports")).json()
        return [(one["message"], one["reason"]) for one in found]

    await eventually(reported, [("Rude", "rude")])
    assert (await bob.ask("GET", "/api/messages/reports")).status_code == 404


async def test_a_message_that_is_sent_again_with_its_key_is_sent_once(
    ada: Member, bob: Member
) -> None:
    body = {"message": "Hello", "handle": "bob"}
    answers = await asyncio.gather(
        *[ada.ask("POST", "/api/messages", body, **{"idempotency-key": "k"}) for _ in range(5)]
    )

    assert len({answer.text for answer in answers}) == 1
    assert await bob.get("/api/messages/counter") == {"count": 1}
    other = {**body, "message": "Hey"}
    reused = await ada.ask("POST", "/api/messages", other, **{"idempotency-key": "k"})
    assert reused.status_code == 422


async def test_a_gathering_is_the_business_of_its_host_and_its_guests(
    ada: Member, bob: Member, api: AsyncClient, platform: Platform
) -> None:
    about = {"handle": "bob", "gathering_id": "default"}
    refused = await ada.ask("POST", "/api/messages", {"message": "Hi", **about})
    assert (refused.status_code, refused.json()) == (404, ["gathering_id_unknown"])

    guest = {"first_name": "Ada", "last_name": "Lovelace", "email": "Ada@example.org"}
    await api.post("/guests", json=guest)

    async def status() -> int:
        return (await ada.ask("POST", "/api/messages", {"message": "Hi", **about})).status_code

    await eventually(status, 200)
    await platform.guests.change_host("default", bob.account_id, actor="test")
    await bob.write("Yes", handle="ada", gathering_id="default")


async def test_a_thing_is_everybodys_business_and_a_booking_that_of_two(
    ada: Member, bob: Member, eve: Member, platform: Platform
) -> None:
    town = Town(platform.things)
    thing = await town.published(content(), organiser=bob.account_id)
    booking = await town.book(thing, parent=ada.account_id, date=DAY)

    await eve.write("For how old?", handle="bob", thing_id=thing.id)
    await ada.write("We come", handle="bob", booking_id=booking.id)
    welcome = await bob.write("Welcome", handle="ada", booking_id=booking.id)
    prying = {"message": "Who is it?", "handle": "bob", "booking_id": booking.id}
    refused = await eve.ask("POST", "/api/messages", prying)

    with_ada = await bob.get(f"{GROUPS}/{welcome['message_group_uuid']}")
    assert with_ada["about"] == {"kind": "booking", "id": booking.id}
    assert (refused.status_code, refused.json()) == (404, ["booking_id_unknown"])


async def test_members_start_a_limited_number_of_conversations_in_a_minute(
    tmp_path: Path,
) -> None:
    platform = await start(Settings(store="memory:", rate_limits="conversation=3/minute"))
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        ada, bob = [await signed_up(platform, client, name) for name in ("ada", "bob")]
        group = (await ada.write("Hello", handle="bob"))["message_group_uuid"]
        for _ in range(2):
            await ada.write("Hello", handle="bob")

        limited = [
            await ada.ask("POST", "/api/messages", {"message": "Hello", "handle": "bob"}),
            await ada.ask("POST", GROUPS, {"handles": ["bob"]}),
            await bob.ask("POST", "/api/messages", {"message": "Hello", "handle": "ada"}),
        ]

        assert [answer.status_code for answer in limited] == [429, 429, 429]
        assert int(limited[0].headers["retry-after"]) > 50
        await ada.write("Hello", message_group_uuid=group)
    await platform.stop()
