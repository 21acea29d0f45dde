"""The form of a thing: a new one, a change of what is not published, a new version of what is."""

from typing import Final

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import (
    Content,
    Organiser,
    Thing,
    WrongState,
    cancelled_dates,
    coming,
)
from gatherlog.core.commands.handler import Handled
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.errors import Conflict, Invalid, KeyReused
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.site_time import new_thing_zone
from gatherlog.interfaces.web.fields import ZONES, Fields
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.things import thing_form
from gatherlog.interfaces.web.things.checklist import checklist
from gatherlog.interfaces.web.things.dates import (
    MovedDate,
    as_altered,
    moved_dates,
    untouched,
)
from gatherlog.interfaces.web.things.desk import ShownReason, shown_reasons
from gatherlog.interfaces.web.things.once import once
from gatherlog.interfaces.web.things.own_frame import OwnFrame, OwnThing
from gatherlog.interfaces.web.things.phrases import AUDIENCES, CATEGORIES, KINDS
from gatherlog.interfaces.web.things.thing_form import DAY_NAMES, SECTIONS, ThingForm
from gatherlog.interfaces.web.things.thing_view import LoadedThing, ThingView, thing_view
from gatherlog.interfaces.web.things.typed_content import content
from gatherlog.interfaces.web.visitors import Visitor

__all__ = ["EditPages"]

EDITABLE: Final = ("DRAFT", "PENDING", "REJECTED")
"""The states in which a thing itself is changed; what is published gets a new version."""
_CHANGED: Final = N_(
    "Somebody has changed this since you opened the page, as marked below. What you typed is not "
    "saved: save it again if you still mean it."
)
_SENT_BACK: Final = N_(
    "A reviewer has sent this back since you opened the page, for the reasons at the fields. What "
    "you typed is not saved yet: save it, and then submit it again."
)
_PUBLISHED: Final = N_(
    "This was published while you were changing it, as it was before. What you typed is not lost: "
    "save it as a new version, which is reviewed while the published one stays up."
)
_HAS_VERSION: Final = N_(
    "There is a new version already that is not decided yet, so nothing was saved. Change that one "
    "instead, or remove it first."
)
_GONE: Final = N_(
    "This was taken down meanwhile, so nothing was saved. Copy what you want to keep."
)


