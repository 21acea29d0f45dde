"""Credentials, region and endpoint, found as all programs for AWS find them: with botocore.

Only this module imports it. What may wait for a file or another server is done in a thread.
"""

import asyncio
import os
from typing import Any, Final

import botocore.session
from botocore.exceptions import BotoCoreError

from gatherlog.core.eventstore.errors import Busy, NotAStore
from gatherlog.engines.dynamodb.signing import Credentials

__all__ = ["CredentialSource"]

FIND_SECONDS: Final = 10.0
"""How long is waited for a server that gives credentials."""
_HOW: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role"
)


class CredentialSource:
    """Where this process has its credentials from. They are renewed before they expire."""

    def __init__(self, profile: str | None = None) -> None:
        self._profile = profile
        self._session: Any = None
        self._found: Any = None
        self._current: Credentials | None = None

    async def region(self) -> str | None:
        """The region that the environment or the profile names."""
        if named := os.environ.get("AWS_REGION"):  # which botocore does not look at
            return named
        region = await self._told(lambda session: session.get_config_variable("region"))
        return None if region is None else str(region)

    async def host(self, region: str) -> str:
        """The name of the endpoint of a region. Raises NotAStore if there cannot be any."""
        found = await self._told(
            lambda session: session.get_component("endpoint_resolver").construct_endpoint(
                "dynamodb", region
            )
        )
        if not found:
            raise NotAStore(f"{region!r} is not a region of AWS")
        return str(found["hostname"])

    async def find(self) -> None:
        """Look for credentials. Raises NotAStore, with advice, if there are none."""
        found = await self._told(lambda session: session.get_credentials())
        if found is None:
            raise NotAStore(f"there are no credentials for AWS: {_HOW}")
        self._found = found

    async def current(self) -> Credentials:
        """The credentials to sign with now. Raises Busy if they have expired for good."""
        if self._current is not None and not _must_be_renewed(self._found):
            return self._current
        if self._found is None:
            await self.find()
        frozen = await self._told(lambda _: self._found.get_frozen_credentials())
        self._current = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        return self._current

    async def renew(self) -> bool:
        """Look for others after these were refused; whether there are any."""
        before, self._current, self._session = self._current, None, None
        await self.find()
        return await self.current() != before

    async def _told(self, ask: Any) -> Any:
        """What botocore says. Raises Busy if it cannot tell now, NotAStore for a wrong profile."""

        def in_thread() -> Any:
            if self._session is None:
                self._session = botocore.session.Session(profile=self._profile)
            return ask(self._session)

        try:
            async with asyncio.timeout(FIND_SECONDS):
                return await asyncio.to_thread(in_thread)
        except TimeoutError:
            raise Busy(f"no credentials for AWS came within {FIND_SECONDS:g} s") from None
        except BotoCoreError as error:
            if self._found is not None:
                raise Busy(f"the credentials for AWS cannot be renewed: {error}") from error
            raise NotAStore(f"credentials for AWS: {error}") from error


def _must_be_renewed(found: Any) -> bool:
    """Whether credentials that expire are about to."""
    needed = getattr(found, "refresh_needed", None)
    return needed is not None and bool(needed())
