"""Whom the rows of a sheet are about: guests who surely are the same person, and for all other rows
the guests who may be. Pure, and in steps.

A person is the name together with the address, and with the household where several have both. An
address alone or a name alone is no person: families share addresses, and names occur twice. So what
is not sure is a question, except that a guest whom another row is surely about is no candidate.
docs/decisions/0093-who-is-who.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence

import msgspec

from gatherlog.apps.guests.checks import Checks
from gatherlog.apps.guests.decisions import add_guest
from gatherlog.apps.guests.inputs import MOST_MEMBERS
from gatherlog.apps.guests.name_keys import NameKeys
from gatherlog.apps.guests.renamed_households import Households
from gatherlog.apps.guests.resemblance import Resemblance
from gatherlog.apps.guests.row_changes import changes_of, full_name, new_guest
from gatherlog.apps.guests.sheet_rows import Doubt
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.apps.guests.views import Guest
from gatherlog.core.commands.checks import MOST_FLAWS
from gatherlog.core.commands.text import folded_email
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import Steps, freeing

__all__ = ["Match", "checking_rows", "matching_rows"]

Key = Hashable | None

LOOKED_THROUGH = 8
"""Guests with one key among whom one is looked for whom a row leaves as is."""


class Match(msgspec.Struct, frozen=True, gc=False):
    """Whom one row is about. Without a guest and candidates it is about somebody new."""

    guest: Guest | None = None
    """The guest on the list who surely is the same person."""
    is_exact: bool = False
    """Whether name and address agree, so that the row cannot be about anybody else."""
    candidates: tuple[Guest, ...] = ()
    """Guests who may be the same person, the likeliest first; none if it is sure."""
    doubts: tuple[Doubt, ...] = ()
    """Why each candidate may be the same person, and why that is not sure."""


def checking_rows(rows: Sequence[SheetRow]) -> Steps[None]:
    """Raise Invalid naming every wrong field, up to MOST_FLAWS, as `/lines/<line>/<field>`."""
    flaws: list[Flaw] = []
    sizes: Counter[str | None] = Counter()
    for row in rows:
        check = Checks(f"/lines/{row.line}")
        try:
            add_guest(new_guest(row), None)
        except Invalid as wrong:
            flaws += [Flaw(f"/lines/{row.line}{flaw.pointer}", flaw.detail) for flaw in wrong.flaws]
        sizes[row.group_id] += 1
        if row.group_id is not None and sizes[row.group_id] > MOST_MEMBERS:
            check.note("group_id", f"names a household that is full: {MOST_MEMBERS:,} members")
        flaws += check.flaws
        if len(flaws) >= MOST_FLAWS:
            break
        yield
    if flaws:
        raise Invalid(*flaws[:MOST_FLAWS])


def matching_rows(
    rows: Sequence[SheetRow], guests: Sequence[Guest], settled: Mapping[int, str] = {}
) -> Steps[list[Match]]:
    """For each row whom it is about. Each guest is surely meant by one row at most.

    `settled` has the ids of guests whom rows, by their index, were found to mean before; None of
    them is a candidate for another row.
    """
    matching = _Matching(rows, guests)
    yield from matching.prepare(settled)
    yield from matching.pair(_address_name_and_group, in_order=True)
    yield from matching.pair(_address_and_name)
    yield from matching.pair(_name)
    yield from matching.resemble()
    found: list[Match] = []
    for place in range(len(rows)):
        found.append(matching.found.pop(place, _NEW))
        yield
    return found


_NEW = Match()


class _Person(msgspec.Struct, frozen=True, gc=False):
    """What is compared of a row or a guest."""

    name: str
    address: str | None
    group: str | None


class _Matching:
    """The rows and guests of `matching_rows`, and what was found so far."""

    def __init__(self, rows: Sequence[SheetRow], guests: Sequence[Guest]) -> None:
        self.found: dict[int, Match] = {}
        self._rows = rows
        self._guests = guests
        self._open: dict[int, _Person] = {}
        """The rows that are not matched yet."""
        self._free: dict[str, _Person] = {}
        """The guests whom no row is surely about, by id."""
        self._by_id: dict[str, Guest] = {}
        self._households = Households()

    def prepare(self, settled: Mapping[int, str]) -> Steps[None]:
        """Find the keys of all rows and guests, and match the rows that are settled."""
        names = NameKeys()
        yield from names.learning(map(full_name, self._guests))
        yield from names.learning(map(full_name, self._rows))
        for guest in self._guests:
            key = names.key(full_name(guest))
            self._by_id[guest.id] = guest
            self._free[guest.id] = _Person(key, _address(guest), guest.group_id)
            self._households.on_list(guest.group_id, key)
            yield
        for place, row in enumerate(self._rows):
            key = names.key(full_name(row))
            self._open[place] = _Person(key, _address(row), row.group_id)
            self._households.in_sheet(None if row.household_guessed else row.group_id, key)
            yield
        for place, id in settled.items():
            self._match(place, id, is_exact=True)
            yield
        yield from names.freeing()

    def pair(self, key_of: Callable[[_Person], Key], *, in_order: bool = False) -> Steps[None]:
        """Match rows and guests with the same key; a key of None never matches.

        One row and one guest match if they can be the same person. Of several, those match whom
        the row leaves as they are; if `in_order`, the others match too, unless there are fewer
        rows than guests.
        """
        guests: dict[Key, list[str]] = defaultdict(list)
        for id, person in self._free.items():
            if (key := key_of(person)) is not None:
                guests[key].append(id)
            yield
        rows: dict[Key, list[int]] = defaultdict(list)
        for place, person in self._open.items():
            if (key := key_of(person)) in guests:
                rows[key].append(place)
            yield
        for key, places in rows.items():
            yield from self._pair(places, guests[key], in_order)
        yield from freeing(rows, guests)

    def _pair(self, places: list[int], ids: list[str], in_order: bool) -> Steps[None]:
        """Match rows and guests of one key."""
        is_clear = in_order if len(places) >= len(ids) else False
        is_clear = is_clear or len(places) == len(ids) == 1
        waiting: list[int] = []
        for place in places:
            found = next((id for id in ids[:LOOKED_THROUGH] if self._leaves(place, id)), None)
            if found is None:
                waiting.append(place)
            else:
                ids.remove(found)
                self._match(place, found)
            yield
        for place, id in zip(waiting, ids if is_clear else (), strict=False):
            if self._fits(place, id):
                self._match(place, id)
            yield

    def resemble(self) -> Steps[None]:
        """Find the candidates of all rows that are left."""
        resemblance = Resemblance()
        for id, person in self._free.items():
            resemblance.add(self._by_id[id], person.name, person.address)
            yield
        for place, person in self._open.items():
            candidates, doubts = resemblance.of(self._rows[place], person.name, person.address)
            if candidates:
                self.found[place] = Match(candidates=candidates, doubts=doubts)
            yield
        yield from resemblance.freeing()
        yield from freeing(self._open, self._free, self._by_id)
        yield from self._households.freeing()

    def _match(self, place: int, id: str, *, is_exact: bool = False) -> None:
        row, guest = self._open.pop(place), self._free.pop(id, None)
        if guest is not None:
            is_exact = is_exact or (row.address is not None and row.address == guest.address)
            is_exact = is_exact or (row.address == guest.address and row.group == guest.group)
            self.found[place] = Match(self._by_id[id], is_exact)

    def _leaves(self, place: int, id: str) -> bool:
        """Whether the row fits the guest, and changes nothing."""
        return self._fits(place, id) and not changes_of(self._rows[place], self._by_id[id])

    def _fits(self, place: int, id: str) -> bool:
        """Whether a row and a guest of one name can be the same person: their addresses do not
        differ, and with no address in common their households agree or were renamed."""
        row, guest = self._open[place], self._free[id]
        if row.address is not None and guest.address is not None:
            return row.address == guest.address
        if row.group is None or guest.group is None or self._rows[place].household_guessed:
            return True
        return self._households.agree(row.group, guest.group)


def _name(person: _Person) -> Key:
    return person.name


def _address_and_name(person: _Person) -> Key:
    return None if person.address is None else (person.address, person.name)


def _address_name_and_group(person: _Person) -> Key:
    return person.address, person.name, person.group


def _address(person: SheetRow | Guest) -> str | None:
    return None if person.email is None else folded_email(person.email)
