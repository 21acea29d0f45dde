"""The command that gives roles to accounts."""

from typing import Annotated, Literal

from cyclopts import Parameter

from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import Json, StoreUrl

__all__ = ["account"]

AccountRole = Literal["organiser", "reviewer"]


def account(
    email: Annotated[str, Parameter(help="E-mail address of the account; it is made if missing.")],
    /,
    *,
    role: Annotated[
        tuple[AccountRole, ...],
        Parameter(help="A role to give; may be repeated.", negative=""),
    ] = (),
    remove_role: Annotated[
        tuple[AccountRole, ...],
        Parameter(help="A role to take back; may be repeated.", negative=""),
    ] = (),
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Show the roles of an account, after giving it some or taking some back.

    An organiser publishes things to do, a reviewer decides about those of others. It holds at once,
    also for those who are signed in.
    """

    async def change() -> tuple[str, tuple[str, ...]]:
        async with open_platform(settings_of_store(store)) as platform:
            id = await platform.accounts.ensure(email, actor="cli")
            roles = await platform.accounts.change_roles(
                id, add=role, remove=remove_role, actor="cli"
            )
            return id, roles

    id, roles = finish(change())
    if json:
        import msgspec

        shown = {"id": id, "roles": ["member", *roles]}
        print(msgspec.json.encode(shown).decode())
        return
    print(f"Account {id}: {', '.join(['member', *roles])}")
