"""The endpoint for the roles of accounts."""

from typing import Annotated, Literal

import msgspec

from gatherlog.apps.people.decisions import ROLES
from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing

__all__ = ["RolesAnswer", "RolesChoice", "change_roles"]

AccountRole = Literal["organiser", "reviewer"]


class RolesChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roles that an account has from now on, beside that of a member."""

    roles: Annotated[tuple[AccountRole, ...], msgspec.Meta(max_length=len(ROLES))]


class RolesAnswer(msgspec.Struct, frozen=True):
    """An account and its roles, beside that of a member."""

    id: str
    roles: tuple[str, ...]


async def change_roles(call: Call[RolesChoice, Nothing]) -> Reply:
    """Replace the roles of an account; it holds for sessions that have begun, too."""
    account_id, roles = call.id, call.body.roles
    others = [role for role in ROLES if role not in roles]
    given = await call.platform.accounts.change_roles(
        account_id, add=roles, remove=others, actor=call.by
    )
    return await call.remember(json(RolesAnswer(account_id, given)))
