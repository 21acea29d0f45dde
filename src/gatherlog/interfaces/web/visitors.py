"""Who uses the browser: the cookie with a session or a key, and the token in every form.

The token of a form is a digest of the cookie, which other sites cannot read. So a form that another
site makes a browser send is refused (cross-site request forgery). Programs may send the header
`X-Gatherlog` instead of the token: other sites cannot make a browser send it.
"""

import re
import secrets
from hashlib import sha256
from typing import Final

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.people import Actor
from gatherlog.apps.people.askers import DEVICE_LIFETIME
from gatherlog.core.eventstore.errors import Denied, Unauthenticated
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.forms import text

__all__ = ["AnonymousVisitor", "FormOutdated", "Visitor", "Visitors"]

SESSION_SECONDS: Final = 30 * 24 * 3600
"""How long a browser keeps a session's cookie; the server ends the session by its own clock."""
TOKEN: Final = "form"
"""The name of the form's field with its token."""
_HEADER: Final = "x-gatherlog"
_KNOWN: Final = re.compile(r"gl[sk]_[A-Za-z0-9_-]{20,200}|eyJ[A-Za-z0-9_.-]{20,3000}")
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22}")


class FormOutdated(Denied):
    """The form was made by another site, or for this browser before it signed in or out."""


class Visitor(msgspec.Struct, frozen=True):
    """A visitor who is signed in."""

    actor: Actor
    secret: str
    """The content of the cookie: a session's token, a key, or a co-host's login. Never shown."""

    @property
    def form(self) -> str:
        """The token of this visitor's forms."""
        return _digest(self.secret)


class AnonymousVisitor(msgspec.Struct, frozen=True):
    """A visitor who is not signed in, and whose forms have a token all the same."""

    nonce: str
    new: bool
    """Whether the browser has not been given the cookie with the nonce yet."""

    @property
    def form(self) -> str:
        return _digest(self.nonce)


class Visitors:
    """Reads and writes the cookies. Over HTTPS they are sent over HTTPS only, to this host only."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._secure = platform.settings.is_https
        prefix = "__Host-" if self._secure else ""
        self._session = f"{prefix}gatherlog"
        self._nonce = f"{prefix}gatherlog-form"
        self._device = f"{prefix}gatherlog-device"

    async def find(self, request: Request) -> Visitor | None:
        """The visitor who is signed in; None if nobody is, or the sign-in has ended."""
        secret = request.cookies.get(self._session, "")
        if not _KNOWN.fullmatch(secret):
            return None
        if secret.startswith("glk_"):
            actor = await self._platform.keys.authenticate(secret)
        elif secret.startswith("gls_"):
            actor = await self._platform.accounts.session(secret)
        else:
            actor = await self._co_host(secret)
        if actor is None:
            return None
        request.state.actor = actor.name
        return Visitor(actor, secret)

    async def _co_host(self, login: str) -> Actor | None:
        """The guest of a login, while the login holds and the guest is a co-host."""
        try:
            actor = await self._platform.guest_login.actor(login)
        except Unauthenticated:
            return None
        return actor if actor.co_host else None

    async def require(self, request: Request) -> Visitor:
        """The visitor who is signed in; Unauthenticated if nobody is."""
        visitor = await self.find(request)
        if visitor is None:
            raise Unauthenticated("Please sign in.")
        return visitor

    def anonymous(self, request: Request) -> AnonymousVisitor:
        """The visitor who is not signed in, by the nonce in a cookie of its own."""
        nonce = request.cookies.get(self._nonce, "")
        if _NONCE.fullmatch(nonce):
            return AnonymousVisitor(nonce, new=False)
        return AnonymousVisitor(secrets.token_urlsafe(16), new=True)

    def check_form(self, request: Request, form: FormData, who: Visitor | AnonymousVisitor) -> None:
        """Raise FormOutdated unless the form was made for `who`, or sent by a program."""
        given = text(form, TOKEN).encode(errors="replace")
        known = not isinstance(who, AnonymousVisitor) or not who.new
        if known and secrets.compare_digest(given, who.form.encode()):
            return
        if _HEADER not in request.headers:
            raise FormOutdated("This form is out of date.")

    def remember(self, response: Response, anonymous: AnonymousVisitor) -> None:
        """Give the browser the cookie by which `anonymous` recognises it."""
        self._set(response, self._nonce, anonymous.nonce, None)

    def device(self, request: Request) -> str:
        """The token of this device, which was given when it signed in; empty if it has none."""
        return request.cookies.get(self._device, "")[:200]

    def remember_device(self, response: Response, token: str) -> None:
        """Let the browser keep the token of its device, also when it signs out."""
        self._set(response, self._device, token, DEVICE_LIFETIME // 1_000_000)

    def sign_in(self, response: Response, secret: str) -> None:
        """Give the browser the secret; it keeps a session, and others until it is closed."""
        lasting = SESSION_SECONDS if secret.startswith("gls_") else None
        self._set(response, self._session, secret, lasting)

    def sign_out(self, response: Response) -> None:
        """Delete the cookie with the secret from the browser."""
        self._set(response, self._session, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name, value, seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


def _digest(secret: str) -> str:
    return sha256(b"form of " + secret.encode()).hexdigest()[:43]
