"""Erasing accounts: names, addresses, children, messages and enquiries are gone for good."""

import asyncio

import pytest
from httpx2 import AsyncClient

from gatherlog.apps.things.inputs import ChildDetails, Enquiry
from gatherlog.bootstrap import Platform
from tests.interfaces.erasing.traces import flaws, holding
from tests.interfaces.talking import Member, signed_up
from tests.stores import eventually

HANDLE = "quibblefax"


@pytest.fixture
async def zelda(platform: Platform, nobody: AsyncClient) -> Member:
    """A member who has left traces everywhere."""
    zelda = await signed_up(platform, nobody, HANDLE)
    id = zelda.account_id
    child = ChildDetails(name="Quibblefax junior", birth_date="2020-05-05")
    await platform.things.add_child(child, id, actor=f"account:{id}")
    await platform.things.save_profile(id, "Quibblefax and sons", actor=f"account:{id}")
    await platform.keys.create("member", None, "of Quibblefax", account_id=id, actor="test")
    enquiry = Enquiry(subject="A question", text="Who are you?", sender=f"{HANDLE}@example.org")
    await platform.things.enquire(enquiry, actor="nobody")
    return zelda


async def test_nothing_is_left_of_an_account_but_ids(
    platform: Platform,
    nobody: AsyncClient,
    zelda: Member,
) -> None:
    ben = await signed_up(platform, nobody, "benedict")
    sent = await zelda.write("This is quibblefax speaking", handle="benedict")
    group = sent["message_group_uuid"]
    await ben.write("Hello you", message_group_uuid=group)
    assert await holding(platform, HANDLE) != []

    await platform.eraser.erase("account", zelda.account_id, by="test")

    for text in (HANDLE, "Quibblefax"):
        assert await holding(platform, text) == []
    assert await flaws(platform) == []
    assert (await zelda.ask("GET", "/account")).status_code == 401
    texts = [one["message"] for one in await ben.get(f"/api/messages/{group}")]
    assert texts == ["Hello you", ""]


async def test_the_handle_and_the_address_of_an_erased_account_are_free_again(
    platform: Platform,
    nobody: AsyncClient,
    zelda: Member,
) -> None:
    await platform.eraser.erase("account", zelda.account_id, by="test")

    another = await signed_up(platform, nobody, HANDLE)

    assert another.account_id != zelda.account_id
    assert (await another.get("/account"))["handle"] == HANDLE


async def test_messages_that_were_found_are_not_found_any_more(
    platform: Platform,
    nobody: AsyncClient,
    zelda: Member,
) -> None:
    ben = await signed_up(platform, nobody, "benedict")
    await zelda.write("a zygomorphic flower", handle="benedict")

    async def found() -> int:
        answer = await ben.ask("GET", "/api/messages/search?q=zygomorphic")
        return len(answer.json()) if answer.status_code == 200 else -1

    await eventually(found, 1)
    await platform.eraser.erase("account", zelda.account_id, by="test")
    await eventually(found, 0)
    await eventually(lambda: holding(platform, "zygomorphic"), [])


async def test_a_member_who_writes_at_that_moment_is_erased_too(
    platform: Platform, nobody: AsyncClient, zelda: Member
) -> None:
    ben = await signed_up(platform, nobody, "benedict")
    group = (await zelda.write("first", handle="benedict"))["message_group_uuid"]
    answers: list[int] = []

    async def keep_writing() -> None:
        for number in range(500):
            text = {"message": f"quibblefax {number}", "message_group_uuid": group}
            answers.append((await zelda.ask("POST", "/api/messages", text)).status_code)
            if answers[-1] == 401:
                return

    await asyncio.gather(
        keep_writing(), platform.eraser.erase("account", zelda.account_id, by="test")
    )

    assert (answers[-1], set(answers)) == (401, {200, 401})
    assert await holding(platform, HANDLE) == []
    assert await flaws(platform) == []
    assert {one["message"] for one in await ben.get(f"/api/messages/{group}")} == {""}
