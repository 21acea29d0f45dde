"""How often a request waits for the store: every round trip takes a second, and nothing else does.

Reads that are done at the same time count once. A process that commits to a stream for the first
time reads its version first, so each request is measured when the process knows the gathering.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog import bootstrap
from gatherlog.bootstrap import VIEWS, Platform, start
from gatherlog.core import Store
from gatherlog.engines.hostile import HostileStore, Hostility
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from gatherlog.testing import run_instantly

DISTANT = Hostility(
    seconds=1.0, turns=0, collides=0, loses_answers=0, lag=0, page=1_000, cuts_pages=False
)
ADA = {"first_name": "Ada", "last_name": "Lovelace"}


class Site:
    """A platform on a distant store, and a client of it."""

    def __init__(self, platform: Platform, client: AsyncClient) -> None:
        self.platform = platform
        self.client = client

    async def ask(self, method: str, path: str, as_: str = "", **given: Any) -> Response:
        headers = {
            **given.pop("headers", {}),
            **({"authorization": f"Bearer {as_}"} if as_ else {}),
        }
        answer = await self.client.request(method, path, headers=headers, **given)
        assert answer.status_code < 400, answer.text
        return answer

    async def trips(self, method: str, path: str, as_: str = "", **given: Any) -> int:
        """How many round trips, one after the other, the answer takes."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(60)  # simulated: by now accesses are written, which shares the queue
        began = loop.time()
        await self.ask(method, path, as_, **given)
        return round(loop.time() - began)

    async def operator(self) -> str:
        return (await self.platform.keys.create("operator", None, "", actor="test")).secret

    async def host(self) -> str:
        """The token of the account whose gathering `default` is."""
        await self.platform.accounts.request_code("host@example.org")
        code = self.newest_code()
        token = await self.platform.accounts.start_session("host@example.org", code)
        actor = await self.platform.accounts.session(token)
        assert actor is not None
        await self.platform.guests.change_host("default", actor.account_id, actor="test")
        return token

    async def member(self, handle: str) -> str:
        """The session of a member with this handle."""
        address = f"{handle}@example.org"
        code = await self.platform.accounts.issue_code(address)
        session = await self.platform.accounts.start_session(address, code)
        await self.ask("PUT", "/account", session, json={"handle": handle})
        return session

    def newest_code(self) -> str:
        mailbox = self.platform.mailbox
        assert mailbox is not None
        return mailbox.letters()[0].text[:6]

    async def guest(self, as_: str, **given: Any) -> tuple[str, str]:
        """The id of a new guest, and the token of the guest's link."""
        made = await self.ask("POST", "/guests", as_, json={**ADA, **given})
        id = made.json()["id"]
        link = await self.ask("POST", f"/guests/{id}/link", as_)
        return id, link.json()["token"]

    async def logged_in(self, link: str) -> str:
        login = {"token": link, "lastName": "Lovelace"}
        token: str = (await self.ask("POST", "/auth/login", json=login)).json()["token"]
        return token


Story = Callable[[Site], Coroutine[Any, Any, None]]
Measure = Callable[..., None]
"""Takes a story, and as `cache` where lists are kept."""


@asynccontextmanager
async def distant_site(cache: str = "off") -> AsyncIterator[Site]:
    platform = await start(Settings(store="memory:", demo=True, rate_limits="off", cache=cache))
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        yield Site(platform, client)
    await platform.stop()


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> Measure:
    """Runs a story on a distant site, in simulated time."""

    async def open_distant(url: str, **given: Any) -> Store:
        return HostileStore(VIEWS, hostility=DISTANT)

    async def told(story: Story, cache: str) -> None:
        async with distant_site(cache) as site:
            await story(site)

    monkeypatch.setattr(bootstrap, "open_store", open_distant)
    return lambda story, cache="off": run_instantly(told(story, cache))


def test_an_answer_with_a_key_waits_for_two_reads_and_one_commit(measure: Measure) -> None:
    """Who asks; then all documents. The commit itself finds a key that was used."""

    async def story(site: Site) -> None:
        _, link = await site.guest(await site.operator())
        ada = await site.logged_in(link)
        for number, people in enumerate([1, 2, 3]):
            headers = {"idempotency-key": f"try-{number}"}
            trips = await site.trips(
                "PUT", "/rsvp", ada, json={"numGuests": people}, headers=headers
            )
            assert trips == 3

    measure(story)


def test_a_host_answers_for_a_guest_in_two_reads_and_one_commit(measure: Measure) -> None:
    async def story(site: Site) -> None:
        key = await site.operator()
        id, _ = await site.guest(key)
        for attending in True, False:
            answer, headers = {"attending": attending}, {"idempotency-key": f"{attending}"}
            trips = await site.trips(
                "POST", f"/guests/{id}/rsvp", key, json=answer, headers=headers
            )
            assert trips == 3

    measure(story)


