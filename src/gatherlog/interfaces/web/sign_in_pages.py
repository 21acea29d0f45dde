"""Signing in by a mailed code or a key, signing out, and the demo's mailbox."""

from typing import Final
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatherlog.apps.people import Action, Actor, Origin, Verdict, decide
from gatherlog.apps.people.decisions import MOST_TRIES
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import Denied, Invalid, NotFound, Unauthenticated
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.auth import permit
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.rates import RateLimiter
from gatherlog.interfaces.web.first_page import first_page
from gatherlog.interfaces.web.forms import read_form, text
from gatherlog.interfaces.web.messages import FORM_OUTDATED
from gatherlog.interfaces.web.rendering import HEADERS, Renderer
from gatherlog.interfaces.web.sections import safe_path
from gatherlog.interfaces.web.visitors import FormOutdated, Visitor, Visitors
from gatherlog.interfaces.web.words import day
from gatherlog.targets.mail import NoMail

__all__ = ["SignInPages", "sign_in_first", "sign_in_path"]

_NO_ADDRESS: Final = N_("This is not an email address; one looks like ada@example.org.")
_NO_KEY: Final = N_("This key is unknown, or has ended.")
_WRONG_CODE: Final = N_(
    "This code is wrong, has been used, or is more than ten minutes old. Look again: the latest "
    "one works until {most} wrong ones have been tried."
)


class SignInPages:
    """The pages look the same whether or not an address has an account."""

    def __init__(
        self, platform: Platform, renderer: Renderer, rate_limiter: RateLimiter, visitors: Visitors
    ) -> None:
        self._platform = platform
        self._renderer = renderer
        self._rate_limiter = rate_limiter
        self._visitors = visitors

    async def sign_in(self, request: Request) -> Response:
        """The form; POST mails a code to an address, and with the code it starts a session."""
        await permit(self._platform, None, Action.SIGN_IN, None)
        if request.method == "POST":
            return await self._take(request, await read_form(request))
        wanted = request.query_params.get("next", "")
        if (visitor := await self._visitors.find(request)) is not None:
            leads_to = await self._leads_to(wanted, visitor.actor)
            return RedirectResponse(leads_to, 303, HEADERS)
        return self._form(request, {"next": wanted})

    async def sign_out(self, request: Request) -> Response:
        """End the session; a key is not ended, only forgotten by this browser."""
        visitor = await self._visitors.find(request)
        if visitor is not None:
            try:
                self._visitors.check_form(request, await read_form(request), visitor)
            except FormOutdated:
                return self._renderer.message(FORM_OUTDATED, 403)
            try:
                await permit(self._platform, visitor.actor, Action.SIGN_OUT, None)
                await self._end(visitor)
            except Denied:
                pass  # a key, which has no session to end
        response = RedirectResponse("/signin", 303, HEADERS)
        self._visitors.sign_out(response)
        return response

    async def _end(self, visitor: Visitor) -> None:
        if visitor.actor.kind == "guest":
            await self._platform.guest_login.logout(visitor.secret)
        else:
            await self._platform.accounts.end_session(visitor.secret)

    async def mailbox(self, request: Request) -> Response:
        """The letters that a demo sent; NotFound outside a demo."""
        demo, mailbox = self._platform.settings.demo, self._platform.mailbox
        allowed = decide(None, Action.READ_MAILBOX, demo=demo) is Verdict.ALLOW
        if not allowed or mailbox is None:
            raise NotFound("Page not found.")
        letters = [
            (letter, f"{day(when := to_datetime(letter.at))}, {when:%H:%M:%S}, UTC")
            for letter in mailbox.letters()
        ]
        return self._renderer.page("mailbox.html", letters=letters)

    async def _take(self, request: Request, form: FormData) -> Response:
        try:
            self._visitors.check_form(request, form, self._visitors.anonymous(request))
        except FormOutdated:
            return self._renderer.message(FORM_OUTDATED, 403)
        if "key" in form:
            self._rate_limiter.sign_in(request.scope)
            return await self._by_key(request, form)
        given = {"email": text(form, "email").strip(), "next": text(form, "next")}
        origin = self._origin(request)
        asker = await self._platform.accounts.asker(given["email"], origin)
        self._rate_limiter.sign_in(request.scope, asker)
        self._rate_limiter.email("session" if "code" in form else "code", asker)
        try:
            if "code" in form:
                return await self._by_code(given, text(form, "code"), origin)
            await self._platform.accounts.request_code(given["email"], origin)
        except Invalid as error:
            return self._form(request, given, wrong=_(_NO_ADDRESS), status=status_of(error))
        except Unauthenticated as error:
            return self._form(
                request,
                given,
                "code.html",
                wrong=_(_WRONG_CODE).format(most=MOST_TRIES),
                status=status_of(error),
            )
        return self._form(request, given, "code.html")

    def _origin(self, request: Request) -> Origin:
        """A browser is known by the nonce of its forms, whichever network it is in."""
        anonymous = self._visitors.anonymous(request)
        return Origin(
            network=self._rate_limiter.client(request.scope),
            device=self._visitors.device(request),
            attempt="" if anonymous.new else anonymous.nonce,
        )

    async def _by_code(self, given: dict[str, str], code: str, origin: Origin) -> Response:
        session = await self._platform.accounts.sign_in(given["email"], code, origin)
        actor = await self._platform.accounts.session(session.token)
        response = await self._signed_in(session.token, given["next"], actor)
        self._visitors.remember_device(response, session.device)
        return response

    async def _by_key(self, request: Request, form: FormData) -> Response:
        key, path = text(form, "key").strip(), text(form, "next")
        if (actor := await self._platform.keys.authenticate(key[:300])) is None:
            self._rate_limiter.wrong_credential(request.scope)
            return self._form(request, {"next": path}, wrong_key=_(_NO_KEY), status=401)
        return await self._signed_in(key, path, actor)

    async def _signed_in(self, secret: str, path: str, actor: Actor | None) -> Response:
        response = RedirectResponse(await self._leads_to(path, actor), 303, HEADERS)
        self._visitors.sign_in(response, secret)
        return response

    async def _leads_to(self, wanted: str, actor: Actor | None) -> str:
        """The page that asked for the sign-in, or else the first one of whoever signed in."""
        return safe_path(wanted) or await first_page(self._platform, actor)

    def _form(
        self,
        request: Request,
        given: dict[str, str],
        template: str = "signin.html",
        *,
        wrong: str = "",
        wrong_key: str = "",
        status: int = 200,
    ) -> Response:
        anonymous = self._visitors.anonymous(request)
        page = self._renderer.page(
            template,
            status=status,
            token=anonymous.form,
            email=given.get("email", ""),
            next=safe_path(given.get("next", "")),
            wrong=wrong,
            wrong_key=wrong_key,
            has_mailbox=self._platform.mailbox is not None,
            has_mail=not isinstance(self._platform.mailer, NoMail),
        )
        if anonymous.new:
            self._visitors.remember(page, anonymous)
        return page


def sign_in_first(request: Request) -> Response:
    """Redirect to the sign-in form, which leads back to the page that was requested."""
    return RedirectResponse(sign_in_path(request), 303, HEADERS)


def sign_in_path(request: Request) -> str:
    """The path of the sign-in form that leads back to the page of a request, with its query."""
    path, query = request.scope["path"], request.url.query
    wanted = safe_path(f"{path}?{query}" if query else path) or safe_path(path)
    return f"/signin?next={quote(wanted)}" if wanted else "/signin"
