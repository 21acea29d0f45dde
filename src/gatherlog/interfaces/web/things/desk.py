"""The organiser's desk: all own things, and one of them with its figures, dates and decisions."""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.apps.things import Reason, Thing, ThingStatus, WrongState
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.errors import Conflict, Flaw, GatherlogError, Invalid
from gatherlog.core.texts import N_, Translated, _
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.problems import Malformed, status_of
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.forms import text, version
from gatherlog.interfaces.web.things.dates import (
    Date,
    as_altered,
    dates_of,
    figures_of,
    next_dates,
)
from gatherlog.interfaces.web.things.differences import Line, differences, lines
from gatherlog.interfaces.web.things.facts import (
    FIELD_NAMES,
    STATUS_MARKS,
    STATUS_NAMES,
    facts,
    since,
)
from gatherlog.interfaces.web.things.own_frame import OwnFrame, OwnThing
from gatherlog.interfaces.web.things.phrases import KINDS

__all__ = ["DeskPages", "ShownReason", "shown_reasons"]

SHOWN: Final = 20
"""Things on one page."""
TABS: Final[Mapping[str, ThingStatus]] = {
    "drafts": "DRAFT",
    "waiting": "PENDING",
    "published": "PUBLISHED",
    "sent-back": "REJECTED",
}
TAB_NAMES: Final = Translated(
    {
        "": N_("All"),
        "drafts": N_("Drafts"),
        "waiting": N_("Waiting for review"),
        "published": N_("Published"),
        "sent-back": N_("Sent back"),
    }
)
_NAMES: Final = {
    "organiser": N_("Your name as an organiser"),
    "when": N_("The plan"),
    "reason": N_("The reason"),
}
_WORDS: Final = {
    "is over, or has no occurrence within 90 days": (
        N_("lies in the past, or has no date within the next 90 days")
    ),
    "is missing: save your profile first": N_("is missing"),
}
_CHANGED_MEANWHILE: Final = N_(
    "This has changed since you opened the page, so nothing was done. Look at it as it is now, and "
    "send it again if you still mean it."
)


class ShownReason(msgspec.Struct, frozen=True):
    """Why a reviewer has sent a thing back, for one field."""

    field: str
    name: str
    text: str


class Row(msgspec.Struct, frozen=True):
    """One thing on the desk."""

    id: str
    name: str
    about: str
    state: str
    mark: str
    """How the state is marked."""
    reasons: list[ShownReason]


