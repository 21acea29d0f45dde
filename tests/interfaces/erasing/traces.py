"""Traces that people leave, and where a text stands in a store, in its files and in a backup."""

from pathlib import Path
from typing import Any

from httpx2 import AsyncClient

from gatherlog.apps.intake import record_logs
from gatherlog.bootstrap import CATEGORIES, Platform
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.engines import back_up
from tests.postgres import tables_with
from tests.stores import events_of, scanned

NAME = "Quibblefax"
ADDRESS = "zelda@quibblefax.example"


class Spreading:
    """A handler that fails, and says in its failure what it was given."""

    async def __call__(self, delivery: Delivery) -> None:
        raise RuntimeError(f"cannot take {delivery.event.data.decode()}")


async def invited(api: AsyncClient) -> str:
    """A guest who is named in an event, in documents, and in an answer that is stored."""
    guest = {"first_name": "Zelda", "last_name": NAME, "email": ADDRESS, "group_id": "g"}
    made = await api.post("/guests", json=guest, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201, made.text
    id: str = made.json()["id"]
    answer = {"attending": True, "dietary": f"{NAME} eats no nuts"}
    assert (await api.post(f"/guests/{id}/rsvp", json=answer)).status_code == 200
    return id


async def spread(api: AsyncClient, **matches: Any) -> None:
    """Rules that copy events to a stream, to a queue, and to a handler that fails."""
    targets = [
        {"id": "copy", "to": {"kind": "append", "stream": "audit-all"}},
        {"id": "queue", "to": {"kind": "queue", "queue": "later"}},
        {
            "id": "fails",
            "to": {"kind": "handler", "handler": "spreading"},
            "retry": {"attempts": 1, "age": 60},
        },
        {
            "id": "tries",
            "to": {"kind": "handler", "handler": "spreading"},
            "retry": {"attempts": 9, "age": 600, "first_pause": 60, "longest_pause": 60},
        },
    ]
    made = await api.post("/rules", json={"name": "r", "pattern": matches, "targets": targets})
    assert made.status_code == 201, made.text


async def is_spread(platform: Platform) -> bool:
    store = platform.store
    copies = [NAME.encode() in one.data for one in await events_of(store, "audit-all")]
    return any(copies) and all(
        [any(NAME.encode() in (one.body or b"") for one in await scanned(store, view))
         for view in ("queue_message", "dead_letter", "backlog")]
    )  # fmt: skip


async def holding(platform: Platform, text: str) -> list[str]:
    """Where a text stands: in which files of the store, in which tables, or else in which documents
    and events."""
    address = platform.settings.address
    if platform.settings.store.startswith("postgresql:"):
        return tables_with(platform.settings.store, text)
    if address.is_lasting:
        path = Path(platform.settings.store.removeprefix("sqlite:///"))
        copy = path.with_name("copy.db")
        back_up(platform.settings.store, copy)
        found = [one for one in path.parent.rglob("*") if one.is_file()]
        names = sorted(one.name for one in found if text.encode() in one.read_bytes())
        copy.unlink()
        return names
    data = platform.store.engine.data  # type: ignore[attr-defined]
    documents = [ref for ref, one in data.documents.items() if text.encode() in (one.body or b"")]
    events = [stream for stream, some in data._streams.items()
              if any(text.encode() in one.data + one.meta for one in some)]  # fmt: skip
    keys = [key for key, one in data.keys.items() if text.encode() in one.answer]
    return [*map(str, documents), *events, *keys]


async def flaws(platform: Platform) -> list[Any]:
    categories = [*CATEGORIES, *await record_logs(platform.store)]
    return [one async for one in verify(platform.store, categories)]
