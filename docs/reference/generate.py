"""Writes the pages of the reference that are made from the code; `make reference` runs it.

They are the commands with their options, every type of event, the indexes of every view, the
schemas of the GraphQL APIs, and their limits; and, in a how-to, the kinds of cells of a sheet.
"""

import ast
import inspect
import re
import runpy
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import msgspec
from graphql import print_schema

from gatherlog.bootstrap import CATEGORIES, VIEWS
from gatherlog.core.projections.folds import Category
from gatherlog.entrypoints.cli.app import app
from gatherlog.interfaces.bodies import MAX_BODY
from gatherlog.interfaces.graphql import (
    audit,
    finding_arguments,
    guest,
    limits,
    organiser,
    serving,
    user,
)
from gatherlog.interfaces.graphql.apis import APIS
from gatherlog.interfaces.graphql.connections import DEFAULT_SIZE
from gatherlog.interfaces.graphql.costs import MOST_COST
from gatherlog.interfaces.graphql.errors import MEANINGS
from gatherlog.interfaces.graphql.schema import bound_schema
from gatherlog.interfaces.live_streams import MOST_STREAMS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GUEST_LIST = "docs/how-to/import-a-guest-list.md"
CELLS = "<!-- cells: made by `make reference`; do not edit. -->"
CELLS_END = "<!-- end of cells -->"
EXAMPLES = 5
"""Cells of each kind on the page; the tests have more."""
MARK = "<!-- Made by `make reference`; do not edit. -->"
ENVIRONMENT = """
## Environment

A flag wins over its variable.

| variable | flag | default |
|---|---|---|
| `GATHERLOG_STORE` | `--store` | `sqlite:///gatherlog.db` |
| `GATHERLOG_URL` | `--url` | none; the address of a running site that commands ask |
| `GATHERLOG_KEY` | `--key` | none; an operator's key for that site |
| `GATHERLOG_HOST` | `--host` | `127.0.0.1` |
| `GATHERLOG_PORT` | `--port` | `8000` |
| `GATHERLOG_PUBLIC_URL` | `--public-url` | the address that the server listens on |
| `GATHERLOG_TRUSTED_PROXIES` | | none; addresses and networks with commas between |
| `GATHERLOG_RATE_LIMITS` | | on; `off`, or figures like `sign_in=20/minute,rsvp=off` for \
`sign_in` (10/minute per client address), `email` (5/minute per e-mail address \
and client address, and links to erase an account), `rsvp` (10/hour per guest), \
`conversation` (30/minute per member and client address), `wrong` (30/minute per client address), \
`contact` (5 letters to the site an hour per client address), \
`families` (30 letters a day of an organiser to the families of one thing) |
| `GATHERLOG_QUOTAS` | | on; `off`, or figures like `gatherings=200,guests=off` for `gatherings` \
(50 of an account), `guests` (5000 of a gathering), `account_guests` (20000 of an account), \
`gathering_letters` (6000 about a gathering a day), `host_letters` (10000 of an account a day), \
`address_letters` (20 to one address a day) |
| `GATHERLOG_SMTP_URL` | | none: no mail is sent; `smtp://name:password@host:port`, or `smtps://` |
| `GATHERLOG_MAIL_FROM` | | none; needed with an SMTP server: `Our party <party@example.org>` |
| `GATHERLOG_CONTACT` | | none; the address that gets what visitors write to the site |
| `GATHERLOG_LANGUAGE` | | `en`; the language of pages and letters, of those that are \
[translated](../how-to/translate-the-pages.md) |
| `GATHERLOG_CURRENCY` | | none; the currency of prices, such as `EUR`, beside the numbers |
| `GATHERLOG_EVERYBODY_ORGANISES` | | `off`; `on`: accounts need no role to publish things to do |
| `GATHERLOG_WORKERS` | `--workers` | `1`; how many processes serve, on one port \
([how-to](../how-to/run-several-processes.md)) |
| `GATHERLOG_WORK` | | `on`; where a server's subscriptions are read: `here`, in its process; \
`beside`, in a process of its own; `off`, by `gatherlog work` alone. `on` is `beside` where there \
is more than one core, and `here` in a demo, with a store that ends with its process, and in \
another ASGI server |
| `GATHERLOG_UNBUILT_VIEWS` | | `build`: views that a release has changed are built beside \
serving; `leave` them to `gatherlog upgrade`; `refuse` to start before |
| `GATHERLOG_CACHE` | | `off`; `memory`: each process keeps the first pages of lists of \
conversations; `valkey://[name:password@]host[:port][/number]`, `redis://…`, \
with TLS `valkeys://…` or `rediss://…`, or `unix:///socket`: a server keeps them for all, with \
`gatherlog[valkey]` |
| `GATHERLOG_INTAKE_QUEUES` | | none; durable queues whose messages are records, with commas \
between: `orders,doors=entries`; the log is `intake` unless it is named |
| `GATHERLOG_INTAKE_TYPES` | | `[A-Z][A-Z0-9]*(_[A-Z0-9]+)*`; the form of the types of records, a \
regular expression |
| `GATHERLOG_INTROSPECTION` | | `off`; `on`: the GraphQL APIs tell their schemas, as a demo does |
| `GATHERLOG_WEBHOOK_ALLOW` | | none; networks that webhooks may reach although not public, and at \
any port, with commas between: `127.0.0.1,10.1.0.0/16` |
| `GATHERLOG_SEARCH_FOLDER` | | beside SQLite's file, ending in `.search`; without a file, a \
temporary folder. Each server keeps an index of its own in it, which may be deleted at any time |
| `GATHERLOG_JWT_KEY` | | the content of the key file; a private RSA key in PEM |
| `GATHERLOG_KEY_FILE` | | beside SQLite's file, ending in `.key`; the file is made when it is \
first needed, and kept. With `memory:` there is no file unless this names one, and the key ends \
with the process. With `postgresql:` and `dynamodb:` a server and a worker need one that all of \
them share, or `GATHERLOG_JWT_KEY` |

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
| `dynamodb://table?region=eu-central-1` | a table of DynamoDB; needs `gatherlog[dynamodb]`. The \
region and the credentials may be left to the environment, as for all programs for AWS; `profile=` \
names a profile. `partitions=` is the number of partitions of a new log, 8 otherwise, and \
`endpoint=http://127.0.0.1:8000` an emulator |
| `memory:` | a store that ends with the process |
| `hostile:7` | a store for tests, which ends with the process and behaves as badly as the \
contract of a store allows: it lags, collides, and loses answers; 7 is the seed of its choices |

## Status

| status | means |
|---|---|
| 0 | done |
| 1 | failed, or declined at the question; the reason is one line on stderr. Also trouble that \
`gatherlog status` has found |
| 2 | wrong usage, or bad lines in a sheet; nothing was written. Also bad lines of `gatherlog \
intake`, which takes the others |
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


def graphql_schema(name: str) -> str:
    """The schema of one API in one file, for generators of clients."""
    row = APIS[name]
    return print_schema(bound_schema(row.parts, row.resolvers)) + "\n"


def graphql_limits() -> str:
    """What a query over GraphQL may be like, and what its errors are called."""
    rows = [
        ("characters of a query", limits.MOST_CHARACTERS),
        ("tokens, such as names and braces", limits.MOST_TOKENS),
        ("levels of fields", limits.MOST_DEPTH),
        ("fields that are written down; a fragment's count once", limits.MOST_FIELDS),
        ("fragments that are spread", limits.MOST_SPREADS),
        ("aliases; a fragment's count wherever it is spread", limits.MOST_ALIASES),
        ("fields of one name in one selection", limits.MOST_REPEATED),
        ("fields of the operation itself", limits.MOST_ROOTS),
        ("cost: one for each field that may be answered", MOST_COST),
        ("bytes of a request", MAX_BODY),
        ("seconds for a query; a mutation is never given up", round(serving.SECONDS)),
        ("live streams of one credential", MOST_STREAMS),
        ("characters of `search`", finding_arguments.LONGEST_SEARCH),
    ]
    pages = [
        ("organiser: `thingsToDo`", organiser.MOST, DEFAULT_SIZE),
        ("organiser: `thingsToDoByStatus`", organiser.MOST, organiser.MOST),
        ("user and guest: `findThingsToDo`", finding_arguments.MOST, DEFAULT_SIZE),
        ("user: `myFavorites`", user.MOST_FAVOURITES, user.MOST_FAVOURITES),
        ("user: `myBookings`", user.MOST_BOOKINGS, user.USUAL_BOOKINGS),
        ("user and guest: `places`", guest.MOST_PLACES, guest.USUAL_PLACES),
        ("audit: `pending`, `reports`", audit.MOST, audit.MOST),
    ]
    return "\n".join(
        [
            "# Limits and errors of the GraphQL APIs",
            "",
            MARK,
            "",
            "| at most | of |",
            "|---|---|",
            *(f"| {number:,} | {what} |" for what, number in rows),
            "",
            "A list within the answer counts as often as its `first` or `last` says, or as long as",
            "it usually is; `totalCount`, `bookings` and `history` count more than other fields.",
            "",
            "| page of | at most | if not given |",
            "|---|---|---|",
            *(f"| {what} | {most} | {usual} |" for what, most, usual in pages),
            "",
            "## Errors",
            "",
            "| `extensions.code` | means |",
            "|---|---|",
            *(f"| `{code}` | {meaning} |" for code, meaning in MEANINGS.items()),
            "",
        ]
    )


def guest_list() -> str:
    """The how-to of the import, with the kinds of cells that its tests have."""
    page = (ROOT / GUEST_LIST).read_text(encoding="utf-8")
    kinds = runpy.run_path(str(ROOT / "tests/apps/guests_sheets/cells.py"))["KINDS"]
    rows = ["| kind of cell | for example | becomes |", "|---|---|---|"]
    for kind in kinds:
        column = "" if kind.header == "Name" else f" (column {kind.header})"
        cells = list(kind.cells.items())
        for number, (cell, outcome) in enumerate(cells[:: -(-len(cells) // EXAMPLES)]):
            name = "" if number else f"{kind.name}{column}"
            shown = _in_a_table(outcome).replace("<", "\\<")
            rows.append(f"| {name} | `{_in_a_table(cell)}` | {shown} |")
    before, begin, rest = page.partition(CELLS)
    _, end, behind = rest.partition(CELLS_END)
    return before + begin + "\n" + "\n".join(rows) + "\n" + end + behind


def _in_a_table(text: str) -> str:
    return text.replace("\n", " ⏎ ").replace("|", "\\|").strip()


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "access-patterns.md": access_patterns,
    "events.md": event_types,
    "graphql.md": graphql_limits,
    "../how-to/import-a-guest-list.md": guest_list,
    **{f"graphql/{name}.graphql": partial(graphql_schema, name) for name in APIS},
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
