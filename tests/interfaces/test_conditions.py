"""ETags: a change of an outdated version is refused; an answer the client has is not sent again."""

import pytest
from httpx2 import AsyncClient


@pytest.fixture
async def tag(api: AsyncClient, guest_id: str) -> str:
    return (await api.get(f"/guests/{guest_id}")).headers["etag"]


async def test_every_answer_with_a_guest_carries_its_version(
    api: AsyncClient, guest_id: str, tag: str
) -> None:
    put = await api.put(f"/guests/{guest_id}", json={"email": "a@x.org"})
    read = await api.get(f"/guests/{guest_id}")

    assert put.headers["etag"] == read.headers["etag"] != tag
    assert tag[0] == tag[-1] == '"'


@pytest.mark.parametrize("template", ["{tag}", "*", '"0", {tag}', '"x" , {tag}', ',{tag}, ,W/"a",'])
async def test_a_change_of_the_current_version_is_done(
    api: AsyncClient, guest_id: str, tag: str, template: str
) -> None:
    headers = {"if-match": template.format(tag=tag)}

    put = await api.put(f"/guests/{guest_id}", json={"email": "a@x.org"}, headers=headers)

    assert put.status_code == 200


@pytest.mark.parametrize("template", ['"0"', "W/{tag}", '"{version}0"', '""', '"x"'])
@pytest.mark.parametrize("request_of", ["put", "rsvp", "delete"])
async def test_a_change_of_another_version_is_refused(
    api: AsyncClient, guest_id: str, tag: str, template: str, request_of: str
) -> None:
    headers = {"if-match": template.format(tag=tag, version=tag.strip('"'))}
    before = (await api.get(f"/guests/{guest_id}")).json()
    method, path, json = {
        "put": ("PUT", f"/guests/{guest_id}", {"email": "a@x.org"}),
        "rsvp": ("POST", f"/guests/{guest_id}/rsvp", {"attending": True}),
        "delete": ("DELETE", f"/guests/{guest_id}", None),
    }[request_of]

    refused = await api.request(method, path, json=json, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (412, "stale")
    assert (await api.get(f"/guests/{guest_id}")).json() == before


@pytest.mark.parametrize(
    "header", ["bad", "{version}", "", '"', '{tag} "0"', "*, {tag}", "w/{tag}"]
)
async def test_a_malformed_if_match_is_refused(
    api: AsyncClient, guest_id: str, tag: str, header: str
) -> None:
    headers = {"if-match": header.format(tag=tag, version=tag.strip('"'))}

    refused = await api.put(f"/guests/{guest_id}", json={"email": "a@x.org"}, headers=headers)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/If-Match")
    assert (await api.get(f"/guests/{guest_id}")).headers["etag"] == tag


async def test_settings_and_gatherings_have_versions_too(api: AsyncClient) -> None:
    tag = (await api.get("/admin/settings")).headers["etag"]
    first = await api.put("/admin/settings", json={"location": "A"}, headers={"if-match": tag})

    second = await api.put("/gatherings/default", json={"location": "B"}, headers={"if-match": tag})
    made = await api.post("/gatherings", json={"event_name": "Other"})
    third = await api.delete(made.headers["location"], headers={"if-match": '"0"'})

    assert [answer.status_code for answer in (first, second, third)] == [200, 412, 412]


async def test_a_missing_guest_is_not_found_whatever_if_match_says(api: AsyncClient) -> None:
    path = "/guests/0198f3c2-0000-7000-8000-000000000000"

    assert (await api.delete(path, headers={"if-match": '"1"'})).status_code == 404


@pytest.mark.parametrize("template", ["{tag}", "W/{tag}", "*", '"0", {tag}'])
async def test_an_answer_that_the_client_has_is_not_sent_again(
    api: AsyncClient, guest_id: str, tag: str, template: str
) -> None:
    headers = {"if-none-match": template.format(tag=tag)}

    answer = await api.get(f"/guests/{guest_id}", headers=headers)

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)


async def test_another_version_is_sent(api: AsyncClient, guest_id: str) -> None:
    answer = await api.get(f"/guests/{guest_id}", headers={"if-none-match": '"0"'})

    assert answer.status_code == 200
