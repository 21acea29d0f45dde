"""Rules over HTTP, from being made to their events arriving, failing, and being redriven."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.interfaces.moments import until

SIGNUPS: dict[str, Any] = {"type": ["signup"]}


class Inbox:
    """A handler that notes what it is given, and refuses while it is told to."""

    def __init__(self) -> None:
        self.given: list[Delivery] = []
        self.refuses = False

    async def __call__(self, delivery: Delivery) -> None:
        if self.refuses:
            raise RuntimeError("not now")
        self.given.append(delivery)

    def versions(self) -> list[int]:
        return [delivery.event.version for delivery in self.given]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def platform(tmp_path: Path, inbox: Inbox) -> AsyncIterator[Platform]:
    settings = Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", rate_limits="off")
    platform = await start(settings, handlers={"inbox": inbox})
    async with platform.working():
        yield platform
    await platform.stop()


def to_inbox(**target: Any) -> dict[str, Any]:
    return {"to": {"kind": "handler", "handler": "inbox"}, **target}


async def make(api: AsyncClient, name: str = "r", **more: Any) -> dict[str, Any]:
    body = {"name": name, "pattern": SIGNUPS, "targets": [to_inbox()], **more}
    made = await api.post("/rules", json=body)
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def sign_up(api: AsyncClient, id: str = "u1", **payload: Any) -> None:
    item = {"type": "signup", "payload": {"id": id, **payload}}
    assert (await api.post("/logs/users", json=item)).status_code == 201


async def test_a_rule_brings_events_that_are_appended_after_it_was_made(
    api: AsyncClient, inbox: Inbox
) -> None:
    await sign_up(api)
    await make(api)
    await sign_up(api)
    await api.post("/logs/users", json={"type": "other", "payload": {"id": "u1"}})
    await sign_up(api)

    async def two() -> bool:
        return len(inbox.given) == 2

    await until(two)
    assert inbox.versions() == [2, 4]
    assert [delivery.rule for delivery in inbox.given] == ["r/target"] * 2


async def test_a_pattern_may_be_of_our_shape_or_of_section_b(
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
        await make(api, f"r{number}", pattern=pattern)
    await sign_up(api, name="Ada")
    await sign_up(api, name="Bob")

    async def two() -> bool:
        return len(inbox.given) == 2

    await until(two)
    assert sorted(delivery.rule for delivery in inbox.given) == ["r0/target", "r1/target"]


async def test_a_transformer_makes_the_input(api: AsyncClient, inbox: Inbox) -> None:
    given = {"paths": {"who": "$.data.name"}, "template": '{"hello": <who>, "to": "dear <who>"}'}
    await make(api, targets=[to_inbox(input=given)])
    await sign_up(api, name='A"da')

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    assert inbox.given[0].input == {"hello": 'A"da', "to": 'dear A"da'}


async def test_a_rule_is_changed_switched_off_and_removed(api: AsyncClient, inbox: Inbox) -> None:
    await make(api)
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
    assert (await api.get("/rules")).json() == []


async def test_a_name_is_taken_once(api: AsyncClient) -> None:
    await make(api)

    again = await api.post(
        "/rules", json={"name": "r", "pattern": SIGNUPS, "targets": [to_inbox()]}
    )

    assert (again.status_code, again.json()["code"]) == (409, "rule_exists")


async def test_making_a_rule_twice_with_one_key_makes_one(api: AsyncClient) -> None:
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
            {"targets": [{"to": {"kind": "append", "stream": "gathering-default"}}]},
            "/targets/0/to/stream",
        ),
        ({"targets": [{"to": {"kind": "carrier pigeon"}}]}, "/targets"),
        ({"targets": [to_inbox(colour="red")]}, "/targets"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_with_every_place(
    api: AsyncClient, rule: dict[str, Any], pointer: str
) -> None:
    body = {"name": "r", "pattern": SIGNUPS, "targets": [to_inbox()], **rule}

    refused = await api.post("/rules", json=body)

    assert refused.status_code == 422, refused.text
    assert pointer in {flaw["pointer"][: len(pointer)] for flaw in refused.json()["errors"]}
    assert (await api.get("/rules")).json() == []


async def test_a_pattern_is_tried_on_what_has_happened(api: AsyncClient) -> None:
    await sign_up(api, "u1", name="Ada")
    await sign_up(api, "u2", name="Bob")

    tried = await api.post("/rules/try", json={"pattern": {"data": {"name": ["Bob"]}}, "last": 2})

    answer = tried.json()
    assert (answer["tried"], answer["matched"]) == (2, 1)
    assert [event["stream"] for event in answer["events"]] == ["users-u2"]


async def test_an_appending_rule_copies_events_and_does_not_go_round_in_circles(
    api: AsyncClient,
) -> None:
    everything = {"log": [{"anything-but": ["gathering", "key", "access"]}]}
    await make(
        api, "a", pattern=everything, targets=[{"to": {"kind": "append", "stream": "copies-1"}}]
    )
    await make(
        api, "b", pattern=everything, targets=[{"to": {"kind": "append", "stream": "copies-2"}}]
    )
    await sign_up(api)

    async def settled() -> bool:
        read = [await api.get(f"/streams/copies-{n}") for n in (1, 2)]
        return [len(r.json()) if r.status_code == 200 else 0 for r in read] == [2, 2]

    await until(settled)
    [first, second] = (await api.get("/streams/copies-1")).json()
    assert first["meta"] == {"rules": ["a"], "cause": "users-u1@1"}
    assert second["meta"]["rules"] == ["b", "a"]

    async def still() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        return bool(status["behind"] == 0)

    await until(still)
    assert len((await api.get("/streams/copies-1")).json()) == 2


async def test_what_is_given_up_is_a_dead_letter_that_can_be_redriven(
    api: AsyncClient, inbox: Inbox
) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 2, "first_pause": 0.01})])
    inbox.refuses = True
    await sign_up(api, name="Ada")

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters?destination=r/target")).json()
        return found

    [letter] = await until(dead)
    envelope = (await api.get(f"/dead-letters/{letter['id']}/envelope")).json()
    inbox.refuses = False
    redriven = await api.post(f"/dead-letters/{letter['id']}/redrive")

    async def gone() -> bool:
        return (await api.get(f"/dead-letters/{letter['id']}")).status_code == 404

    await until(gone)
    assert (letter["attempts"], letter["kind"], letter["detail"], letter["stream"]) == (
        2,
        "raised",
        "RuntimeError: not now",
        "users-u1",
    )
    assert envelope["requestContext"]["condition"] == "RetriesExhausted"
    assert envelope["requestContext"]["approximateInvokeCount"] == 2
    assert envelope["requestPayload"]["detail"]["payload"] == {"id": "u1", "name": "Ada"}
    assert envelope["responsePayload"]["errorMessage"] == "RuntimeError: not now"
    assert redriven.status_code == 202
    assert inbox.versions() == [1]


async def test_many_dead_letters_are_discarded_with_a_reason(
    api: AsyncClient, inbox: Inbox
) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 1})])
    inbox.refuses = True
    for number in range(3):
        await sign_up(api, f"u{number}")

    async def three() -> bool:
        return len((await api.get("/dead-letters")).json()) == 3

    await until(three)
    done = await api.post(
        "/dead-letters/discard", json={"reason": "a test", "destination": "r/target"}
    )

    assert done.json() == {"done": 3, "more": False}
    assert (await api.get("/dead-letters")).json() == []
    discarded = (await api.get("/dead-letters?state=discarded&limit=2")).json()
    assert [(one["state"], one["reason"]) for one in discarded] == [("discarded", "a test")] * 2


async def test_a_discard_without_a_reason_is_refused(api: AsyncClient) -> None:
    refused = await api.post("/dead-letters/discard", json={"reason": ""})

    assert refused.status_code == 422


async def test_a_rule_that_holds_keeps_what_follows_until_it_is_redriven(
    api: AsyncClient, inbox: Inbox
) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 1}, holds=True)])
    inbox.refuses = True
    await sign_up(api)

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters")).json()
        return found

    [letter] = await until(dead)
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
    assert letter["holds"] is True


async def test_a_paused_bus_brings_nothing_until_it_is_resumed(
    api: AsyncClient, inbox: Inbox
) -> None:
    await make(api)
    paused = await api.post("/subscriptions/bus/pause")

    async def is_paused() -> bool:
        return bool((await api.get("/subscriptions/bus")).json()["paused"])

    await until(is_paused)
    await sign_up(api)
    assert (await api.get("/subscriptions/bus")).json()["behind"] > 0
    await api.post("/subscriptions/bus/resume")

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    assert paused.status_code == 204


async def test_a_projection_begins_anew_at_the_start_alone(api: AsyncClient) -> None:
    async def read() -> bool:
        return (await api.get("/subscriptions/logs")).status_code == 200

    await until(read)
    refused = await api.post("/subscriptions/logs/reset", json={"to": "end"})
    taken = await api.post("/subscriptions/logs/reset", json={"to": "start"})

    assert (refused.status_code, taken.status_code) == (422, 204)


@pytest.mark.parametrize(
    "path", ["/rules/no", "/subscriptions/no", "/dead-letters/no", "/dead-letters/no/envelope"]
)
async def test_what_is_not_there_is_not_found(api: AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 404


async def test_the_secret_of_a_rule_is_rotated_and_is_in_no_event(
    api: AsyncClient, platform: Platform
) -> None:
    await make(api)
    first = (await api.get("/rules/r/secret")).json()
    second = (await api.post("/rules/r/secret")).json()
    other = (await make(api, "other"), (await api.get("/rules/other/secret")).json())[1]

    assert first["previous"] is None
    assert second["previous"] == first["secret"]
    assert len({first["secret"], second["secret"], other["secret"]}) == 3
    whole = b"".join(event.data for event in await platform.store.read_feed(0, after=0, limit=100))
    assert second["secret"].removeprefix("whsec_").encode() not in whole


async def test_figures_tell_what_was_delivered_and_given_up(api: AsyncClient, inbox: Inbox) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 1})])
    await sign_up(api, "u1")

    async def one() -> bool:
        return bool(inbox.given)

    await until(one)
    inbox.refuses = True
    await sign_up(api, "u2")

    async def told() -> bool:
        lines = (await api.get("/metrics")).text.splitlines()
        return {
            'gatherlog_deliveries_delivered_total{subscription="bus"} 1.0',
            'gatherlog_deliveries_given_up_total{subscription="bus"} 1.0',
            'gatherlog_dead_letters{subscription="bus"} 1.0',
            'gatherlog_subscription_lag{partition="0",subscription="bus"} 0.0',
            'gatherlog_events_appended_total{log="users"} 2.0',
        } <= set(lines)

    await until(told)


async def test_nobody_but_an_operator_gets_at_the_log(platform: Platform) -> None:
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


async def test_a_redrive_to_a_rule_that_is_no_more_says_so(api: AsyncClient, inbox: Inbox) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 1})])
    inbox.refuses = True
    await sign_up(api)

    async def dead() -> list[Any]:
        found: list[Any] = (await api.get("/dead-letters")).json()
        return found

    [letter] = await until(dead)
    await api.delete("/rules/r")
    await api.post(f"/dead-letters/{letter['id']}/redrive")

    async def back() -> bool:
        again = (await api.get(f"/dead-letters/{letter['id']}")).json()
        return bool((again["state"], again["kind"]) == ("dead", "no_destination"))

    await until(back)
    assert "r/target" in (await api.get(f"/dead-letters/{letter['id']}")).json()["detail"]


async def test_many_are_redriven_only_if_that_is_said(api: AsyncClient) -> None:
    for body in ({}, {"all": True, "subscription": "bus"}):
        refused = await api.post("/dead-letters/redrive", json=body)

        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/all")


async def test_a_rule_takes_what_happened_before_any_worker_ever_ran(
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
        await make(api)
        await sign_up(api, "late")

        async def one() -> bool:
            return bool(inbox.given)

        async with platform.working():
            await until(one)
    await platform.stop()

    assert [delivery.event.stream for delivery in inbox.given] == ["users-late"]


async def test_a_rule_that_is_switched_off_still_brings_what_waited(
    api: AsyncClient, inbox: Inbox
) -> None:
    await make(api, targets=[to_inbox(retry={"first_pause": 0.3, "longest_pause": 0.3})])
    inbox.refuses = True
    for _ in range(3):
        await sign_up(api)

    async def waits() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        return bool(status["parked"] and not status["behind"])

    await until(waits)
    await api.put("/rules/r", json={"enabled": False})
    await sign_up(api)
    inbox.refuses = False

    async def three() -> bool:
        return len(inbox.given) == 3

    await until(three)
    assert inbox.versions() == [1, 2, 3]


async def test_a_rule_that_is_made_again_gets_nothing_that_waited_for_the_one_before(
    api: AsyncClient, inbox: Inbox
) -> None:
    slowly = [to_inbox(retry={"first_pause": 0.3, "longest_pause": 0.3})]
    await make(api, targets=slowly)
    inbox.refuses = True
    await sign_up(api, "old")

    async def waits() -> bool:
        return bool((await api.get("/subscriptions/bus")).json()["parked"])

    await until(waits)
    await api.delete("/rules/r")
    await make(api, targets=slowly)
    inbox.refuses = False
    await sign_up(api, "new")

    async def one() -> bool:
        status = (await api.get("/subscriptions/bus")).json()
        return bool(inbox.given and not status["parked"] and not status["behind"])

    await until(one)
    assert [delivery.event.stream for delivery in inbox.given] == ["users-new"]


async def test_dead_letters_of_one_stream_are_redriven_in_order(
    api: AsyncClient, inbox: Inbox
) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 1})])
    inbox.refuses = True
    for _ in range(12):
        await sign_up(api)

    async def twelve() -> bool:
        return len((await api.get("/dead-letters")).json()) == 12

    await until(twelve)
    inbox.refuses = False
    await api.post("/dead-letters/redrive", json={"all": True})

    async def all_there() -> bool:
        return len(inbox.given) == 12

    await until(all_there)
    assert inbox.versions() == list(range(1, 13))


async def test_rules_that_append_for_each_other_end_after_three(api: AsyncClient) -> None:
    for number in range(5):
        await make(
            api,
            f"r{number}",
            pattern={"type": ["boom"]},
            targets=[{"to": {"kind": "append", "stream": f"copies-{number}"}}],
        )
    await api.post("/logs/users", json={"type": "boom", "payload": {"id": "u1"}})

    async def still() -> bool:
        found = [
            len(read.json())
            for number in range(5)
            if (read := await api.get(f"/streams/copies-{number}")).status_code == 200
        ]
        behind = (await api.get("/subscriptions/bus")).json()["behind"]
        totals.append(sum(found))
        return bool(behind == 0 and totals[-2:] == [totals[-1]] * 2)

    totals: list[int] = []
    await until(still)
    assert totals[-1] == 5 + 5 * 4 + 5 * 4 * 3


class NotAnException(BaseException):
    """As extensions in other languages raise."""


async def test_whatever_a_handler_raises_ends_nothing_else(
    api: AsyncClient, platform: Platform, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(api, targets=[to_inbox(retry={"attempts": 1})])
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

    [letter] = await until(dead)
    assert letter["detail"] == "NotAnException: down"
    assert platform.worker.is_running
    assert inbox.versions() == [2]
