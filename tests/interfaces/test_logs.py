"""The request log: one JSON line per request, without secrets and personal data."""

import json
import re

import pytest
from httpx2 import AsyncClient

from gatherlog.interfaces.logs import public_path


async def test_a_request_leaves_one_line(api: AsyncClient, log_lines: list[bytes]) -> None:
    await api.get("/guests?limit=5")

    [line] = [json.loads(line) for line in log_lines]
    assert {name: line[name] for name in ("method", "path", "status")} == {
        "method": "GET",
        "path": "/guests",
        "status": 200,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
    assert re.fullmatch(r"key:[0-9a-f-]{36}", line["actor"])
    assert line["ms"] > 0
    assert log_lines[0].endswith(b"}\n")
    assert log_lines[0].count(b"\n") == 1


async def test_no_line_names_a_person_or_a_secret(
    api: AsyncClient, nobody: AsyncClient, log_lines: list[bytes]
) -> None:
    guest = {"first_name": "Secret", "last_name": "Person", "group_id": "Secret"}
    id = (await api.post("/guests", json=guest)).json()["id"]
    token = (await api.post(f"/guests/{id}/link")).json()["token"]
    await nobody.get(f"/r/{token}")
    await nobody.post(f"/r/{token}", data={"attending": "Secret"})
    for path in (f"/{token}", f"//{token}", f"/R/{token}", f"/%72/{token}", f"/r/{token}/x"):
        await nobody.get(path)
    await api.get("/groups/Secret")
    await api.delete("/groups/Secret")
    await api.get(f"/guests/{token}")
    await nobody.get("/guests/Secret")
    await api.get("/guests?cursor=Secret")
    await api.get("/Secretary/Secret")
    key = api.headers["authorization"].removeprefix("Bearer ")

    text = b"".join(log_lines).decode()
    assert len(log_lines) == 15
    assert [
        word for word in (token, token[:12], key, 'Secret"', "/Secret/", "Person") if word in text
    ] == []


async def test_the_actor_is_null_without_a_credential(
    nobody: AsyncClient, log_lines: list[bytes]
) -> None:
    await nobody.get("/guests")

    assert [json.loads(line)["actor"] for line in log_lines] == [None]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/docs", "/docs"),
        ("/r/token", "/r/…"),
        ("/r/", "/r/…"),
        ("//token", "//…"),
        ("/ada@example.org", "/…"),
        ("/glk_" + "x" * 43, "/…"),
        ("*", "/…"),
    ],
)
def test_of_a_path_only_a_known_first_segment_is_logged(path: str, shown: str) -> None:
    assert public_path(path, {"", "docs", "r"}) == shown
