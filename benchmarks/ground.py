"""Where the files of a run lie: on a real disk, one file system for everyone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GROUND = Path(".bench")
"""In the working directory, which is the checkout; git is told to ignore it."""
NOT_A_DISK = {"tmpfs", "ramfs"}


@contextmanager
def fresh_folder(under: Path | None = None) -> Iterator[Path]:
    """An empty folder, gone afterwards. Refuses a file system that lives in memory."""
    ground = under or GROUND
    ground.mkdir(parents=True, exist_ok=True)
    if under is None:
        (ground / ".gitignore").write_text("*\n")
    if (kind := file_system(ground)) in NOT_A_DISK:
        raise SystemExit(f"{ground} is on {kind}: nothing is durable there; name another --folder")
    with tempfile.TemporaryDirectory(dir=ground.resolve()) as folder:
        yield Path(folder)


def file_system(folder: Path) -> str:
    """The kind of file system that holds a folder; `unknown` where the system does not tell."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    found = ("", "unknown")
    for line in mounts.read_text().splitlines():
        _, point, kind, *_ = line.split()
        if folder.resolve().is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]
