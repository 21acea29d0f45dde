"""Rules over HTTP: created, changed and removed, and the events that they deliver."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.contracts.commits import whole_stream
from tests.interfaces.moments import until
from tests.interfaces.routing.inbox import (
    SIGNUPS,
    Inbox,
    create_rule,
    in_feed,
    listed,
    sign_up,
    stream,
    to_inbox,
)
from tests.stores import eventually


async def test_a_rule_delivers_events_that_are_appended_after_it_was_created(
    api: AsyncClient, inbox: Inbox
) -> None:
    await sign_up(api)
    await in_feed(api, "users", 1)
    await create_rule(api)
    await sign_up(api)
    await api.post("/logs/users", json={"type": "other", "payload": {"id": "u1"}})
    await sign_up(api)

    async def two() -> bool:
        return len(inbox.given) == 2

    await until(two)
    assert inbox.versions() == [2, 4]
    assert [delivery.rule for delivery in inbox.given] == ["r/target"] * 2


async def test_a_pattern_may_name_fields_of_the_event_or_of_its_bus_form(
    api: AsyncClient, inbox: Inbox
) -> None:
    shapes = [
        {"log": ["users"], "data": {"name": [{"prefix": "A"}]}},
        {
            "source": ["dynamodb-log"],
            "detail-type": ["stream changes"],
            "detail": {"log": ["users"], "payload": {"name": ["Ada"]}},
        },
    ]
    for number, pattern in enumerate(shapes):
        await create_rule(api, f"r{number}", pattern=pattern)
    await sign_up(api, name="Ada")
    await sign_up(api, name="Bob")

    async def two() -> bool:
        return len(inbox.given) == 2

    await until(two)
    assert sorted(delivery.rule for delivery in inbox.given) == ["r0/target", "r1/target"]


async def test_a_transformer_makes_the_input(api: AsyncClient, inbox: Inbox) -> None:
    given = {"paths": {"who": "$.data.name"}, "template": '{"hello": <who>, "to": "dear <who>"}'}
    await create_rule(api, targets=[to_inbox(input=given)])
    await sign_up(api, name='A"da')

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    assert inbox.given[0].input == {"hello": 'A"da', "to": 'dear A"da'}


async def test_a_rule_is_changed_disabled_and_removed(api: AsyncClient, inbox: Inbox) -> None:
    await create_rule(api)
    off = await api.put("/rules/r", json={"enabled": False})
    await sign_up(api, "u1")
    await api.put("/rules/r", json={"enabled": True, "pattern": {"data": {"name": ["Ada"]}}})
    await sign_up(api, "u2", name="Bob")
    await sign_up(api, "u3", name="Ada")

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    removed = await api.delete("/rules/r")

    assert (off.status_code, off.json()["enabled"]) == (200, False)
    assert [delivery.event.stream for delivery in inbox.given] == ["users-u3"]
    assert removed.status_code == 204
    assert (await api.get("/rules/r")).status_code == 404
    await eventually(lambda: listed(api, "/rules"), [])


async def test_a_second_rule_of_the_same_name_is_refused(api: AsyncClient) -> None:
    await create_rule(api)

    again = await api.post(
        "/rules", json={"name": "r", "pattern": SIGNUPS, "targets": [to_inbox()]}
    )

    assert (again.status_code, again.json()["code"]) == (409, "rule_exists")


async def test_a_repeated_request_creates_one_rule(api: AsyncClient) -> None:
    body = {"name": "r", "pattern": SIGNUPS, "targets": [to_inbox()]}
    headers = {"Idempotency-Key": "k"}
    first = await api.post("/rules", json=body, headers=headers)
    second = await api.post("/rules", json=body, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"name": "Ä"}, "/name"),
        ({"pattern": {}}, "/pattern"),
        ({"pattern": {"type": "signup"}}, "/pattern/type"),
        ({"pattern": {"type": [{"regex": "x"}]}}, "/pattern/type/0"),
        ({"targets": []}, "/targets"),
        ({"targets": [to_inbox()] * 2}, "/targets"),
        ({"targets": [to_inbox(id="T 1")]}, "/targets/0/id"),
        ({"targets": [to_inbox(input={"template": "<who>"})]}, "/targets/0/input"),
        ({"targets": [to_inbox(retry={"attempts": 0})]}, "/targets/0/retry/attempts"),
        ({"targets": [to_inbox(retry={"attempts": None, "age": None})]}, "/targets/0/retry"),
        ({"targets": [{"to": {"kind": "handler", "handler": "nobody"}}]}, "/targets/0/to/handler"),
        ({"targets": [{"to": {"kind": "webhook", "url": "ftp://x"}}]}, "/targets/0/to/url"),
        (
            {"targets": [{"to": {"kind": "webhook", "url": "https://a:b@example.org/"}}]},
            "/targets/0/to/url",
        ),
        (
            {"targets": [{"to": {"kind": "webhook", "url": "http://10.0.0.1/"}}]},
            "/targets/0/to/url",
        ),
        ({"targets": [{"to": {"kind": "webhook", "url": "http://[::1]/"}}]}, "/targets/0/to/url"),
        ({"targets": [{"to": {"kind": "webhook", "url": "http://127.1/"}}]}, "/targets/0/to/url"),
        (
            {"targets": [{"to": {"kind": "webhook", "url": "https://example.org:6379/"}}]},
            "/targets/0/to/url",
        ),
        (
            {"targets": [{"to": {"kind": "append", "stream": "gathering-default"}}]},
            "/targets/0/to/stream",
        ),
        ({"targets": [{"to": {"kind": "carrier pigeon"}}]}, "/targets"),
        ({"targets": [to_inbox(colour="red")]}, "/targets"),
    ],
)
async def test_an_invalid_rule_is_refused_with_the_place_of_every_flaw(
    api: AsyncClient, rule: dict[str, Any], pointer: str
) -> None:
    body = {"name": "r", "pattern": SIGNUPS, "targets": [to_inbox()], **rule}

    refused = await api.post("/rules", json=body)

    assert refused.status_code == 422, refused.text
    assert pointer in {flaw["pointer"][: len(pointer)] for flaw in refused.json()["errors"]}
    assert (await api.get("/rules")).json() == []


async def test_a_pattern_is_tried_on_the_latest_events(api: AsyncClient) -> None:
    await sign_up(api, "u1", name="Ada")
    await sign_up(api, "u2", name="Bob")
    await in_feed(api, "users", 2)

    tried = await api.post("/rules/try", json={"pattern": {"data": {"name": ["Bob"]}}, "last": 2})

    answer = tried.json()
    assert (answer["tried"], answer["matched"]) == (2, 1)
    assert [event["stream"] for event in answer["events"]] == ["users-u2"]


async def test_rules_that_append_copy_events_without_a_loop(
    api: AsyncClient,
) -> None:
    everything = {"log": [{"anything-but": ["gathering", "key", "access"]}]}
    await create_rule(
        api, "a", pattern=everything, targets=[{"to": {"kind": "append", "stream": "copies-1"}}]
    )
    await create_rule(
        api, "b", pattern=everything, targets=[{"to": {"kind": "append", "stream": "copies-2"}}]
    )
    await sign_up(api)

    async def settled() -> bool:
        return [len(await stream(api, f"copies-{n}")) for n in (1, 2)] == [2, 2]

    await until(settled)
    [first, second] = await stream(api, "copies-1")
    first_event = "users-u1@1"
    assert first["meta"] == {"rules": ["a"], "cause": first_event, "origin": first_event}
    assert second["meta"] == {
        "rules": ["b", "a"],
        "cause": second["meta"]["cause"],
        "origin": first_event,
    }
    assert second["meta"]["cause"].startswith("copies-2@")

    async def still() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        return bool(status["behind"] == 0)

    await until(still)
    assert len(await in_feed(api, "copies", 4)) == 4


async def test_what_a_caller_says_about_rules_and_actors_is_kept_and_not_believed(
    api: AsyncClient, inbox: Inbox
) -> None:
    given = {"rules": ["r", "a", "b"], "cause": "users-u9@9", "actor": "guest:7", "x": [1]}
    await create_rule(api)
    event = {"type": "signup", "meta": given}
    assert (await api.post("/streams/users-u1", json={"events": [event]})).status_code == 201

    async def delivered() -> bool:
        return len(inbox.given) == 1

    await until(delivered)
    [shown] = await stream(api, "users-u1")
    assert shown["meta"] == given
    assert shown["actor"].startswith("key:")


async def test_the_secret_of_a_rule_is_rotated_and_is_in_no_event(
    api: AsyncClient, platform: Platform
) -> None:
    await create_rule(api)
    first = (await api.get("/rules/r/secret")).json()
    second = (await api.post("/rules/r/secret")).json()
    other = (await create_rule(api, "other"), (await api.get("/rules/other/secret")).json())[1]

    assert first["previous"] is None
    assert second["previous"] == first["secret"]
    assert len({first["secret"], second["secret"], other["secret"]}) == 3
    whole = b"".join(event.data for event in await whole_stream(platform.store, "rules-bus"))
    assert second["secret"].removeprefix("whsec_").encode() not in whole


async def test_a_rule_that_is_made_again_under_its_old_name_has_new_secrets(
    api: AsyncClient,
) -> None:
    seen = []
    for _ in range(3):
        await create_rule(api)
        seen += [(await api.get("/rules/r/secret")).json()["secret"]]
        seen += [(await api.post("/rules/r/secret")).json()["secret"]]
        await api.delete("/rules/r")

    assert len(set(seen)) == 6


async def test_only_operators_have_access_to_the_log(platform: Platform) -> None:
    code = await platform.accounts.issue_code("eve@example.org")
    session = await platform.accounts.start_session("eve@example.org", code)
    async with AsyncClient(
        transport=ASGITransport(app=build_app(platform)),
        base_url="http://test",
        headers={"Authorization": f"Bearer {session}"},
    ) as eve:
        for path in (
            "/feed",
            "/feed/live",
            "/streams/key-1",
            "/rules",
            "/metrics",
            "/dead-letters",
        ):
            assert (await eve.get(path)).status_code == 404


async def test_a_rule_delivers_events_from_before_the_first_worker_ran(
    tmp_path: Path, inbox: Inbox
) -> None:
    settings = Settings(store=f"sqlite:///{tmp_path}/late.db", rate_limits="off")
    platform = await start(settings, handlers={"inbox": inbox})
    key = await platform.keys.create("operator", None, "tests", actor="test")
    async with AsyncClient(
        transport=ASGITransport(app=build_app(platform)),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key.secret}"},
    ) as api:
        await sign_up(api, "early")
        await create_rule(api)
        await sign_up(api, "late")

        async def one() -> bool:
            return bool(inbox.given)

        async with platform.working():
            await until(one)
    await platform.stop()

    assert [delivery.event.stream for delivery in inbox.given] == ["users-late"]


async def test_rules_that_append_for_each_other_stop_after_three(api: AsyncClient) -> None:
    for number in range(5):
        await create_rule(
            api,
            f"r{number}",
            pattern={"type": ["boom"]},
            targets=[{"to": {"kind": "append", "stream": f"copies-{number}"}}],
        )
    await api.post("/logs/users", json={"type": "boom", "payload": {"id": "u1"}})

    await in_feed(api, "copies", 5 + 5 * 4 + 5 * 4 * 3)

    async def still() -> bool:
        return bool((await api.get("/subscriptions/bus")).json()["behind"] == 0)

    await until(still)
    await in_feed(api, "copies", 5 + 5 * 4 + 5 * 4 * 3)


async def test_of_two_requests_at_once_under_one_key_one_creates_and_both_are_answered_alike(
    api: AsyncClient,
) -> None:
    rule = {"name": "r", "pattern": {"log": ["users"]}, "targets": [to_inbox()]}

    answers = await asyncio.gather(
        *(api.post("/rules", json=rule, headers={"idempotency-key": "k"}) for _ in range(2))
    )

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content

    async def names() -> list[str]:
        return [one["name"] for one in (await api.get("/rules")).json()]

    await eventually(names, ["r"])
