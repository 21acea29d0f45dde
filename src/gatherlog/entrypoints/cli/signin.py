"""The command that prints a code to sign in with, for sites without mail."""

import sys
from typing import Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    settings_from,
    settings_of_store,
)
from gatherlog.entrypoints.cli.options import SiteUrl, StoreUrl

__all__ = ["signin"]


def signin(
    email: Annotated[str, Parameter(help="E-mail address to sign in with.")],
    /,
    *,
    public_url: SiteUrl = None,
    store: StoreUrl = None,
) -> None:
    """Print a sign-in code for this e-mail address; no mail is sent.

    The code alone goes to stdout. It works once, within ten minutes, and ends the one before. The
    account is made at the first sign-in.
    """

    settings = settings_of_store(store)
    settings = settings_from(store=settings.store, public_url=public_url)

    async def issue() -> str:
        async with open_platform(settings) as platform:
            return await platform.accounts.issue_code(email)

    code, site = finish(issue()), settings.base_url
    print(f"Sign in at {site}: the code works once, within ten minutes.", file=sys.stderr)
    if settings.public_url is None:
        print("If the site is reached elsewhere, say --public-url.", file=sys.stderr)
    print(code)
