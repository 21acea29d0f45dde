"""From a rule's target to what brings events there; and what may be wrong with it beforehand."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_network

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
from gatherlog.core.subscriptions.delivery import Target
from gatherlog.core.subscriptions.handlers import Handler, HandlerTarget
from gatherlog.targets.letters import LetterTarget, check_letter
from gatherlog.targets.log import AppendTarget
from gatherlog.targets.mail import Post
from gatherlog.targets.queue import QueueTarget
from gatherlog.targets.webhook_url import check_url

__all__ = ["Secrets", "TargetOpener"]

Secrets = Callable[[Rule], Awaitable[Sequence[bytes]]]
"""Gives the secrets that a rule's webhooks are signed with, the one in force first."""


class TargetOpener:
    """Opens targets for one site. `handlers` are the program's own, by name."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        ids: Ids,
        site: str,
        secrets: Secrets,
        allow: Sequence[str],
        post: Post,
        queues: Queues,
        handlers: Mapping[str, Handler],
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._site = site
        self._secrets = secrets
        self._allow = [ip_network(text) for text in allow]
        self._post = post
        self._queues = queues
        self._handlers = handlers

    async def __call__(self, rule: Rule, target: RuleTarget) -> Target:
        """Raises Invalid where the target makes no sense for this process."""
        to = target.to
        match to:
            case WebhookSpec():
                return await self._webhook(rule, to)
            case AppendSpec():
                return AppendTarget(
                    self._store, rule.name, to.stream, to.type, clock=self._clock, ids=self._ids
                )
            case MailSpec():
                return LetterTarget(self._post, to.to, to.subject)
            case QueueSpec():
                return QueueTarget(self._queues, to.queue)
            case HandlerSpec():
                return HandlerTarget(self._handler(to.handler))

    def check(self, to: TargetSpec) -> list[Flaw]:
        """What is wrong with where a target points to; pointers are within the target."""
        try:
            match to:
                case WebhookSpec():
                    check_url(to.url)
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