class DeskPages:
    """The pages of an organiser about own things, but for their forms and their single dates."""

    def __init__(self, frame: OwnFrame) -> None:
        self._frame = frame
        self._things = frame.things

    async def home(self, request: Request) -> Response:
        """Own things, the newest first, all of them or those in one state."""
        visitor, account = await self._frame.organiser(request, Action.LIST_OWN_THINGS)
        tab, cursor = request.query_params.get("show", ""), request.query_params.get("cursor")
        tab, status = (tab, TABS[tab]) if tab in TABS else ("", None)
        window = Window(limit=SHOWN, after=cursor)
        found, profile, counts = await asyncio.gather(
            self._things.own_things(account, window, status=status),
            self._things.profile(account),
            asyncio.gather(*(self._things.count_own_things(account, one) for one in TABS.values())),
        )
        coming = [] if tab or cursor else await self._coming(account)
        counted = {"": sum(counts), **dict(zip(TABS, counts, strict=True))}
        more = found.items[-1].cursor if found.has_next and found.items else ""
        return self._frame.shown(
            request,
            "things/desk.html",
            visitor,
            rows=[_row(item.body) for item in found.items],
            tabs=[(name, label, counted[name]) for name, label in TAB_NAMES.items()],
            tab=tab,
            profile=profile,
            kinds=KINDS,
            coming=coming,
            more=urlencode({"show": tab, "cursor": more}) if more else "",
            is_later=bool(cursor),
        )

    async def _coming(self, account: str) -> list[Date]:
        """The next dates of what was published last."""
        window = Window(limit=SHOWN)
        found = await self._things.own_things(account, window, status="PUBLISHED")
        now = self._frame.platform.clock()
        return await next_dates(self._things, [item.body for item in found.items], now)

    async def profile(self, request: Request) -> Response:
        """The name under which one publishes; POST saves it."""
        visitor, account = await self._frame.organiser(request, Action.KEEP_PROFILE)
        if request.method != "POST":
            profile = await self._things.profile(account)
            fields = Fields({"organiser": "" if profile is None else profile.name})
            return self._frame.shown(request, "things/profile.html", visitor, fields=fields)
        fields = Fields.read(await self._frame.form(request, visitor), ("organiser",))
        try:
            await self._things.save_profile(account, fields["organiser"], actor=visitor.actor.name)
        except Invalid as error:
            return self._frame.shown(
                request,
                "things/profile.html",
                visitor,
                status=status_of(error),
                fields=fields.with_flaws(error.flaws, _NAMES),
            )
        return self._frame.redirect("/desk", "named")

    async def thing(self, request: Request) -> Response:
        """One own thing; POST does with it what its field `do` says."""
        if request.method == "POST":
            return await self._act(request)
        own = await self._frame.own(request, Action.READ_OWN_THING)
        if own.thing.status == "REMOVED" and own.thing.replaces is not None:
            return self._frame.redirect(f"/desk/{own.thing.replaces}")
        return await self._page(request, own, Fields({}))

    async def _act(self, request: Request) -> Response:
        own = await self._frame.own(request, Action.CHANGE_OWN_THING)
        sent = await self._frame.form(request, own.visitor)
        acts = {"submit": self._submit, "remove": self._remove, "withdraw": self._withdraw}
        act = acts.get(text(sent, "do"))
        if act is None:
            raise Malformed("The form does not say what to do.")
        fields = Fields.read(sent, ("organiser", "reason"))
        try:
            return await act(own, sent, fields)
        except Invalid as error:
            return await self._page(request, own, fields.with_flaws(_spoken(error), _NAMES), error)
        except (Conflict, WrongState) as error:
            return await self._page(request, await self._frame.again(own), fields, error)

    async def _submit(self, own: OwnThing, sent: FormData, fields: Fields) -> Response:
        if "organiser" in sent:
            await permit(self._frame.platform, own.visitor.actor, Action.KEEP_PROFILE, None)
            await self._things.save_profile(own.account_id, fields["organiser"], actor=own.by)
        await self._things.submit_thing(
            own.id, own.account_id, actor=own.by, expects=version(text(sent, "version"))
        )
        return self._frame.redirect(own.path, "submitted")

    async def _remove(self, own: OwnThing, sent: FormData, fields: Fields) -> Response:
        await self._things.remove_thing(own.id, own.account_id, actor=own.by)
        live = own.thing.replaces
        return self._frame.redirect("/desk" if live is None else f"/desk/{live}", "removed")

    async def _withdraw(self, own: OwnThing, sent: FormData, fields: Fields) -> Response:
        reason = fields["reason"]
        await self._things.withdraw_thing(own.id, reason, own.account_id, actor=own.by)
        return self._frame.redirect(own.path, "withdrawn")

    async def _page(
        self,
        request: Request,
        own: OwnThing,
        fields: Fields,
        error: GatherlogError | None = None,
    ) -> Response:
        thing, now = own.thing, self._frame.platform.clock()
        live = None if thing.replaces is None else await self._frame.published(own)
        dated = as_altered(thing, live)
        figures, profile = await asyncio.gather(
            figures_of(self._things, dated, own.account_id, now),
            self._things.profile(own.account_id),
        )
        is_wrong_state = error is not None and not isinstance(error, Invalid)
        return self._frame.shown(
            request,
            "things/own.html",
            own.visitor,
            status=200 if error is None else status_of(error),
            thing=thing,
            state=STATUS_NAMES[thing.status],
            mark=STATUS_MARKS[thing.status],
            facts=facts(thing.content, self._frame.currency),
            at_version=own.stored.version,
            reasons=shown_reasons(thing.reasons),
            lines=_lines(thing, live, self._frame.currency),
            live=live,
            since=_since(thing),
            figures=figures,
            dates=dates_of(dated, figures, now),
            profile=profile,
            fields=fields,
            notice=_(_CHANGED_MEANWHILE) if is_wrong_state else "",
        )


def shown_reasons(reasons: tuple[Reason, ...]) -> list[ShownReason]:
    """A reviewer's reasons, each at the field that it names, in the order of the form."""
    shown = [
        ShownReason(field := one.field.partition(".")[0], FIELD_NAMES.get(field, ""), one.text)
        for one in reasons
    ]
    order = ["", *FIELD_NAMES]
    return sorted(shown, key=lambda one: order.index(one.field) if one.field in order else 0)


def _row(thing: Thing) -> Row:
    about = facts(thing.content)[:2]
    if thing.replaces is not None:
        about = [_("new version"), *about]
    return Row(
        id=thing.id,
        name=thing.content.name,
        about=" · ".join(about),
        state=STATUS_NAMES[thing.status],
        mark=STATUS_MARKS[thing.status],
        reasons=shown_reasons(thing.reasons),
    )


def _lines(thing: Thing, live: Thing | None, currency: str) -> list[Line]:
    if live is None:
        return lines(thing.content, currency)
    return differences(live.content, thing.content, currency)


def _since(thing: Thing) -> str:
    """Since when it is in its state, by the clocks where it takes place."""
    moments = {"PENDING": thing.submitted_at, "PUBLISHED": thing.published_at}
    moments["REJECTED"] = thing.decided_at
    return since(moments.get(thing.status) or thing.updated_at, thing.content.time_zone)


def _spoken(error: Invalid) -> list[Flaw]:
    """The flaws in words for people."""
    return [Flaw(one.pointer, _WORDS.get(one.detail, one.detail)) for one in error.flaws]
