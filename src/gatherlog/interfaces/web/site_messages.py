"""Messages within the frame of the site: whoever reads them finds the sections, and a way on."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from gatherlog.apps.people import Actor
from gatherlog.core.texts import _
from gatherlog.interfaces.web.messages import Message, translated
from gatherlog.interfaces.web.rendering import SCRIPTED, Renderer
from gatherlog.interfaces.web.sections import sections
from gatherlog.interfaces.web.visitors import Visitor

__all__ = ["site_message"]


class _Way(msgspec.Struct, frozen=True):
    """A link that leads on."""

    path: str
    label: str


def site_message(
    renderer: Renderer,
    message: Message,
    status: int,
    visitor: Visitor | None,
    path: str,
    headers: Mapping[str, str] = {},
) -> Response:
    """The page for somebody who asked for `path`."""
    actor = None if visitor is None else visitor.actor
    return renderer.page(
        "site_message.html",
        status=status,
        headers={**SCRIPTED, **headers},
        message=translated(message),
        status_code=status,
        token="" if visitor is None else visitor.form,
        sections=sections(actor),
        sign_in="/signin",
        way=_way(actor, path),
    )


def _way(actor: Actor | None, path: str) -> _Way:
    """To the section that the path is in, or else to the first one that is open to the actor."""
    first = f"/{path.split('/')[1]}"
    found = [one for one in sections(actor) if one.path != path]
    for one in sorted(found, key=lambda one: one.path != first):
        return _Way(one.path, _("To “{section}”").format(section=one.label))
    return _Way("/", _("To the first page"))
