"""Writes docs/reference/command-line.md: `python -m gatherlog.entrypoints.cli.reference`.

A test fails where the file is older than the commands.
"""

import sys
from pathlib import Path

from gatherlog.entrypoints.cli.app import app

__all__ = ["FILE", "document"]

FILE = Path("docs/reference/command-line.md")
_HEAD = """\
<!-- Made by `python -m gatherlog.entrypoints.cli.reference`; do not edit. -->
"""
_ENVIRONMENT = """
## Environment

A flag wins over its variable.

| variable | flag | default |
|---|---|---|
| `GATHERLOG_STORE` | `--store` | `sqlite:///gatherlog.db` |
| `GATHERLOG_HOST` | `--host` | `127.0.0.1` |
| `GATHERLOG_PORT` | `--port` | `8000` |
| `GATHERLOG_PUBLIC_URL` | `--public-url` | as the server listens |
| `GATHERLOG_TRUSTED_PROXIES` | | none; addresses and networks with commas between |
| `GATHERLOG_RATE_LIMITS` | | on; `off`, or figures like `sign_in=20/minute,rsvp=off` for \
`sign_in` (10/minute per client address), `email` (5/minute per e-mail address), \
`rsvp` (10/hour per guest), `wrong` (30/minute per client address) |
| `GATHERLOG_SMTP_URL` | | none: no mail is sent; `smtp://name:password@host:port`, or `smtps://` |
| `GATHERLOG_MAIL_FROM` | | none; needed with an SMTP server: `Our party <party@example.org>` |
| `GATHERLOG_WORK` | | `on`; `off`: `gatherlog work` reads subscriptions, beside the server |
| `GATHERLOG_WEBHOOK_ALLOW` | | none; networks that webhooks may reach although not public, with \
commas between: `127.0.0.1,10.1.0.0/16` |
| `GATHERLOG_JWT_KEY` | | a file beside the store, ending in `.key`; a private RSA key in PEM |

## Status

| status | means |
|---|---|
| 0 | done |
| 1 | failed, or declined at the question; the reason is one line on stderr |
| 2 | wrong usage, or bad lines in a sheet; nothing was written |
| 130 | interrupted by Ctrl-C |
"""


def document() -> str:
    """The reference page of all commands and options."""
    started_as, sys.argv = sys.argv, ["gatherlog"]  # cyclopts puts it into every usage line
    try:
        commands = app.generate_docs()
    finally:
        sys.argv = started_as
    return _HEAD + commands.rstrip() + "\n" + _ENVIRONMENT


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(document(), encoding="utf-8")
