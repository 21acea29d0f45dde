"""The application with all commands, and the one place where errors become exit statuses."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import UnusedCliTokensError

from gatherlog import __version__
from gatherlog.entrypoints.cli import (
    accounts,
    dead_letters,
    documents,
    erasing,
    fake,
    gathering,
    intake,
    kept_lists,
    keys,
    links,
    log,
    messages,
    queues,
    retention,
    rules,
    seeding,
    sheets,
    signin,
    site,
    status,
    subscriptions,
    things,
    upgrading,
)
from gatherlog.entrypoints.cli.failures import INTERRUPTED, USAGE, describe

__all__ = ["app", "run"]


def _add(group: App, command: Callable[..., object], name: str, arguments: str = "") -> None:
    """Add a command. Its help is its docstring, whose paragraphs are wrapped to the terminal.

    `arguments` is how its usage shows arguments of which some are optional.
    """
    before = "" if group is app else f"{group.name[0]} "
    usage = f"Usage: gatherlog {before}{name} {arguments}" if arguments else None
    group.command(command, name=name, help=_text(command), usage=usage)


def _text(command: Callable[..., object]) -> str:
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


app = App(
    name="gatherlog",
    help="Guest lists, things to do and conversations, kept in one append-only log.",
    help_epilogue=(
        "Flags win over GATHERLOG_* variables of the environment. Status: 0 done, 1 failed, "
        "2 wrong usage or bad lines, 130 interrupted."
    ),
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
)
key = App(name="key", help="Make, list and revoke API keys.")
_add(key, keys.create, "create")
_add(key, keys.list_, "list")
_add(key, keys.revoke, "revoke")

gatherings = App(name="gathering", help=_text(gathering.gathering))
gatherings.default(gathering.gathering)
_add(gatherings, gathering.create, "create")
_add(gatherings, gathering.list_, "list")

thing = App(name="things", help="Things to do: list, show and review them, make some up.")
_add(thing, things.list_, "list")
_add(thing, things.show, "show")
_add(thing, things.approve, "approve")
_add(thing, things.reject, "reject")
_add(thing, things.withdraw, "withdraw")
_add(thing, seeding.seed, "seed")
_add(thing, things.reindex, "reindex")

rule = App(name="rules", help="Say which events go where: webhooks, streams, queues, mail.")
_add(rule, rules.add, "add")
_add(rule, rules.list_, "list")
_add(rule, rules.show, "show")
_add(rule, rules.try_, "try")
_add(rule, rules.disable, "disable")
_add(rule, rules.enable, "enable")
_add(rule, rules.secret, "secret")
_add(rule, rules.remove, "remove")
kept = App(name="retention", help="Say which events expire, and after how many days.")
_add(kept, retention.set_, "set")
_add(kept, retention.list_, "list")
_add(kept, retention.remove, "remove")
_add(kept, retention.run, "run")
subscription = App(name="subscriptions", help="See how far subscriptions are, and steer them.")
_add(subscription, subscriptions.list_, "list")
_add(subscription, subscriptions.show, "show")
_add(subscription, subscriptions.pause, "pause")
_add(subscription, subscriptions.resume, "resume")
_add(subscription, subscriptions.reset, "reset")
queue = App(name="queues", help="Durable queues: see what is in them, purge and remove them.")
queue.default(queues.list_)
_add(queue, queues.list_, "list")
_add(queue, queues.purge, "purge")
_add(queue, queues.remove, "remove")
dead_letter = App(name="dead-letters", help="Deliveries that were given up: see, redrive, discard.")
_add(dead_letter, dead_letters.list_, "list")
_add(dead_letter, dead_letters.show, "show")
_add(dead_letter, dead_letters.redrive, "redrive", "[OPTIONS] [ID...]")
_add(dead_letter, dead_letters.discard, "discard", "--reason STR [OPTIONS] [ID...]")
message = App(name="messages", help="Conversations: make some, list and read them.")
_add(message, messages.seed, "seed", "[OPTIONS] [HANDLE] [HANDLE]")
_add(message, messages.list_conversations, "list-conversations")
_add(message, messages.get_conversation, "get-conversation")
_add(message, messages.list_tables, "list-tables")
_add(message, messages.scan, "scan")
_add(message, messages.drop, "drop")
_add(message, kept_lists.read, "read-cache")
_add(message, kept_lists.increment, "increment-cache")
_add(message, kept_lists.reset, "reset-cache")

fakes = App(name="fake", help=_text(fake.fake))
fakes.default(fake.fake)
_add(fakes, fake.users, "users")

_add(app, site.demo, "demo")
_add(app, site.serve, "serve")
_add(app, subscriptions.work, "work")
_add(app, status.status, "status")
_add(app, site.init, "init")
app.command(key)
_add(app, signin.signin, "signin")
_add(app, accounts.account, "account")
app.command(gatherings)
app.command(thing)
_add(app, sheets.import_, "import")
_add(app, links.link, "link", "[OPTIONS] [GUEST...]")
_add(app, sheets.export, "export", "[OPTIONS] [FILE]")
_add(app, intake.take, "intake")
_add(app, intake.records, "records")
_add(app, log.read, "read")
_add(app, log.append, "append", "[OPTIONS] STREAM TYPE [DATA]")
_add(app, log.tail, "tail")
app.command(rule)
app.command(kept)
_add(app, erasing.erase, "erase")
app.command(subscription)
app.command(queue)
app.command(dead_letter)
app.command(message)
app.command(fakes)
_add(app, site.backup, "backup")
_add(app, upgrading.upgrade, "upgrade")
_add(app, documents.verify, "verify")
_add(app, documents.rebuild, "rebuild")


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell.")], /
) -> None:
    """Print what makes a shell complete commands and options of gatherlog with the Tab key.

    Put it where the shell looks for it, as in gatherlog completion bash >
    ~/.local/share/bash-completion/completions/gatherlog, and begin a new shell.
    """
    print(app.generate_completion(prog_name="gatherlog", shell=shell))


_add(app, completion, "completion")
_add(app, site.version, "version")


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit status; an error is one line on stderr."""
    try:
        status = app(list(arguments))
        sys.stdout.flush()
    except CycloptsError as error:
        reason = _too_much(error) or str(error)
        return _fail(f"{reason} (see gatherlog {_command(arguments)}--help)", USAGE)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output, such as `head`, has read enough
        _flush_stdout()
        return 0
    except Exception as error:
        if (failure := describe(error)) is None:
            raise
        return _fail(*failure)
    return status if isinstance(status, int) else 0


def _too_much(error: CycloptsError) -> str | None:
    """What is wrong where more was typed than a command takes; None for any other error."""
    if not isinstance(error, UnusedCliTokensError) or not error.unused_tokens:
        return None
    if error.target is gathering.gathering:  # which runs where no command of the group is named
        return f'unknown command "{error.unused_tokens[0]}"'
    return f'unexpected argument "{error.unused_tokens[0]}"'


def _command(arguments: Sequence[str]) -> str:
    """The name of the command that was typed, with a space after it; empty if there is none."""
    chain, *_ = app.parse_commands(list(arguments))
    return "".join(f"{name} " for name in chain)


def _fail(message: str, status: int) -> int:
    _flush_stdout()
    print("gatherlog: " + " ".join(message.split()), file=sys.stderr)
    return status


def _flush_stdout() -> None:
    """Write what was printed; if that is impossible, keep Python from reporting it on exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
