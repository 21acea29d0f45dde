"""The page of a reviewer about one thing, beside what it would replace, and the decision."""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action, Verdict, decide
from gatherlog.apps.things import Review, WrongState, coming
from gatherlog.apps.things.content import changed_fields
from gatherlog.core.eventstore.errors import (
    Conflict,
    Denied,
    Flaw,
    GatherlogError,
    Invalid,
    NotFound,
)
from gatherlog.core.subscriptions.letters import has_link
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.auth import permit_of_organiser
from gatherlog.interfaces.problems import Malformed, status_of
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.things.checklist import checklist
from gatherlog.interfaces.web.things.differences import changed_since, differences, lines, seen
from gatherlog.interfaces.web.things.facts import (
    STATUS_MARKS,
    STATUS_NAMES,
    facts,
    names_of,
    since,
)
from gatherlog.interfaces.web.things.own_frame import OwnFrame, account_of, thing_id_of
from gatherlog.interfaces.web.things.review_words import (
    REASONS,
    reason_flaws,
    reason_names,
    reasons_in,
    steps,
)
from gatherlog.interfaces.web.visitors import Visitor

__all__ = ["ReviewPage"]

_CHANGED: Final = N_(
    "The organiser has changed this since you opened the page, so nothing is decided. You see it "
    "as it is now; what you wrote is still there."
)
_ALONE: Final = N_(
    "What this was to replace has been taken down since you opened the page, so nothing is "
    "decided. Approved, it would be published again, as a thing of its own."
)
_DECIDED: Final = N_("This has been decided in the meantime, so nothing was done.")
_STANDS: Final = N_("is written, so it was not published: send it back, or empty the reason")
_OWN: Final = N_("This is your own, so somebody else decides about it. Nothing was done.")


class Decision(msgspec.Struct, frozen=True):
    """What a reviewer wants to do with a thing."""

    visitor: Visitor
    account_id: str
    review: Review
    fields: Fields

    @property
    def thing_id(self) -> str:
        return self.review.thing.id

    @property
    def by(self) -> str:
        return self.visitor.actor.name

    def permit(self, action: Action) -> None:
        """Raise Denied where it is the reviewer's own."""
        permit_of_organiser(self.visitor.actor, action, self.review.thing.organiser_id)


