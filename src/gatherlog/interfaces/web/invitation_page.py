"""`/r/{token}`: a guest reads the invitation, and answers for the household by POST."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatherlog.apps.guests import (
    AnswersChanged,
    Gathering,
    GatheringFull,
    Household,
    HouseholdAnswer,
    LinkHolder,
    MailedLinks,
    RsvpClosed,
    sign_in_name,
)
from gatherlog.apps.messages import About
from gatherlog.apps.people.guest_login import AFTERWARDS
from gatherlog.apps.people.policy import Action, Actor, Role, Verdict, decide
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import Conflict, Flaw, GatherlogError, Invalid, NotFound
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.access_notes import note_access
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.web.calendar import calendar
from gatherlog.interfaces.web.forms import read_form
from gatherlog.interfaces.web.household_form import HouseholdForm, is_saved, people_signed_up
from gatherlog.interfaces.web.invitation import confirmation, invitation
from gatherlog.interfaces.web.messages import FORM_OUTDATED, LINK_OVER, LINK_UNKNOWN, message
from gatherlog.interfaces.web.rendering import HEADERS, Renderer
from gatherlog.interfaces.web.visitors import (
    AnonymousVisitor,
    FormOutdated,
    Visitor,
    Visitors,
)
from gatherlog.interfaces.web.words import listed

__all__ = ["UNLISTED", "InvitationPage", "places_left", "today"]

UNLISTED: Final = {"X-Robots-Tag": "noindex, nofollow"}
"""Headers of every answer below `/r/`: search engines must not index it."""
_TO_BE_CONFIRMED: Final = 422
_GONE: Final = 410
_SEND_AGAIN: Final = N_(
    "Below is first what is saved now, then what you were about to send: please send it again if "
    "you still mean it."
)
_NOTICES: Final[Mapping[type[GatherlogError], str]] = {
    GatheringFull: N_(
        "There are not enough places left for this answer, so it was not saved. What you answered "
        "before still stands. Fewer people may fit."
    ),
    RsvpClosed: N_("RSVPs closed before this answer came, so it was not saved."),
}


class _LinkExpired(NotFound):
    """The gathering was more than a week ago, so its links open nothing any more."""


class _InvitationAccess(msgspec.Struct, frozen=True):
    """What the link gives access to, as it is saved now."""

    gathering: Gathering
    household: Household
    actor: Actor
    anonymous: AnonymousVisitor | None
    """The browser's own token for forms, where the guest manages by this link; else None."""

    @property
    def members(self) -> list[str]:
        """The ids of the guest and of the household's other members."""
        household = self.household
        return [member.body.id for member in (household.guest, *household.members)]


