"""`/r/{token}`: a guest opens the invitation, answers, changes the answer. GET changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET
from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatherlog.apps.guests import Gathering, GatheringFull, Guest, Rsvp, RsvpClosed, Stored
from gatherlog.apps.guests.rules import is_closed
from gatherlog.apps.people.policy import Action, Actor, Role, Verdict, decide
from gatherlog.core.clock import to_datetime
from gatherlog.core.errors import Conflict, Flaw, GatherlogError, Invalid, NotFound
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import Malformed, UnsupportedMediaType, status_of
from gatherlog.interfaces.web.answer_form import MAX_FIELDS, AnswerForm, rsvp, typed
from gatherlog.interfaces.web.invitation import invitation
from gatherlog.interfaces.web.messages import LINK_UNKNOWN
from gatherlog.interfaces.web.rendering import HEADERS, Renderer

__all__ = ["UNLISTED", "InvitationPage"]

_FORM: Final = "application/x-www-form-urlencoded"
UNLISTED: Final = {"X-Robots-Tag": "noindex, nofollow"}
"""On every answer below `/r/`: no search engine is to keep it."""
_NOTICES: Final[Mapping[type[GatherlogError], str]] = {
    Conflict: "This was changed after you opened the page. Below is first what is saved now, "
    "then what you were about to send: please send it again if you still mean it.",
    GatheringFull: "There are not enough places left for this answer, so it was not saved. "
    "What you answered before still stands. Fewer people may fit.",
    RsvpClosed: "The time for answering ended before this answer came, so it was not saved.",
}


class _Opened(msgspec.Struct, frozen=True):
    """What a link leads to, as it is now."""

    gathering: Gathering
    guest: Stored[Guest]
    actor: Actor


class InvitationPage:
    """The guest who holds the link is the only one who asks here; the link is the credential."""

    def __init__(self, platform: Platform, renderer: Renderer) -> None:
        self._guests = platform.guests
        self._clock = platform.clock
        self._renderer = renderer

    async def serve(self, request: Request) -> Response:
        """POST answers, GET and HEAD show; mail scanners that follow the link change nothing."""
        try:
            return await (self._answer if request.method == "POST" else self._show)(request)
        except NotFound:  # also when the guest is removed while being answered for
            return self._renderer.message(LINK_UNKNOWN, 404, UNLISTED)

    async def _show(self, request: Request) -> Response:
        """The invitation with the answer so far."""
        opened = await self._open(request, Action.READ_INVITATION)
        return self._page(opened, thanks="saved" in request.query_params)

    async def _answer(self, request: Request) -> Response:
        """Record the answer and lead back to the page; or show the form again and say why not."""
        opened = await self._open(request, Action.ANSWER_INVITATION)
        return await self._record(request, opened, await _read(request))

    async def _record(self, request: Request, opened: _Opened, form: AnswerForm) -> Response:
        guest = opened.guest.body
        try:
            answer = rsvp(form)
        except Invalid as error:
            return self._page(opened, form=form, flaws=error.flaws, status=status_of(error))
        try:
            await self._guests.rsvp(
                guest.gathering_id,
                guest.id,
                answer,
                actor=opened.actor.name,
                expects=form.expects,
            )
        except Invalid as error:
            return self._page(opened, form=form, flaws=error.flaws, status=status_of(error))
        except (GatheringFull, RsvpClosed, Conflict) as error:
            now = await self._open(request, Action.READ_INVITATION)
            if isinstance(error, Conflict) and _stands(answer, now.guest.body):
                return self._saved()  # sent twice, as by an impatient finger
            notice = _NOTICES[type(error)]
            return self._page(now, form=form, notice=notice, status=status_of(error))
        return self._saved()

    def _saved(self) -> Response:
        """Back to the page by GET, so that a reload does not send the answer again."""
        return RedirectResponse("?saved", 303, {**HEADERS, **UNLISTED})

    async def _open(self, request: Request, action: Action) -> _Opened:
        """NotFound where the link lets nobody in."""
        holder = await self._guests.guest_by_link(request.path_params["token"])
        actor = Actor("guest", holder.guest_id, Role.GUEST, holder.gathering_id)
        verdict = decide(actor, action, holder.gathering_id, guest_id=holder.guest_id)
        if verdict is not Verdict.ALLOW:
            raise NotFound("There is no such invitation.")
        request.state.actor = actor.name
        gathering = await self._guests.gathering(holder.gathering_id)
        guest = await self._guests.guest(holder.gathering_id, holder.guest_id)
        return _Opened(gathering.body, guest, actor)

    def _page(
        self,
        opened: _Opened,
        *,
        form: AnswerForm | None = None,
        flaws: Sequence[Flaw] = (),
        thanks: bool = False,
        notice: str | None = None,
        status: int = 200,
    ) -> Response:
        gathering, version = opened.gathering, opened.guest.version
        now = self._clock()
        page = invitation(
            gathering,
            opened.guest.body,
            today=to_datetime(now).astimezone(ZoneInfo(gathering.time_zone)).date(),
            closed=is_closed(gathering, now),
            version=version,
            form=form and msgspec.structs.replace(form, version=str(version)),
            flaws=flaws,
            thanks=thanks,
            notice=notice,
        )
        return self._renderer.page("invitation.html", status=status, headers=UNLISTED, page=page)


def _stands(answer: Rsvp, guest: Guest) -> bool:
    """Whether this is the answer that the guest has given already."""
    given = msgspec.structs.asdict(answer).items()
    return guest.rsvp_at is not None and all(
        value is UNSET or getattr(guest, name) == value for name, value in given
    )


async def _read(request: Request) -> AnswerForm:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != _FORM:
        raise UnsupportedMediaType(f"Send a body of type {_FORM}.", _FORM)
    try:
        return typed(
            await FormParser(request.headers, request.stream(), max_fields=MAX_FIELDS).parse()
        )
    except MultiPartException as error:
        raise Malformed(error.message) from None
