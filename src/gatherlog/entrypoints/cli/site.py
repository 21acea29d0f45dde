"""Commands about a whole site: serve it, serve the demo, create it, back it up."""

import errno
import os
import platform as machine
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gatherlog import __version__
from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused
from gatherlog.entrypoints.cli.opening import (
    demand_site_key,
    finish,
    settings_from,
    settings_of_lasting,
    settings_of_store,
    started_platform,
)
from gatherlog.entrypoints.cli.options import HostName, Json, Port, PublicUrl, StoreUrl, Workers
from gatherlog.entrypoints.cli.terminal import printable

DemoStoreUrl = Annotated[
    str | None,
    Parameter(
        name="--store",
        help="A database to keep the data in: postgresql://user@host/database, or "
        "dynamodb://table?region=eu-central-1. Default: a file.",
    ),
]

if TYPE_CHECKING:
    from gatherlog.settings import Settings

__all__ = ["backup", "demo", "init", "serve", "version"]


def demo(*, store: DemoStoreUrl = None, host: HostName = None, port: Port = None) -> None:
    """Serve made-up gatherings, and a city of things to do, to try things out on.

    They live in .demo/ of the working directory, or in a database, are made once and kept. Prints
    who is who, with keys and links.
    """
    from gatherlog.engines.postgres_address import without_password
    from gatherlog.entrypoints.demo import run_demo

    if store is not None and not store.startswith(("postgresql:", "dynamodb:")):
        shown = without_password(store)
        raise CommandRefused(f"the demo keeps its files in .demo/; {shown!r} is not a database")
    settings = settings_from(store=store, host=host, port=port, demo=True)
    with _address_advice(settings):
        run_demo(settings, Path(".demo"), store)


def serve(
    *,
    store: StoreUrl = None,
    host: HostName = None,
    port: Port = None,
    workers: Workers = None,
    public_url: PublicUrl = None,
) -> int:
    """Serve the pages and the API of a store, which is made if it is missing.

    SIGTERM or Ctrl-C ends it after what was accepted is finished. Processes that die are started
    again; all end with this one.
    """
    from gatherlog.entrypoints.reading_place import decided

    settings = decided(
        settings_from(store=store, host=host, port=port, workers=workers, public_url=public_url)
    )
    demand_site_key(settings)
    if not settings.address.is_lasting:
        _warn_of_loss(settings)
    with _address_advice(settings):
        if settings.workers > 1:
            from gatherlog.entrypoints.several import serve_with_workers

            return serve_with_workers(settings, ready=lambda url: _announce(settings, url))
        from gatherlog.entrypoints.asgi import serve as serve_asgi

        serve_asgi(settings, ready=lambda url: _announce(settings, url))
    return 0


def _warn_of_loss(settings: "Settings") -> None:
    """Say that the store ends with this process, which therefore has to be the only one."""
    if settings.workers > 1:
        raise CommandRefused(
            f"{settings.address.shown} is in one process: --workers needs a store that several can "
            "open, such as --store sqlite:///gatherlog.db"
        )
    print(
        f"{settings.address.shown} ends with this process: everything in it is lost then. To "
        "keep it, name a file: --store sqlite:///gatherlog.db",
        file=sys.stderr,
        flush=True,
    )


def _announce(settings: "Settings", url: str) -> None:
    from gatherlog.entrypoints.reading_place import sentence

    print(sentence(settings), flush=True)
    if settings.workers > 1:
        print(f"{settings.workers} processes serve; rate limits count in each of them.", flush=True)
    print(f"Gatherlog serves {settings.address.shown} on {url}", flush=True)
    if settings.smtp_url is None:
        print(
            "No mail is sent: set GATHERLOG_SMTP_URL and GATHERLOG_MAIL_FROM. Until then "
            "`gatherlog signin EMAIL` prints a code for whoever wants to sign in.",
            flush=True,
        )


@contextmanager
def _address_advice(settings: "Settings") -> Iterator[None]:
    """Turn errors about the address to listen on into CommandRefused with advice."""
    host, port = settings.host, settings.port
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            advice = f"choose another: --port {port + 1}, or GATHERLOG_PORT={port + 1}"
            reason = f"port {port} of {host} is taken by another program; {advice}"
        elif error.errno == errno.EACCES and error.filename is None:
            reason = (
                f"port {port} is for the administrator alone; choose one above 1023: --port 8000"
            )
        elif error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            reason = f"{host!r} is not an address of this machine; --host 127.0.0.1 always is"
        else:
            raise
        raise CommandRefused(reason, FAILED) from error


def init(
    *,
    store: StoreUrl = None,
    for_role: Annotated[
        str | None,
        Parameter(help="A role of the database that may use the store, with no more rights."),
    ] = None,
    restored: Annotated[
        bool,
        Parameter(negative="", help="Go on with a restored table of DynamoDB."),
    ] = False,
) -> None:
    """Make a store with the gathering `default`; one that is there stays as it is.

    On DynamoDB it makes the table, and prints the rights that running the site needs.
    """
    from gatherlog.engines import accept_restored, let_use, needed_rights

    settings = settings_of_lasting(store)
    is_new = settings.address.is_missing or settings.address.is_empty

    async def make() -> str:
        if restored and await accept_restored(settings.store):
            print("The table was restored: the store goes on in it, with cursors of its own.")
        async with started_platform(settings):
            pass
        if for_role is not None:
            await let_use(settings.store, for_role)
        return await needed_rights(settings.store)

    rights = finish(make())
    was_there = settings.address.file is not None and not is_new
    print(f"{settings.address.shown} {'was a store already' if was_there else 'is ready'}.")
    if rights:
        print(rights)


def backup(
    file: Annotated[Path, Parameter(help="Where the copy goes; an existing file is refused.")],
    /,
    *,
    store: StoreUrl = None,
) -> None:
    """Copy a store to FILE, also while it is served: one consistent moment of it."""
    from gatherlog.engines import back_up

    if "://" in str(file) or str(file).startswith("sqlite:"):
        raise CommandRefused(f"FILE is {str(file)!r}: write a path, not the address of a store")
    settings = settings_of_store(store)
    if not file.parent.is_dir():
        raise CommandRefused(f"{file}: there is no directory {file.parent}")
    back_up(settings.store, file)
    copied = f"{settings.address.shown} is copied to {printable(str(file))}"
    print(f"{copied} ({file.stat().st_size:,} bytes).")


def version(*, json: Json = False) -> None:
    """Print the versions of Gatherlog and of what it runs on."""
    import apsw

    if json:
        import msgspec

        versions = {
            "gatherlog": __version__,
            "python": machine.python_version(),
            "sqlite": apsw.sqlite_lib_version(),
        }
        print(msgspec.json.encode(versions).decode())
        return
    print(f"gatherlog {__version__}")
    print(f"Python {machine.python_version()}, SQLite {apsw.sqlite_lib_version()}, {os.name}")
