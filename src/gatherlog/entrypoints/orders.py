"""What a process that `serve` starts is told: its part, its settings, and whom it belongs to.

The order is one line of JSON on the child's standard input, because settings hold secrets, which
do not belong on a command line. The pipe then stays open as long as the parent lives. Its end is
the order to stop, and comes also from a parent that was killed: no child outlives it.
"""

import os
import signal
import sys
import threading
import time
from typing import Final, Literal

import msgspec

from gatherlog.entrypoints.listening import GRACE
from gatherlog.interfaces.siblings import READER
from gatherlog.settings import Settings

__all__ = ["LAST_SECONDS", "READY", "Order", "Part", "reader_order", "take_order", "tell_ready"]

Part = Literal["server", "reader"]
READY: Final = b"ready\n"
"""What a child writes to its standard output once it does what it was started for."""
LAST_SECONDS: Final = GRACE + 5.0
"""After so long a child that was told to stop is ended, whatever it does."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What one child is to do."""

    part: Part
    name: str
    """Its name among the processes of the site, such as `server-2`. It keeps it when it is started
    again."""
    settings: Settings
    folder: str
    """Where the processes of the site find each other; see `Siblings`."""
    listener: int | None = None
    """The file descriptor of the socket on which a server accepts connections."""


def reader_order(settings: Settings, folder: str) -> Order:
    """The order to read the subscriptions of servers with these settings."""
    here = msgspec.structs.replace(settings, work="here")
    return Order(part="reader", name=READER, settings=here, folder=folder)


def take_order() -> Order:
    """Read the order of this process, and from then on watch for the end of its parent.

    The end comes as SIGHUP, which ends a process that has not said what it does then. Whoever
    handles it stops as after SIGTERM, within LAST_SECONDS.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the parent may ignore it, as under nohup
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_wait_for_the_end, name="parent-watch", daemon=True).start()
    return order


def tell_ready() -> None:
    """Tell the parent that this process does what it was started for."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


def _wait_for_the_end() -> None:
    """In a thread, so that a loop that is stuck does not keep the process alive."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGHUP)
    time.sleep(LAST_SECONDS)
    os._exit(1)
