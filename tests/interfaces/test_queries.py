"""Query parameters and pages of lists."""

import pytest
from httpx2 import AsyncClient


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=abc", ["/limit"]),
        ("limit=-1", ["/limit"]),
        ("limit=0", ["/limit"]),
        ("limit=1001", ["/limit"]),
        ("limit=1000000000", ["/limit"]),
        ("limit=" + "9" * 400, ["/limit"]),
        ("limit=1.5", ["/limit"]),
        ("limit=", ["/limit"]),
        ("limit", ["/limit"]),
        ("cursor=" + "x" * 5000, ["/cursor"]),
        ("page=2", ["/page"]),
        ("limit=1&limit=2", [""]),
        ("limit=0&page=2", ["/limit", "/page"]),
        ("limit=%FF", [""]),
        ("&".join(f"a{n}=1" for n in range(100)), [""]),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
async def test_an_invalid_parameter_is_refused(
    api: AsyncClient, query: str, pointers: list[str]
) -> None:
    refused = await api.get(f"/guests?{query}")

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert sorted(flaw["pointer"] for flaw in refused.json()["errors"]) == pointers


@pytest.mark.parametrize("path", ["/guests", "/groups", "/gatherings"])
@pytest.mark.parametrize("cursor", ["x", "", "%00", "e30", "Ä"])
async def test_an_invalid_cursor_is_refused(api: AsyncClient, path: str, cursor: str) -> None:
    refused = await api.get(f"{path}?cursor={cursor}")

    assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid")


async def test_a_cursor_of_another_list_is_refused(api: AsyncClient) -> None:
    await _add_guests(api, 2)
    link = (await api.get("/guests?limit=1")).links["next"]["url"]

    refused = await api.get(link.replace("/guests", "/groups"))

    assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize("base", ["", "/gatherings/default"])
async def test_links_lead_through_the_whole_list(api: AsyncClient, base: str) -> None:
    names = await _add_guests(api, 7)

    found, path, pages = [], f"{base}/guests?limit=3", 0
    while path:
        page = await api.get(path)
        found += [guest["first_name"] for guest in page.json()]
        path = page.links["next"]["url"] if "next" in page.links else ""
        pages += 1

    assert (found, pages) == (names, 3)


async def test_a_list_that_ends_has_no_link(api: AsyncClient) -> None:
    await _add_guests(api, 3)

    page = await api.get("/guests?limit=3")

    assert (len(page.json()), "link" in page.headers) == (3, False)


async def test_an_endpoint_without_parameters_refuses_any(api: AsyncClient, guest_id: str) -> None:
    refused = await api.delete(f"/guests/{guest_id}?force=1")

    assert refused.status_code == 422
    assert (await api.get(f"/guests/{guest_id}")).status_code == 200


async def _add_guests(api: AsyncClient, count: int) -> list[str]:
    names = [f"Guest {number}" for number in range(count)]
    for name in names:
        guest = {"first_name": name, "last_name": "Same", "group_id": name}
        await api.post("/guests", json=guest)
    return names
