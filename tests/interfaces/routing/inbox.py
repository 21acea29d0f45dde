"""Rules with a coroutine as their target, and events that they match, over HTTP."""

from typing import Any

from httpx2 import AsyncClient

from gatherlog.core.subscriptions.delivery import Delivery
from tests.interfaces.moments import until

SIGNUPS: dict[str, Any] = {"type": ["signup"]}


class Inbox:
    """A handler that keeps the deliveries it is given, or raises while `refuses` is set."""

    def __init__(self) -> None:
        self.given: list[Delivery] = []
        self.refuses = False

    async def __call__(self, delivery: Delivery) -> None:
        if self.refuses:
            raise RuntimeError("not now")
        self.given.append(delivery)

    def versions(self) -> list[int]:
        return [delivery.event.version for delivery in self.given]


def to_inbox(**target: Any) -> dict[str, Any]:
    return {"to": {"kind": "handler", "handler": "inbox"}, **target}


async def create_rule(api: AsyncClient, name: str = "r", **more: Any) -> dict[str, Any]:
    body = {"name": name, "pattern": SIGNUPS, "targets": [to_inbox()], **more}
    created = await api.post("/rules", json=body)
    assert created.status_code == 201, created.text
    answer: dict[str, Any] = created.json()
    return answer


async def sign_up(api: AsyncClient, id: str = "u1", **payload: Any) -> None:
    item = {"type": "signup", "payload": {"id": id, **payload}}
    assert (await api.post("/logs/users", json=item)).status_code == 201


async def listed(api: AsyncClient, path: str) -> list[Any]:
    """A whole list, from all its pages."""
    found: list[Any] = []
    following: str | None = path
    while following is not None:
        answer = await api.get(following)
        found += answer.json()
        following = answer.links.get("next", {}).get("url")
    return found


async def stream(api: AsyncClient, name: str) -> list[dict[str, Any]]:
    """All events of a stream; none if there is no such stream."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["version"] if found else 0
        answer = await api.get(f"/streams/{name}?after={after}")
        if answer.status_code != 200 or not answer.json():
            return found
        found += answer.json()


async def in_feed(api: AsyncClient, log: str, count: int) -> list[dict[str, Any]]:
    """The events of a log, once the feed shows so many of them."""

    async def shown() -> list[dict[str, Any]]:
        found, cursor, is_end = [], "start", False
        while not is_end:
            page = (await api.get(f"/feed?log={log}&cursor={cursor}")).json()
            found += page["events"]
            cursor, is_end = page["cursor"], page["is_end"]
        return found if len(found) == count else []

    return await until(shown)