class InvitationPage:
    """The page behind a guest's link. The link is the credential: whoever has it is the guest."""

    def __init__(
        self, platform: Platform, renderer: Renderer, rate_limiter: RateLimiter, visitors: Visitors
    ) -> None:
        self._platform = platform
        self._guests = platform.guests
        self._rate_limiter = rate_limiter
        self._renderer = renderer
        self._visitors = visitors

    async def serve(self, request: Request) -> Response:
        """GET and HEAD show the page, POST answers.

        GET changes nothing, because mail scanners follow links.
        """
        try:
            if request.method != "POST":
                return await self._show(request)
            handle = self._manage if "manage" in request.query_params else self._answer
            return await handle(request)
        except NotFound as error:  # also if the guest is removed while this request answers
            return self._refused(error)

    async def calendar(self, request: Request) -> Response:
        """The gathering as a calendar file; 404 for one without a date.

        Calendars read the file again and again. So that they take the event out if the gathering
        is removed, the file then says that, until the links would have ended.
        """
        try:
            gathering = await self._in_calendars(request)
        except NotFound as error:
            return self._refused(error)
        if gathering.event_date is None:
            return self._renderer.message(message(404), 404, UNLISTED)
        disposition = {"Content-Disposition": 'attachment; filename="invitation.ics"'}
        return Response(
            calendar(gathering, self._platform.clock()),
            headers={**HEADERS, **UNLISTED, **disposition},
            media_type="text/calendar; charset=utf-8",
        )

    async def _in_calendars(self, request: Request) -> Gathering:
        """The gathering of the link, also if it was removed. Raises NotFound as `_open` does."""
        try:
            own, joint = Action.READ_INVITATION, Action.READ_HOUSEHOLD
            return (await self._open(request, own, joint)).gathering
        except _LinkExpired:
            raise
        except NotFound:
            holder = await self._holder(request.path_params["token"])
            guest = Actor("guest", holder.guest_id, Role.GUEST, holder.gathering_id)
            _permit(guest, Action.READ_INVITATION, holder.guest_id)
            removed = await self._guests.removed_gathering(holder.gathering_id)
            if _is_over(removed, self._platform.clock()):
                raise
            return removed

    async def _show(self, request: Request) -> Response:
        """The invitation with the answers so far."""
        if "calendar" in request.query_params:  # a link to it does not contain the token
            return await self.calendar(request)
        visitor = await self._visitors.find(request)
        access = await self._open(request, Action.READ_INVITATION, Action.READ_HOUSEHOLD)
        guest = access.actor
        note_access(self._platform, guest, Action.READ_HOUSEHOLD, access.gathering.id, guest.id)
        may_write = await self._may_write(visitor, access.gathering.id)
        return await self._page(access, thanks="saved" in request.query_params, may_write=may_write)

    async def _may_write(self, visitor: Visitor | None, gathering_id: str) -> bool:
        """Whether the browser is that of a member who is invited, too, and so may write to the
        host."""
        account = None if visitor is None else visitor.actor.account_id
        if visitor is None or account is None:
            return False
        if decide(visitor.actor, Action.USE_CONVERSATIONS) is not Verdict.ALLOW:
            return False
        about = About("gathering", gathering_id)
        known = await self._platform.messages.subjects(account, [about])
        return about in known and known[about].other is not None

    async def _manage(self, request: Request) -> Response:
        """Sign a co-host in to the pages of hosts.

        It holds until the guest signs out, gets a new link, or is not a co-host any more. The form
        has a token, as the sign-in form has, so that no other site can sign anybody in.
        """
        access = await self._open(request, Action.READ_INVITATION, Action.READ_HOUSEHOLD)
        if access.anonymous is None:
            raise NotFound("This link does not open the pages of hosts.")
        try:
            self._visitors.check_form(request, await read_form(request), access.anonymous)
        except FormOutdated:
            return self._renderer.message(FORM_OUTDATED, 403, UNLISTED)
        own = access.household.guest.body
        name = sign_in_name(own.first_name, own.last_name)
        login = await self._platform.guest_login.login(request.path_params["token"], name)
        self._platform.trail.note(access.actor.name, "login", access.gathering.id, access.actor.id)
        response = RedirectResponse(f"/host/{access.gathering.id}", 303, {**HEADERS, **UNLISTED})
        self._visitors.sign_in(response, login)
        return response

    async def _answer(self, request: Request) -> Response:
        """Save the answers and lead back to the page; or show the form again, with the reason."""
        access = await self._open(request, Action.ANSWER_INVITATION, Action.ANSWER_HOUSEHOLD)
        form = HouseholdForm.read(await read_form(request), access.household)
        try:
            answers = form.answers(access.household)
        except Invalid as error:
            return await self._page(access, form, flaws=error.flaws, status=status_of(error))
        people = people_signed_up(access.household, answers)
        if _exceeds(people, access.household) and form.confirmed != str(people):
            return await self._page(access, form, to_confirm=people, status=_TO_BE_CONFIRMED)
        return await self._record(request, access, form, answers)

    async def _record(
        self,
        request: Request,
        access: _InvitationAccess,
        form: HouseholdForm,
        answers: Mapping[str, HouseholdAnswer],
    ) -> Response:
        gathering_id, guest_id = access.gathering.id, access.actor.id
        self._rate_limiter.answer(guest_id)
        try:
            await self._guests.answer_household(
                gathering_id, guest_id, answers, actor=access.actor.name
            )
        except Invalid as error:
            return await self._page(access, form, flaws=error.flaws, status=status_of(error))
        except (GatheringFull, RsvpClosed, Conflict) as error:
            now = await self._open(request, Action.READ_INVITATION, Action.READ_HOUSEHOLD)
            if isinstance(error, Conflict) and is_saved(now.household, answers):
                return self._saved()  # the form was sent twice
            if now.household.closed:
                error = RsvpClosed("RSVP is closed")
            notice = _(_NOTICES.get(type(error), "")) or _changed_meanwhile(error, now.household)
            return await self._page(now, form, notice=notice, status=status_of(error))
        return self._saved()

    def _saved(self) -> Response:
        """Lead back to the page by GET, so that a reload does not send the answer again."""
        return RedirectResponse("?saved", 303, {**HEADERS, **UNLISTED})

    async def _open(self, request: Request, own: Action, joint: Action) -> _InvitationAccess:
        """What the link gives access to. Raises NotFound if the link is unknown or has ended.

        The policy is asked about the action `own` for the guest, and `joint` for every member.
        """
        token = request.path_params["token"]
        holder = await self._holder(token)
        actor = Actor("guest", holder.guest_id, Role.GUEST, holder.gathering_id)
        _permit(actor, own, holder.guest_id)
        request.state.actor = actor.name
        household = await self._guests.household(holder.gathering_id, holder.guest_id)
        gathering = household.gathering
        if _is_over(gathering, self._platform.clock()):
            raise _LinkExpired("The gathering is over, and so is this link.")
        manages = household.guest.body.manages and not MailedLinks.is_mailed(token)
        anonymous = self._visitors.anonymous(request) if manages else None
        access = _InvitationAccess(gathering, household, actor, anonymous)
        for member in access.members:
            _permit(actor, joint, member, access.members)
        return access

    async def _holder(self, token: str) -> LinkHolder:
        """The guest of the link, which the host has given or a letter has."""
        if MailedLinks.is_mailed(token):
            return await self._platform.mailed_links.holder(token)
        return await self._guests.link_holder(token)

    async def _page(
        self,
        access: _InvitationAccess,
        form: HouseholdForm | None = None,
        *,
        flaws: Sequence[Flaw] = (),
        to_confirm: int = 0,
        thanks: bool = False,
        notice: str | None = None,
        may_write: bool = False,
        status: int = 200,
    ) -> Response:
        gathering, household = access.gathering, access.household
        if to_confirm:
            notice = confirmation(to_confirm, household.family_sum)
        page = invitation(
            gathering,
            household,
            today=today(self._platform, gathering),
            places_left=await places_left(self._platform, gathering),
            forms=None if form is None else form.shown_again(household),
            flaws=flaws,
            to_confirm=to_confirm,
            thanks=thanks,
            notice=notice,
            manage="" if access.anonymous is None else access.anonymous.form,
        )
        shown = self._renderer.page(
            "invitation.html",
            status=status,
            headers=UNLISTED,
            page=page,
            may_write=may_write,
            gathering_id=gathering.id,
        )
        if access.anonymous is not None and access.anonymous.new:
            self._visitors.remember(shown, access.anonymous)
        return shown

    def _refused(self, error: NotFound) -> Response:
        if isinstance(error, _LinkExpired):
            return self._renderer.message(LINK_OVER, _GONE, UNLISTED)
        return self._renderer.message(LINK_UNKNOWN, 404, UNLISTED)


