"""Dead letters over HTTP: listed, redriven and discarded."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.subscription import PROJECTION
from tests.core.subscriptions.followers import give_up
from tests.interfaces.moments import until
from tests.interfaces.routing.inbox import Inbox, create_rule, listed, sign_up, to_inbox
from tests.stores import eventually


async def test_a_delivery_that_was_given_up_is_a_dead_letter_that_can_be_redriven(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"attempts": 2, "first_pause": 0.01})])
    inbox.refuses = True
    await sign_up(api, name="Ada")

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters?destination=r/target")).json()
        return found

    [dead_letter] = await until(dead)
    envelope = (await api.get(f"/dead-letters/{dead_letter['id']}/envelope")).json()
    inbox.refuses = False
    redriven = await api.post(f"/dead-letters/{dead_letter['id']}/redrive")

    async def gone() -> bool:
        return (await api.get(f"/dead-letters/{dead_letter['id']}")).status_code == 404

    await until(gone)
    reason = (dead_letter["attempts"], dead_letter["kind"], dead_letter["detail"])
    assert reason == (2, "raised", "RuntimeError: not now")
    assert dead_letter["stream"] == "users-u1"
    assert envelope["requestContext"]["condition"] == "RetriesExhausted"
    assert envelope["requestContext"]["approximateInvokeCount"] == 2
    assert envelope["requestPayload"]["detail"]["payload"] == {"id": "u1", "name": "Ada"}
    assert envelope["responsePayload"]["errorMessage"] == "RuntimeError: not now"
    assert redriven.status_code == 202
    assert inbox.versions() == [1]


async def test_many_dead_letters_are_discarded_with_a_reason(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"attempts": 1})])
    inbox.refuses = True
    for number in range(3):
        await sign_up(api, f"u{number}")

    async def three() -> bool:
        return len(await listed(api, "/dead-letters?destination=r/target")) == 3

    await until(three)
    chosen = {"reason": "a test", "destination": "r/target"}
    answer = await api.post("/dead-letters/discard", json=chosen)

    assert answer.json() == {"done": 3, "more": False, "left_out_of": []}
    await eventually(lambda: listed(api, "/dead-letters"), [])
    discarded = await listed(api, "/dead-letters?state=discarded&limit=2")
    assert [(one["state"], one["reason"]) for one in discarded] == [("discarded", "a test")] * 3


async def test_discarding_what_a_projection_could_not_fold_says_what_its_totals_lack(
    api: AsyncClient, platform: Platform
) -> None:
    id = await give_up(platform.store, "logs", PROJECTION)
    await give_up(platform.store, "mails", "mails")
    lacking = (
        "The documents of logs, and the totals in them, lack this event until the subscription is"
        " reset."
    )
    assert (await api.get(f"/dead-letters/{id}")).json()["if_discarded"] == lacking

    await eventually(lambda: listed_ids(api, "dead"), 2)
    answer = await api.post("/dead-letters/discard", json={"all": True, "reason": "a test"})
    redriven = await api.post(f"/dead-letters/{id}/redrive")

    assert answer.json() == {"done": 2, "more": False, "left_out_of": ["logs"]}
    assert (redriven.status_code, redriven.json()["code"]) == (409, "refused")


async def listed_ids(api: AsyncClient, state: str) -> int:
    return len(await listed(api, f"/dead-letters?state={state}"))


async def test_a_discard_without_a_reason_is_refused(api: AsyncClient) -> None:
    refused = await api.post("/dead-letters/discard", json={"reason": ""})

    assert refused.status_code == 422


async def test_a_dead_letter_of_a_target_that_holds_keeps_later_events_waiting(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"attempts": 1}, holds=True)])
    inbox.refuses = True
    await sign_up(api)

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters")).json()
        return found

    [dead_letter] = await until(dead)
    inbox.refuses = False
    await sign_up(api)
    await sign_up(api, "u2")

    async def other() -> bool:
        return [d.event.stream for d in inbox.given] == ["users-u2"]

    await until(other)
    parked = (await api.get("/subscriptions/bus")).json()["parks"]
    await api.post("/dead-letters/redrive", json={"all": True})

    async def all_there() -> bool:
        return len(inbox.given) == 3

    await until(all_there)
    assert [(p["destination"], p["stream"], p["version"]) for p in parked] == [
        ("r/target", "users-u1", 1)
    ]
    assert inbox.versions() == [1, 1, 2]
    assert dead_letter["holds"] is True


async def test_a_redrive_to_a_removed_rule_fails_with_that_reason(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"attempts": 1})])
    inbox.refuses = True
    await sign_up(api)

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters")).json()
        return found

    [dead_letter] = await until(dead)
    await api.delete("/rules/r")
    await api.post(f"/dead-letters/{dead_letter['id']}/redrive")

    async def back() -> bool:
        again = (await api.get(f"/dead-letters/{dead_letter['id']}")).json()
        return bool((again["state"], again["kind"]) == ("dead", "no_destination"))

    await until(back)
    assert "r/target" in (await api.get(f"/dead-letters/{dead_letter['id']}")).json()["detail"]


async def test_all_dead_letters_are_redriven_only_if_all_is_said(api: AsyncClient) -> None:
    for body in ({}, {"all": True, "subscription": "bus"}):
        refused = await api.post("/dead-letters/redrive", json=body)

        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/all")


async def test_dead_letters_of_one_stream_are_redriven_in_order(
    api: AsyncClient, inbox: Inbox
) -> None:
    retry = {"attempts": 1, "first_pause": 0.01, "longest_pause": 0.05}
    await create_rule(api, targets=[to_inbox(retry=retry)])
    inbox.refuses = True
    for _ in range(12):
        await sign_up(api)

    async def twelve() -> bool:
        return len(await listed(api, "/dead-letters")) == 12

    await until(twelve)
    inbox.refuses = False
    for dead_letter in await listed(api, "/dead-letters"):
        await api.post(f"/dead-letters/{dead_letter['id']}/redrive")

    async def all_there() -> bool:
        return len(inbox.given) == 12

    await until(all_there)
    assert inbox.versions() == list(range(1, 13))


class NotAnException(BaseException):
    """As extensions in other languages raise."""


async def test_whatever_a_handler_raises_stops_nothing_else(
    api: AsyncClient, platform: Platform, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"attempts": 1})])
    calls = 0

    async def once(self: Inbox, delivery: Delivery) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise NotAnException("down")
        self.given.append(delivery)

    monkeypatch.setattr(Inbox, "__call__", once)
    await sign_up(api)
    await sign_up(api)

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters")).json()
        return found

    [dead_letter] = await until(dead)
    assert dead_letter["detail"] == "NotAnException: down"
    assert platform.worker.is_running

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    assert inbox.versions() == [2]
