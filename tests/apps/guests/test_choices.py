"""What a host may choose about rows of a sheet, how it is written, and what becomes of the rows."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import Guest
from gatherlog.apps.guests.choices import Choice, Place, checking_places, choices_of, naming
from gatherlog.apps.guests.matching import Match
from gatherlog.apps.guests.outcomes import CHANGED_MEANWHILE, Outcome, chosen, mark, outcome_of
from gatherlog.apps.guests.sheet_rows import Doubt
from gatherlog.apps.guests.sheets import SheetRow
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.eventstore.giving_way import at_once
from tests.apps.guests.guest_lists import answered, guest

LETTERS = Doubt("encoding", "The letters may be wrong.")
NAMESAKE = Doubt("name", "Ada Lovelace is on the list with another address.")


def row(line: int = 2, **given: Any) -> SheetRow:
    return SheetRow(line=line, first_name="Ada", last_name="Lovelace", **given)


def asked(*candidates: Guest, **given: Any) -> Outcome:
    """A row that may be about these guests."""
    return outcome_of(row(**given), (2, 0), Match(candidates=candidates, doubts=(NAMESAKE,)))


def decide(plain: Outcome, choice: Choice, *free: Guest) -> tuple[str, str | None, str]:
    """Kind, guest and the reason for a refusal."""
    found = {guest.id: guest for guest in free}.get(choice.guest_id or "")
    outcome = chosen(plain, choice, found, is_as_seen=choice.seen in (None, mark(plain)))
    return outcome.kind, None if outcome.guest is None else outcome.guest.id, outcome.reason


ADA, BOB = guest(email="a@x.org"), msgspec.structs.replace(guest(), id="b0b", first_name="Bob")


def test_choices_are_read_as_they_are_written() -> None:
    assert choices_of(take="3, 7.2@1f2e ", same="5=0190-ABC@0a", leave="6") == {
        (3, 0): Choice("take"),
        (7, 2): Choice("take", None, "1f2e"),
        (5, 0): Choice("same", "0190-abc", "0a"),
        (6, 0): Choice("leave"),
    }


@pytest.mark.parametrize(
    ("action", "written", "detail"),
    [
        ("take", "x", "'x' is not a line"),
        ("take", "3,,4", "'' is not a line"),
        ("new", "3=abc", "'3=abc' is not a line"),
        ("same", "3", "'3' is not a line and a guest's id, as in 5=<id>"),
        ("same", "3=", "'3=' is not a line and a guest's id, as in 5=<id>"),
        ("leave", "-1", "'-1' is not a line"),
        ("leave", "\u0663", "'\u0663' is not a line"),
        ("leave", "1" * 100, f"{'1' * 80!r} is not a line"),
    ],
)
def test_what_is_no_choice_is_refused(action: Any, written: str, detail: str) -> None:
    with pytest.raises(Invalid) as refused:
        choices_of(**{action: written})

    assert refused.value.flaws == (Flaw(f"/{action}", detail),)


def test_two_choices_for_one_row_are_refused() -> None:
    with pytest.raises(Invalid, match="line 3 has two choices"):
        choices_of(take="3", leave="3")


def test_rows_are_named_by_line_and_by_the_guest_on_the_line() -> None:
    rows = [row(2), row(3), row(3), row(3), row(5), row(6), row(6)]

    assert at_once(naming(rows)) == [(2, 0), (3, 1), (3, 2), (3, 3), (5, 0), (6, 1), (6, 2)]


@pytest.mark.parametrize(
    ("place", "action", "detail"),
    [
        ((9, 0), "take", "names no guest for whom there is a choice"),
        ((3, 3), "take", "has no guest 3 for whom there is a choice"),
        ((2, 2), "leave", "has no guest 2 for whom there is a choice"),
        ((3, 0), "same", "names 2 guests: say which one is the same, as in 3.1=<id>"),
    ],
)
def test_a_choice_for_a_row_that_is_not_there_is_refused(
    place: Place, action: Any, detail: str
) -> None:
    with pytest.raises(Invalid) as refused:
        at_once(checking_places({place: Choice(action)}, [(2, 0), (3, 1), (3, 2)]))

    assert refused.value.flaws == (Flaw(f"/lines/{place[0]}", detail),)


def test_without_a_choice_what_is_not_sure_is_asked() -> None:
    sure, same = outcome_of(row(), (2, 0), Match()), outcome_of(row(), (2, 0), Match(guest()))
    doubtful = outcome_of(row(doubts=(LETTERS,)), (2, 0), Match())

    assert [sure.kind, same.kind, doubtful.kind, asked(ADA).kind] == [
        *("new", "unchanged", "asked", "asked")
    ]
    assert [doubtful.doubts, asked(ADA, doubts=(LETTERS,)).doubts] == [
        (LETTERS,),
        (LETTERS, NAMESAKE),
    ]


def test_a_doubtful_row_that_changes_nothing_is_not_asked_about() -> None:
    known = Match(guest(), is_exact=True)

    assert outcome_of(row(doubts=(LETTERS,)), (2, 0), known).kind == "unchanged"
    assert outcome_of(row(doubts=(LETTERS,), group_id="W"), (2, 0), known).kind == "asked"


def test_a_guest_who_answered_gets_no_address_by_the_name_alone() -> None:
    silent, coming = Match(guest()), Match(guest(answered(True, 1)))

    assert outcome_of(row(email="a@x.org"), (2, 0), silent).kind == "changed"
    co_host = Match(msgspec.structs.replace(guest(), is_co_host=True))
    assert outcome_of(row(email="a@x.org"), (2, 0), co_host).kind == "asked"
    outcome = outcome_of(row(email="a@x.org"), (2, 0), coming)
    assert (outcome.kind, outcome.actions) == ("asked", ("take", "new", "leave"))
    assert [doubt.reason for doubt in outcome.doubts] == [
        "Ada Lovelace said yes and has no address on the list, so it is not sure that a@x.org is "
        "the same person’s."
    ]


def test_reasons_are_told_as_sentences() -> None:
    doubts = Doubt("repeat", "the guest of line 2 once more"), LETTERS

    assert outcome_of(row(doubts=doubts), (2, 0), Match()).reasons == [
        *("The guest of line 2 once more.", "The letters may be wrong.")
    ]


def test_a_person_question_is_answered_by_same_new_or_leave() -> None:
    question = asked(ADA, email="b@x.org")

    assert question.actions == ("same", "new", "leave")
    assert decide(question, Choice("same", ADA.id), ADA) == ("changed", ADA.id, "")
    assert decide(question, Choice("new")) == ("new", None, "")
    assert decide(question, Choice("leave")) == ("skipped", None, "")
    assert decide(question, Choice("take")) == (
        *("refused", None),
        "it is not sure who is meant: say who is the same, or new",
    )


def test_a_reading_is_taken_or_left_out() -> None:
    question = outcome_of(row(doubts=(LETTERS,)), (2, 0), Match())

    assert question.actions == ("take", "leave")
    assert decide(question, Choice("take")) == ("new", None, "")
    assert decide(question, Choice("new")) == ("new", None, "")


def test_any_guest_whom_no_other_row_means_can_be_the_same() -> None:
    sure = outcome_of(row(), (2, 0), Match())

    assert decide(sure, Choice("same", "b0b"), BOB) == ("changed", "b0b", "")
    assert decide(sure, Choice("same", "b0b")) == (
        *("refused", None),
        "that guest is not on the list, or another line is about the guest",
    )


def test_who_is_surely_on_the_list_is_nobody_new_and_nobody_else() -> None:
    exact = outcome_of(row(group_id="W"), (2, 0), Match(guest(), is_exact=True))
    by_name = outcome_of(row(group_id="W"), (2, 0), Match(guest()))

    assert decide(exact, Choice("new")) == (
        *("refused", guest().id),
        "Ada Lovelace is on the list already",
    )
    assert decide(exact, Choice("same", "b0b"), BOB) == (
        *("refused", guest().id),
        "it is about Ada Lovelace",
    )
    assert decide(by_name, Choice("new")) == ("new", None, "")
    assert decide(exact, Choice("leave")) == ("skipped", guest().id, "")


def test_a_choice_about_a_question_that_has_changed_is_refused() -> None:
    seen = mark(asked(ADA, email="b@x.org"))
    changed = msgspec.structs.replace(ADA, rsvp_at=9, attending=True)

    assert decide(asked(ADA, email="b@x.org"), Choice("new", None, seen)) == ("new", None, "")
    for question in asked(changed, email="b@x.org"), asked(ADA, BOB, email="b@x.org"):
        for choice in Choice("new", None, seen), Choice("same", ADA.id, seen):
            assert decide(question, choice, ADA) == ("refused", None, CHANGED_MEANWHILE)


def test_a_choice_that_was_carried_out_before_changes_nothing() -> None:
    done = outcome_of(row(), (2, 0), Match(guest()))

    assert decide(done, Choice("same", guest().id, "5ee4")) == ("unchanged", guest().id, "")
    assert decide(done, Choice("take", None, "5ee4")) == ("unchanged", guest().id, "")
