"""Folders of indexes: each process has one of its own, and finds it again after a restart."""

import fcntl
import os
from pathlib import Path
from typing import Final

__all__ = ["Folder", "take_folder"]

_MOST: Final = 1_000
"""Processes of one machine that search the same store."""


class Folder:
    """A folder that no other process uses until it is released, or until this process ends."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    def release(self) -> None:
        """Let others take it; releasing twice does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def take_folder(root: Path) -> Folder:
    """The first folder of `root` that no process uses; its contents may be those of an earlier one.

    It may not exist yet. Raises OSError if `root` cannot be made or written to.
    """
    root.mkdir(parents=True, exist_ok=True)
    for number in range(_MOST):
        lock = os.open(root / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return Folder(root / str(number), lock)
    raise OSError(f"{root}: all {_MOST} folders are in use")
