"""Form and range of every field. A check returns the value to be stored, or notes a flaw."""

from typing import Any

import msgspec

from gatherlog.apps.guests.inputs import (
    DIETARY_TAGS,
    GROUP_LENGTH,
    LINE_LENGTH,
    MOST_PEOPLE,
    MOST_PLACES,
    MOST_TAGS,
    NAME_LENGTH,
    SETTINGS_BYTES,
    SETTINGS_DEPTH,
)
from gatherlog.apps.guests.times import why_no_end
from gatherlog.core.commands.checks import FieldChecks
from gatherlog.core.commands.text import forbidden, is_blank

__all__ = ["Checks"]


class Checks(FieldChecks):
    """The checks of one input of the guests app."""

    def name(self, field: str, text: str | None) -> str:
        """Required, 1 to 100 characters once trimmed."""
        return self.line(field, "" if text is None else text.strip(), NAME_LENGTH)

    def last_name(self, field: str, text: str | None) -> str:
        """Up to 100 characters once trimmed; blank, and then empty, for a guest with one name."""
        if text is None:
            self.note(field, "should be a text; it is empty for a guest with one name")
            return ""
        if is_blank(text) and not forbidden(text.strip()):
            return ""
        return self.name(field, text)

    def event_name(self, field: str, text: str | None) -> str:
        return self.line(field, "" if text is None else text.strip(), LINE_LENGTH)

    def event_end(self, field: str, start: str | None, end: str | None, zone: str) -> None:
        """Note an end that does not fit the beginning; both are local times of `zone`."""
        wrong = None if end is None else why_no_end(start, end, zone)
        if wrong is not None:
            self.note(field, wrong)

    def location(self, field: str, text: str | None) -> str | None:
        if text is None or not text.strip():
            return None
        return self.text(field, text.strip(), LINE_LENGTH, lines=True)

    def group_id(self, field: str, text: str | None) -> str | None:
        """Any visible line of up to 64 characters, stored exactly as given."""
        return None if text is None else self.line(field, text, GROUP_LENGTH)

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
        return self.whole(field, count, MOST_PEOPLE)

    def places(self, field: str, count: int | None) -> int | None:
        return None if count is None else self.whole(field, count, MOST_PLACES)

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
