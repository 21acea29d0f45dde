"""The time zone of the site itself, which is that of its default gathering; and of new things."""

from datetime import date
from zoneinfo import ZoneInfo

from gatherlog.apps.guests import DEFAULT
from gatherlog.core.commands.checks import DEFAULT_ZONE
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.platform import Platform

__all__ = ["new_thing_zone", "site_today", "site_zone"]


async def site_zone(platform: Platform) -> str:
    """The zone; UTC where that gathering was removed."""
    try:
        return (await platform.guests.gathering(DEFAULT)).body.time_zone
    except NotFound:
        return DEFAULT_ZONE


async def new_thing_zone(platform: Platform, organiser_id: str) -> str:
    """The zone with which a new thing begins: that of the organiser's newest thing, as long as it
    is not removed; the site's where there is none."""
    newest = (await platform.things.own_things(organiser_id, Window(limit=1))).items
    return newest[0].body.content.time_zone if newest else await site_zone(platform)


async def site_today(platform: Platform) -> date:
    """The current date by the clocks of the site."""
    zone = ZoneInfo(await site_zone(platform))
    return to_datetime(platform.clock()).astimezone(zone).date()