def today(platform: Platform, gathering: Gathering) -> date:
    """The current date in the gathering's time zone."""
    return to_datetime(platform.clock()).astimezone(ZoneInfo(gathering.time_zone)).date()


async def places_left(platform: Platform, gathering: Gathering) -> int | None:
    """How many places are free; None if there is no limit."""
    if gathering.max_guests is None:
        return None
    return (await platform.guests.stats(gathering.id)).places_left


def _permit(actor: Actor, action: Action, guest_id: str, household: Sequence[str] = ()) -> None:
    verdict = decide(actor, action, actor.gathering_id, guest_id=guest_id, household=household)
    if verdict is not Verdict.ALLOW:
        raise NotFound("There is no such invitation.")


def _is_over(gathering: Gathering, now: int) -> bool:
    """Whether links have ended: as for logins, some days after the gathering."""
    return gathering.over_at is not None and now >= gathering.over_at + AFTERWARDS


def _exceeds(people: int, household: Household) -> bool:
    """Whether these are more people than expected, and more than are signed up so far."""
    expected = household.family_sum
    return 0 < expected < people and people > household.questions.signed_up


def _changed_meanwhile(error: GatherlogError, household: Household) -> str:
    """The notice that something changed while the form was open, with names if they are known."""
    moved = error.changed if isinstance(error, AnswersChanged) else ()
    names = [member.body.first_name for member in household.members if member.body.id in moved]
    if not names:
        changed = _("This was changed after you opened the page.")
        return f"{changed} {_(_SEND_AGAIN)}"
    changed = _("There is a new answer for {names} since you opened the page.")
    return f"{changed.format(names=listed(names))} {_(_SEND_AGAIN)}"
