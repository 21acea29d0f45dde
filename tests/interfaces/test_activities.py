"""The trail over HTTP: who may read it, which accesses it notes, and the last access of guests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.interfaces.http import Http
from gatherlog.settings import Settings
from tests.interfaces.moments import until
from tests.stores import streams_of

Rows = list[dict[str, Any]]
Ask = Callable[..., Awaitable[AsyncClient]]
PATH = "/admin/activities"
ADA = {"first_name": "Ada", "last_name": "Lovelace"}


@pytest.fixture
async def ask(app: Http, platform: Platform) -> AsyncIterator[Ask]:
    """Makes clients with a host's key, or with another credential."""
    clients: list[AsyncClient] = []

    async def client(gathering_id: str = "default", *, secret: str = "") -> AsyncClient:
        if not secret:
            secret = (await platform.keys.create("host", gathering_id, "", actor="test")).secret
        headers = {"authorization": f"Bearer {secret}"}
        transport = ASGITransport(app=app)
        clients.append(AsyncClient(transport=transport, base_url="http://test", headers=headers))
        return clients[-1]

    yield client
    for one in clients:
        await one.aclose()


@pytest.fixture
async def host(ask: Ask) -> AsyncClient:
    """A client with a host's key, whose reads are not noted."""
    return await ask()


async def jwt(api: AsyncClient, guest_id: str) -> str:
    link = (await api.post(f"/guests/{guest_id}/link")).json()
    login = {"token": link["token"], "lastName": "Lovelace"}
    token: str = (await api.post("/auth/login", json=login)).json()["token"]
    return token


async def shown(asker: AsyncClient, path: str, *, count: int) -> Rows:
    """The trail, as soon as it has `count` activities."""

    async def read() -> Rows:
        answer = await asker.get(path)
        assert answer.status_code == 200
        rows: Rows = answer.json()
        return rows if len(rows) >= count else []

    rows = await until(read)
    assert len(rows) == count
    return rows


def summary(rows: Rows) -> list[tuple[str, str, str | None]]:
    return [(row["action"], row["actor"], row["guest_id"]) for row in rows]


async def accesses(platform: Platform, gathering_id: str = "default") -> list[tuple[bytes, str]]:
    """The noted accesses: the kind, and the guest."""
    await platform.trail.flush()
    events = await platform.store.read_stream(f"access-{gathering_id}")
    return [(event.data.split(b'"')[7], event.subject) for event in events]


@pytest.mark.usefixtures("working")
async def test_the_trail_lists_changes_and_accesses_newest_first(
    api: AsyncClient, host: AsyncClient, ask: Ask, platform: Platform, guest_id: str
) -> None:
    guest = await ask(secret=await jwt(api, guest_id))
    assert (await guest.get("/rsvp")).status_code == 200
    assert (await guest.put("/rsvp", json={"numGuests": 2})).status_code == 200
    assert (await api.get(f"/guests/{guest_id}")).status_code == 200
    await platform.trail.flush()

    rows = await shown(host, PATH, count=7)

    operator = rows[0]["actor"]
    assert summary(rows[:-1]) == [
        ("guest_read", operator, guest_id),
        ("guests.rsvp_submitted", f"guest:{guest_id}", guest_id),
        ("rsvp_read", f"guest:{guest_id}", guest_id),
        ("login", f"guest:{guest_id}", guest_id),
        ("guests.link_issued", operator, guest_id),
        ("guests.guest_added", operator, guest_id),
    ]
    assert summary(rows[-1:]) == [("guests.gathering_created", "system", None)]
    assert await shown(host, f"/guests/{guest_id}/activities", count=6) == rows[:-1]
    assert await shown(host, f"/gatherings/default{PATH}", count=7) == rows


@pytest.mark.usefixtures("working")
async def test_an_activity_has_the_shape_that_clients_know(
    host: AsyncClient, platform: Platform, guest_id: str
) -> None:
    [row] = await shown(host, f"/guests/{guest_id}/activities", count=1)

    [_, added] = await platform.store.read_stream("gathering-default")
    assert row == {
        "id": added.id,
        "gathering_id": "default",
        "guest_id": guest_id,
        "action": "guests.guest_added",
        "actor": row["actor"],
        "timestamp": rfc3339(added.time),
        "created_at": rfc3339(added.recorded),
    }
    assert row["actor"].startswith("key:")


