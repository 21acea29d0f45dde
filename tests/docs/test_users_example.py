"""The read model of the sample log: what events make of a user, blank ones included."""

import importlib.util
from pathlib import Path
from typing import Any

import msgspec

from gatherlog.core import Recorded

EXAMPLE = Path(__file__).parents[2] / "examples" / "users.py"


def model() -> Any:
    spec = importlib.util.spec_from_file_location("users_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event(version: int, type: str, **payload: object) -> Recorded:
    data, meta = (msgspec.json.encode(payload), b"{}") if payload else (b"", b"")
    return Recorded(
        id=f"e{version}", partition=0, position=version, stream="users-u1", version=version,
        type=type, schema=1, time=0, recorded=0, data=data, subject="", meta=meta,
    )  # fmt: skip


def folded(*events: Recorded) -> Any:
    users = model()
    documents: dict[Any, Any] = {}
    fold = users.UsersFold()
    ref = users.USERS.ref("u1")
    for one in events:
        for change in fold.evolve({ref: documents.get(ref)}, one):
            documents[ref] = change.body
    return documents[ref]


def test_events_that_have_expired_change_nothing_but_the_version() -> None:
    user = folded(
        event(1, "signup", name="Ada", email="ada@example.org"),
        event(2, "addPhoneNumber"),
        event(3, "addPhoneNumber", phoneNumber="+43 1"),
    )

    assert (user.version, user.name, user.phone) == (3, "Ada", "+43 1")


def test_nothing_is_made_of_a_user_who_was_erased() -> None:
    user = folded(event(1, "signup"), event(2, "addPhoneNumber"))

    assert (user.version, user.name, user.phone) == (2, "", None)
