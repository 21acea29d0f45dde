"""A first handle, and the settings of those who have one."""

from collections.abc import AsyncIterator

import pytest

from gatherlog.apps.people import QuietHours
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.interfaces.web.conversations.chatting import Chatter, read, signed_in


@pytest.fixture
async def new(platform: Platform, app: Http) -> AsyncIterator[Chatter]:
    """A member who has no handle yet."""
    member = await signed_in(platform, app, "zoe", handle=False)
    yield member
    await member.browser.aclose()


async def test_whoever_has_no_handle_chooses_one_first(
    platform: Platform, new: Chatter, ada: Chatter
) -> None:
    page = await new.page()
    assert "Choose a handle" in page.text("main")
    assert "New message" not in page.text("main")

    sent = await new.send(
        "/messages/settings",
        do="handle",
        handle="@Zoe.Z",
        display_name="Zoë",
        time_zone="Europe/Berlin",
    )

    assert sent.headers["location"] == "/messages?done=saved"
    profile = await platform.profiles.profile(new.account_id)
    assert (profile.handle, profile.display_name, profile.time_zone) == (
        "zoe.z",
        "Zoë",
        "Europe/Berlin",
    )
    assert "@zoe.z" in (await new.page()).text("main")
    await ada.start("zoe.z", "Welcome")


@pytest.mark.parametrize(
    ("handle", "status", "sentence"),
    [
        ("", 422, "A handle has 3 to 30 characters: a to z, 0 to 9, _ and full stops."),
        ("zo", 422, "A handle has 3 to 30 characters: a to z, 0 to 9, _ and full stops."),
        ("zoë", 422, "A handle has 3 to 30 characters: a to z, 0 to 9, _ and full stops."),
        ("ADA", 409, "Somebody else has this handle, or had it until not long ago."),
    ],
)
@pytest.mark.usefixtures("ada")
async def test_a_handle_that_cannot_be_had_stays_in_the_form(
    platform: Platform, new: Chatter, handle: str, status: int, sentence: str
) -> None:
    for fields in ({"do": "handle"}, {"time_zone": "UTC"}):
        refused = await new.send("/messages/settings", handle=handle, **fields)

        page = read(refused)
        assert (refused.status_code, page.of_class("error")) == (status, [sentence])
        assert page.id("handle")["value"] == handle
    assert (await platform.profiles.profile(new.account_id)).handle is None


async def test_settings_are_saved_and_shown(platform: Platform, ada: Chatter) -> None:
    sent = await ada.send(
        "/messages/settings",
        handle="ada",
        display_name="",
        time_zone="Asia/Tokyo",
        quiet_from="22:00",
        quiet_to="07:30",
        read_receipts="yes",
    )

    assert sent.headers["location"] == "/messages/settings?done=saved"
    profile = await platform.profiles.profile(ada.account_id)
    assert (profile.display_name, profile.time_zone, profile.quiet_hours) == (
        None,
        "Asia/Tokyo",
        QuietHours("22:00", "07:30"),
    )
    assert (profile.read_receipts, profile.message_mail) == (True, False)
    page = await ada.page("/messages/settings?done=saved")
    filled = page.filled()
    assert (filled["quiet_from"], filled["quiet_to"]) == (["22:00"], ["07:30"])
    assert (filled.get("read_receipts"), filled.get("message_mail")) == (["yes"], None)
    assert page._chosen()["time_zone"] == ["Asia/Tokyo"]
    assert "Saved." in page.text("main")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"display_name": "x" * 61}, "display_name"),
        ({"display_name": "\u202eadA"}, "display_name"),
        ({"display_name": "\u200b"}, "display_name"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": "Europe/Nowhere"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"quiet_from": "22:00"}, "quiet_hours"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "quiet_hours"),
        ({"quiet_from": "25:00", "quiet_to": "07:00"}, "quiet_hours"),
    ],
)
async def test_bad_settings_stay_in_the_form_and_nothing_is_saved(
    platform: Platform, ada: Chatter, fields: dict[str, str], wrong: str
) -> None:
    before = await platform.profiles.profile(ada.account_id)
    given = {"handle": "ada", "display_name": "Ada B", "time_zone": "UTC", **fields}

    refused = await ada.send("/messages/settings", **given)

    page = read(refused)
    assert (refused.status_code, len(page.of_class("error"))) == (422, 1)
    assert f"{wrong}-error" in [element.get("id") for element in page.elements]
    assert await platform.profiles.profile(ada.account_id) == before


async def test_the_settings_let_a_member_be_erased_and_think_again(
    platform: Platform, ada: Chatter
) -> None:
    assert "Erase my account" in (await ada.page("/messages/settings")).text("main")
    refused = await ada.send("/messages/settings", do="erase")
    assert refused.status_code == 409
    assert "sends no mail" in read(refused).text("main")

    wishes = platform.own_erasures
    await wishes.confirm(await wishes._token(ada.account_id, platform.clock()))
    assert "will be erased after" in (await ada.page("/messages/settings")).text("main")
    kept = await ada.send("/messages/settings", do="keep")

    assert kept.headers["location"] == "/messages/settings?done=kept"
    assert await wishes.pending(ada.account_id) is None
