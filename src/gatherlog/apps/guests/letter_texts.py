"""The texts of the letters to guests. Text that somebody typed is put into one line.

Anybody who hosts a gathering names it, so a name that holds a link is in no subject: subjects are
what people see of letters from strangers.
"""

from collections.abc import Collection, Sequence

import msgspec

from gatherlog.apps.guests.views import Gathering, Guest
from gatherlog.core.subscriptions.letters import Letter, has_link, one_line
from gatherlog.core.subscriptions.spoken_spans import spoken_span
from gatherlog.core.texts import _, ngettext

__all__ = ["Around", "change", "confirmation", "promotion", "queueing"]


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter needs besides the gathering and the guest."""

    site: str
    """The URL of the site that guests know."""
    link: str = ""
    """The URL of the guest's invitation; empty where letters have none."""
    reply_to: str | None = None
    """The address of the host."""
    household: Sequence[Guest] = ()
    """The guests who answer together, this one among them."""

    def together(self, guest: Guest, status: str) -> list[Guest]:
        """Those of the household who have this status; the guest alone without a household."""
        return [one for one in self.household or (guest,) if one.status == status]


def promotion(gathering: Gathering, guest: Guest, around: Around) -> Letter:
    """To a guest who has moved up from the waiting list."""
    coming = around.together(guest, "coming")
    return _letter(
        gathering,
        guest,
        around,
        _("You have a place"),
        _(
            "There is room now: you have moved up from the waiting list of {gathering} and have a "
            "place for {people}."
        ).format(gathering=_name(gathering), people=_people(coming)),
        _when_and_where(gathering),
        _with_link(
            _(
                "Can’t come any more? Please say so, so that somebody else can have your place: "
                "{link}"
            ),
            _(
                "Can’t come any more? Please say so by the link by which you answered, so that "
                "somebody else can have your place."
            ),
            around,
        ),
    )


def queueing(gathering: Gathering, guest: Guest, around: Around) -> Letter:
    """To a guest who said yes when there was no room, and waits."""
    waiting = around.together(guest, "waiting")
    return _letter(
        gathering,
        guest,
        around,
        _("You are on the waiting list"),
        _(
            "Thank you for your answer. There is no room left at {gathering}, so you are on the "
            "waiting list for {people}. Those who signed up together wait together."
        ).format(gathering=_name(gathering), people=_people(waiting)),
        *_answers(around),
        _(
            "As soon as there is room for all of you, you move up automatically, and we write to "
            "you again. Until then you do not have a place."
        ),
        _with_link(
            _("To change the number of people or leave the waiting list: {link}"),
            _(
                "To change the number of people or leave the waiting list, use the link by which "
                "you answered."
            ),
            around,
        ),
    )


def confirmation(gathering: Gathering, guest: Guest, around: Around) -> Letter:
    """To a guest who has answered: the answers of the household."""
    is_anybody_expected = bool(
        around.together(guest, "coming") or around.together(guest, "waiting")
    )
    is_open = is_anybody_expected or guest.status != "declined"
    return _letter(
        gathering,
        guest,
        around,
        _("Your answer"),
        _("Thank you for your answer to {gathering}:").format(gathering=_name(gathering)),
        *(_answers(around) or [f"    {_own_answer(guest)}"]),
        *([_when_and_where(gathering)] if is_open else []),
        _how_to_change(gathering, around),
    )


def change(gathering: Gathering, guest: Guest, around: Around, changed: Collection[str]) -> Letter:
    """To a guest who comes or waits, with time and place; `changed` are the settings' fields."""
    if guest.status == "waiting":
        said = _("Something has changed about {gathering}, for which you are on the waiting list:")
    else:
        said = _("Something has changed about {gathering}, to which you said yes:")
    return _letter(
        gathering,
        guest,
        around,
        _("A change"),
        said.format(gathering=_name(gathering)),
        _when_and_where(gathering, changed),
        _with_link(
            _("Does it no longer suit you? Please change your answer: {link}"),
            _(
                "Does it no longer suit you? Please change your answer by the link by which you "
                "answered."
            ),
            around,
        ),
    )


def _letter(
    gathering: Gathering, guest: Guest, around: Around, subject: str, *paragraphs: str
) -> Letter:
    name = one_line(guest.name)
    sent = _("This letter was sent by {site}, where you are on the guest list.")
    end = "-- \n" + sent.format(site=one_line(around.site))
    return Letter(
        to=guest.email or "",
        subject=subject if has_link(_name(gathering)) else f"{subject}: {_name(gathering)}",
        text="\n\n".join([_("Dear {name},").format(name=name), *paragraphs, end]) + "\n",
        reply_to=around.reply_to,
    )


def _with_link(text: str, without: str, around: Around) -> str:
    return text.format(link=around.link) if around.link else without


def _how_to_change(gathering: Gathering, around: Around) -> str:
    deadline = gathering.rsvp_deadline
    if deadline is None:
        return _with_link(
            _("To change it: {link}"),
            _("You can change it by the link by which you answered."),
            around,
        )
    until = spoken_span(deadline, None, gathering.time_zone, last=True)
    if around.link:
        said = _("You can change it until {deadline}: {link}")
        return said.format(deadline=until, link=around.link)
    said = _("You can change it until {deadline}, by the link by which you answered.")
    return said.format(deadline=until)


def _name(gathering: Gathering) -> str:
    return one_line(gathering.event_name)


def _answers(around: Around) -> list[str]:
    """The answers of a household of several, as one paragraph; nothing for a guest alone."""
    if len(around.household) < 2:
        return []
    lines = []
    for one in around.household:
        said = {
            "coming": _("coming, {people}").format(people=_people([one])),
            "waiting": _("on the waiting list, {people}").format(people=_people([one])),
            "declined": _("can’t come"),
            "undecided": _("not sure yet"),
        }.get(one.status, _("no answer yet"))
        lines.append(f"    {one_line(one.name)}: {said}")
    return ["\n".join(lines)]


def _own_answer(guest: Guest) -> str:
    if guest.status == "coming":
        return _("You’re coming: {people}.").format(people=_people([guest]))
    return _("You’re not coming.") if guest.status == "declined" else _("You’re not sure yet.")


def _people(guests: Sequence[Guest]) -> str:
    """`3 people, 1 of them a child`."""
    count, children = sum(one.num_guests for one in guests), sum(one.children for one in guests)
    people = ngettext("{count} person", "{count} people", count).format(count=count)
    if not children or count == 1:
        return people
    among = ngettext(
        "{people}, {count} of them a child", "{people}, {count} of them children", children
    )
    return among.format(people=people, count=children)


def _when_and_where(gathering: Gathering, changed: Collection[str] = ()) -> str:
    is_moved = bool({"event_date", "event_end", "time_zone"} & set(changed))
    when = _("When (changed): {date}") if is_moved else _("When: {date}")
    where = _("Where (changed): {place}") if "location" in changed else _("Where: {place}")
    place = one_line(gathering.location or "") or _("not known yet")
    return f"    {when.format(date=_date(gathering))}\n    {where.format(place=place)}"


def _date(gathering: Gathering) -> str:
    date = gathering.event_date
    if date is None:
        return _("not known yet")
    return spoken_span(date, gathering.event_end, gathering.time_zone)
