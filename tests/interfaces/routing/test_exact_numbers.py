"""Numbers that no double holds pass through rules, queues and answers with all their digits."""

from typing import Any

import msgspec
from httpx2 import AsyncClient

from tests.interfaces.moments import until
from tests.interfaces.routing.inbox import Inbox, create_rule, in_feed, stream, to_inbox

LONG = "123.45678901234567890123"
JSON = {"content-type": "application/json"}


async def post(api: AsyncClient, path: str, body: str) -> None:
    answer = await api.post(path, content=body, headers=JSON)
    assert answer.status_code in (200, 201), answer.text


async def append(api: AsyncClient, stream: str, data: str, **fields: str) -> None:
    more = "".join(f',"{name}":{value}' for name, value in fields.items())
    await post(api, f"/streams/{stream}", f'{{"events":[{{"type":"sale","data":{data}{more}}}]}}')


async def test_a_rule_takes_a_number_that_no_double_holds(api: AsyncClient, inbox: Inbox) -> None:
    await create_rule(api, "range", pattern={"data": {"price": [{"numeric": [">", 100]}]}})
    equal = f'{{"data":{{"price":[{LONG}]}}}}'
    targets = msgspec.json.encode([to_inbox()]).decode()
    body = f'{{"name":"equal","pattern":{equal},"targets":{targets}}}'
    await post(api, "/rules", body)
    await append(api, "sales-1", f'{{"price":{LONG}}}')
    await append(api, "sales-2", '{"price":123.45678901234568}')

    async def three() -> bool:
        return len(inbox.given) == 3

    await until(three)
    assert sorted((given.rule, given.event.stream) for given in inbox.given) == [
        ("equal/target", "sales-1"),
        ("range/target", "sales-1"),
        ("range/target", "sales-2"),
    ]


async def test_a_rule_is_shown_and_changed_with_every_digit(api: AsyncClient) -> None:
    await create_rule(api)
    shown: Any = (await api.get("/rules/r")).json()
    changed = {**shown, "pattern": {"data": {"price": ["PRICE"]}}}
    text = msgspec.json.encode(changed).decode().replace('"PRICE"', LONG)

    answer = await api.put("/rules/r", content=text, headers=JSON)

    assert LONG in answer.text
    assert LONG in (await api.get("/rules/r")).text

    async def is_listed() -> bool:
        return LONG in (await api.get("/rules")).text

    await until(is_listed)


async def test_an_appended_input_has_every_digit(api: AsyncClient) -> None:
    copy = {
        "to": {"kind": "append", "stream": "copies-1"},
        "input": {"paths": {"price": "$.data.price"}, "template": '{"price": <price>}'},
    }
    await create_rule(api, pattern={"log": ["sales"]}, targets=[copy])
    await append(api, "sales-1", f'{{"price":{LONG}}}')

    async def copied() -> bool:
        return len(await stream(api, "copies-1")) == 1

    await until(copied)
    assert f'"data":{{"price":{LONG}}}' in (await api.get("/streams/copies-1")).text


async def test_an_envelope_has_every_digit(api: AsyncClient, inbox: Inbox) -> None:
    inbox.refuses = True
    pattern = {"log": ["sales"]}
    await create_rule(api, pattern=pattern, targets=[to_inbox(retry={"attempts": 1})])
    await append(api, "sales-1", f'{{"price":{LONG}}}')

    async def given_up() -> list[dict[str, str]]:
        found: list[dict[str, str]] = (await api.get("/dead-letters")).json()
        return found

    [letter] = await until(given_up)
    envelope = (await api.get(f"/dead-letters/{letter['id']}/envelope")).text
    assert f'"price":{LONG}' in envelope


async def test_a_pattern_of_the_feed_and_a_trial_compare_every_digit(api: AsyncClient) -> None:
    await append(api, "sales-1", f'{{"price":{LONG}}}')
    await in_feed(api, "sales", 1)
    pattern = f'{{"data":{{"price":[{LONG}]}}}}'

    tried = await api.post("/rules/try", content=f'{{"pattern":{pattern}}}', headers=JSON)
    found: list[Any] = []
    page: Any = {"cursor": "start", "is_end": False}
    while not page["is_end"]:
        asked = {"pattern": pattern, "cursor": page["cursor"]}
        page = (await api.get("/feed", params=asked)).json()
        found += page["events"]

    assert tried.json()["matched"] == 1
    assert [event["stream"] for event in found] == ["sales-1"]


async def test_the_meta_of_an_event_has_every_digit(api: AsyncClient) -> None:
    await append(api, "sales-1", "{}", meta=f'{{"rate":{LONG}}}')

    assert f'"rate":{LONG}' in (await api.get("/streams/sales-1")).text
