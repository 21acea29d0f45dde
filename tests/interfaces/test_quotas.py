"""Quotas and the question about letters, over REST: statuses, what is told, and metrics."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.apps.guests import Rsvp
from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS, checkpoint_id
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from gatherlog.targets.mail import Mailbox
from tests.interfaces.web.hosting import Host, fields_of, sign_in
from tests.interfaces.web.reading import Page
from tests.stores import eventually

QUOTAS = "gatherings=2,guests=3,gathering_letters=2"
GUEST = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """A demonstration, whose letters go to a mailbox, with a worker."""
    settings = Settings(
        store=f"sqlite:///{tmp_path}/x.db", demo=True, rate_limits="off", quotas=QUOTAS
    )
    platform = await start(settings)
    async with platform.working():
        await eventually(lambda: has_begun(platform), True)
        yield platform
    await platform.stop()


@pytest.fixture
async def host(platform: Platform) -> AsyncIterator[AsyncClient]:
    """A client of somebody who has signed in."""
    assert isinstance(platform.mailer, Mailbox)
    code = await platform.accounts.issue_code("ida@example.org")
    token = await platform.accounts.start_session("ida@example.org", code)
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    headers = {"Authorization": f"Bearer {token}"}
    async with AsyncClient(
        transport=ASGITransport(app=app), base_url="http://test", headers=headers
    ) as client:
        yield client
    app.stop()


async def has_begun(platform: Platform) -> bool:
    """Whether letters are read: those about earlier events are never sent."""
    [document] = await platform.store.get([CHECKPOINTS.ref(checkpoint_id("letters", 0))])
    return document is not None


async def party(host: AsyncClient) -> str:
    made = await host.post("/gatherings", json={"event_name": "Ball", "event_date": "2999-05-01"})
    assert made.status_code == 201
    place: str = made.headers["location"]
    return place


async def come(platform: Platform, host: AsyncClient, place: str, count: int) -> None:
    for number in range(count):
        guest = {**GUEST, "email": f"g{number}@example.org"}
        id = (await host.post(f"{place}/guests", json=guest)).json()["id"]
        gathering = place.rsplit("/", 1)[1]
        await platform.guests.rsvp(gathering, id, Rsvp(attending=True), actor="cli")


def told(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_host_who_has_as_much_as_is_allowed_is_told_so(host: AsyncClient) -> None:
    place, _ = await party(host), await party(host)
    third = await host.post("/gatherings", json={"event_name": "Third"})
    assert told(third) == (409, "quota_reached")
    assert "you have 2." in third.json()["detail"]
    assert "raise the quota `gatherings`" in third.json()["detail"]

    for _ in range(3):
        assert (await host.post(f"{place}/guests", json=GUEST)).status_code == 201
    assert told(await host.post(f"{place}/guests", json=GUEST)) == (409, "quota_reached")
    camel = {"firstName": "A", "lastName": "B"}
    assert told(await host.post(f"{place}/admin/guests", json=camel)) == (409, "quota_reached")
    sheet = "first name,last name\nBo,Ek\n"
    csv = {"content-type": "text/csv"}
    imported = await host.post(f"{place}/guests/import", content=sheet, headers=csv)
    assert told(imported) == (409, "quota_reached")
    assert (await host.get(f"{place}/admin/stats")).json()["total_guests"] == 3


async def test_a_change_of_the_place_asks_before_it_writes(
    host: AsyncClient, platform: Platform
) -> None:
    place = await party(host)
    assert (await host.put(place, json={"location": "A"})).status_code == 200  # nobody comes
    await come(platform, host, place, 1)

    asked = await host.put(place, json={"location": "B"})
    assert told(asked) == (409, "notify_undecided")
    assert asked.json()["detail"].startswith("1 guest comes or waits: ")
    assert (await host.get(place)).json()["location"] == "A"
    wrong = await host.put(place, json={"location": "B", "notify": "yes"})
    assert wrong.status_code == 422
    assert (await host.put(place, json={"location": "B", "notify": False})).status_code == 200
    assert (await host.put(place, json={"event_name": "Tea"})).status_code == 200

    assert isinstance(platform.mailer, Mailbox)
    mailbox = platform.mailer
    assert (await host.put(place, json={"location": "C", "notify": True})).status_code == 200

    async def subjects() -> list[str]:
        return [letter.subject for letter in mailbox.letters() if "@example.org" in letter.to]

    await eventually(subjects, ["A change: Tea"])


async def test_letters_over_the_days_bound_are_shown_and_the_next_change_is_refused(
    host: AsyncClient, platform: Platform
) -> None:
    place = await party(host)
    await come(platform, host, place, 3)
    assert (await host.put(place, json={"location": "B", "notify": True})).status_code == 200

    async def letters() -> object:
        return (await host.get(f"{place}/letters")).json()

    shown = {"sent_today": 2, "held_for_the_day": 1, "held_for_sign_in": 0}
    await eventually(letters, shown)

    refused = await host.put(place, json={"location": "C", "notify": True})
    assert told(refused) == (429, "letters_reached")
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert "`notify` false" in refused.json()["detail"]
    key = await platform.keys.create("operator", None, "", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    metrics = (await host.get("/metrics", headers=headers)).text
    assert 'gatherlog_letters_held{reason="day"} 1.0' in metrics
    assert 'gatherlog_letters_held{reason="unconfirmed"} 0.0' in metrics

    assert (await host.put(place, json={"location": "C", "notify": False})).status_code == 200


async def test_a_bad_value_is_refused_at_the_start_with_what_is_wrong(tmp_path: Path) -> None:
    for text, said in (("guests=many", "'guests=many' is not like"), ("tea=1", "'tea=1' is not")):
        with pytest.raises(Invalid) as refused:
            await start(Settings(store=f"sqlite:///{tmp_path}/y.db", quotas=text))
        [flaw] = refused.value.flaws
        assert (flaw.pointer, flaw.detail.startswith(said)) == ("/quotas", True)
    assert not (tmp_path / "y.db").exists()


# Pages.


@pytest.fixture
async def visitor(platform: Platform) -> AsyncIterator[Host]:
    """A host who uses a browser, and has a gathering."""
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    host = await sign_in(platform, app, "olga@example.org")
    made = await host.post("/host", event_name="Ball", event_date="2999-05-01", time_zone="UTC")
    host.gathering_id = made.headers["location"].split("?")[0].rsplit("/", 1)[1]
    yield host
    await host.browser.aclose()
    app.stop()


async def coming(visitor: Host, count: int) -> None:
    for number in range(count):
        guest = await visitor.add(f"G{number}", email=f"g{number}@example.org")
        said = Rsvp(attending=True)
        await visitor.platform.guests.rsvp(visitor.gathering_id, guest.id, said, actor="cli")


async def test_a_page_says_what_the_site_does_not_allow(visitor: Host) -> None:
    second = await visitor.post("/host", event_name="Second", time_zone="UTC")
    third = await visitor.post("/host", event_name="Third", time_zone="UTC")

    assert (second.status_code, third.status_code) == (303, 409)
    said = Page(third.text)
    assert [heading.text for heading in said.all("h1")] == ["That is more than this site allows"]
    assert "ask whoever runs this site to raise the quota" in third.text

    await coming(visitor, 3)
    fields = {"first_name": "A", "last_name": "B", "expected_guests": "1", "children": "0"}
    added = await visitor.post(f"{visitor.place}/guests/new", **fields)
    assert added.status_code == 409
    assert "A gathering may have 3 guests here" in added.text


async def test_the_page_asks_with_two_buttons_and_keeps_what_was_typed(visitor: Host) -> None:
    await coming(visitor, 1)
    form = fields_of(await visitor.page("/settings"))

    sent = {**form, "location": "The mill"}
    asked = await visitor.browser.post(f"{visitor.place}/settings", data=sent)
    assert asked.status_code == 409
    page = Page(asked.text)
    buttons = [(b["name"], b["value"]) for b in page.all("button") if b.get("name") == "notify"]
    assert buttons == [("notify", "yes"), ("notify", "no")]
    assert fields_of(page)["location"] == ["The mill"]
    assert "1 guest is coming or waiting for a place." in asked.text
    assert (await visitor.gathering()).location is None

    saved = await visitor.browser.post(
        f"{visitor.place}/settings", data={**fields_of(page), "notify": "no"}
    )
    assert saved.status_code == 303
    assert (await visitor.gathering()).location == "The mill"


async def test_the_page_tells_of_letters_that_wait_and_refuses_more(visitor: Host) -> None:
    await coming(visitor, 3)
    form = fields_of(await visitor.page("/settings"))
    sent = {**form, "location": "The mill", "notify": "yes"}
    saved = await visitor.browser.post(f"{visitor.place}/settings", data=sent)
    assert saved.status_code == 303

    async def waits() -> bool:
        text = (await visitor.browser.get(visitor.place)).text
        return "Emails to your guests that are still to be sent: 1." in text

    await eventually(waits, True)
    form = fields_of(await visitor.page("/settings"))
    again = {**form, "location": "The barn", "notify": "yes"}
    refused = await visitor.browser.post(f"{visitor.place}/settings", data=again)
    assert refused.status_code == 429
    assert "Today’s limit of emails has been reached, so nothing was saved." in refused.text
    assert fields_of(Page(refused.text))["location"] == ["The barn"]
