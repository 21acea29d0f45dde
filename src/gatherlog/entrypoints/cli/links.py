"""The command that makes guests' links."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog.entrypoints.cli.confirming import refusal_of
from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused
from gatherlog.entrypoints.cli.opening import (
    finish,
    open_platform,
    settings_from,
    settings_of_store,
)
from gatherlog.entrypoints.cli.options import GatheringId, SiteUrl, StoreUrl
from gatherlog.entrypoints.cli.terminal import printable

if TYPE_CHECKING:
    from gatherlog.apps.guests.views import Guest

__all__ = ["link"]

HEADER = ("First name", "Last name", "Email", "Household", "Link")


def link(
    guest: Annotated[
        tuple[str, ...],
        Parameter(help="Ids of guests, or e-mail addresses, which stand for all who share them."),
    ] = (),
    /,
    *,
    all: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Make links for all guests; asks first."),
    ] = False,
    gathering: GatheringId = "default",
    csv: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Print a CSV sheet, for a mail merge."),
    ] = False,
    yes: Annotated[
        bool, Parameter(negative="", show_default=False, help="Make links for all without asking.")
    ] = False,
    public_url: SiteUrl = None,
    store: StoreUrl = None,
) -> None:
    """Make guests' personal links, by which they answer, and print name, address and link.

    A guest has one link: a new one ends the one before. Links are shown once, here, since only
    their hashes are kept. Nothing is sent to anybody.
    """
    if all == bool(guest):
        raise CommandRefused("name the guests, by id or e-mail address, or write --all")
    settings = settings_of_store(store)
    settings = settings_from(store=settings.store, public_url=public_url)

    async def make() -> None:
        async with open_platform(settings) as platform:
            guests = _chosen(await platform.guests.all_guests(gathering), guest, gathering)
            if all and not yes and (refusal := refusal_of(_question(guests), "was made")):
                raise refusal
            _warn(guests, settings.base_url, is_public=settings.public_url is not None)
            if csv:
                _write([HEADER], first=True)
            for chosen in guests:
                token = await platform.guests.issue_link(
                    gathering, chosen.id, actor="cli", names_co_hosts=True
                )
                _show(chosen, f"{settings.base_url}/r/{token}", csv=csv)

    finish(make())


def _chosen(guests: "list[Guest]", wanted: Sequence[str], gathering: str) -> "list[Guest]":
    """The guests with the wanted ids or addresses, in the order of the list; all if none is given.

    Raises CommandRefused if one of them is not on the list.
    """
    from gatherlog.core.commands.text import folded_email

    chosen: set[str] = set()
    for one in wanted:
        address = folded_email(one) if "@" in one else None
        found = {
            guest.id
            for guest in guests
            if guest.id == one or (address and guest.email and folded_email(guest.email) == address)
        }
        if not found:
            reason = f"there is no guest {one!r} in the gathering {gathering!r}; no link was made"
            raise CommandRefused(reason, FAILED)
        chosen |= found
    return [guest for guest in guests if guest.id in chosen] if wanted else guests


def _question(guests: "list[Guest]") -> str:
    ends = sum(guest.link is not None for guest in guests)
    made = "1 link" if len(guests) == 1 else f"{len(guests):,} links"
    return f"This makes {made} and ends {ends:,} that guests have now. Make them?"


def _warn(guests: "list[Guest]", url: str, *, is_public: bool) -> None:
    """Print, on stderr, how many links end, and a hint about the public URL."""
    ended = sum(guest.link is not None for guest in guests)
    if ended:
        ends = "1 earlier link ends" if ended == 1 else f"{ended:,} earlier links end"
        print(f"{ends} now; whoever has an old one needs the new one.", file=sys.stderr)
    if not is_public:
        print(
            f"The links begin with {url}; if guests reach the site elsewhere, say --public-url.",
            file=sys.stderr,
        )


def _show(guest: "Guest", url: str, *, csv: bool) -> None:
    """Print a link at once: one that was made and is not shown is lost."""
    name = guest.name
    if csv:
        cells = (guest.first_name, guest.last_name, guest.email or "", guest.group_id or "", url)
        _write([cells])
        return
    address = f" <{guest.email}>" if guest.email else ""
    print(f"{printable(name + address)}\n    {url}", flush=True)


def _write(rows: Iterable[Sequence[str]], *, first: bool = False) -> None:
    """Write lines of a sheet; the byte order mark is written before the first line only."""
    from gatherlog.core.commands.cells import write_cells

    data = write_cells(list(rows))
    sys.stdout.buffer.write(data if first else data.removeprefix(b"\xef\xbb\xbf"))
    sys.stdout.buffer.flush()
