"""Makes targets from their specifications in rules, and checks those specifications."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import Final

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.store import Store
from gatherlog.core.queues import Queues, check_queue
from gatherlog.core.routing.rules import (
    AppendSpec,
    HandlerSpec,
    MailSpec,
    QueueSpec,
    Rule,
    RuleTarget,
    TargetSpec,
    WebhookSpec,
)
from gatherlog.core.subscriptions.delivery import DeliveryFailed, Target
from gatherlog.core.subscriptions.handlers import Handler, HandlerTarget
from gatherlog.targets.addresses import never_permitted, permitted
from gatherlog.targets.letters import LetterTarget, check_letter
from gatherlog.targets.log import AppendTarget
from gatherlog.targets.mail import MailTransport, NoMail
from gatherlog.targets.queue import QueueTarget
from gatherlog.targets.webhook_url import endpoint

__all__ = ["Secrets", "TargetOpener"]

LOOKUP_SECONDS: Final = 3.0
"""How long the name of a webhook's host may be looked up for a warning."""
Secrets = Callable[[Rule], Awaitable[Sequence[bytes]]]
"""Gives the secrets that a rule's webhooks are signed with, the current one first."""


class TargetOpener:
    """Opens the targets of a site's rules. `handlers` are coroutines of the program, by name."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        site: str,
        secrets: Secrets,
        allow: Sequence[str],
        transport: MailTransport,
        queues: Queues,
        handlers: Mapping[str, Handler],
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._site = site
        self._secrets = secrets
        self._allow = [ip_network(text) for text in allow]
        self._transport = transport
        self._queues = queues
        self._handlers = handlers

    async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
        """The open target. Raises Invalid if this process cannot open it."""
        to = target.to
        match to:
            case WebhookSpec():
                return await self._webhook(rule, to)
            case AppendSpec():
                return AppendTarget(
                    self._store, rule.name, to.stream, to.type, clock=self._clock, ids=self._ids
                )
            case MailSpec():
                return LetterTarget(self._transport, to.to, to.subject)
            case QueueSpec():
                return QueueTarget(self._queues, to.queue)
            case HandlerSpec():
                return HandlerTarget(self._handler(to.handler))

    def check(self, to: TargetSpec) -> list[Flaw]:
        """The flaws of a target's specification, with pointers into it."""
        try:
            match to:
                case WebhookSpec():
                    return self._unreachable(to.url)
                case MailSpec():
                    check_letter(to.to, to.subject)
                case QueueSpec():
                    check_queue(to.queue)
                case HandlerSpec():
                    self._handler(to.handler)
                case AppendSpec():
                    pass
        except Invalid as invalid:
            return list(invalid.flaws)
        return []

    async def warnings(self, to: TargetSpec) -> list[str]:
        """What keeps a target from being reached from here at present, as far as can be seen.

        The name of a webhook's host is looked up; nothing is sent.
        """
        if isinstance(to, MailSpec) and isinstance(self._transport, NoMail):
            return ["this site sends no mail: set GATHERLOG_SMTP_URL and GATHERLOG_MAIL_FROM"]
        if not isinstance(to, WebhookSpec):
            return []
        place = endpoint(to.url)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                await permitted(place.host, place.port, allow=self._allow)
        except TimeoutError:
            return [f"looking up the name {place.host} takes longer than {LOOKUP_SECONDS:.0f} s"]
        except DeliveryFailed as failed:
            return [str(failed)]
        return []

    def _unreachable(self, url: str) -> list[Flaw]:
        """The flaw of a URL that could never be sent to; Invalid for one that is malformed."""
        to = endpoint(url)
        reason = never_permitted(to.host, to.port, self._allow)
        return [Flaw("/url", reason)] if reason else []

    async def _webhook(self, rule: Rule, to: WebhookSpec) -> Target:
        from gatherlog.targets.webhook import WebhookTarget

        return WebhookTarget(
            to.url,
            format=to.format,
            secrets=await self._secrets(rule),
            source=self._site,
            clock=self._clock,
            allow=self._allow,
        )

    def _handler(self, name: str) -> Handler:
        try:
            return self._handlers[name]
        except KeyError:
            known = ", ".join(sorted(self._handlers)) or "none"
            detail = f"no handler {name!r} is registered here; there are: {known}"
            raise Invalid(Flaw("/handler", detail)) from None
