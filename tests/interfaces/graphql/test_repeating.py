"""Mutations that are sent again with the same Idempotency-Key."""

import asyncio
from typing import Any

import pytest

from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import Asking
from tests.interfaces.graphql.sample_town import thing_input
from tests.stores import events_in

CREATE = "mutation C($input: ThingToDoInput!) { createThingToDo(input: $input) { id } }"


async def create(ask: Asking, key: str, who: str = "olga", **given: Any) -> Any:
    body = {"query": CREATE, "variables": {"input": thing_input(**given)}}
    return await ask.post("organiser", body, who=who, headers={"idempotency-key": key})


async def made(platform: Platform) -> int:
    events = await events_in(platform.store, ["thing"])
    return sum(event.type == "things.created" for event in events)


async def test_it_is_carried_out_once_and_answered_as_the_first_time(
    ask: Asking, platform: Platform
) -> None:
    first, again = await create(ask, "k1"), await create(ask, "k1")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert [answer.headers.get("idempotency-replayed") for answer in (first, again)] == [
        None,
        "true",
    ]
    assert await made(platform) == 1


async def test_the_same_request_twice_at_once_is_carried_out_once(
    ask: Asking, platform: Platform
) -> None:
    answers = await asyncio.gather(*(create(ask, "k2") for _ in range(4)))

    assert len({answer.text for answer in answers}) == 1
    assert await made(platform) == 1


async def test_a_key_of_another_person_or_of_nobody_is_another_key(
    ask: Asking, platform: Platform
) -> None:
    await create(ask, "k3")
    await create(ask, "k3", who="otto")
    await create(ask, "k4")

    assert await made(platform) == 3


async def test_another_request_under_the_same_key_is_refused(ask: Asking) -> None:
    await create(ask, "k5")

    refused = await create(ask, "k5", name="Another")

    error = refused.json()["errors"][0]
    assert (refused.status_code, error["extensions"]["code"]) == (400, "BAD_USER_INPUT")


async def test_what_failed_is_carried_out_when_it_is_sent_again_with_what_is_right(
    ask: Asking, platform: Platform
) -> None:
    wrong = await create(ask, "k6", name=" ")
    again = await create(ask, "k6", name=" ")

    assert wrong.json() == again.json()
    assert "idempotency-replayed" not in again.headers
    assert await made(platform) == 0


async def test_work_whose_answer_was_lost_is_not_done_again(
    ask: Asking, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the server is stopped right after the commit."""

    async def lose(*given: Any, **named: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr("gatherlog.interfaces.rest.idempotency.IdempotencyKey.remember", lose)
        lost = await create(ask, "k7")
    again = await create(ask, "k7")

    [error] = again.json()["errors"]
    assert lost.status_code == 500
    assert error["extensions"]["code"] == "CONFLICT"
    assert await made(platform) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 401])
async def test_a_malformed_key_is_refused(ask: Asking, platform: Platform, key: str) -> None:
    refused = await create(ask, key)

    assert (refused.status_code, await made(platform)) == (400, 0)


async def test_a_key_goes_with_one_mutation(ask: Asking, platform: Platform) -> None:
    twice = 'mutation { a: saveProfile(input: { name: "A" }) { id } b: __typename }'

    refused = await ask.post(
        "organiser", {"query": twice}, who="olga", headers={"idempotency-key": "k8"}
    )

    assert refused.status_code == 400
    assert await events_in(platform.store, ["organiser"]) == []
