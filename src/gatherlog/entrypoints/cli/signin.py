"""The command that signs somebody in where no mail is sent."""

import sys
from typing import Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_file
from gatherlog.entrypoints.cli.options import StoreUrl

__all__ = ["signin"]


def signin(
    email: Annotated[str, Parameter(help="Address to sign in with.")],
    /,
    *,
    store: StoreUrl = None,
) -> None:
    """Print a code to sign in with, for the one whose address this is; no mail is sent.

    The code alone goes to stdout. It works once, within ten minutes, and ends the one before. The
    account is made at the first sign-in.
    """

    async def issue() -> tuple[str, str]:
        async with open_platform(settings_of_file(store)) as platform:
            return await platform.accounts.issue_code(email), platform.settings.base_url

    code, site = finish(issue())
    print(f"Sign in at {site}: the code works once, within ten minutes.", file=sys.stderr)
    print(code)
