"""A parent's children: the list, a new one, one that is changed or removed."""

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import Child, ChildDetails, ChildIsBooked, WrongState, age_on
from gatherlog.core.commands.service import Repeated, Stored
from gatherlog.core.eventstore.errors import Conflict, Invalid, KeyReused
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.sections import safe_path
from gatherlog.interfaces.web.things import child_form
from gatherlog.interfaces.web.things.frame import Parent, ThingsFrame
from gatherlog.interfaces.web.things.once import once

__all__ = ["ChildrenPages"]

_MANY = N_("You cannot add any more children.")
_CHANGED = N_(
    "Somebody has changed this since you opened the page, as marked below. What you typed is not "
    "saved: save it again if you still mean it."
)
_BOOKED = N_("{name} has an upcoming booking. Please cancel it first.")


class ChildrenPages:
    """The pages about children. Nobody but their parent sees them."""

    def __init__(self, frame: ThingsFrame) -> None:
        self._frame = frame
        self._things = frame.things

    async def children(self, request: Request) -> Response:
        """The list."""
        parent = await self._frame.parent(request, Action.KEEP_CHILDREN)
        today = self._frame.today.isoformat()
        children = await self._things.children(parent.account_id)
        return self._frame.page(
            "things/children.html",
            parent.visitor,
            children=[(child, age_on(child.birth_date, today)) for child in children],
            note=self._frame.done(request.query_params),
        )

    async def add(self, request: Request) -> Response:
        """The form for a new child; POST adds it, and leads back to where the form was opened."""
        parent = await self._frame.parent(request, Action.KEEP_CHILDREN)
        if request.method != "POST":
            leads_to = safe_path(request.query_params.get("next", ""))
            return self._form(parent, Fields({"next": leads_to}))
        sent = await self._frame.form(request, parent.visitor)
        fields = Fields.read(sent, (*child_form.NAMES, "next"))
        try:
            await self._add(parent, child_form.details(fields), text(sent, "once"))
        except Invalid as error:
            flawed = fields.with_flaws(error.flaws, child_form.NAMES)
            return self._form(parent, flawed, status=status_of(error))
        except WrongState as error:
            return self._form(parent, fields, notice=_(_MANY), status=status_of(error))
        leads_to = safe_path(fields["next"])
        return self._frame.redirect(leads_to or "/children", "" if leads_to else "added")

    async def child(self, request: Request) -> Response:
        """What is told of a child; POST changes it or removes the child."""
        parent = await self._frame.parent(request, Action.KEEP_CHILDREN)
        child = await self._child(request, parent)
        if request.method != "POST":
            return self._form(parent, child_form.filled(child), child)
        sent = await self._frame.form(request, parent.visitor)
        if text(sent, "do") == "remove":
            return await self._remove(parent, child)
        fields = Fields.read(sent, (*child_form.NAMES, "version", "was"))
        try:
            await self._things.change_child(
                child.body.id,
                child_form.details(fields),
                parent.account_id,
                actor=parent.by,
                expects=version(fields["version"]),
            )
        except Invalid as error:
            flawed = fields.with_flaws(error.flaws, child_form.NAMES)
            return self._form(parent, flawed, child, status=status_of(error))
        except Conflict as error:
            child = await self._child(request, parent)
            again = child_form.rebased(fields, child)
            return self._form(parent, again, child, notice=_(_CHANGED), status=status_of(error))
        return self._frame.redirect("/children", "saved")

    async def _child(self, request: Request, parent: Parent) -> Stored[Child]:
        return await self._things.child(self._frame.id(request), parent.account_id)

    async def _add(self, parent: Parent, told: ChildDetails, key: str) -> None:
        """Add a child; a form that is sent again as it was, as by a double click, adds no other."""
        by, account_id = parent.by, parent.account_id
        try:
            await self._things.add_child(
                told, account_id, actor=by, once=once(account_id, key, told)
            )
        except KeyReused:  # somebody went back and told of another child
            await self._things.add_child(told, account_id, actor=by)
        except Repeated:
            pass

    async def _remove(self, parent: Parent, child: Stored[Child]) -> Response:
        try:
            await self._things.remove_child(child.body.id, parent.account_id, actor=parent.by)
        except ChildIsBooked as error:
            notice, filled = _(_BOOKED).format(name=child.body.name), child_form.filled(child)
            return self._form(parent, filled, child, notice=notice, status=status_of(error))
        return self._frame.redirect("/children", "removed")

    def _form(
        self,
        parent: Parent,
        fields: Fields,
        child: Stored[Child] | None = None,
        *,
        notice: str = "",
        status: int = 200,
    ) -> Response:
        return self._frame.page(
            "things/child.html",
            parent.visitor,
            status=status,
            child=None if child is None else child.body,
            fields=fields,
            once=self._frame.platform.ids(),
            notice=notice,
        )
