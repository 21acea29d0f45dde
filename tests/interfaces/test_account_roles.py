"""Roles of accounts over HTTP."""

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform

ID = "0198f3c2-0000-7000-8000-000000000000"


async def test_the_operator_sets_the_roles_of_an_account(
    api: AsyncClient, platform: Platform
) -> None:
    olga = await platform.accounts.ensure("olga@example.org", actor="cli")

    given = await api.put(f"/accounts/{olga}/roles", json={"roles": ["reviewer", "organiser"]})
    left = await api.put(f"/accounts/{olga}/roles", json={"roles": ["reviewer"]})

    assert (given.status_code, given.json()["roles"]) == (200, ["organiser", "reviewer"])
    assert (left.status_code, left.json()) == (200, {"id": olga, "roles": ["reviewer"]})
    assert await platform.accounts.roles(olga) == ("reviewer",)


@pytest.mark.parametrize("roles", [["operator"], ["guest"], [1], "reviewer", None])
async def test_other_roles_are_refused(api: AsyncClient, platform: Platform, roles: object) -> None:
    olga = await platform.accounts.ensure("olga@example.org", actor="cli")

    refused = await api.put(f"/accounts/{olga}/roles", json={"roles": roles})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith("/roles")
    assert await platform.accounts.roles(olga) == ()


async def test_an_unknown_account_is_not_found(api: AsyncClient) -> None:
    assert (await api.put(f"/accounts/{ID}/roles", json={"roles": []})).status_code == 404


async def test_an_organiser_gives_themselves_no_role(
    nobody: AsyncClient, platform: Platform
) -> None:
    olga = await platform.accounts.ensure("olga@example.org", actor="cli")
    await platform.accounts.change_roles(olga, add=["organiser"], actor="cli")
    code = await platform.accounts.issue_code("olga@example.org")
    session = await platform.accounts.start_session("olga@example.org", code)

    refused = await nobody.put(
        f"/accounts/{olga}/roles",
        json={"roles": ["reviewer"]},
        headers={"authorization": f"Bearer {session}"},
    )

    assert refused.status_code == 404
    assert await platform.accounts.roles(olga) == ("organiser",)
