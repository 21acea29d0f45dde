"""Who is at the browser: the cookie of a session or key, and the token that each form must bear.

A form's token is a digest of the cookie, which no other site can read; so what another site makes
a browser send is refused. Programs may send the header `X-Gatherlog` instead, which other sites
cannot make a browser send at all.
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
from gatherlog.core.eventstore.errors import Denied, Unauthenticated
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.web.forms import text

__all__ = ["AnonymousVisitor", "FormOutdated", "Visitor", "Visitors"]

SESSION_SECONDS: Final = 30 * 24 * 3600
"""How long a browser keeps a session; the server ends it by its own clock."""
TOKEN: Final = "form"
"""The field of a form that holds its token."""
_HEADER: Final = "x-gatherlog"
_KNOWN: Final = re.compile(r"gl[sk]_[A-Za-z0-9_-]{20,200}|eyJ[A-Za-z0-9_.-]{20,3000}")
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22}")


class FormOutdated(Denied):
    """The form was not made for who sends it: by another site, or before signing in or out."""


class Visitor(msgspec.Struct, frozen=True):
    """Somebody signed in."""

    actor: Actor
    secret: str
    """What the cookie holds: a session's token, a key, or a co-host's login. Never shown."""

    @property
    def form(self) -> str:
        """The token of this visitor's forms."""
        return _digest(self.secret)


class AnonymousVisitor(msgspec.Struct, frozen=True):
    """Somebody not signed in, at the sign-in form."""

    nonce: str
    new: bool

    @property
    def form(self) -> str:
        return _digest(self.nonce)


class Visitors:
    """Reads and writes the cookies. Over HTTPS they are bound to it and to this very host."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._secure = platform.settings.base_url.startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self._session = f"{prefix}gatherlog"
        self._nonce = f"{prefix}gatherlog-form"

    async def find(self, request: Request) -> Visitor | None:
        """Who is signed in; None if nobody is, or no longer."""
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
        """A guest, as long as the login holds and the guest is a co-host."""
        try:
            actor = await self._platform.guest_login.actor(login)
        except Unauthenticated:
            return None
        return actor if actor.co_host else None

    async def require(self, request: Request) -> Visitor:
        """Who is signed in; Unauthenticated if nobody is."""
        visitor = await self.find(request)
        if visitor is None:
            raise Unauthenticated("Please sign in.")
        return visitor

    def anonymous(self, request: Request) -> AnonymousVisitor:
        """Somebody at the sign-in form, known again by a cookie of its own."""
        nonce = request.cookies.get(self._nonce, "")
        if _NONCE.fullmatch(nonce):
            return AnonymousVisitor(nonce, new=False)
        return AnonymousVisitor(secrets.token_urlsafe(16), new=True)

    def check_form(self, request: Request, form: FormData, who: Visitor | AnonymousVisitor) -> None:
        """Raise FormOutdated unless `who` was given this form, or is a program."""
        given = text(form, TOKEN).encode(errors="replace")
        known = not isinstance(who, AnonymousVisitor) or not who.new
        if known and secrets.compare_digest(given, who.form.encode()):
            return
        if _HEADER not in request.headers:
            raise FormOutdated("This form is out of date.")

    def remember(self, response: Response, anonymous: AnonymousVisitor) -> None:
        """Let the browser of a anonymous be known again."""
        self._set(response, self._nonce, anonymous.nonce, None)

    def sign_in(self, response: Response, secret: str) -> None:
        """Sign in: a session lasts, a key is forgotten with the browser's window."""
        lasting = SESSION_SECONDS if secret.startswith("gls_") else None
        self._set(response, self._session, secret, lasting)

    def sign_out(self, response: Response) -> None:
        """Sign out, as far as this browser is concerned."""
        self._set(response, self._session, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name, value, seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


def _digest(secret: str) -> str:
    return sha256(b"form of " + secret.encode()).hexdigest()[:43]
