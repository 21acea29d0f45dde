"""The sections of the site: what stands on top of every page, for those whom the policy lets in."""

from typing import Final

import msgspec

from gatherlog.apps.people import Action, Actor, Role, Verdict, decide
from gatherlog.core.texts import N_, _

__all__ = ["Section", "safe_path", "sections"]


class Section(msgspec.Struct, frozen=True):
    """A part of the site with pages of its own."""

    path: str
    label: str
    action: Action
    """Who may do this finds the section on top of the pages."""


SECTIONS: Final = (
    Section("/things", N_("Things to do"), Action.FIND_THINGS),
    Section("/favourites", N_("Favourites"), Action.KEEP_FAVOURITES),
    Section("/bookings", N_("Bookings"), Action.BOOK_THING),
    Section("/children", N_("Children"), Action.KEEP_CHILDREN),
    Section("/host", N_("My gatherings"), Action.LIST_GATHERINGS),
    Section("/messages", N_("Messages"), Action.USE_CONVERSATIONS),
    Section("/desk", N_("Organise"), Action.LIST_OWN_THINGS),
    Section("/review", N_("Review"), Action.LIST_REVIEWS),
)
_SEGMENT: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")
_QUERY: Final = _SEGMENT | frozenset(".~%&=+,:@")
_LONGEST: Final = 2_000


def sections(actor: Actor | None) -> list[Section]:
    """The sections for somebody who is signed in, or for whoever is not.

    A co-host comes by an invitation, for one guest list, and has none.
    """
    if actor is not None and actor.role is Role.GUEST:
        return []
    open_to = [one for one in SECTIONS if decide(actor, one.action) is Verdict.ALLOW]
    return [msgspec.structs.replace(one, label=_(one.label)) for one in open_to]


def safe_path(text: str) -> str:
    """A path of a section, with its query, to which a page may lead back; empty for anything else.

    So no link that somebody was sent can lead to another site.
    """
    path, _, query = text.partition("?")
    first, *segments = path.removeprefix("/").split("/")
    is_known = path.startswith("/") and f"/{first}" in {one.path for one in SECTIONS}
    is_plain = all(segment and _SEGMENT.issuperset(segment) for segment in segments)
    if not is_known or not is_plain or not _QUERY.issuperset(query) or len(text) > _LONGEST:
        return ""
    return text
