"""Writes the pages of the reference that are made from the code; `make reference` runs it.

They are the commands with their options, every type of event, and the indexes of every view.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import msgspec

from gatherlog.bootstrap import CATEGORIES, VIEWS
from gatherlog.core.projections.folds import Category
from gatherlog.entrypoints.cli.app import app

HERE = Path(__file__).parent
MARK = "<!-- Made by `make reference`; do not edit. -->"
ENVIRONMENT = """
## Environment

A flag wins over its variable.

| variable | flag | default |
|---|---|---|
| `GATHERLOG_STORE` | `--store` | `sqlite:///gatherlog.db` |
| `GATHERLOG_HOST` | `--host` | `127.0.0.1` |
| `GATHERLOG_PORT` | `--port` | `8000` |
| `GATHERLOG_PUBLIC_URL` | `--public-url` | the address that the server listens on |
| `GATHERLOG_TRUSTED_PROXIES` | | none; addresses and networks with commas between |
| `GATHERLOG_RATE_LIMITS` | | on; `off`, or figures like `sign_in=20/minute,rsvp=off` for \
`sign_in` (10/minute per client address), `email` (5/minute per e-mail address \
and client address), `rsvp` (10/hour per guest), `wrong` (30/minute per client address) |
| `GATHERLOG_QUOTAS` | | on; `off`, or figures like `gatherings=200,guests=off` for `gatherings` \
(50 of an account), `guests` (5000 of a gathering), `account_guests` (20000 of an account), \
`gathering_letters` (6000 about a gathering a day), `host_letters` (10000 of an account a day), \
`address_letters` (20 to one address a day) |
| `GATHERLOG_SMTP_URL` | | none: no mail is sent; `smtp://name:password@host:port`, or `smtps://` |
| `GATHERLOG_MAIL_FROM` | | none; needed with an SMTP server: `Our party <party@example.org>` |
| `GATHERLOG_WORK` | | `on`; `off`: `gatherlog work` reads subscriptions, beside the server |
| `GATHERLOG_WEBHOOK_ALLOW` | | none; networks that webhooks may reach although not public, and at \
any port, with commas between: `127.0.0.1,10.1.0.0/16` |
| `GATHERLOG_JWT_KEY` | | the content of the key file; a private RSA key in PEM |
| `GATHERLOG_KEY_FILE` | | beside SQLite's file, ending in `.key`; the file is made when it is \
first needed, and kept. With `memory:` there is no file unless this names one, and the key ends \
with the process. With `postgresql:` a server and a worker need one that all of them share, or \
`GATHERLOG_JWT_KEY` |

## Addresses of stores

| address | is |
|---|---|
| `sqlite:///gatherlog.db` | a file, relative to the working directory |
| `sqlite:////var/gatherlog.db` | a file, with its whole path |
| `postgresql://user:password@host:5432/database` | a database; needs `gatherlog[postgres]`. All \
parts may be left out, and come then from libpq's variables (`PGHOST`, `PGUSER`, `PGPASSWORD`, \
`PGPASSFILE`, `PGSERVICE`, …). `?schema=party` names the schema, which is `gatherlog` otherwise; \
other parameters are libpq's, such as `sslmode=verify-full`, `sslrootcert`, `passfile`, `service`, \
`target_session_attrs` and `host`, which may be the folder of a socket |
| `memory:` | a store that ends with the process |
| `hostile:7` | a store for tests, which ends with the process and behaves as badly as the \
contract of a store allows: it lags, collides, and loses answers; 7 is the seed of its choices |

## Status

| status | means |
|---|---|
| 0 | done |
| 1 | failed, or declined at the question; the reason is one line on stderr |
| 2 | wrong usage, or bad lines in a sheet; nothing was written |
| 130 | interrupted by Ctrl-C |
"""


def command_line() -> str:
    """All commands and options, the environment, and the exit statuses."""
    started_as, sys.argv = sys.argv, ["gatherlog"]  # cyclopts puts it into every usage line
    try:
        commands = app.generate_docs()
    finally:
        sys.argv = started_as
    # A command with a usage line of its own is given its name twice.
    commands = re.sub(r"^gatherlog (.+) \1 ", r"gatherlog \1 ", commands, flags=re.MULTILINE)
    return f"{MARK}\n{commands.rstrip()}\n{ENVIRONMENT}"


def access_patterns() -> str:
    """Every view with its version, its indexes, and what their keys are made of."""
    lines = [
        "# Access patterns",
        "",
        MARK,
        "",
        "Every document is found by its id, and by the indexes that its view declares: the first",
        "part of a key is the partition key that a query names, the others are its order.",
        "",
        "| view | version | index | key |",
        "|---|---|---|---|",
    ]
    declared = {name: patterns for module in _modules() for name, patterns in _declared(module)}
    for view in sorted(VIEWS, key=lambda view: view.name):
        rows = [(index, declared[view.name][index]) for index in view.patterns] or [("", "")]
        for index, key in rows:
            shown = f"`{key}`" if key else ""
            lines.append(f"| {view.name} | {view.version} | {index} | {shown} |")
    return "\n".join(lines) + "\n"


def event_types() -> str:
    """Every type of event with its schema version, fields and meaning."""
    lines = [
        "# Events",
        "",
        MARK,
        "",
        "What can stand in the log, by the category of the stream. A type keeps its name for ever;",
        "when its form changes its schema version grows, and older ones can still be read.",
    ]
    for categories in _by_codec(CATEGORIES):
        streams = ", ".join(f"`{category.name}-…`" for category in categories)
        lines += ["", f"## Streams {streams}", "", "| type | schema | fields | says |"]
        lines.append("|---|---|---|---|")
        classes = categories[0].codec.classes()
        lines += [_event_row(cls) for cls in sorted(classes, key=lambda cls: cls.__event_type__)]
    return "\n".join(lines) + "\n"


PAGES = {
    "command-line.md": command_line,
    "access-patterns.md": access_patterns,
    "events.md": event_types,
}


def _by_codec(categories: Iterable[Category]) -> list[list[Category]]:
    """Categories whose streams may hold the same types of events stand together."""
    groups: dict[int, list[Category]] = {}
    for category in sorted(categories, key=lambda category: category.name):
        groups.setdefault(id(category.codec), []).append(category)
    return list(groups.values())


def _event_row(cls: type[msgspec.Struct]) -> str:
    name, schema = cls.__event_type__
    fields = ", ".join(field.name for field in msgspec.structs.fields(cls))
    says = inspect.cleandoc(vars(cls).get("__doc__") or "").split("\n\n")[0]
    says = says.replace("\n", " ").replace("|", "\\|")
    return f"| `{name}` | {schema} | {fields} | {says} |"


def _modules() -> Iterator[ModuleType]:
    """The modules in which the views are declared."""
    names = {view.body.__module__ for view in VIEWS}
    return (sys.modules[name] for name in sorted(names))


def _declared(module: ModuleType) -> Iterator[tuple[str, dict[str, str]]]:
    """Names of views, and the source of their patterns."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "View":
            patterns = {
                keyword.arg: ast.unparse(
                    keyword.value.body if isinstance(keyword.value, ast.Lambda) else keyword.value
                )
                for keyword in node.keywords
                if keyword.arg and keyword.arg != "version"
            }
            yield ast.literal_eval(node.args[0]), patterns


if __name__ == "__main__":
    for page, write in PAGES.items():
        (HERE / page).write_text(write(), encoding="utf-8")
