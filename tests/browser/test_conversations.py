"""Two members talk from two browsers: a desk, and a phone, with scripts and without."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import Platform
from tests.browser.accessibility import barriers

pytestmark = pytest.mark.browser

LOOKS = """state => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""
"""Lets the page believe that it is on top, or is not."""
STREAMS = """window.streams = [];
const Source = window.EventSource;
window.EventSource = class extends Source {
  constructor(url) { super(url); window.streams.push(this); }
};"""
"""Keeps the live streams of a page, so that a test can cut them."""

Enter = Callable[[BrowserContext, str], Awaitable[str]]


@pytest.fixture
def enter(platform: Platform, site: str) -> Enter:
    """Signs a browser in as the member with a handle, who may be new; gives the account."""

    async def signed_in(context: BrowserContext, handle: str) -> str:
        address = f"{handle}@example.org"
        code = await platform.accounts.issue_code(address)
        session = await platform.accounts.start_session(address, code)
        actor = await platform.accounts.session(session)
        assert actor is not None
        named = ProfilePatch(handle=handle, display_name=handle.capitalize())
        await platform.profiles.change(actor.id, named, actor="test")
        await context.add_cookies([{"name": "gatherlog", "value": session, "url": site}])
        return actor.id

    return signed_in


@pytest.fixture
async def pocket(chromium: Browser) -> AsyncIterator[Page]:
    """A phone with scripts, of somebody in Tokyo; errors of scripts fail the test."""
    context = await chromium.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        timezone_id="Asia/Tokyo",
    )
    await context.add_init_script(STREAMS)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    yield page
    await context.close()
    assert errors == []


