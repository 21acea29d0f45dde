"""What others see of a member, and how the member hears of messages."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import HandleTaken, Profile, ProfilePatch, QuietHours
from gatherlog.apps.people.own_erasure import NoMailToConfirm
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import GatherlogError, Invalid
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.frame import HOME, ConversationFrame, Member
from gatherlog.interfaces.web.fields import ZONES, Fields
from gatherlog.interfaces.web.forms import text

__all__ = ["SettingsPages", "filled", "first"]

_PATH: Final = f"{HOME}/settings"
_NAMES: Final = ("handle", "display_name", "time_zone", "quiet_from", "quiet_to")
_SWITCHES: Final = ("read_receipts", "message_mail")
_SENTENCES: Final[Mapping[str, str]] = {
    "handle": "A handle has 3 to 30 characters: a to z, 0 to 9, _ and full stops.",
    "display_name": "A name can have up to 60 characters, and no control characters.",
    "time_zone": "Please choose a time zone from the list.",
    "quiet_hours": "Quiet hours need two different times, such as 22:00 and 07:30.",
}
_NO_MAIL: Final = "This site sends no mail. Please ask its operator to erase your account."
_TAKEN: Final = "Somebody else has this handle, or had it until not long ago."


class SettingsPages:
    def __init__(self, frame: ConversationFrame) -> None:
        self._frame = frame
        self._profiles = frame.platform.profiles

    async def settings(self, request: Request) -> Response:
        """The settings; POST changes them, or chooses a first handle."""
        member = await self._frame.owner(request)
        if request.method != "POST":
            return await self._page(member, filled(member.profile), note=self._frame.done(request))
        form = await self._frame.form(request, member)
        if (wish := text(form, "do")) in ("erase", "keep"):
            return await self._leave(member, wish)
        fields = Fields.read(form, (*_NAMES, *_SWITCHES))
        is_first = text(form, "do") == "handle"
        try:
            patch = _first(fields) if is_first else _patch(fields)
            await self._profiles.change(member.account, patch, actor=member.by)
        except (Invalid, HandleTaken) as error:
            return await self._page(
                member, _with_flaws(fields, error), status=status_of(error), is_first=is_first
            )
        return self._frame.redirect(HOME if is_first else _PATH, "saved")

    async def _leave(self, member: Member, wish: str) -> Response:
        """Mail the link that confirms the erasure of the account, or keep the account."""
        wishes = self._frame.platform.own_erasures
        if wish == "keep":
            await wishes.cancel(member.account)
            return self._frame.redirect(_PATH, "kept")
        try:
            await wishes.ask(member.account)
        except NoMailToConfirm as refused:
            return await self._page(
                member, filled(member.profile), status=status_of(refused), note=_NO_MAIL
            )
        return self._frame.redirect(_PATH, "asked")

    async def _page(
        self,
        member: Member,
        fields: Fields,
        *,
        status: int = 200,
        note: str = "",
        is_first: bool = False,
    ) -> Response:
        template = "first.html" if is_first else "settings.html"
        return await self._frame.page(
            template,
            member,
            status=status,
            fields=fields,
            zones=ZONES,
            note=note,
            leaves=await self._leaves(member),
        )

    async def _leaves(self, member: Member) -> str | None:
        """When the account is erased, as text; None if it is not."""
        pending = await self._frame.platform.own_erasures.pending(member.account)
        return None if pending is None else f"{to_datetime(pending.due_at):%d %B %Y, %H:%M}"


def filled(profile: Profile) -> Fields:
    """The form of what is saved now."""
    hours = profile.quiet_hours
    return Fields(
        {
            "handle": profile.handle or "",
            "display_name": profile.display_name or "",
            "time_zone": profile.time_zone,
            "quiet_from": "" if hours is None else hours.start,
            "quiet_to": "" if hours is None else hours.end,
            "read_receipts": "yes" if profile.read_receipts else "",
            "message_mail": "yes" if profile.message_mail else "",
        }
    )


def first(profile: Profile) -> Fields:
    """The form of whoever writes for the first time.

    Its zone is empty where none was chosen, so that a script may propose that of the browser.
    """
    is_chosen = profile.time_zone != Profile().time_zone
    return Fields(
        {
            "display_name": profile.display_name or "",
            "time_zone": profile.time_zone if is_chosen else "",
        }
    )


def _first(fields: Fields) -> ProfilePatch:
    """What whoever writes for the first time says; the zone may be left for later."""
    return ProfilePatch(
        handle=_handle(fields),
        display_name=fields["display_name"] or UNSET,
        time_zone=fields["time_zone"] or UNSET,
    )


def _patch(fields: Fields) -> ProfilePatch:
    begins, ends = fields["quiet_from"], fields["quiet_to"]
    return ProfilePatch(
        handle=_handle(fields),
        display_name=fields["display_name"] or None,
        time_zone=fields["time_zone"],
        quiet_hours=QuietHours(begins, ends) if begins or ends else None,
        read_receipts=bool(fields["read_receipts"]),
        message_mail=bool(fields["message_mail"]),
    )


def _handle(fields: Fields) -> str:
    """As it was typed, also if that is nothing: a handle is not given up on this page."""
    return fields["handle"].removeprefix("@")


def _with_flaws(fields: Fields, error: GatherlogError) -> Fields:
    if isinstance(error, HandleTaken):
        return Fields(fields.values, {"handle": _TAKEN})
    assert isinstance(error, Invalid)
    names = [flaw.pointer.split("/")[1] for flaw in error.flaws]
    return Fields(fields.values, {name: _SENTENCES[name] for name in names if name in _SENTENCES})