class ReviewPage:
    """The page of one thing. Nobody decides here about what is their own."""

    def __init__(self, frame: OwnFrame) -> None:
        self._frame = frame
        self._things = frame.things
        self._acts = {"approve": self._approve, "reject": self._reject, "withdraw": self._withdraw}

    async def thing(self, request: Request) -> Response:
        """What waits or is published; POST decides, as its field `do` says."""
        if request.method == "POST":
            return await self._act(request)
        visitor = await self._frame.visitor(request, Action.READ_REVIEW)
        try:
            review = await self._things.review(thing_id_of(request))
        except NotFound:
            return await self._past(request, visitor)
        return await self._page(request, visitor, review, Fields({}))

    async def _act(self, request: Request) -> Response:
        visitor = await self._frame.visitor(request, Action.READ_REVIEW)
        account = account_of(visitor)
        sent = await self._frame.form(request, visitor)
        act = self._acts.get(text(sent, "do"))
        if act is None:
            raise Malformed("The form does not say what to do.")
        fields = Fields.read(sent, (*REASONS, "version", "seen", "live"))
        try:
            review = await self._things.review(thing_id_of(request))
        except NotFound:
            return await self._past(request, visitor, _DECIDED)
        try:
            return await act(Decision(visitor, account, review, fields))
        except (NotFound, Conflict, WrongState) as error:
            return await self._late(request, visitor, fields, error)
        except Denied as error:
            return await self._page(request, visitor, review, fields, error, notice=_OWN)
        except Invalid as error:
            flawed = fields.with_flaws(reason_flaws(error, reasons_in(fields)), reason_names())
            return await self._page(request, visitor, review, flawed, error)

    async def _approve(self, decision: Decision) -> Response:
        decision.permit(Action.DECIDE_REVIEW)
        if reasons := reasons_in(decision.fields):
            raise Invalid(*[Flaw(f"/reason_{one.field}", _STANDS) for one in reasons])
        if decision.fields["live"] and decision.review.live is None:
            raise WrongState("what it was to replace is not published any more")
        approved = await self._things.approve(
            decision.thing_id,
            decision.account_id,
            actor=decision.by,
            expects=version(decision.fields["version"]),
        )
        return self._frame.redirect(f"/review/{approved.body.id}", "approved")

    async def _reject(self, decision: Decision) -> Response:
        decision.permit(Action.DECIDE_REVIEW)
        await self._things.reject(
            decision.thing_id,
            reasons_in(decision.fields),
            decision.account_id,
            actor=decision.by,
            expects=version(decision.fields["version"]),
        )
        return self._frame.redirect("/review", "rejected")

    async def _withdraw(self, decision: Decision) -> Response:
        decision.permit(Action.WITHDRAW_THING)
        await self._things.withdraw_as_reviewer(
            decision.thing_id,
            decision.fields["reason"],
            decision.account_id,
            actor=decision.by,
        )
        return self._frame.redirect("/review", "taken_down")

    async def _late(
        self, request: Request, visitor: Visitor, fields: Fields, error: GatherlogError
    ) -> Response:
        """The page as it is now, when it has changed since the reviewer opened it."""
        try:
            review = await self._things.review(thing_id_of(request))
        except NotFound:
            return await self._past(request, visitor, _DECIDED)
        notice = _noticed(review, fields)
        return await self._page(request, visitor, review, fields, error, notice=notice)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        review: Review,
        fields: Fields,
        error: GatherlogError | None = None,
        *,
        notice: str = "",
    ) -> Response:
        thing, live, actor = review.thing, review.live, visitor.actor
        content, zone = thing.content, thing.content.time_zone
        currency = self._frame.currency
        [organiser], history = await asyncio.gather(
            self._things.profiles([thing.organiser_id]),
            self._things.history(thing.replaces or thing.id),
        )
        verdict = decide(actor, Action.DECIDE_REVIEW, organiser_id=thing.organiser_id)
        now = self._frame.platform.clock()
        return self._frame.shown(
            request,
            "things/review.html",
            visitor,
            status=200 if error is None else status_of(error),
            thing=thing,
            state=STATUS_NAMES[thing.status],
            mark=STATUS_MARKS[thing.status],
            facts=facts(content, currency),
            organiser="" if organiser is None else organiser.name,
            since=since(thing.submitted_at or 0, zone),
            lines=lines(content, currency)
            if live is None
            else differences(live.content, content, currency),
            live=live,
            seen=seen(content),
            since_seen=changed_since(fields["seen"], content),
            sent_back=_since_sent_back(review),
            at_version=review.version,
            is_own=thing.organiser_id == actor.account_id,
            may_decide=verdict is Verdict.ALLOW and actor.account_id is not None,
            is_over=not coming(content, thing.altered, now=now),
            has_link=has_link(f"{content.name}\n{content.description}"),
            history=steps(history, actor.account_id, zone),
            checklist=checklist(),
            fields=fields,
            notice=_(notice),
        )

    async def _past(self, request: Request, visitor: Visitor, notice: str = "") -> Response:
        """What became of what does not wait and is not published; NotFound for a draft."""
        history = await self._things.history(thing_id_of(request))
        return self._frame.shown(
            request,
            "things/review_past.html",
            visitor,
            status=409 if notice else 200,
            history=steps(history, visitor.actor.account_id, "UTC"),
            notice=_(notice),
        )


def _noticed(review: Review, fields: Fields) -> str:
    """Why nothing was decided, and what has changed since the reviewer opened the page."""
    if review.thing.status != "PENDING":
        return _DECIDED
    if fields["live"] and review.live is None:
        return _ALONE
    changed = names_of(changed_since(fields["seen"], review.thing.content))
    if not changed:
        return _CHANGED
    return _("{notice} Changed since: {fields}.").format(notice=_(_CHANGED), fields=changed)


def _since_sent_back(review: Review) -> str | None:
    """The fields that were changed since it was sent back; None for what never was."""
    if review.sent_back is None:
        return None
    return names_of(changed_fields(review.sent_back, review.thing.content))