@pytest.fixture
async def others(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser of further members, of which no page is open."""
    context = await chromium.new_context()
    yield context
    await context.close()


async def agree(platform: Platform, *accounts: str) -> None:
    """Let these members show each other what they have read."""
    for account in accounts:
        agreed = ProfilePatch(read_receipts=True)
        await platform.profiles.change(account, agreed, actor="test")


async def open_talk(page: Page, site: str, talk: str) -> None:
    """Open a conversation, and wait until it is followed."""
    await page.goto(f"{site}/messages/{talk}")
    await expect(page.locator("[data-follow].live")).to_be_visible()


async def write(page: Page, text: str) -> None:
    await page.get_by_label("Message to").fill(text)
    await page.get_by_role("button", name="Send").click()


async def test_two_members_talk_and_each_sees_the_other_at_once(
    platform: Platform, desk: Page, pocket: Page, site: str, enter: Enter
) -> None:
    await enter(desk.context, "ada")
    await enter(pocket.context, "bob")
    await pocket.goto(f"{site}/messages")
    await expect(pocket.locator("[data-follow].live")).to_be_visible()

    await desk.goto(f"{site}/messages/new")
    await desk.get_by_label("To", exact=True).fill("@bob")
    await desk.get_by_label("Message").fill("Are you coming\non Saturday?")
    await desk.get_by_role("button", name="Send").click()
    await expect(desk.get_by_role("heading", level=1)).to_have_text("Bob")
    await expect(pocket).to_have_title("(1) Messages")
    await pocket.get_by_role("link", name=re.compile("Ada .*Are you coming on Saturday")).tap()
    await expect(pocket.get_by_role("heading", level=1)).to_have_text("Ada")
    await expect(pocket).to_have_title("Ada")
    await expect(pocket.locator(".first-new")).to_have_text("New")

    await write(pocket, "Yes, at six")
    await expect(desk.locator("[data-messages] .text")).to_have_text(
        ["Are you coming\non Saturday?", "Yes, at six"]
    )
    await expect(desk.get_by_role("status").last).to_have_text("Bob: Yes, at six")
    await desk.get_by_label("Message to Bob").fill("Good")
    await desk.get_by_label("Message to Bob").press("Enter")
    await expect(pocket.locator("[data-messages] .text").last).to_have_text("Good")
    await expect(desk.get_by_label("Message to Bob")).to_have_value("")
    await expect(desk.get_by_label("Message to Bob")).to_be_focused()
    await expect(desk.locator(".waiting")).to_have_count(0)
    await desk.goto(f"{site}/messages")
    await expect(desk).to_have_title("Messages")


async def test_what_arrives_while_nobody_looks_stays_unread_under_a_line(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob, ada = await enter(others, "bob"), await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(pocket, site, talk)

    await pocket.evaluate(LOOKS, "hidden")
    await platform.messages.send(bob, talk, "One")
    await platform.messages.send(bob, talk, "Two")
    await expect(pocket).to_have_title("(2) Bob")
    await expect(pocket.locator("[data-messages] > li:not(.day)")).to_contain_text(
        ["Hello", "New", "One", "Two"]
    )
    assert await platform.messages.unread(ada) == 2
    await pocket.evaluate(LOOKS, "visible")
    await expect(pocket).to_have_title("Bob")
    assert await platform.messages.unread(ada) == 0


async def test_after_a_break_nothing_is_missing_or_twice(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob = await enter(others, "bob")
    await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "0")).conversation
    await open_talk(pocket, site, talk)

    await pocket.evaluate("window.streams.at(-1).close()")
    for number in range(1, 4):
        await platform.messages.send(bob, talk, str(number))
    await pocket.evaluate("window.streams.at(-1).onerror()")
    await expect(pocket.get_by_text("No connection at the moment.")).to_be_visible()
    await expect(pocket.locator("[data-messages] .text")).to_have_text(list("0123"))
    await expect(pocket.get_by_text("No connection at the moment.")).to_be_hidden()
    await platform.messages.send(bob, talk, "4")
    await expect(pocket.locator("[data-messages] .text")).to_have_text(list("01234"))


async def test_what_the_other_has_read_shows_at_once_where_both_agree(
    platform: Platform, desk: Page, pocket: Page, site: str, enter: Enter
) -> None:
    ada, bob = await enter(desk.context, "ada"), await enter(pocket.context, "bob")
    await agree(platform, ada, bob)
    talk = (await platform.messages.start(ada, "bob", "Hello")).conversation
    await open_talk(desk, site, talk)
    mark = desk.locator("[data-seen]")
    await expect(mark).to_be_hidden()

    await open_talk(pocket, site, talk)

    await expect(mark).to_be_visible()
    await write(desk, "Are you there?")
    await expect(mark).to_have_count(2)
    await expect(mark.first).to_be_hidden()
    await expect(mark.last).to_be_visible()


async def test_an_answer_that_comes_after_the_message_was_read_does_not_unread_it(
    platform: Platform, desk: Page, site: str, enter: Enter, others: BrowserContext
) -> None:
    ada, bob = await enter(desk.context, "ada"), await enter(others, "bob")
    await agree(platform, ada, bob)
    talk = (await platform.messages.start(ada, "bob", "Hello")).conversation
    await open_talk(desk, site, talk)
    mark = desk.locator("[data-seen]").last

    async def answer_late(route: Route) -> None:
        """Give the answer to a message when the page shows that the other has read it."""
        if route.request.method != "POST":
            await route.fallback()
            return
        answer = await route.fetch()
        await platform.messages.mark_read(bob, talk, (await answer.json())["id"])
        await expect(mark).to_be_visible()
        await route.fulfill(response=answer)

    await desk.route(f"**/messages/{talk}", answer_late)
    await write(desk, "Are you there?")

    await expect(desk.locator(".waiting")).to_have_count(0)
    await expect(desk.locator("[data-messages] .text")).to_have_text(["Hello", "Are you there?"])
    await expect(mark).to_be_visible()


async def test_an_open_list_orders_itself_and_keeps_the_focus(
    platform: Platform, desk: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    ada = await enter(desk.context, "ada")
    bob, eve = await enter(others, "bob"), await enter(others, "eve")
    with_bob = (await platform.messages.start(bob, "ada", "From Bob")).conversation
    await platform.messages.start(eve, "ada", "From Eve")
    await desk.goto(f"{site}/messages")
    names = desk.locator("[data-rows] strong")
    await expect(names).to_have_text(["Eve", "Bob"])
    await expect(desk.locator("[data-follow].live")).to_be_visible()
    await desk.get_by_role("link", name="Bob").focus()

    await platform.messages.send(bob, with_bob, "Once more")

    await expect(names).to_have_text(["Bob", "Eve"])
    await expect(desk).to_have_title("(3) Messages")
    await expect(desk.get_by_role("link", name="Bob")).to_be_focused()
    await platform.messages.leave(ada, with_bob)
    await expect(names).to_have_text(["Eve"])


async def test_a_message_that_could_not_be_sent_says_so_and_is_sent_once_by_trying_again(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob, ada = await enter(others, "bob"), await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(pocket, site, talk)
    failed = pocket.get_by_role("alert").filter(has_text="Not sent")
    again = pocket.get_by_role("button", name="Try again")
    is_received = False

    async def lose(route: Route) -> None:
        """Lose the message, or only the answer to it."""
        if route.request.method != "POST":
            await route.fallback()
            return
        if is_received:
            await route.fetch()
        await route.abort()

    await pocket.route(f"**/messages/{talk}", lose)
    await write(pocket, "One")
    await expect(failed).to_have_text("Not sent: there is no connection.")
    await pocket.reload()
    await expect(failed).to_have_text("Not sent yet.")
    is_received = True
    await again.tap()
    await expect(failed).to_have_text("Not sent: there is no connection.")
    await pocket.unroute(f"**/messages/{talk}")
    await again.tap()
    await expect(pocket.locator(".waiting")).to_have_count(0)
    await expect(pocket.locator("[data-messages] .text")).to_have_text(["Hello", "One"])

    shown = await platform.messages.messages(ada, talk)
    assert [one.message.text for one in shown.items] == ["One", "Hello"]


async def test_what_one_tab_could_not_send_is_kept_while_another_one_sends(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob = await enter(others, "bob")
    await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(pocket, site, talk)
    second = await pocket.context.new_page()
    await open_talk(second, site, talk)

    await pocket.route(f"**/messages/{talk}", lambda route: route.abort())
    await write(pocket, "Lost")
    await expect(pocket.get_by_text("Not sent: there is no connection.")).to_be_visible()
    await write(second, "Sent")
    await expect(second.locator(".waiting")).to_have_count(0)
    await pocket.unroute(f"**/messages/{talk}")
    await pocket.reload()

    await expect(pocket.locator(".waiting .text")).to_have_text("Lost")


async def test_what_the_server_refuses_goes_back_into_the_field(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob = await enter(others, "bob")
    await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(pocket, site, talk)

    await write(pocket, "x" * 1025)

    alert = pocket.get_by_role("alert").filter(has_text="Not sent")
    await expect(alert).to_have_text(
        "Not sent. A message can have up to 1,024 characters. Please shorten it."
    )
    await pocket.get_by_role("button", name="Edit").tap()
    await expect(pocket.get_by_label("Message to Bob")).to_have_value("x" * 1025)
    await expect(alert).to_have_count(0)


async def test_drafts_survive_until_they_are_sent_and_go_with_the_session(
    platform: Platform, desk: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob = await enter(others, "bob")
    await enter(desk.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(desk, site, talk)
    field = desk.get_by_label("Message to Bob")
    await field.fill("Dear Bob")
    await desk.goto(f"{site}/messages/new")
    await desk.get_by_label("Message").fill("For somebody")

    await open_talk(desk, site, talk)
    await expect(field).to_have_value("Dear Bob")
    await write(desk, "Dear Bob")
    await expect(desk.locator(".waiting")).to_have_count(0)
    await desk.reload()
    await expect(field).to_have_value("")
    await desk.goto(f"{site}/messages/new")
    await expect(desk.get_by_label("Message")).to_have_value("For somebody")
    await desk.get_by_role("button", name="Sign out").click()
    await expect(desk.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert await desk.evaluate("Object.keys(localStorage)") == []


async def test_older_messages_come_as_one_scrolls_each_once_under_its_day(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob = await enter(others, "bob")
    ada = await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "1")).conversation
    for number in range(2, 71):
        await platform.messages.send(ada, talk, str(number))
    await open_talk(pocket, site, talk)
    texts = pocket.locator("[data-messages] .text")
    for first in (51, 31, 11, 1):
        await expect(texts.first).to_have_text(str(first))
        await pocket.evaluate("scrollTo({top: 0, behavior: 'instant'})")

    await expect(texts).to_have_text([str(number) for number in range(1, 71)])
    await expect(pocket.locator(".day")).to_have_text(["Today"])
    await expect(pocket.get_by_role("link", name="Earlier messages")).to_have_count(0)


async def test_what_is_changed_further_up_is_seen_when_one_scrolls_there_and_not_before(
    platform: Platform, desk: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    ada, bob = await enter(desk.context, "ada"), await enter(others, "bob")
    sent = [await platform.messages.start(bob, "ada", str(number)) for number in range(1, 41)]
    talk = sent[0].conversation
    await platform.messages.open(ada, talk)
    await open_talk(desk, site, talk)
    texts = desk.locator("[data-messages] .text")
    await expect(texts).to_have_text([str(number) for number in range(21, 41)])

    await platform.messages.edit(bob, talk, sent[4].message.id, "five")
    await platform.messages.send(bob, talk, "41")
    await expect(texts).to_have_text([str(number) for number in range(21, 42)])

    async def change_on_the_way(route: Route) -> None:
        """Delete a message after the page with it was made, and before it is there."""
        answer = await route.fetch()
        await platform.messages.delete(bob, talk, sent[5].message.id)
        await platform.messages.send(bob, talk, "42")
        await expect(texts.last).to_have_text("42")
        await route.fulfill(response=answer)

    await desk.route("**/messages/*?before=*", change_on_the_way)
    await desk.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    await expect(texts).to_have_text(
        ["1", "2", "3", "4", "five", "Message deleted", *map(str, range(7, 43))]
    )


async def test_only_the_last_message_that_the_other_has_read_says_so_also_further_up(
    platform: Platform, desk: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    ada, bob = await enter(desk.context, "ada"), await enter(others, "bob")
    await agree(platform, ada, bob)
    sent = [await platform.messages.start(ada, "bob", str(number)) for number in range(1, 41)]
    await platform.messages.open(bob, sent[0].conversation)
    await open_talk(desk, site, sent[0].conversation)
    await desk.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    await expect(desk.locator("[data-message]")).to_have_count(40)

    await expect(desk.locator("[data-seen]:visible")).to_have_count(1)
    await expect(desk.locator("[data-seen]").last).to_be_visible()


async def test_a_read_mark_that_the_server_could_not_take_is_told_again(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob, ada = await enter(others, "bob"), await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(pocket, site, talk)
    refused = pocket.expect_response("**/read")
    await pocket.route("**/read", lambda route: route.fulfill(status=503))
    async with refused:
        await platform.messages.send(bob, talk, "One")
    await pocket.unroute("**/read")

    await pocket.evaluate(LOOKS, "hidden")
    async with pocket.expect_response("**/read"):
        await pocket.evaluate(LOOKS, "visible")

    assert await platform.messages.unread(ada) == 0


async def test_a_conversation_further_on_stays_there_when_something_in_it_changes(
    platform: Platform, desk: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    ada = await enter(desk.context, "ada")
    with_last = ""
    for number in range(21):
        friend = await enter(others, f"friend{number}")
        talk = (await platform.messages.start(friend, "ada", "Hello")).conversation
        with_last = with_last or talk
    await desk.goto(f"{site}/messages")
    await expect(desk.locator("[data-follow].live")).to_be_visible()
    rows = desk.locator("[data-rows] > li")
    await expect(rows).to_have_count(20)

    await platform.messages.mute(ada, with_last, True)
    await expect(desk).to_have_title("(20) Messages")

    await expect(rows).to_have_count(20)
    await platform.messages.send(ada, with_last, "Hello")
    await expect(rows.first).to_contain_text("You: Hello")


async def test_who_left_and_is_written_to_again_may_answer_on_the_page_that_is_open(
    platform: Platform, pocket: Page, site: str, others: BrowserContext, enter: Enter
) -> None:
    bob, ada = await enter(others, "bob"), await enter(pocket.context, "ada")
    talk = (await platform.messages.start(bob, "ada", "Hello")).conversation
    await open_talk(pocket, site, talk)
    await platform.messages.leave(ada, talk)
    await expect(pocket.get_by_text("You no longer take part")).to_be_visible()
    await expect(pocket.get_by_label("Message to Bob")).to_be_hidden()

    await platform.messages.send(bob, talk, "Come back")

    await expect(pocket.get_by_text("You no longer take part")).to_be_hidden()
    await write(pocket, "Here I am")
    await expect(pocket.locator(".waiting")).to_have_count(0)


async def test_times_are_those_of_the_reader(
    platform: Platform, desk: Page, pocket: Page, site: str, enter: Enter
) -> None:
    bob = await enter(pocket.context, "bob")
    await enter(desk.context, "ada")
    shown = await platform.messages.start(bob, "ada", "Hello")
    for page, zone in ((desk, "Europe/Berlin"), (pocket, "Asia/Tokyo")):
        await open_talk(page, site, shown.conversation)
        time = page.locator("time[data-clock]")
        expected = await page.evaluate(
            "([when, timeZone]) => new Date(when).toLocaleTimeString('en-GB',"
            " {timeZone, hour: '2-digit', minute: '2-digit'})",
            [await time.get_attribute("datetime"), zone],
        )
        await expect(time).to_have_text(expected)
        await expect(page.get_by_text("Times are in")).to_have_count(0)
    await desk.goto(f"{site}/messages")
    await desk.evaluate(
        "for (const time of document.querySelectorAll('time'))"
        " time.dateTime = new Date(Date.now() - 300_000).toISOString(); retime()"
    )
    await expect(desk.locator("time[data-age]")).to_have_text("5 min")


async def test_it_all_works_on_a_phone_without_scripts(
    platform: Platform, page: Page, others: BrowserContext, site: str, enter: Enter
) -> None:
    bob = await enter(others, "bob")
    await enter(page.context, "ada")
    await page.goto(f"{site}/messages")
    await page.get_by_role("link", name="New message").tap()
    await page.get_by_label("To", exact=True).fill("bob")
    await page.get_by_label("Message").fill("Hello Bob")
    await page.get_by_role("button", name="Send").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bob")
    talk = page.url.split("/messages/")[1].split("?")[0]
    await platform.messages.send(bob, talk, "Hello Ada")

    await page.goto(f"{site}/messages")
    await expect(page).to_have_title("(1) Messages")
    await page.get_by_role("link", name="Bob").tap()
    await page.get_by_label("Message to Bob").fill("How are you?")
    await page.get_by_role("button", name="Send").tap()
    await expect(page.locator("[data-messages] .text")).to_have_text(
        ["Hello Bob", "Hello Ada", "How are you?"]
    )
    await expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    await page.get_by_role("link", name="Edit or delete this message").last.tap()
    await page.get_by_label("Your message").fill("How are you today?")
    await page.get_by_role("button", name="Save").tap()
    await expect(page.get_by_text("· edited")).to_have_count(1)

    for path in ("", "/new", "/settings", "/blocked", f"/{talk}", f"/{talk}/about"):
        await page.goto(f"{site}/messages{path}")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert (path, width) == (path, 390)


async def test_no_page_bars_anybody(
    platform: Platform, desk: Page, pocket: Page, site: str, enter: Enter
) -> None:
    ada = await enter(desk.context, "ada")
    bob = await enter(pocket.context, "bob")
    talk = (await platform.messages.start(ada, "bob", "Hello https://example.org")).conversation
    sent = await platform.messages.send(bob, talk, "Hello")
    await platform.messages.start_group(ada, ["bob"], title="Choir")
    paths = (
        *("", "/new", "/settings", "/blocked", "/search?q=hello"),
        *(f"/{talk}", f"/{talk}/about", f"/{talk}/{sent.message.id}"),
    )

    for page in (desk, pocket):
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            for path in paths:
                await page.goto(f"{site}/messages{path}")
                assert (path, await barriers(page)) == (path, [])