def test_an_answer_is_repeated_after_one_more_look(measure: Measure) -> None:
    """The commit is refused, because the key is known, and answered from what it reads then."""

    async def story(site: Site) -> None:
        key = await site.operator()
        id, _ = await site.guest(key)
        given: dict[str, Any] = {"json": {"attending": True}, "headers": {"idempotency-key": "k"}}
        first = await site.ask("POST", f"/guests/{id}/rsvp", key, **given)

        assert await site.trips("POST", f"/guests/{id}/rsvp", key, **given) == 5

        again = await site.ask("POST", f"/guests/{id}/rsvp", key, **given)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")

    measure(story)


def test_members_of_a_household_are_two_more_reads(measure: Measure) -> None:
    """The household, and its members, whom the answer shows."""

    async def story(site: Site) -> None:
        operator = await site.operator()
        id, link = await site.guest(operator, group_id="King")
        await site.guest(operator, group_id="King")
        ada = await site.logged_in(link)

        assert await site.trips("GET", "/rsvp", ada) == 4
        assert await site.trips("PUT", "/rsvp", ada, json={"numGuests": 1}) == 5
        together = {"numGuests": 2, "groupStatus": "coming"}
        assert await site.trips("PUT", "/rsvp", ada, json=together) == 5
        assert await site.trips("GET", f"/r/{link}") == 4
        assert await site.trips("GET", "/groups/King", operator) == 3
        assert await site.trips("GET", f"/guests/{id}", operator) == 2

    measure(story)


def test_a_host_edits_a_guest_and_reads_one(measure: Measure) -> None:
    """A session is one read, and whose gathering it is another one."""

    async def story(site: Site) -> None:
        host, operator = await site.host(), await site.operator()
        id, _ = await site.guest(operator)

        assert await site.trips("GET", f"/guests/{id}", host) == 3
        patch = {"email": "ada@example.org"}
        assert await site.trips("PUT", f"/guests/{id}", host, json=patch) == 4
        patch = {"first_name": "Augusta"}
        assert await site.trips("PUT", f"/guests/{id}", operator, json=patch) == 3
        assert await site.trips("PUT", f"/guests/{id}", operator, json={"group_id": "King"}) == 3

    measure(story)


def test_signing_in(measure: Measure) -> None:
    """With a link: the link, then guest and gathering. With a code: the code is read and used up,
    then the address, and the account with the new session."""

    async def story(site: Site) -> None:
        await site.host()
        _, link = await site.guest(await site.operator())
        login = {"token": link, "lastName": "Lovelace"}
        assert await site.trips("POST", "/auth/login", json=login) == 2

        email = {"email": "host@example.org"}
        assert await site.trips("POST", "/auth/code", json=email) == 2
        code = site.newest_code()
        assert await site.trips("POST", "/auth/session", json={**email, "code": code}) == 5

    measure(story)


def test_writing_reading_and_counting_messages(measure: Measure) -> None:
    """Sending: who asks; the conversation; everybody's part in it, with their names; whether the
    message is new; the commit."""

    async def story(site: Site) -> None:
        ada, bob = [await site.member(name) for name in ("ada", "bob")]
        hello: dict[str, Any] = {"json": {"message": "Hello", "handle": "bob"}}
        made = (await site.ask("POST", "/api/messages", ada, **hello)).json()
        group = made["message_group_uuid"]
        more: dict[str, Any] = {"json": {"message": "Hi", "message_group_uuid": group}}

        for who in bob, ada:
            assert await site.trips("POST", "/api/messages", who, **more) == 5
        assert await site.trips("POST", "/api/messages", ada, **hello) == 8
        assert await site.trips("GET", "/api/messages/counter", bob) == 2
        assert await site.trips("GET", "/api/message_groups", bob) == 5
        assert await site.trips("GET", f"/api/messages/{group}?peek=true", bob) == 5

    measure(story)


def test_a_kept_list_of_conversations_is_checked_and_shown_in_one_read(measure: Measure) -> None:
    """Who asks; then all documents. A list that is not right costs that read more."""

    async def story(site: Site) -> None:
        ada, bob = [await site.member(name) for name in ("ada", "bob")]
        hello: dict[str, Any] = {"json": {"message": "Hello", "handle": "bob"}}
        await site.ask("POST", "/api/messages", ada, **hello)

        assert await site.trips("GET", "/api/message_groups", bob) == 5
        for _ in range(2):
            assert await site.trips("GET", "/api/message_groups", bob) == 2
            await site.ask("POST", "/api/messages", ada, **hello)
        assert await site.trips("GET", "/api/message_groups?limit=1", bob) == 5
        cyd = await site.member("cyd")
        await site.ask("POST", "/api/messages", cyd, **hello)
        assert await site.trips("GET", "/api/message_groups?limit=1", bob) == 6
        assert await site.trips("GET", "/api/messages/counter", bob) == 2

    measure(story, cache="memory")
