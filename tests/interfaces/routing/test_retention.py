"""Retention over HTTP: rules are set, tried out, shown, counted and removed; events expire."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform
from gatherlog.core.retention.rules import DAY
from tests.interfaces.routing.inbox import in_feed, sign_up
from tests.stores import eventually

PLACE = "/retention/short"
RULE = {"log": "users", "days": 1}


async def put(api: AsyncClient, *, dry_run: bool = False, **rule: Any) -> Any:
    return await api.put(PLACE, json={**RULE, **rule}, params={"dry_run": dry_run})


async def test_a_rule_is_set_shown_listed_and_removed(api: AsyncClient) -> None:
    made = await put(api, type="signup")
    again = await put(api, type="signup", days=30)

    assert (made.status_code, again.status_code) == (200, 200)
    assert {key: made.json()[key] for key in ("name", "log", "type", "subject", "days")} == {
        "name": "short",
        "log": "users",
        "type": "signup",
        "subject": None,
        "days": 1,
    }
    shown = (await api.get(PLACE)).json()
    assert shown == again.json()
    assert (shown["days"], shown["expired"]) == (30, 0)
    await eventually(lambda: listed(api), [shown])
    assert (await api.delete(PLACE)).status_code == 204
    assert [(await api.get(PLACE)).status_code, (await api.delete(PLACE)).status_code] == [404, 404]


async def listed(api: AsyncClient) -> Any:
    return (await api.get("/retention")).json()


async def test_what_get_answers_may_be_put_back(api: AsyncClient) -> None:
    await put(api)
    shown = (await api.get(PLACE)).json()

    assert (await api.put(PLACE, json=shown)).json() == shown


async def test_a_trial_writes_nothing(api: AsyncClient) -> None:
    await sign_up(api)
    await in_feed(api, "users", 1)

    tried = await put(api, dry_run=True)

    assert tried.json() == {"matching": 0, "oldest": None, "newest": None}
    assert (await api.get(PLACE)).status_code == 404


@pytest.mark.parametrize(
    ("rule", "status", "told"),
    [
        ({"days": 0}, 422, "/days"),
        ({"days": "1"}, 422, "/days"),
        ({"log": "rules"}, 422, "/log"),
        ({"log": "x-y"}, 422, "/log"),
        ({"type": ""}, 422, "/type"),
        ({"more": 1}, 422, "more"),
        ({"log": "gathering"}, 409, "'gathering'"),
        ({"log": "account"}, 409, "'account'"),
        ({"log": "inbox"}, 409, "membership"),
        ({"log": "access"}, 200, ""),
    ],
)
async def test_what_may_not_expire_is_refused_with_a_reason(
    api: AsyncClient, rule: dict[str, Any], status: int, told: str
) -> None:
    for dry_run in (True, False):
        answer = await put(api, dry_run=dry_run, **rule)

        assert answer.status_code == status, answer.text
        assert status == 200 or told in answer.text


async def test_expired_events_are_shown_as_such_and_counted(
    api: AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_up(api, name="Ada")
    await in_feed(api, "users", 1)
    await put(api)
    await eventually(lambda: has_rule(platform), True)
    stream = (await api.get("/streams", params={"log": "users"})).json()[0]["stream"]
    [before] = (await api.get(f"/streams/{stream}")).json()

    monkeypatch.setattr(platform.expiry, "_clock", lambda: platform.clock() + 2 * DAY)
    await platform.expiry.go_round()

    [after] = (await api.get(f"/streams/{stream}")).json()
    gone = ("data", "meta", "actor")
    assert after == {**{k: v for k, v in before.items() if k not in gone}, "expired": True}
    [item] = (await api.get("/logs/users")).json()["items"]
    assert (item["payload"], item["expired"]) == ({"id": stream.partition("-")[2]}, True)
    assert (await api.get(PLACE)).json()["expired"] == 1
    metrics = (await api.get("/metrics")).text
    assert 'gatherlog_events_expired_total{rule="short"} 1.0' in metrics


async def has_rule(platform: Platform) -> bool:
    return [rule.name for rule in await platform.retention.rules()] == ["short"]
