"""What clients do on a site behind a proxy."""

import json
from collections import Counter

from httpx2 import AsyncClient, TransportError

from tests.deploy.proxied import P, Site

__all__ = ["answer_often", "invite", "recorded"]


async def invite(api: AsyncClient, name: str) -> str:
    answer = await api.post("/guests", json={"first_name": name, "last_name": "Winter"})
    assert answer.status_code == 201, answer.text
    guest_id: str = answer.json()["id"]
    return guest_id


async def answer_often(site: Site[P], guest_id: str, times: int, seen: Counter[int]) -> None:
    """Answer for a guest so many times, each until it is confirmed; count what is answered."""
    async with site.client() as api:
        for number in range(times):
            body = {"attending": True, "num_guests": 1 + number % 2}
            key = {"Idempotency-Key": f"{guest_id}-{number}"}
            status = 0
            while status != 200:
                try:
                    sent = await api.post(f"/guests/{guest_id}/rsvp", json=body, headers=key)
                    status = sent.status_code
                except TransportError:
                    status = 0
                seen[status] += 1


async def recorded(site: Site[P], guest_id: str) -> int:
    """How many answers of the guest are in the log."""
    async with site.client() as api:
        found = (await api.get("/streams/gathering-default", params={"limit": 1000})).json()
    answers = [event for event in found if event["type"] == "guests.rsvp_submitted"]
    return sum(guest_id in json.dumps(event) for event in answers)
