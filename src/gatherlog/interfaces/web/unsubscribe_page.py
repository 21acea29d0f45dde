"""The page that ends mail about unread messages: a GET shows a button, a POST does it.

Mail programs post by themselves when their user asks for it (RFC 8058), so it takes neither a
cookie nor a form token: whoever has the link may end the mail, and nothing else.
"""

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Action, ProfilePatch
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.rendering import Renderer

__all__ = ["UnsubscribePage"]


class UnsubscribePage:
    def __init__(self, platform: Platform, renderer: Renderer) -> None:
        self._platform = platform
        self._renderer = renderer

    async def serve(self, request: Request) -> Response:
        """Raises NotFound for a link that was not made here, or whose account was removed."""
        await permit(self._platform, None, Action.END_MAIL, None)
        account = await self._platform.mail_links.account(request.path_params["token"])
        profile = await self._platform.profiles.profile(account)
        if request.method == "POST" and profile.message_mail:
            ended = ProfilePatch(message_mail=False)
            await self._platform.profiles.change(account, ended, actor=f"account:{account}")
        is_ended = request.method == "POST" or not profile.message_mail
        return self._renderer.page("unsubscribe.html", is_ended=is_ended)
