"""Things on a whole site: its accounts, its worker and its mail."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gatherlog.apps.things import BookingWish, ChildDetails, IntRange, When
from gatherlog.bootstrap import start
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.platform import Platform
from gatherlog.settings import Settings
from tests.apps.things.sample_things import content
from tests.stores import HOSTILE_URL, eventually

CHILD = ChildDetails(name="Mia", birth_date="2020-06-15")


@pytest.fixture(params=["memory:", HOSTILE_URL])
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param, demo=True))
    async with platform.working():
        yield platform
    await platform.stop()


async def account(platform: Platform, name: str, *roles: str) -> str:
    id = await platform.accounts.ensure(f"{name}@example.org", actor="cli")
    await platform.accounts.change_roles(id, add=roles, actor="cli")
    return id


async def letters(platform: Platform) -> list[tuple[str, str]]:
    assert platform.mailbox is not None
    found = [(one.to, one.subject.partition(":")[0]) for one in platform.mailbox.letters()]
    return sorted(found)


async def test_reviewers_organisers_and_parents_of_a_site_get_their_letters(
    platform: Platform,
) -> None:
    olga = await account(platform, "olga", "organiser")
    rita = await account(platform, "rita", "reviewer")
    pia = await account(platform, "pia")
    tomorrow = (to_datetime(platform.clock()) + timedelta(days=2)).isoformat()
    things = platform.things
    await eventually(platform.accounts.reviewers, [rita])
    await things.save_profile(olga, "Olga's house", actor="cli")
    when = When(start=tomorrow, end=tomorrow)
    written = content(kind="EVENT", when=when, ages=IntRange(0, 120))
    draft = (await things.create_thing(written, olga, actor="cli")).body
    thing = (await things.submit_thing(draft.id, olga, actor="cli")).body
    to_review = [("rita@example.org", "Ready for review")]
    await eventually(lambda: letters(platform), to_review)

    await things.approve(thing.id, rita, actor="cli")
    child = await things.add_child(CHILD, pia, actor="cli")
    wish = BookingWish(date=thing.content.when.start[:10], children=(child.id,))
    booking = (await things.book(thing.id, wish, pia, actor="cli")).body

    booked = [("olga@example.org", "New booking"), ("olga@example.org", "Published")]
    parents = [("pia@example.org", "You have booked")]
    await eventually(lambda: letters(platform), [*booked, *parents, *to_review])

    await platform.accounts.remove(pia, actor="cli")

    async def is_forgotten() -> tuple[int, str]:
        details = await things.bookings_on(thing.id, wish.date, olga)
        status = next(one.booking.status for one in details if one.booking.id == booking.id)
        return len(await things.children(pia)), status

    await eventually(is_forgotten, (0, "CANCELLED"))
