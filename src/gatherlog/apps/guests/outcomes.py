"""What becomes of each row of a sheet, with and without a choice of the host. Pure."""

from hashlib import blake2s
from typing import Final, Literal

import msgspec

from gatherlog.apps.guests.choices import Action, Choice, Place, place_name
from gatherlog.apps.guests.matching import Match
from gatherlog.apps.guests.row_changes import changes_of, doubt_of_answer, full_name
from gatherlog.apps.guests.sheet_rows import Doubt
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import Guest
from gatherlog.core.texts import N_, _

__all__ = ["CHANGED_MEANWHILE", "Kind", "Outcome", "chosen", "mark", "outcome_of", "state"]

Kind = Literal["new", "changed", "unchanged", "asked", "skipped", "refused"]
"""What a row does: it adds a guest, changes one or nothing, waits for an answer of the host, is
left out by choice, or has a choice that does not fit."""

CHANGED_MEANWHILE: Final = N_(
    "what was asked about this line has changed meanwhile: look at it again"
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of one row."""

    row: SheetRow
    place: Place
    kind: Kind
    guest: Guest | None = None
    """Whom the row changes or would change; None for somebody new, or where that is not sure."""
    is_exact: bool = False
    """Whether the row cannot be about anybody but the guest."""
    candidates: tuple[Guest, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    """What the host is asked about."""
    reason: str = ""
    """Why the choice was refused."""

    @property
    def name(self) -> str:
        """The row's name in choices."""
        return place_name(self.place)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What a host can choose, where the row is asked about or changes a guest."""
        if self.candidates:
            return "same", "new", "leave"
        return (
            ("take", "leave") if self.guest is None or self.is_exact else ("take", "new", "leave")
        )

    @property
    def reasons(self) -> list[str]:
        """What the host is asked about, as whole sentences."""
        told = [doubt.reason[:1].upper() + doubt.reason[1:] for doubt in self.doubts]
        return [reason if reason.endswith((".", "?")) else f"{reason}." for reason in told]

    @property
    def named(self) -> tuple[Guest, ...]:
        """The guests on the list who are the row's person, or may be."""
        return self.candidates if self.guest is None else (self.guest,)


def outcome_of(row: SheetRow, place: Place, match: Match) -> Outcome:
    """What becomes of a row about which nothing was chosen."""
    guest = match.guest
    if guest is None:
        doubts = (*row.doubts, *match.doubts)
        kind: Kind = "asked" if doubts else "new"
        return Outcome(row=row, place=place, kind=kind, candidates=match.candidates, doubts=doubts)
    doubts, kind = (), "unchanged"
    if changes_of(row, guest):
        doubt = doubt_of_answer(row, guest)
        doubts = row.doubts if doubt is None else (*row.doubts, doubt)
        kind = "asked" if doubts else "changed"
    return Outcome(
        row=row, place=place, kind=kind, guest=guest, is_exact=match.is_exact, doubts=doubts
    )


def chosen(plain: Outcome, choice: Choice, guest: Guest | None, *, is_as_seen: bool) -> Outcome:
    """What becomes of a row by choice; `plain` is what would become of it without.

    `guest` is the one whom the choice names, if the guest is on the list and no other row is about
    the guest; `is_as_seen` tells whether the question still is the one that the host answered. A
    choice that does not fit is refused: then nothing is imported of the row.
    """
    if choice.action == "leave":
        return _as(plain, "skipped", plain.guest)
    if choice.action == "new" and plain.is_exact and plain.guest is not None:
        return _refused(
            plain, _("{guest} is on the list already").format(guest=full_name(plain.guest))
        )
    if plain.kind == "unchanged" and choice.guest_id in (None, plain.named[0].id):
        return plain
    if not is_as_seen:
        return _refused(plain, _(CHANGED_MEANWHILE))
    if choice.action == "same":
        return _same(plain, guest, choice)
    if choice.action == "new":
        return _as(plain, "new", None)
    if plain.candidates:
        return _refused(plain, _("it is not sure who is meant: say who is the same, or new"))
    return _as(plain, "new" if plain.guest is None else "changed", plain.guest)


def state(guest: Guest) -> str:
    """A short mark of who a guest is and has answered: another one as soon as this changes."""
    told = (
        *(guest.id, guest.first_name, guest.last_name, guest.email, guest.group_id),
        *(guest.rsvp_at, guest.attending, guest.waiting_since),
    )
    return blake2s(msgspec.json.encode(told), digest_size=4).hexdigest()


def mark(outcome: Outcome) -> str:
    """The mark of a question: another one as soon as the guests whom it names change."""
    row = outcome.row
    told = [row.first_name, row.last_name, row.email, *sorted(map(state, outcome.named))]
    return blake2s(msgspec.json.encode(told), digest_size=4).hexdigest()


def _same(plain: Outcome, guest: Guest | None, choice: Choice) -> Outcome:
    if plain.guest is not None and plain.guest.id != choice.guest_id:
        return _refused(plain, _("it is about {guest}").format(guest=full_name(plain.guest)))
    guest = plain.guest or guest
    if guest is None:
        return _refused(
            plain, _("that guest is not on the list, or another line is about the guest")
        )
    return _as(plain, "changed" if changes_of(plain.row, guest) else "unchanged", guest)


def _as(plain: Outcome, kind: Kind, guest: Guest | None) -> Outcome:
    return Outcome(row=plain.row, place=plain.place, kind=kind, guest=guest, is_exact=True)


def _refused(plain: Outcome, reason: str) -> Outcome:
    return msgspec.structs.replace(plain, kind="refused", reason=reason)
