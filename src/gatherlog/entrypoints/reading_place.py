"""Where a server's subscriptions are read: in its process, or in one beside it."""

import os
from typing import Final

import msgspec

from gatherlog.settings import Settings

__all__ = ["decided", "sentence"]

_SENTENCES: Final = {
    "here": "Subscriptions are read in the process of the server (GATHERLOG_WORK=here).",
    "beside": "Subscriptions are read in a process beside the server (GATHERLOG_WORK=beside).",
    "off": "Subscriptions are not read (GATHERLOG_WORK=off): run `gatherlog work`, too.",
}


def decided(settings: Settings) -> Settings:
    """The settings with `here`, `beside` or `off` in the place of `on`.

    It is `beside` where there is more than one core, unless the store ends with its process, or it
    is a demo, whose letters are kept in the process that sends them.
    """
    place = settings.work
    if not settings.address.is_lasting or settings.demo:
        place = "off" if place == "off" else "here"
    elif place == "on":
        place = "beside" if _cores() > 1 else "here"
    return msgspec.structs.replace(settings, work=place)


def sentence(settings: Settings) -> str:
    """What an operator is told at start."""
    return _SENTENCES[settings.work]


def _cores() -> int:
    """The cores that this process may use; where the system does not tell, those of the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
