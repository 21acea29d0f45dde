"""What a conversation is about, as pages show it to a reader whom it concerns. Pure."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from gatherlog.apps.messages import About, Subject
from gatherlog.core.eventstore.errors import NotFound

__all__ = ["Topic", "about_of", "topic"]

_KINDS: Final[tuple[Literal["gathering", "thing", "booking"], ...]] = (
    "gathering",
    "thing",
    "booking",
)
_LONGEST: Final = 64


class Topic(msgspec.Struct, frozen=True):
    """A gathering, a thing or a booking."""

    name: str
    path: str
    """Where the reader sees it; empty for an invitation, which has a link of its own."""


def topic(about: About, subject: Subject) -> Topic:
    """What a page shows of it."""
    paths = {
        "gathering": f"/host/{about.id}" if subject.is_own else "",
        "thing": f"/desk/{about.id}" if subject.is_own else f"/things/{about.id}",
        "booking": f"/desk/{subject.thing}" if subject.is_own else f"/bookings/{about.id}",
    }
    return Topic(subject.name, paths[about.kind])


def about_of(fields: Mapping[str, object]) -> About | None:
    """What the fields of a form or a URL say a message is about; None where they say nothing.

    Raises NotFound where they name two things, or one that can be none.
    """
    given = [(kind, fields[kind]) for kind in _KINDS if fields.get(kind)]
    if not given:
        return None
    kind, id = given[0]
    if len(given) > 1 or not isinstance(id, str) or len(id) > _LONGEST or not id.isprintable():
        raise NotFound("There is nothing of this kind.")
    return About(kind, id)