@pytest.mark.usefixtures("working")
async def test_the_trail_is_paged_and_filtered(host: AsyncClient) -> None:
    ids = [(await host.post("/guests", json=ADA)).json()["id"] for _ in range(5)]
    everything = await shown(host, PATH, count=6)

    first = await host.get(f"{PATH}?limit=4&action=guests.guest_added")
    second = await host.get(first.links["next"]["url"])

    assert first.json() + second.json() == everything[:5]
    assert [row["guest_id"] for row in everything[:5]] == ids[::-1]
    assert "next" not in second.links
    one = await host.get(f"{PATH}?guest_id={ids[2].upper()}&action=guests.guest_added")
    assert one.json() == [everything[2]]
    assert (await host.get(f"{PATH}?actor=system")).json() == everything[5:]
    assert (await host.get(f"{PATH}?action=login")).json() == []


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "sort=up", "action=", "cursor=x"])
async def test_an_invalid_query_is_refused(host: AsyncClient, query: str) -> None:
    refused = await host.get(f"{PATH}?{query}")

    assert refused.status_code in (400, 422)
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("working")
async def test_nobody_sees_the_trail_of_another_gathering(
    api: AsyncClient, host: AsyncClient, ask: Ask, guest_id: str
) -> None:
    other = (await api.post("/gatherings", json={"event_name": "Other"})).json()["id"]
    theirs = (await api.post(f"/gatherings/{other}/guests", json=ADA)).json()["id"]
    await shown(api, f"/gatherings/{other}/guests/{theirs}/activities", count=1)
    await shown(api, f"/guests/{guest_id}/activities", count=1)
    guest = await ask(secret=await jwt(api, guest_id))

    answers = [
        await host.get(f"/gatherings/{other}{PATH}"),
        await host.get(f"/gatherings/{other}/guests/{theirs}/activities"),
        await host.get(f"/guests/{theirs}/activities"),
        await api.get(f"/guests/{theirs}/activities"),
        await api.get(f"/gatherings/{other}/guests/{guest_id}/activities"),
        await guest.get(PATH),
        await guest.get(f"/guests/{guest_id}/activities"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7
    assert (await host.get(f"{PATH}?guest_id={theirs}")).json() == []


@pytest.mark.usefixtures("working")
async def test_what_a_removed_guest_did_stays_and_a_removed_gathering_is_gone(
    api: AsyncClient, host: AsyncClient, guest_id: str
) -> None:
    other = (await api.post("/gatherings", json={"event_name": "Other"})).json()["id"]
    await shown(host, f"/guests/{guest_id}/activities", count=1)
    await host.delete(f"/guests/{guest_id}")
    await api.delete(f"/gatherings/{other}")

    rows = await shown(host, f"/guests/{guest_id}/activities", count=2)

    assert [row["action"] for row in rows] == ["guests.guest_removed", "guests.guest_added"]
    assert (await host.get(f"/guests/{guest_id}")).status_code == 404
    assert (await api.get(f"/gatherings/{other}{PATH}")).status_code == 404


async def test_a_guest_who_is_not_in_the_trail_yet_has_no_activities(
    host: AsyncClient, guest_id: str
) -> None:
    new = await host.get(f"/guests/{guest_id}/activities")
    never = await host.get("/guests/00000000-0000-7000-8000-000000000000/activities")

    assert (new.status_code, new.json(), never.status_code) == (200, [], 404)


@pytest.mark.usefixtures("working")
async def test_hosts_see_the_last_access_of_a_guest_and_it_changes_no_etag(
    api: AsyncClient, host: AsyncClient, ask: Ask, platform: Platform, guest_id: str
) -> None:
    path = f"/admin/guests/{guest_id}"
    token = await jwt(api, guest_id)
    never = await host.get(path)
    assert (never.json()["lastLogin"], never.json()["lastAccess"]) == (None, None)

    await (await ask(secret=token)).get("/rsvp")
    await platform.trail.flush()

    async def seen() -> bool:
        return (await host.get(path)).json()["lastAccess"] is not None

    await until(seen)
    guest = await host.get(path)
    [login, read] = await platform.store.read_stream("access-default")
    assert guest.json()["lastLogin"] == rfc3339(login.time)
    assert guest.json()["lastAccess"] == rfc3339(read.time)
    assert guest.headers["etag"] == never.headers["etag"]
    assert (await host.get("/admin/guests")).json() == [guest.json()]
    again = await host.put(path, json=guest.json() | {"firstName": "Augusta"})
    assert again.json() == guest.json() | {
        "firstName": "Augusta",
        "updatedAt": again.json()["updatedAt"],
    }
    assert not {"lastLogin", "last_login"} & (await host.get(f"/guests/{guest_id}")).json().keys()


@pytest.mark.parametrize(
    ("path", "access"),
    [
        ("/guests", (b"guests_listed", "")),
        ("/admin/guests?q=ada", (b"guests_listed", "")),
        ("/groups/Byron", (b"guests_listed", "")),
        ("/guests/{guest}", (b"guest_read", "{guest}")),
        ("/admin/guests/{guest}", (b"guest_read", "{guest}")),
        ("/guests.csv", (b"guests_exported", "")),
        ("/admin/activities", (b"activities_read", "")),
        ("/guests/{guest}/activities", (b"activities_read", "{guest}")),
        ("/streams/gathering-default", (b"log_read", "")),
    ],
)
async def test_what_an_operator_reads_is_noted_once_an_hour(
    api: AsyncClient, platform: Platform, guest_id: str, path: str, access: tuple[bytes, str]
) -> None:
    await api.put(f"/guests/{guest_id}", json={"group_id": "Byron"})

    for _ in range(3):
        answer = await api.get(path.format(guest=guest_id))
        assert answer.status_code == 200

    assert await accesses(platform) == [(access[0], access[1].format(guest=guest_id))]


async def test_a_read_of_more_than_one_stream_is_noted_for_the_site(
    api: AsyncClient, platform: Platform
) -> None:
    for path in ("/logs", "/logs/gathering", "/streams/gathering-x", "/streams/other-1"):
        await api.get(path)

    assert await accesses(platform, "site") == [(b"log_read", "")]
    assert [head.stream for head in await streams_of(platform.store, "access")] == ["access-site"]


async def test_that_an_operator_reads_reported_messages_is_noted_for_the_site(
    api: AsyncClient, platform: Platform
) -> None:
    for _ in range(2):
        assert (await api.get("/api/messages/reports")).status_code == 200

    assert await accesses(platform, "site") == [(b"reports_read", "")]
    assert await accesses(platform) == []


async def test_of_a_host_only_exports_are_noted(
    host: AsyncClient, platform: Platform, guest_id: str
) -> None:
    for path in ("/guests", f"/guests/{guest_id}", "/groups", "/admin/stats", PATH, "/guests.csv"):
        assert (await host.get(path)).status_code == 200

    assert await accesses(platform) == [(b"guests_exported", "")]


async def test_refused_requests_and_those_without_personal_data_are_not_noted(
    api: AsyncClient, nobody: AsyncClient, platform: Platform, guest_id: str
) -> None:
    await api.get("/guests/00000000-0000-7000-8000-000000000000")
    await api.get("/guests?limit=0")
    await api.get("/admin/stats")
    await api.put(f"/guests/{guest_id}", json={"first_name": "Augusta"})
    await nobody.get("/guests.csv")
    await nobody.post("/auth/login", json={"token": "wrong", "lastName": "Lovelace"})

    assert await accesses(platform) == []


async def test_reading_the_invitation_is_noted_and_answering_is_not(
    api: AsyncClient, nobody: AsyncClient, platform: Platform, guest_id: str
) -> None:
    link = (await api.post(f"/guests/{guest_id}/link")).json()["token"]
    await nobody.post(f"/r/{link}", content=b"")
    assert await accesses(platform) == []

    assert (await nobody.get(f"/r/{link}")).status_code == 200
    assert (await nobody.get("/r/" + "A" * 43)).status_code == 404

    assert await accesses(platform) == [(b"rsvp_read", guest_id)]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("host", {(b"guests_exported", "")}),
        (
            "operator",
            {(b"guests_exported", ""), (b"guests_listed", ""), (b"guest_read", "{guest}")},
        ),
    ],
)
async def test_pages_of_hosts_are_noted_like_the_api(
    app: Http, platform: Platform, guest_id: str, role: str, expected: set[tuple[bytes, str]]
) -> None:
    bound = "default" if role == "host" else None
    key = await platform.keys.create(role, bound, "", actor="test")
    transport = ASGITransport(app=app)
    cookies = {"gatherlog": key.secret}
    async with AsyncClient(transport=transport, base_url="http://test", cookies=cookies) as browser:
        for page in ("", f"/guests/{guest_id}", "/print", "/guests.csv"):
            assert (await browser.get(f"/host/default{page}")).status_code == 200

    wanted = {(what, subject.format(guest=guest_id)) for what, subject in expected}
    found = await accesses(platform)
    assert (set(found), len(found)) == (wanted, len(wanted))


async def test_an_access_of_the_last_second_is_written_when_the_server_stops(
    tmp_path: Path,
) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path}/stopped.db", rate_limits="off")
    platform = await start(settings)
    platform.trail.note("key:1", "guests_listed", "default")
    await platform.stop()

    again = await start(settings)

    assert await accesses(again) == [(b"guests_listed", "")]
    await again.stop()
