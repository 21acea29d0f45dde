"""Problem documents: one for every error, and none with internals of the server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.guests import GuestService
from gatherlog.apps.guests.views import GUESTS
from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore import errors
from gatherlog.core.eventstore.errors import GatherlogError
from gatherlog.core.eventstore.store import Commit, Committed, Store
from gatherlog.core.projections.views import View
from gatherlog.engines import open_store
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.problems import PROBLEMS, describe
from tests.stores import eventually

NEW = {"first_name": "Ada", "last_name": "Lovelace"}


def _family(kind: type[GatherlogError]) -> Iterator[type[GatherlogError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


def test_every_error_of_the_tree_has_a_row_in_the_table() -> None:
    ours = {
        kind.code for kind in _family(GatherlogError) if kind.__module__.startswith("gatherlog")
    }
    answered_inside = {"_unforeseen"}

    assert ours - answered_inside == set(PROBLEMS)


def test_an_unknown_code_is_answered_as_500() -> None:
    class Novel(GatherlogError):
        code = "novel"

    problem = describe(Novel("secret words"))

    assert (problem.status, problem.code) == (500, "error")
    assert "secret" not in problem.detail


class FailingStore:
    """A store whose commits fail; everything else is that of the real store."""

    def __init__(self, below: Store, failure: Exception) -> None:
        self._below = below
        self._failure = failure
        self.id, self.limits = below.id, below.limits
        self.recall, self.forget, self.blank = below.recall, below.forget, below.blank
        self.read_stream, self.read_feed = (
            below.read_stream,
            below.read_feed,
        )
        self.heads, self.wait, self.get, self.query = (
            below.heads,
            below.wait,
            below.get,
            below.query,
        )
        self.streams, self.scan, self.close = below.streams, below.scan, below.close
        self.declare = below.declare

    async def commit(self, commit: Commit) -> Committed:
        raise self._failure


async def _add_guest(platform: Platform, failure: Exception, lines: list[bytes]) -> Response:
    key = await platform.keys.create("operator", None, "", actor="test")
    guests = GuestService(
        FailingStore(platform.store, failure), clock=platform.clock, ids=platform.ids
    )
    failing = replace(platform, guests=guests)
    app = build_app(failing, log=RequestLog(platform.clock, lines.append))
    headers = {"Authorization": f"Bearer {key.secret}"}
    transport = ASGITransport(app=app)
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        return await client.post("/guests", json=NEW)


async def test_a_full_disk_is_507(platform: Platform, log_lines: list[bytes]) -> None:
    answer = await _add_guest(platform, errors.DiskFull("/var/secret/x.db is full"), log_lines)

    assert answer.status_code == 507
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:gatherlog:problem:disk_full",
        "title": "The disk is full",
        "status": 507,
        "detail": "There is no room left to write this down; nothing was changed.",
        "code": "disk_full",
    }


async def test_a_busy_store_is_503_with_a_retry_after(
    platform: Platform, log_lines: list[bytes]
) -> None:
    answer = await _add_guest(platform, errors.Busy("gave up"), log_lines)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (errors.StoreFailed("disk I/O error in /var/secret/x.db"), 503),
        (errors.NotAStore("/var/secret/x.db is damaged"), 503),
        (errors.EventUndecodable("Ada secret Lovelace"), 500),
        (KeyError("Ada secret Lovelace"), 500),
    ],
    ids=lambda value: getattr(value, "code", None),
)
async def test_the_text_of_an_unexpected_error_is_neither_shown_nor_logged(
    platform: Platform, log_lines: list[bytes], failure: Exception, status: int
) -> None:
    answer = await _add_guest(platform, failure, log_lines)

    assert answer.status_code == status
    assert "secret" not in answer.text
    failed, answered = log_lines
    assert type(failure).__name__.encode() in failed
    assert b"test_problems.py" in failed
    assert b'"status":%d' % status in answered
    assert b"secret" not in failed + answered


async def test_a_stopping_server_is_503(platform: Platform, log_lines: list[bytes]) -> None:
    answer = await _add_guest(platform, errors.StoreClosed("closed"), log_lines)

    assert answer.status_code == 503


async def test_a_browser_gets_a_page_and_a_program_a_document(nobody: AsyncClient) -> None:
    page = await nobody.get("/nowhere", headers={"accept": "text/html"})
    document = await nobody.get("/nowhere", headers={"accept": "*/*"})

    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert document.json() == {
        "type": "urn:gatherlog:problem:not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is nothing at this path.",
        "code": "not_found",
    }


async def test_a_server_that_another_has_outdated_says_so_within_seconds(
    api: AsyncClient, platform: Platform, guest_id: str, tmp_path: Path
) -> None:
    """Another process, of a newer version, has rebuilt the guests on the same file."""
    newer = View(GUESTS.name, GUESTS.body, version=GUESTS.version + 1, **GUESTS.patterns)
    building = await open_store(f"sqlite:///{tmp_path}/gatherlog.db", views=[newer])
    assert (await api.get("/guests")).status_code == 200

    await building.declare([newer])

    async def status() -> int:
        return (await api.get("/guests")).status_code

    await eventually(status, 503, 3)
    assert (await api.get("/guests")).json()["code"] == "view_outdated"
    assert (await api.get(f"/guests/{guest_id}")).status_code == 200
    await building.close()
