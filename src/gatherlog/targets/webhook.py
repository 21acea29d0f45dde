"""The target that is a webhook: deliveries are signed HTTP requests to a rule's URL."""

import functools
import hashlib
import itertools
import ssl
from collections.abc import Iterator, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.routing.bus_form import bus_event
from gatherlog.core.routing.cloud_events import binary_headers, cloud_event
from gatherlog.core.routing.rules import WebhookFormat
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.targets.addresses import Network, Resolve, system_resolver
from gatherlog.targets.webhook_answers import failure
from gatherlog.targets.webhook_client import WebhookClient
from gatherlog.targets.webhook_signature import signature
from gatherlog.targets.webhook_url import check_url, endpoint

__all__ = ["BATCH", "WebhookTarget", "check_url"]

BATCH: Final = 100
"""Deliveries in one request of the format `cloudevents-batch`."""
TIMEOUT: Final = 15.0
"""Seconds for one request, from the lookup of the name to the end of the answer."""
CONNECTIONS: Final = 8

Content = tuple[dict[str, str], bytes]
"""The headers that describe a body, and the body."""


class WebhookTarget:
    """A `Target` that posts to `url`, signed with each of `secrets` by Standard Webhooks.

    `source` is the site's URL, from which the sources of CloudEvents are made. A delivery with an
    `input` is sent as that input, in a request of its own: as JSON, or as plain text if it is a
    `str`. The header `webhook-id` is the delivery's id; that of a batch is derived from the ids in
    it, so it is the same for the same batch. `allow` are networks that may be connected to although
    they are not public.
    """

    def __init__(
        self,
        url: str,
        *,
        format: WebhookFormat,
        secrets: Sequence[bytes],
        source: str,
        clock: Clock,
        allow: Sequence[Network] = (),
        timeout: float = TIMEOUT,
        connections: int = CONNECTIONS,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolver,
    ) -> None:
        """Raises Invalid for a malformed URL, and ValueError without a secret."""
        if not secrets:
            raise ValueError("webhooks are signed: at least one secret is needed")
        self._endpoint = endpoint(url)
        self._format = format
        self._secrets = tuple(secrets)
        self._source = source
        self._clock = clock
        self._client = WebhookClient(
            self._endpoint,
            allow=allow,
            resolve=resolve,
            tls=tls or _system_trust(),
            timeout=timeout,
            connections=connections,
        )

    @property
    def batch(self) -> int:
        return BATCH if self._format == "cloudevents-batch" else 1

    def __repr__(self) -> str:
        """Without path, query and secrets."""
        return f"WebhookTarget({self._endpoint.origin!r}, {self._format!r})"

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """See `Target`. For the kinds of failures see `WebhookClient.post` and `failure`."""
        for group in self._groups(deliveries):
            await self._send(group)

    async def close(self) -> None:
        await self._client.close()

    def _groups(self, deliveries: Sequence[Delivery]) -> Iterator[list[Delivery]]:
        """The deliveries of each request, in order."""
        joined = self._format == "cloudevents-batch"
        for is_batch, group in itertools.groupby(deliveries, lambda d: joined and d.input is None):
            if is_batch:
                yield list(group)
            else:
                yield from ([delivery] for delivery in group)

    async def _send(self, group: Sequence[Delivery]) -> None:
        content, body = self._content(group)
        id, now = _id(group), self._clock()
        headers = {
            **content,
            "user-agent": "Gatherlog",
            "webhook-id": id,
            "webhook-timestamp": f"{now // 1_000_000}",
            "webhook-signature": signature(self._secrets, id, now // 1_000_000, body),
        }
        answer = await self._client.post(headers, body)
        failed = failure(
            answer, origin=self._endpoint.origin, now=self._clock(), is_batch=len(group) > 1
        )
        if failed is not None:
            raise failed

    def _content(self, group: Sequence[Delivery]) -> Content:
        first = group[0]
        if first.input is not None:
            return _input(first.input)
        match self._format:
            case "bus":
                return _json("application/json", bus_event(first.event))
            case "cloudevents":
                event = cloud_event(first.event, source=self._source)
                return _json("application/cloudevents+json", event)
            case "cloudevents-binary":
                return binary_headers(first.event, source=self._source), first.event.data
            case "cloudevents-batch":
                events = [cloud_event(each.event, source=self._source) for each in group]
                return _json("application/cloudevents-batch+json", events)


def _input(input: Any) -> Content:
    if isinstance(input, str):
        return {"content-type": "text/plain; charset=utf-8"}, input.encode()
    return _json("application/json", input)


def _json(content_type: str, value: Any) -> Content:
    return {"content-type": content_type}, encode(value)


def _id(group: Sequence[Delivery]) -> str:
    if len(group) == 1:
        return group[0].id
    ids = "\n".join(delivery.id for delivery in group)
    return f"batch_{hashlib.sha256(ids.encode()).hexdigest()[:32]}"


@functools.cache
def _system_trust() -> ssl.SSLContext:
    """A context with the system's certificates; shared, because they take a while to load."""
    return ssl.create_default_context()
