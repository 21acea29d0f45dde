"""The file beside the store that holds the site's private key; only its owner may read it."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from gatherlog.core.eventstore.errors import Refused

__all__ = ["KeyUnusable", "check_key", "kept_key"]


class KeyUnusable(Refused):
    """The site's private key cannot be used as it is given or kept."""

    code: ClassVar[str] = "key_unusable"


def kept_key(file: Path, make: Callable[[], bytes]) -> bytes:
    """The content of the file; where it is missing, it is created with what `make` returns.

    If several processes create it at once, all of them get the content of the one that was first.
    A crash leaves a complete file or none. Raises KeyUnusable for a file that others may read, or
    that cannot be read or created.
    """
    try:
        try:
            return _read(file)
        except FileNotFoundError:
            _keep(file, make())
            return _read(file)
    except OSError as error:
        raise KeyUnusable(f"{file}: {error.strerror}") from error


def check_key(file: Path) -> None:
    """Raise KeyUnusable if the file exists, and others may read it or this process may not."""
    try:
        _read(file)
    except (FileNotFoundError, NotADirectoryError):
        pass  # it is created when it is first needed
    except OSError as error:
        raise KeyUnusable(f"{file}: {error.strerror}") from error


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
        if mode & 0o077:
            raise KeyUnusable(
                f"{file} holds a private key and may be read or changed by others (mode {mode:o}); "
                f"say chmod 600 {file}, or remove it and let all guests sign in anew"
            )
        return opened.read()


def _keep(file: Path, content: bytes) -> None:
    """Write another file and link it into place: a link never replaces an existing file."""
    beside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(beside, file)
        _sync(file.parent)
    except FileExistsError:
        pass  # another process was first; its key is used
    finally:
        beside.unlink()


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
