"""Form and range of the fields that people fill in. A check returns the value to be stored, or
notes a flaw. Apps derive their own checks from these."""

from collections.abc import Collection

from gatherlog.core.commands.local_time import is_zone, local_time
from gatherlog.core.commands.mail_addresses import why_no_address
from gatherlog.core.commands.text import forbidden, is_blank
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = ["DEFAULT_ZONE", "EMAIL_LENGTH", "MOST_FLAWS", "FieldChecks"]

DEFAULT_ZONE = "UTC"
EMAIL_LENGTH = 254
MOST_FLAWS = 100
"""Flaws that are named in one refusal."""


class FieldChecks:
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

    def line(self, field: str, text: str, length: int) -> str:
        """One line that is not blank, of up to `length` characters, stored as given."""
        if is_blank(text) and not forbidden(text):
            self.note(field, "is missing or blank")
            return text
        return self.text(field, text, length, lines=False)

    def text(self, field: str, text: str, length: int, *, lines: bool) -> str:
        """Text of up to `length` characters, with tabs and line feeds only if `lines`."""
        self.is_wrong(field, text, length, lines=lines)
        return text

    def free_text(self, field: str, text: str | None, length: int) -> str | None:
        """Text of up to `length` characters, which may have several lines; a blank one is None."""
        if text is None or not text.strip():
            return None
        unix = text.replace("\r\n", "\n").strip()
        return self.text(field, unix, length, lines=True)

    def email(self, field: str, text: str | None) -> str | None:
        """An address by its form, which does not prove that it exists; stored as given."""
        if text is None:
            return None
        address = text.strip()
        if self.is_wrong(field, address, EMAIL_LENGTH, lines=False):
            return None
        if (reason := why_no_address(address)) is not None:
            self.note(field, reason)
        return address

    def whole(self, field: str, count: int, most: int, least: int = 0) -> int:
        """A whole number from `least` to `most`."""
        if not least <= count <= most:
            self.note(field, f"should be a whole number from {least} to {most:,}")
        return count

    def one_of(self, field: str, value: str, allowed: Collection[str]) -> None:
        if value not in allowed:
            self.note(field, f"should be one of {', '.join(allowed)}")

    def zone(self, field: str, name: str | None) -> str:
        """A known zone; the default one for a flaw, so that the other fields can be checked."""
        if name is None:
            return DEFAULT_ZONE
        if not is_zone(name):
            self.note(field, "is not an IANA time zone; one looks like Europe/Paris")
            return DEFAULT_ZONE
        return name

    def local_time(self, field: str, text: str | None, zone: str) -> str | None:
        """A date or a date-time, as local time of `zone`."""
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

    def is_wrong(self, field: str, text: str, length: int, *, lines: bool) -> bool:
        """Note a text that is too long or holds a character that no field accepts."""
        if len(text) > length:
            self.note(field, f"has {len(text):,} characters; at most {length:,} fit")
        elif (character := forbidden(text, lines=lines)) is not None:
            self.note(field, f"holds the character {character}, which is not allowed here")
        else:
            return False
        return True
