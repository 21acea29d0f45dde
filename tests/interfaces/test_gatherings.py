"""Several gatherings: each has the same paths, and shows nothing of another."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Application


@pytest.fixture
async def party(api: AsyncClient) -> str:
    """The id of a second gathering."""
    made = await api.post("/gatherings", json={"event_name": "Party", "time_zone": "Europe/Berlin"})
    id: str = made.json()["id"]
    return id


@pytest.fixture
async def host(app: Application, platform: Platform, party: str) -> AsyncIterator[AsyncClient]:
    """A client with the key of the second gathering's host."""
    key = await platform.keys.create("host", party, "", actor="test")
    transport, headers = ASGITransport(app=app), {"Authorization": f"Bearer {key.secret}"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


async def test_a_gathering_is_made_read_changed_and_removed(api: AsyncClient) -> None:
    made = await api.post("/gatherings", json={"event_name": "Party", "max_guests": 10})
    id, path = made.json()["id"], made.headers["location"]

    changed = await api.put(path, json={"event_name": "Ball", "max_guests": None})
    read = await api.get(path)
    removed = await api.delete(path)

    assert (made.status_code, path) == (201, f"/gatherings/{id}")
    assert (changed.status_code, changed.json()["event_name"], changed.json()["max_guests"]) == (
        200,
        "Ball",
        None,
    )
    assert read.json() == changed.json()
    assert removed.status_code == 204
    for method, below in (("GET", ""), ("DELETE", ""), ("GET", "/guests"), ("GET", "/admin/stats")):
        assert (await api.request(method, path + below)).status_code == 404


async def test_guests_of_one_gathering_are_not_in_another(api: AsyncClient, party: str) -> None:
    guest = {"first_name": "Ada", "last_name": "Lovelace", "group_id": "L"}
    created = await api.post(f"/gatherings/{party}/guests", json=guest)
    id = created.json()["id"]

    assert created.headers["location"] == f"/gatherings/{party}/guests/{id}"
    assert (await api.get(created.headers["location"])).json() == created.json()
    assert (await api.get("/guests")).json() == []
    assert (await api.get("/groups")).json() == []
    assert [
        (await api.get(f"/guests/{id}")).status_code,
        (await api.delete(f"/guests/{id}")).status_code,
        (await api.post(f"/guests/{id}/rsvp", json={"attending": True})).status_code,
        (await api.get("/groups/L")).status_code,
    ] == [404, 404, 404, 404]


async def test_default_is_a_gathering_like_any_other(api: AsyncClient, guest_id: str) -> None:
    by_name = await api.get(f"/gatherings/default/guests/{guest_id}")

    assert by_name.json() == (await api.get(f"/guests/{guest_id}")).json()


async def test_an_operator_sees_all_gatherings(api: AsyncClient, party: str) -> None:
    listed = (await api.get("/gatherings")).json()

    assert {gathering["id"] for gathering in listed} == {"default", party}


async def test_a_host_sees_and_runs_the_one_gathering(host: AsyncClient, party: str) -> None:
    listed = await host.get("/gatherings")
    guest = {"first_name": "Ada", "last_name": "Lovelace"}
    added = await host.post(f"/gatherings/{party}/guests", json=guest)
    renamed = await host.put(f"/gatherings/{party}", json={"event_name": "Ball"})

    assert [gathering["id"] for gathering in listed.json()] == [party]
    assert (added.status_code, renamed.status_code) == (201, 200)


async def test_to_a_host_other_gatherings_do_not_exist(host: AsyncClient, guest_id: str) -> None:
    unknown = "0198f3c2-0000-7000-8000-000000000000"
    answers = [
        await host.get("/guests"),
        await host.get(f"/guests/{guest_id}"),
        await host.delete(f"/guests/{guest_id}"),
        await host.put("/admin/settings", json={"event_name": "mine"}),
        await host.get("/gatherings/default"),
        await host.delete("/gatherings/default"),
        await host.get(f"/gatherings/{unknown}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert len({answer.text for answer in answers}) == 1  # nothing tells one from the other


async def test_a_host_cannot_reach_a_guest_of_another_through_the_own_gathering(
    host: AsyncClient, party: str, guest_id: str
) -> None:
    answer = await host.get(f"/gatherings/{party}/guests/{guest_id}")

    assert answer.status_code == 404


async def test_a_host_whose_gathering_was_removed_sees_none(
    host: AsyncClient, api: AsyncClient, party: str
) -> None:
    await api.delete(f"/gatherings/{party}")

    listed = await host.get("/gatherings")

    assert (listed.status_code, listed.json()) == (200, [])


async def test_the_gathering_that_short_paths_mean_is_never_removed(
    api: AsyncClient, guest_id: str
) -> None:
    refused = await api.delete("/gatherings/default")

    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "Paths that name no gathering mean this one, so it stays. Remove its guests, or rename it.",
    )
    assert (await api.get(f"/guests/{guest_id}")).status_code == 200


async def test_a_host_may_not_make_gatherings(host: AsyncClient) -> None:
    refused = await host.post("/gatherings", json={"event_name": "Another"})

    assert (refused.status_code, refused.json()["code"]) == (403, "denied")


async def test_a_gathering_has_an_end_and_the_moments_that_are_made_of_it(
    api: AsyncClient,
) -> None:
    new = {
        "event_name": "Ball",
        "event_date": "2027-03-28T02:30",
        "event_end": "2027-03-28T06:00",
        "time_zone": "Europe/Berlin",
    }
    made = (await api.post("/gatherings", json=new)).json()
    path = f"/gatherings/{made['id']}"

    times = ("event_date", "event_end", "starts_at", "ends_at")
    assert [made[name] for name in times] == [
        "2027-03-28T02:30:00",
        "2027-03-28T06:00:00",
        "2027-03-28T01:30:00.000000Z",
        "2027-03-28T04:00:00.000000Z",
    ]
    moved = await api.put(path, json={"event_date": "2027-06-05T20:00"})
    assert [moved.json()[name] for name in times[:2]] == [
        "2027-06-05T20:00:00",
        "2027-06-05T23:30:00",
    ]
    as_read = await api.put(path, json=moved.json() | {"event_end": None})
    assert [as_read.json()[name] for name in times[1:]] == [
        None,
        "2027-06-05T18:00:00.000000Z",
        "2027-06-05T21:00:00.000000Z",
    ]
    refused = await api.put(path, json={"event_end": "2027-06-05T19:00"})
    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [{"pointer": "/event_end", "detail": "should be after the beginning"}],
    )
