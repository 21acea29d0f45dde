"""The folder for the files of a run: on a real disk, and on one file system for all contenders."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEFAULT_FOLDER = Path(".bench")
"""In the working directory, which is the checkout. Git ignores it."""
NOT_A_DISK = {"tmpfs", "ramfs"}


@contextmanager
def fresh_folder(under: Path | None = None) -> Iterator[Path]:
    """An empty folder, deleted at the end. Raises SystemExit for a file system in memory."""
    parent = under or DEFAULT_FOLDER
    parent.mkdir(parents=True, exist_ok=True)
    if under is None:
        (parent / ".gitignore").write_text("*\n")
    if (kind := file_system(parent)) in NOT_A_DISK:
        raise SystemExit(f"{parent} is on {kind}: nothing is durable there; name another --folder")
    with tempfile.TemporaryDirectory(dir=parent.resolve()) as folder:
        yield Path(folder)


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder; `unknown` without /proc/mounts."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    found = ("", "unknown")
    for line in mounts.read_text().splitlines():
        _, point, kind, *_ = line.split()
        if folder.resolve().is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]
