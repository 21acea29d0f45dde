"""Form and range of every field. A check returns the value to be stored, or notes a flaw."""

import re
from typing import Any

import msgspec

from gatherlog.apps.guests.inputs import (
    DIETARY_TAGS,
    EMAIL_LENGTH,
    GROUP_LENGTH,
    LINE_LENGTH,
    MOST_FLAWS,
    MOST_PEOPLE,
    MOST_PLACES,
    MOST_TAGS,
    NAME_LENGTH,
    SETTINGS_BYTES,
    SETTINGS_DEPTH,
)
from gatherlog.core.commands.local_time import is_zone, local_time
from gatherlog.core.commands.text import forbidden, is_blank
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["DEFAULT_ZONE", "Checks"]

DEFAULT_ZONE = "UTC"
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\.]+(\.[^\s@<>()\[\],;:\"\\.]+)+")


class Checks:
    """The checks of one input. Collects its flaws, up to MOST_FLAWS, so that all are named."""

    def __init__(self, prefix: str = "") -> None:
        self.flaws: list[Flaw] = []
        self._prefix = prefix

    def note(self, field: str, detail: str) -> None:
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append(Flaw(f"{self._prefix}/{field}", detail))

    def done(self) -> None:
        """Raise Invalid if there are flaws."""
        if self.flaws:
            raise Invalid(*self.flaws)

    def name(self, field: str, text: str | None) -> str:
        """Required, 1 to 100 characters once trimmed."""
        return self._line(field, "" if text is None else text.strip(), NAME_LENGTH)

    def event_name(self, field: str, text: str | None) -> str:
        return self._line(field, "" if text is None else text.strip(), LINE_LENGTH)

    def location(self, field: str, text: str | None) -> str | None:
        if text is None or not text.strip():
            return None
        return self._text(field, text.strip(), LINE_LENGTH, lines=True)

    def group_id(self, field: str, text: str | None) -> str | None:
        """Any visible line of up to 64 characters, stored exactly as given."""
        return None if text is None else self._line(field, text, GROUP_LENGTH)

    def email(self, field: str, text: str | None) -> str | None:
        """An address by its form, which does not prove that it exists; stored as given."""
        if text is None:
            return None
        address = text.strip()
        if self._wrong(field, address, EMAIL_LENGTH, lines=False):
            return None
        if not _EMAIL.fullmatch(address):
            self.note(field, "is not an e-mail address; one looks like ada@example.org")
        return address

    def free_text(self, field: str, text: str | None, length: int) -> str | None:
        """Text of up to `length` characters, which may have several lines; a blank one is None."""
        if text is None or not text.strip():
            return None
        unix = text.replace("\r\n", "\n").strip()
        return self._text(field, unix, length, lines=True)

    def tags(self, field: str, tags: tuple[str, ...] | None) -> tuple[str, ...]:
        """Tags of the fixed list, each once, in the order of the list."""
        if not tags:
            return ()
        if len(tags) > MOST_TAGS:
            self.note(field, f"has {len(tags):,} entries; at most {MOST_TAGS} fit")
            return ()
        for place, tag in enumerate(tags):
            if tag not in DIETARY_TAGS:
                self.note(f"{field}/{place}", f"should be one of {', '.join(DIETARY_TAGS)}")
        return tuple(tag for tag in DIETARY_TAGS if tag in tags)

    def people(self, field: str, count: int | None, default: int = 0) -> int:
        if count is None:
            return default
        return self._number(field, count, MOST_PEOPLE)

    def places(self, field: str, count: int | None) -> int | None:
        return None if count is None else self._number(field, count, MOST_PLACES)

    def zone(self, field: str, name: str | None) -> str:
        """A known zone; the default one for a flaw, so that the other fields can be checked."""
        if name is None:
            return DEFAULT_ZONE
        if not is_zone(name):
            self.note(field, "is not an IANA time zone; one looks like Europe/Paris")
            return DEFAULT_ZONE
        return name

    def local_time(self, field: str, text: str | None, zone: str) -> str | None:
        if text is None:
            return None
        try:
            return local_time(text, zone)
        except ValueError:
            self.note(
                field,
                "should be a date like 2026-06-01, a local date-time like 2026-06-01T18:00, "
                "or RFC 3339 like 2026-06-01T18:00:00+02:00",
            )
            return None

    def settings_data(self, field: str, data: dict[str, Any] | None) -> dict[str, Any]:
        """A JSON object that is the same once it was encoded and decoded."""
        if data is None:
            return {}
        if _deeper_than(SETTINGS_DEPTH, data):
            self.note(field, f"is nested more than {SETTINGS_DEPTH} deep")
            return {}
        try:
            encoded = msgspec.json.encode(data)
            same = msgspec.json.decode(encoded) == data
        except (TypeError, ValueError, OverflowError):
            same, encoded = False, b""
        if not same:
            self.note(field, "holds something that JSON cannot say")
        elif len(encoded) > SETTINGS_BYTES:
            self.note(field, f"has {len(encoded):,} bytes; at most {SETTINGS_BYTES:,} fit")
        return data

    def _line(self, field: str, text: str, length: int) -> str:
        if is_blank(text) and not forbidden(text):
            self.note(field, "is missing or blank")
            return text
        return self._text(field, text, length, lines=False)

    def _text(self, field: str, text: str, length: int, *, lines: bool) -> str:
        self._wrong(field, text, length, lines=lines)
        return text

    def _wrong(self, field: str, text: str, length: int, *, lines: bool) -> bool:
        if len(text) > length:
            self.note(field, f"has {len(text):,} characters; at most {length:,} fit")
        elif (character := forbidden(text, lines=lines)) is not None:
            self.note(field, f"holds the character {character}, which is not allowed here")
        else:
            return False
        return True

    def _number(self, field: str, count: int, most: int) -> int:
        if not 0 <= count <= most:
            self.note(field, f"should be a whole number from 0 to {most:,}")
        return count


def _deeper_than(depth: int, value: Any) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(value, (dict, list)) for value in level)