class EditPages:
    """The pages with the form."""

    def __init__(self, frame: OwnFrame) -> None:
        self._frame = frame
        self._things = frame.things

    async def new(self, request: Request) -> Response:
        """The form, for one of the kinds if the query names it; POST saves a draft."""
        visitor, account = await self._frame.organiser(request, Action.CREATE_THING)
        if request.method != "POST":
            kind = request.query_params.get("kind", "")
            zone = await new_thing_zone(self._frame.platform, account)
            form = thing_form.blank(kind, zone)
            return await self._form(request, visitor, form)
        sent = await self._frame.form(request, visitor)
        form = ThingForm.read(sent)
        if "more" in sent:
            return await self._form(request, visitor, form)
        try:
            made = await self._create(content(form), account, visitor.actor.name, sent)
        except Invalid as error:
            return await self._form(
                request, visitor, form.with_flaws(error), status=status_of(error)
            )
        return self._saved("preview" in sent, made, "made")

    async def _create(self, meant: Content, account: str, actor: str, sent: FormData) -> str:
        """The id of the draft; the same for a form that is sent again as it was."""
        key = once(account, text(sent, "once"), meant, _id_made)
        try:
            made = await self._things.create_thing(meant, account, actor=actor, once=key)
        except Repeated as repeated:
            return repeated.answer.decode()
        except KeyReused:
            made = await self._things.create_thing(meant, account, actor=actor)
        return made.body.id

    async def edit(self, request: Request) -> Response:
        """The form of an own thing; POST saves it, or its new version if it is published."""
        if request.method == "POST":
            return await self._save(request)
        own = await self._frame.own(request, Action.READ_OWN_THING)
        if own.thing.status not in (*EDITABLE, "PUBLISHED") or own.thing.new_version is not None:
            return self._frame.redirect(own.path)
        form = thing_form.filled(own.thing.content, own.stored.version)
        return await self._form(request, own.visitor, form, own)

    async def preview(self, request: Request) -> Response:
        """The page that visitors will see, where nothing can be booked yet."""
        own = await self._frame.own(request, Action.READ_OWN_THING)
        if own.thing.status == "REMOVED":
            return self._frame.redirect(own.path)
        profile = await self._things.profile(own.account_id)
        live = None if own.thing.replaces is None else await self._frame.published(own)
        return self._frame.shown(
            request,
            "things/preview.html",
            own.visitor,
            section="/desk",
            thing=own.thing,
            view=self._previewed(as_altered(own.thing, live), profile),
            may_submit=own.thing.status in ("DRAFT", "REJECTED"),
            parent=None,
            fields=Fields({}),
            notice="",
        )

    def _previewed(self, thing: Thing, profile: Organiser | None) -> ThingView:
        """The page of a thing as if it was published, with dates that are only shown."""
        now = self._frame.platform.clock()
        loaded = LoadedThing(
            thing,
            profile,
            [untouched(thing, one) for one in coming(thing.content, thing.altered, now=now)],
            cancelled_dates(thing.content, thing.altered, now=now),
            {},
        )
        view = thing_view(loaded, now=now, today=self._frame.today, currency=self._frame.currency)
        dates, more = (
            [msgspec.structs.replace(row, action="", path="") for row in rows]
            for rows in (view.dates, view.more_dates)
        )
        return msgspec.structs.replace(view, dates=dates, more_dates=more)

    async def _save(self, request: Request) -> Response:
        own = await self._frame.own(request, Action.CHANGE_OWN_THING)
        sent = await self._frame.form(request, own.visitor)
        form = ThingForm.read(sent)
        if "more" in sent:
            return await self._form(request, own.visitor, form, own)
        try:
            meant = content(form, own.thing.content)
            if "as_version" in sent:
                draft, done = await self._new_version(own, meant), "version"
            else:
                draft, done = await self._change(own, meant, form), "saved"
        except Invalid as error:
            flawed = form.with_flaws(error)
            return await self._form(request, own.visitor, flawed, own, status=status_of(error))
        except (Conflict, WrongState) as error:
            again = await self._frame.again(own)
            return await self._refused(request, again, form, status_of(error))
        return self._saved("preview" in sent, draft, done)

    async def _change(self, own: OwnThing, meant: Content, form: ThingForm) -> str:
        changed = await self._things.change_thing(
            own.id,
            meant,
            own.account_id,
            actor=own.by,
            expects=version(form.fields["version"]),
        )
        return changed.body.id

    async def _new_version(self, own: OwnThing, meant: Content) -> str:
        """The id of the draft that is to replace the published thing."""
        live = own.id if own.thing.status == "PUBLISHED" else own.thing.replaces or own.id
        draft = await self._things.make_new_version(live, own.account_id, actor=own.by)
        await self._things.change_thing(draft.body.id, meant, own.account_id, actor=own.by)
        return draft.body.id

    async def _refused(
        self, request: Request, own: OwnThing, form: ThingForm, status: int
    ) -> Response:
        """The form as it was typed, with what became of the thing meanwhile."""
        thing = own.thing
        if thing.status in EDITABLE:
            again = form.rebased(thing_form.filled(thing.content, own.stored.version))
            notice = _SENT_BACK if thing.status == "REJECTED" else _CHANGED
        else:
            again, live = form.at(own.stored.version), await self._frame.published(own)
            notice = _GONE if live is None else _HAS_VERSION if live.new_version else _PUBLISHED
        return await self._form(request, own.visitor, again, own, notice=notice, status=status)

    def _saved(self, previews: bool, thing_id: str, done: str) -> Response:
        return self._frame.redirect(f"/desk/{thing_id}{'/preview' * previews}", done)

    async def _form(
        self,
        request: Request,
        visitor: Visitor,
        form: ThingForm,
        own: OwnThing | None = None,
        *,
        notice: str = "",
        status: int = 200,
    ) -> Response:
        thing = None if own is None else own.thing
        as_version = thing is not None and thing.status not in EDITABLE
        return self._frame.shown(
            request,
            "things/form.html",
            visitor,
            status=status,
            thing=thing,
            form=form,
            fields=form.fields,
            kinds=KINDS,
            categories=CATEGORIES,
            audiences=AUDIENCES,
            weekdays=DAY_NAMES,
            zones=ZONES,
            reasons=_at_fields(() if thing is None else shown_reasons(thing.reasons)),
            checklist=checklist(),
            as_version=as_version,
            moved=[] if own is None else await self._moved(own),
            once=self._frame.platform.ids(),
            notice=_(notice),
        )

    async def _moved(self, own: OwnThing) -> list[MovedDate]:
        """The dates that are not when the form says, of what is published."""
        live = await self._frame.published(own)
        now = self._frame.platform.clock()
        return [] if live is None else moved_dates(live, now, self._frame.today)


def _id_made(handled: Handled) -> bytes:
    return next(body.id for body in handled.bodies.values() if isinstance(body, Thing)).encode()


def _at_fields(reasons: list[ShownReason] | tuple[()]) -> dict[str, list[str]]:
    """The texts of reasons by the field of the form where they are shown; others by nothing."""
    found: dict[str, list[str]] = {}
    for one in reasons:
        found.setdefault(SECTIONS.get(one.field, ""), []).append(one.text)
    return found
