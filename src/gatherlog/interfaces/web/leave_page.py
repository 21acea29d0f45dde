"""The page behind the link in the mail by which a member confirms that their account is erased.

A GET shows a button and changes nothing: mail scanners open links. Whoever has the link may confirm
it, as its mail went to the account's address.
"""

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.rendering import Renderer

__all__ = ["LeavePage"]


class LeavePage:
    def __init__(self, platform: Platform, renderer: Renderer) -> None:
        self._platform = platform
        self._renderer = renderer

    async def serve(self, request: Request) -> Response:
        """Raises NotFound for a link that does not hold, or whose account is gone."""
        await permit(self._platform, None, Action.CONFIRM_ERASURE, None)
        token, wishes = request.path_params["token"], self._platform.own_erasures
        account = await wishes.asked(token)
        await self._platform.accounts.account(account)
        if request.method == "POST":
            pending = await wishes.confirm(token)
        else:
            found = await wishes.pending(account)
            if found is None:
                return self._renderer.page("leave.html", due=None)
            pending = found
        due = f"{to_datetime(pending.due_at):%d %B %Y, %H:%M}"
        return self._renderer.page("leave.html", due=due)
