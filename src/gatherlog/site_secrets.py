"""The site's private key, and the secrets that are derived from it instead of being stored."""

import asyncio
from collections.abc import Sequence

from gatherlog.apps import people
from gatherlog.apps.people.key_file import KeyUnusable, check_key, kept_key
from gatherlog.core.routing import rules
from gatherlog.settings import Settings
from gatherlog.targets.webhook_signature import secret_text

__all__ = ["Digest", "LazyKey", "RuleSecrets", "site_key"]


class Digest:
    """Digests by the site's key for one purpose, such as that of addresses, by which the letters of
    a day are counted."""

    def __init__(self, key: people.KeySource, purpose: str) -> None:
        self._key = key
        self._purpose = purpose

    async def __call__(self, text: str) -> str:
        return (await self._key()).digest(self._purpose, text)


class RuleSecrets:
    """Secrets that webhooks are signed with. They are derived from the site's key, not stored."""

    def __init__(self, key: people.KeySource) -> None:
        self._key = key

    async def bytes_of(self, rule: rules.Rule) -> Sequence[bytes]:
        """The current secret, then the one before it, if there was one."""
        key = await self._key()
        origin = f"{rule.name} {rule.series}".rstrip()
        numbers = [number for number in (rule.secret, rule.secret - 1) if number > 0]
        return [bytes.fromhex(key.digest("webhook", f"{origin} {n}")) for n in numbers]

    async def texts_of(self, rule: rules.Rule) -> Sequence[str]:
        return [secret_text(secret) for secret in await self.bytes_of(rule)]


class LazyKey:
    """The site's key, which is read or created on first use: most commands do not need it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key: people.SiteKey | None = None
        self._first = asyncio.Lock()

    async def check(self) -> None:
        """Raise KeyUnusable for an invalid key, or a file that is exposed or cannot be used."""
        if self._settings.jwt_key is not None:
            await self()
        elif (file := self._settings.key_path) is not None:
            if self._settings.key_file is not None and not file.parent.is_dir():
                raise KeyUnusable(f"{file}: there is no directory {file.parent}")
            check_key(file)

    async def __call__(self) -> people.SiteKey:
        if self._key is None:
            async with self._first:
                if self._key is None:
                    self._key = await asyncio.to_thread(site_key, self._settings)
        return self._key


def site_key(settings: Settings) -> people.SiteKey:
    """The key from the settings, else from the key file, else, for a store in memory, a new one.

    Raises KeyUnusable, which says where the key came from and shows nothing of it.
    """
    from gatherlog.apps.people.rsa_key import RsaKey

    file = settings.key_path
    if settings.jwt_key is not None:
        source, pem = "GATHERLOG_JWT_KEY", settings.jwt_key.encode()
    elif file is not None:
        source, pem = str(file), kept_key(file, lambda: RsaKey.generate().pem())
    elif settings.address.is_lasting:
        raise KeyUnusable(
            f"{settings.address.shown} has no file to keep the site's private key beside; set"
            " GATHERLOG_KEY_FILE to a file, or GATHERLOG_JWT_KEY to the key itself"
        )
    else:
        return RsaKey.generate()
    try:
        return RsaKey.from_pem(pem)
    except ValueError as error:
        raise KeyUnusable(f"{source}: {error}") from None
