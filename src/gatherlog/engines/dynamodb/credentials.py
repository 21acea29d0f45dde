"""Credentials, region and endpoint, found as all programs for AWS find them: with botocore.

Only this module imports it. What may wait for a file or another server is done in a thread.
"""

import asyncio
import os
from typing import Any, Final

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, UnknownRegionError

from gatherlog.core.eventstore.errors import Busy, NotAStore
from gatherlog.engines.dynamodb.signing import Credentials

__all__ = ["CredentialSource"]

FIND_SECONDS: Final = 10.0
"""How long is waited for a server that gives credentials."""
_FAILURES: Final = (BotoCoreError, ClientError, RuntimeError, OSError, ValueError)
"""What botocore raises when it, or whoever gives it credentials, fails."""
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
        self._renewing = asyncio.Lock()

    async def region(self) -> str | None:
        """The region that the environment or the profile names."""
        if named := os.environ.get("AWS_REGION"):  # which botocore does not look at
            return named
        region = await self._told(lambda session: session.get_config_variable("region"))
        return None if region is None else str(region)

    async def host(self, region: str) -> str:
        """The name of the endpoint of a region. Raises NotAStore if there cannot be any."""
        suffix = await self._told(lambda session: _suffix_of(session, region))
        if suffix is None:
            raise NotAStore(f"{region!r} is not a region of AWS")
        return f"dynamodb.{region}.{suffix}"

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
        found = self._found
        frozen = await self._told(lambda _: found.get_frozen_credentials())
        current = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
        if found is self._found:  # others may have been found meanwhile
            self._current = current
        return current

    async def renew(self, refused: Credentials) -> bool:
        """Look for others after these were refused; whether there are any.

        Many may be refused with the same at once: the first looks for others. Raises Busy if
        there are none at all now.
        """
        async with self._renewing:
            if await self.current() == refused:
                self._session = None
                found = await self._told(lambda session: session.get_credentials())
                if found is None:
                    raise Busy(f"there are no credentials for AWS any more: {_HOW}")
                self._found, self._current = found, None
            return await self.current() != refused

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
        except _FAILURES as error:
            if self._found is not None:
                raise Busy(f"the credentials for AWS cannot be renewed: {error}") from error
            raise NotAStore(f"credentials for AWS: {error}") from error


def _suffix_of(session: Any, region: str) -> str | None:
    """What the names of all endpoints in a region end with; None if there is no such region."""
    try:
        partition = session.get_partition_for_region(region)
    except UnknownRegionError:
        return None
    known = session.get_data("partitions")["partitions"]
    return next(str(one["outputs"]["dnsSuffix"]) for one in known if one["id"] == partition)


def _must_be_renewed(found: Any) -> bool:
    """Whether credentials that expire are about to."""
    needed = getattr(found, "refresh_needed", None)
    return needed is not None and bool(needed())
