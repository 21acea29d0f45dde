"""What the address of a store tells, without opening the store."""

from pathlib import Path
from typing import Final, NamedTuple

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.dynamodb_address import read_dynamo_place
from gatherlog.engines.postgres_address import read_place, without_password

__all__ = ["StoreAddress", "read_address"]

_LABELS: Final = {
    "sqlite": "SQLite, one file",
    "postgresql": "PostgreSQL",
    "dynamodb": "DynamoDB",
    "memory": "Memory, until it stops",
    "hostile": "Memory, with a hostile network; for tests",
}


class StoreAddress(NamedTuple):
    """An engine, and the place of its store."""

    engine: str
    place: str
    """What the engine needs: the path of SQLite's file, the address of a database or a table, the
    seed of the hostile engine."""
    label: str
    """A description of the engine that the site shows to its visitors."""
    file: Path | None = None
    """The file that holds the store, if a single one does."""
    is_lasting: bool = False
    """Whether the store outlives the process that opened it."""

    @property
    def shown(self) -> str:
        """The address as it may be shown and logged: without a password."""
        match self.engine:
            case "sqlite":
                return f"sqlite:///{self.place}"
            case "postgresql":
                return without_password(self.place)
            case "dynamodb":
                return self.place
            case _:
                return f"{self.engine}:{self.place}"

    @property
    def is_missing(self) -> bool:
        """Whether the file does not exist yet; False if only opening the store can tell."""
        return self.file is not None and not self.file.exists()

    @property
    def is_empty(self) -> bool:
        """Whether the file is there and has no content, so that no store is in it."""
        return self.file is not None and self.file.is_file() and not self.file.stat().st_size


def read_address(url: str) -> StoreAddress:
    """The parts of an address. Raises NotAStore for an address that no engine has."""
    engine, colon, place = url.partition(":")
    label = _LABELS.get(engine)
    if not colon or label is None:
        raise NotAStore(
            f"{without_password(url)!r} is not an address of a store; use sqlite:///file.db, "
            "postgresql://user@host/database, dynamodb://table?region=eu-central-1, memory:, or,"
            " for tests, hostile:7"
        )
    if engine == "postgresql":
        read_place(url)
        return StoreAddress(engine, url, label, is_lasting=True)
    if engine == "dynamodb":
        read_dynamo_place(url)
        return StoreAddress(engine, url, label, is_lasting=True)
    if engine == "sqlite":
        path = place.removeprefix("///")
        if path in ("", place, ":memory:"):
            raise NotAStore(
                f"{url!r}: a file is named as sqlite:///relative.db or sqlite:////absolute.db"
            )
        return StoreAddress(engine, path, label, Path(path), is_lasting=True)
    if engine == "memory" and place:
        raise NotAStore(f"{url!r}: a store in memory has no name; use memory:")
    if engine == "hostile" and not (place.isascii() and place.isdecimal()):
        raise NotAStore(f"{url!r}: a hostile store is named by a whole number, as in hostile:7")
    return StoreAddress(engine, place, label)
