"""Subscriptions over HTTP: paused, reset, and what waits in them."""

from typing import Any

import msgspec
import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core import Append, Commit, Event
from gatherlog.core.routing import RULES
from tests.interfaces.moments import until
from tests.interfaces.routing.inbox import Inbox, create_rule, sign_up, to_inbox


async def test_a_paused_bus_delivers_nothing_until_it_is_resumed(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api)
    paused = await api.post("/subscriptions/bus/pause")

    async def is_paused() -> bool:
        return bool((await api.get("/subscriptions/bus")).json()["paused"])

    await until(is_paused)
    await sign_up(api)

    async def is_behind() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        return bool(status["behind"] > 0 and status["oldest_seconds"] >= 0)

    await until(is_behind)
    assert (await api.get("/subscriptions/bus")).json()["behind_is_least"] is False
    await api.post("/subscriptions/bus/resume")

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    assert paused.status_code == 204


async def test_a_projection_can_only_be_reset_to_the_start(api: AsyncClient) -> None:
    async def read() -> bool:
        return (await api.get("/subscriptions/logs")).status_code == 200

    await until(read)
    refused = await api.post("/subscriptions/logs/reset", json={"to": "end"})
    accepted = await api.post("/subscriptions/logs/reset", json={"to": "start"})

    assert (refused.status_code, accepted.status_code) == (422, 204)


@pytest.mark.parametrize(
    "path", ["/rules/no", "/subscriptions/no", "/dead-letters/no", "/dead-letters/no/envelope"]
)
async def test_what_does_not_exist_is_not_found(api: AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 404


async def test_metrics_count_deliveries_that_were_made_and_given_up(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"attempts": 1})])
    await sign_up(api, "u1")

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    inbox.refuses = True
    await sign_up(api, "u2")

    async def counted() -> bool:
        lines = (await api.get("/metrics")).text.splitlines()
        return {
            'gatherlog_deliveries_delivered_total{subscription="bus"} 1.0',
            'gatherlog_deliveries_given_up_total{subscription="bus"} 1.0',
            'gatherlog_dead_letters{subscription="bus"} 1.0',
            'gatherlog_subscription_lag{partition="0",subscription="bus"} 0.0',
            'gatherlog_subscription_oldest_seconds{partition="0",subscription="bus"} 0.0',
            'gatherlog_events_appended_total{log="users"} 2.0',
        } <= set(lines)

    await until(counted)


async def test_a_disabled_rule_still_delivers_events_that_waited(
    api: AsyncClient, inbox: Inbox
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"first_pause": 0.3, "longest_pause": 0.3})])
    inbox.refuses = True
    for _ in range(3):
        await sign_up(api)

    async def waits() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        all_read = all(one["position"] == one["head"] for one in status["partitions"])
        return bool(status["parked"] and all_read and status["behind"] == 3)

    await until(waits)
    await api.put("/rules/r", json={"enabled": False})
    await sign_up(api)
    inbox.refuses = False

    async def three() -> bool:
        return len(inbox.given) == 3

    await until(three)
    assert inbox.versions() == [1, 2, 3]


async def test_a_new_rule_of_the_same_name_gets_nothing_that_waited_for_the_removed_one(
    api: AsyncClient, inbox: Inbox
) -> None:
    slowly = [to_inbox(retry={"first_pause": 0.3, "longest_pause": 0.3})]
    await create_rule(api, targets=slowly)
    inbox.refuses = True
    await sign_up(api, "old")

    async def waits() -> bool:
        return bool((await api.get("/subscriptions/bus")).json()["parked"])

    await until(waits)
    await api.delete("/rules/r")
    await create_rule(api, targets=slowly)
    inbox.refuses = False
    await sign_up(api, "new")

    async def one() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        return bool(inbox.given and not status["parked"] and not status["behind"])

    await until(one)
    assert [delivery.event.stream for delivery in inbox.given] == ["users-new"]


async def test_a_rule_that_is_set_aside_is_named_in_metrics_and_log_and_can_be_removed(
    api: AsyncClient, platform: Platform, inbox: Inbox, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name in ("bad", "good"):
        await create_rule(api, name)
    broken = msgspec.structs.replace(RULES.write("bad", "rules-bus"), body=b"{")
    bent = Event("0198", "rules.rule_bent", 1, 1, b"{", 9, "bad")
    await platform.store.commit(Commit(appends=[Append("rules-bus", [bent])], writes=[broken]))
    await sign_up(api)
    named = 'gatherlog_set_aside{subscription="bus",what="rule bad"} 1.0'

    async def is_named() -> bool:
        return named in (await api.get("/metrics")).text

    await until(is_named)
    [told] = [line for line in capfdbinary.readouterr().err.splitlines() if b"set aside" in line]
    assert msgspec.json.decode(told)["subscription"] == "bus"
    assert msgspec.json.decode(told)["notice"].startswith("rule bad is set aside, and all others")

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    refused = [
        await api.get("/rules/bad"),
        await api.put("/rules/bad", json={"enabled": False}),
        await api.get("/rules/bad/secret"),
    ]
    assert [answer.json()["type"].split(":")[-1] for answer in refused] == ["rule_unreadable"] * 3
    assert [rule["name"] for rule in (await api.get("/rules")).json()] == ["good"]
    assert (await api.delete("/rules/bad")).status_code == 204
    await sign_up(api)

    async def is_named_no_more() -> bool:
        return not await is_named()

    await until(is_named_no_more)


async def test_a_destination_that_is_down_is_counted_and_named_with_when_that_began(
    api: AsyncClient, inbox: Inbox, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await create_rule(api, targets=[to_inbox(retry={"first_pause": 0.05, "longest_pause": 0.1})])
    inbox.refuses = True
    for _ in range(5):
        await sign_up(api)

    async def status() -> dict[str, Any]:
        answer: dict[str, Any] = (await api.get("/subscriptions/bus")).json()
        return answer

    async def is_failing() -> bool:
        return bool((await status())["failing"] == 1)

    await until(is_failing)
    [held] = (await status())["holds"]
    assert (held["destination"], held["failing_since"] is None) == ("r/target", False)
    assert 'gatherlog_failing{subscription="bus"} 1.0' in (await api.get("/metrics")).text
    inbox.refuses = False

    async def all_there() -> bool:
        return len(inbox.given) == 5 and not (await status())["holds"]

    await until(all_there)
    assert inbox.versions() == [1, 2, 3, 4, 5]
    lines = capfdbinary.readouterr().err.splitlines()
    notices = [msgspec.json.decode(line)["notice"] for line in lines if b'"notice"' in line]
    assert [notice.split(":")[0] for notice in notices] == [
        "all deliveries to r/target fail (raised)",
        "r/target takes deliveries again.",
    ]


async def test_a_reset_to_an_unknown_word_says_which_are_known(api: AsyncClient) -> None:
    refused = await api.post("/subscriptions/bus/reset", json={"to": "x"})

    assert refused.status_code == 422
    told = {"pointer": "/to", "detail": "Invalid enum value 'x'; known values: start, end"}
    assert refused.json()["errors"] == [told]
