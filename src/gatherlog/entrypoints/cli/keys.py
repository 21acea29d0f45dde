"""Commands about API keys."""

import sys
from typing import Annotated, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_file
from gatherlog.entrypoints.cli.options import Json, StoreUrl

__all__ = ["create", "revoke"]


def create(
    *,
    role: Annotated[
        Literal["operator", "host"],
        Parameter(help="What the key may do: operator everything, host one gathering."),
    ],
    gathering: Annotated[
        str | None, Parameter(help="Id of the gathering; needed for the role host.")
    ] = None,
    name: Annotated[str, Parameter(help="What the key is for, to tell it from others.")] = "",
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Make an API key and print its secret, once: only a hash of it is kept.

    The secret alone goes to stdout, so KEY=$(gatherlog key create --role operator) works. A missing
    store is made.
    """
    if role == "host" and gathering is None:
        raise CommandRefused("--role host needs --gathering ID: the gathering that the key is for")
    if role == "operator" and gathering is not None:
        raise CommandRefused("--gathering goes with --role host; an operator's key is for all")

    async def make() -> tuple[str, str]:
        async with open_platform(settings_of_file(store)) as platform:
            if gathering is not None:
                await platform.guests.gathering(gathering)
            created = await platform.keys.create(role, gathering, name, actor="cli")
            return created.id, created.secret

    key_id, secret = finish(make())
    if json:
        import msgspec

        shown = {"id": key_id, "role": role, "gathering_id": gathering, "name": name}
        print(msgspec.json.encode(shown | {"secret": secret}).decode())
        return
    print(f"Key {key_id} ({role}). Keep the secret: it is not shown again.", file=sys.stderr)
    print(secret)


def revoke(
    key_id: Annotated[str, Parameter(help="Id of the key, as `key create` gave it.")],
    /,
    *,
    store: StoreUrl = None,
) -> None:
    """End an API key; what it opened is closed from the next request on."""

    async def end() -> None:
        async with open_platform(settings_of_file(store)) as platform:
            await platform.keys.revoke(key_id, actor="cli")

    finish(end())
    print(f"Key {key_id} is revoked.")
