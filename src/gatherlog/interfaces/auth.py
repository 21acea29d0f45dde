"""Who asks: the credential of a request, turned into an actor, and the policy asked about it."""

from collections.abc import Mapping

from gatherlog.apps.people.policy import Action, Actor, Verdict, decide
from gatherlog.core.errors import Denied, NotFound, Unauthenticated
from gatherlog.interfaces.platform import Platform

__all__ = ["identify", "permit"]


async def identify(platform: Platform, headers: Mapping[bytes, bytes]) -> Actor:
    """The actor that the Authorization header stands for; Unauthenticated if none."""
    header = headers.get(b"authorization")
    if header is None:
        raise Unauthenticated("Send your key: `Authorization: Bearer glk_…`.")
    scheme, _, secret = header.partition(b" ")
    if scheme.lower() != b"bearer":
        raise Unauthenticated("Only keys are known here: `Authorization: Bearer glk_…`.")
    actor = await platform.keys.authenticate(secret.strip().decode("latin-1"))
    if actor is None:
        raise Unauthenticated("This key is unknown or was revoked.")
    return actor


def permit(actor: Actor | None, action: Action, gathering_id: str | None) -> None:
    """Pass, or raise what the policy's verdict means to the asker."""
    verdict = decide(actor, action, gathering_id)
    if verdict is Verdict.ALLOW:
        return
    if verdict is Verdict.IDENTIFY:
        raise Unauthenticated("Send your key: `Authorization: Bearer glk_…`.")
    if verdict is Verdict.HIDE:
        raise NotFound("There is nothing here.")
    raise Denied("Your key does not allow this.")
