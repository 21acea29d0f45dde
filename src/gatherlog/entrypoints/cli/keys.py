"""Commands about API keys."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    settings_of_lasting,
    settings_of_store,
    started_platform,
)
from gatherlog.entrypoints.cli.options import Json, StoreUrl
from gatherlog.entrypoints.cli.terminal import table

if TYPE_CHECKING:
    from gatherlog.apps.people.views import ApiKey

__all__ = ["create", "list_", "revoke"]


def create(
    *,
    role: Annotated[
        Literal["operator", "host", "member", "organiser", "reviewer", "intake"],
        Parameter(
            help="What the key may do: operator everything, host one gathering, intake only send "
            "records to named logs, the others what their account may."
        ),
    ],
    gathering: Annotated[
        str | None, Parameter(help="Id of the gathering; needed for the role host.")
    ] = None,
    account: Annotated[
        str | None,
        Parameter(
            help="E-mail address of the account that the key acts for, which is made if missing; "
            "needed for the roles member, organiser and reviewer."
        ),
    ] = None,
    log: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Name of a log that the key sends records to, as often as there are logs; needed "
            "for the role intake.",
        ),
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
    if role != "host" and gathering is not None:
        raise CommandRefused("--gathering goes with --role host; other keys are bound to none")
    if (role == "intake") is not bool(log):
        raise CommandRefused("--role intake and --log NAME, where its records go, belong together")
    if role == "intake" and account is not None:
        raise CommandRefused("--account does not go with --role intake: it acts for nobody")
    if role not in ("operator", "host", "intake") and account is None:
        raise CommandRefused(f"--role {role} needs --account EMAIL: whom the key acts for")

    async def make() -> tuple[str, str, str | None]:
        async with started_platform(settings_of_lasting(store)) as platform:
            if gathering is not None:
                await platform.guests.gathering(gathering)
            account_id = None
            if account is not None:
                account_id = await platform.accounts.ensure(account, actor="cli")
            created = await platform.keys.create(
                role, gathering, name, actor="cli", account_id=account_id, logs=log or ()
            )
            return created.id, created.secret, account_id

    key_id, secret, account_id = finish(make())
    if json:
        import msgspec

        shown: dict[str, object] = {
            "id": key_id,
            "role": role,
            "gathering_id": gathering,
            "name": name,
        }
        shown["account_id"] = account_id
        if log:
            shown["logs"] = log
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
    """Revoke an API key; it is refused from the next request on."""

    async def end() -> None:
        async with open_platform(settings_of_store(store)) as platform:
            await platform.keys.revoke(key_id, actor="cli")

    finish(end())
    print(f"Key {key_id} is revoked.")


def list_(*, store: StoreUrl = None, json: Json = False) -> None:
    """List all API keys, the revoked ones too, oldest first. Never shows a secret."""
    settings = settings_of_store(store)

    async def load() -> "list[ApiKey]":
        async with open_platform(settings, read_only=True) as platform:
            return await platform.keys.keys()

    listed = [_json_of(key) for key in finish(load())]
    if json:
        import msgspec

        print(msgspec.json.encode(listed).decode())
        return
    if not listed:
        print("There are no keys; make one: gatherlog key create --role operator", file=sys.stderr)
        return
    head = [name.removesuffix("_id") for name in listed[0]]
    rows = [{**one, "logs": ", ".join(one["logs"])} for one in listed]
    print(table(head, [[value or "-" for value in row.values()] for row in rows]))


def _json_of(key: "ApiKey") -> dict[str, Any]:
    """A key, without the hash of its secret."""
    from gatherlog.core.eventstore.clock import rfc3339

    return {
        "id": key.id,
        "role": key.role,
        "gathering_id": key.gathering_id,
        "account_id": key.account_id,
        "logs": list(key.logs or ()),
        "name": key.name,
        "created": rfc3339(key.created_at),
        "revoked": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }
