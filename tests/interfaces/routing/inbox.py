"""Rules with a coroutine as their target, and events that they match, over HTTP."""

from typing import Any

from httpx2 import AsyncClient

from gatherlog.core.subscriptions.delivery import Delivery

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
