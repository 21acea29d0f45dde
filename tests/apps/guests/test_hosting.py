"""Decisions for hosts: gatherings, settings, guests, and answers on behalf of guests."""

from typing import Any

import msgspec
import pytest

from gatherlog.apps.guests import (
    GatheringDetails,
    Group,
    Guest,
    GuestPatch,
    NewGuest,
    SettingsPatch,
)
from gatherlog.apps.guests.decisions import (
    add_guest,
    change_guest,
    change_settings,
    create_gathering,
    issue_link,
    make_co_host,
    remove_guest,
)
from gatherlog.apps.guests.events import (
    CoHostChanged,
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    LinkIssued,
    RsvpCleared,
    SettingsChanged,
)
from gatherlog.apps.guests.refusals import IsCoHost, NotifyUndecided
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.testing import StandingClock
from tests.apps.guests.guest_lists import (
    added,
    answered,
    created,
    gathering,
    guest,
    happened,
    submitted,
    waitlisted,
)


def changed(who: Guest, **patch: Any) -> Any:
    return change_guest(who, GuestPatch(**patch))


def pointers(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [flaw.pointer for flaw in refused.value.flaws]


def test_a_gathering_is_created_with_what_was_given() -> None:
    details = GatheringDetails(
        event_name=" Summer party ", rsvp_deadline="2026-06-01T16:00Z", time_zone="Europe/Paris"
    )

    assert create_gathering(details) == [created(rsvp_deadline="2026-06-01T18:00:00").payload]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"event_name": ""}, "/event_name"),
        ({"event_name": "x" * 201}, "/event_name"),
        ({"location": "x" * 201}, "/location"),
        ({"event_date": "soon"}, "/event_date"),
        ({"rsvp_deadline": "2026-02-30"}, "/rsvp_deadline"),
        ({"rsvp_deadline": ""}, "/rsvp_deadline"),
        ({"max_guests": -1}, "/max_guests"),
        ({"max_guests": 1_000_001}, "/max_guests"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"settings_data": {"text": "x" * 65_536}}, "/settings_data"),
        ({"settings_data": {"text": "\ud800"}}, "/settings_data"),
        ({"settings_data": {"number": float("inf")}}, "/settings_data"),
    ],
)
def test_each_flaw_of_the_settings_names_its_field(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_gathering(GatheringDetails(**{"event_name": "Party"} | given))

    assert pointers(refused) == [pointer]


def test_settings_nested_deeper_than_32_levels_are_refused() -> None:
    def nested(levels: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for _ in range(levels - 1):
            data = {"x": data}
        return data

    assert change_settings(gathering(), SettingsPatch(settings_data=nested(32))) == [
        SettingsChanged(settings_data=nested(32))
    ]
    for levels in 33, 10_000:
        with pytest.raises(Invalid, match=r"^/settings_data: is nested more than 32 deep$"):
            change_settings(gathering(), SettingsPatch(settings_data=nested(levels)))


def test_only_settings_that_differ_are_recorded() -> None:
    before = gathering(location="The mill", max_guests=10)
    patch = SettingsPatch(location="The mill", max_guests=12)

    assert change_settings(before, patch) == [SettingsChanged(max_guests=12)]
    assert change_settings(before, SettingsPatch(max_guests=10)) == []


def test_settings_that_are_equal_in_python_and_not_in_json_are_recorded() -> None:
    before = gathering(settings_data={"open": 1})

    assert change_settings(before, SettingsPatch(settings_data={"open": True})) == [
        SettingsChanged(settings_data={"open": True})
    ]


def test_null_clears_settings() -> None:
    before = gathering(
        location="The mill",
        max_guests=10,
        event_date="2026-06-20",
        rsvp_deadline="2026-06-01",
        settings_data={"a": 1},
    )
    nothing = SettingsPatch(
        location=None, max_guests=None, event_date=None, rsvp_deadline=None, settings_data=None
    )

    assert change_settings(before, nothing) == [
        SettingsChanged(
            event_date=None, location=None, rsvp_deadline=None, max_guests=None, settings_data={}
        )
    ]


def test_the_name_of_a_gathering_cannot_be_cleared() -> None:
    with pytest.raises(Invalid, match=r"^/event_name: is missing or blank$"):
        change_settings(gathering(), SettingsPatch(event_name=None))


def test_a_deadline_with_an_offset_is_converted_to_the_zone_given_with_it() -> None:
    patch = SettingsPatch(rsvp_deadline="2026-06-01T18:00:00+00:00", time_zone="Asia/Tokyo")

    assert change_settings(gathering(), patch) == [
        SettingsChanged(rsvp_deadline="2026-06-02T03:00:00", time_zone="Asia/Tokyo")
    ]


def test_another_zone_does_not_change_the_local_time_of_the_deadline() -> None:
    before = gathering(rsvp_deadline="2026-06-01T18:00:00", time_zone="Europe/Paris")

    assert change_settings(before, SettingsPatch(time_zone="Asia/Tokyo")) == [
        SettingsChanged(time_zone="Asia/Tokyo")
    ]


def test_a_guest_is_added_trimmed() -> None:
    new = NewGuest(
        first_name=" Ada ",
        last_name="Lovelace\u3000",
        email=" Ada@Example.org ",
        dietary=" no nuts\r\nplease ",
        dietary_tags=("vegan", "vegetarian", "vegan"),
    )

    assert add_guest(new, None) == [
        added(
            email="Ada@Example.org",
            dietary="no nuts\nplease",
            dietary_tags=("vegetarian", "vegan"),
        ).payload
    ]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"first_name": ""}, "/first_name"),
        ({"first_name": " \u200b\u2060"}, "/first_name"),
        ({"last_name": "x" * 101}, "/last_name"),
        ({"last_name": "x" * 10_000}, "/last_name"),
        ({"first_name": "A\x00da"}, "/first_name"),
        ({"first_name": "A\nda"}, "/first_name"),
        ({"first_name": "A\x85da"}, "/first_name"),
        ({"first_name": "A\u202eda"}, "/first_name"),
        ({"first_name": "A\ud800da"}, "/first_name"),
        ({"email": ""}, "/email"),
        ({"email": "ada"}, "/email"),
        ({"email": "ada@example"}, "/email"),
        ({"email": "ada@@example.org"}, "/email"),
        ({"email": "a b@example.org"}, "/email"),
        ({"email": "ada@example..org"}, "/email"),
        ({"email": "ada@example.org\nbcc:x@y.org"}, "/email"),
        ({"email": "x" * 250 + "@x.org"}, "/email"),
        ({"group_id": ""}, "/group_id"),
        ({"group_id": "  "}, "/group_id"),
        ({"group_id": "x" * 65}, "/group_id"),
        ({"group_id": "a\tb"}, "/group_id"),
        ({"expected_guests": 100}, "/expected_guests"),
        ({"children": -1}, "/children"),
        ({"dietary": "x" * 1001}, "/dietary"),
        ({"dietary_tags": ("keto",)}, "/dietary_tags/0"),
    ],
)
def test_each_flaw_of_a_guest_names_its_field(given: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_guest(NewGuest(**{"first_name": "Ada", "last_name": "Lovelace"} | given), None)

    assert pointers(refused) == [pointer]


@pytest.mark.parametrize("name", ["李", "O’Brien-Łukasz", "نیلوفر\u200cه", "Zoe\u0308", "👩‍🚀"])
def test_names_are_accepted_as_people_write_them(name: str) -> None:
    new = NewGuest(first_name=name, last_name=name)

    assert add_guest(new, None) == [added(first_name=name, last_name=name).payload]


def test_a_household_has_no_more_members_than_allowed() -> None:
    full = Group(gathering_id="default", group_id="Byron", members=tuple(map(str, range(1000))))
    new = NewGuest(first_name="Ada", last_name="Lovelace", group_id="Byron")

    with pytest.raises(Invalid) as refused:
        add_guest(new, full)

    assert refused.value.flaws == (
        Flaw("/group_id", "names a household that is full: 1,000 members"),
    )


def test_sending_a_guest_back_as_it_was_records_nothing() -> None:
    ada = guest(answered(None), email="ada@example.org", group_id="Byron", dietary="no nuts")
    fields = msgspec.structs.asdict(ada)
    patch = {name: fields[name] for name in GuestPatch.__struct_fields__}

    assert changed(ada, **patch) == []


def test_each_kind_of_change_is_an_event_of_its_own() -> None:
    ada = guest(group_id="Byron", expected_guests=2)

    assert changed(ada, group_id="King", attending=True, last_name="King", children=1) == [
        GuestMoved(from_group="Byron", to_group="King"),
        submitted(True, 2, children=1),
        GuestChanged(last_name="King"),
    ]


def test_null_takes_a_guest_out_of_the_household_and_clears_the_rest() -> None:
    ada = guest(
        email="ada@example.org", group_id="Byron", expected_guests=3, dietary_tags=("vegan",)
    )

    assert changed(ada, group_id=None, email=None, expected_guests=None, dietary_tags=None) == [
        GuestMoved(from_group="Byron", to_group=None),
        GuestChanged(email=None, expected_guests=1, dietary_tags=()),
    ]


def test_null_takes_an_answer_back() -> None:
    assert changed(guest(answered(True, 2)), attending=None) == [RsvpCleared()]
    assert guest(answered(True, 2), happened(RsvpCleared())).status == "pending"


def test_a_host_can_answer_and_send_the_old_number_along() -> None:
    assert changed(guest(answered(True, 2)), attending=False, num_guests=2) == [submitted(False)]
    assert changed(guest(answered(False)), attending=True, num_guests=0) == [submitted(True, 1)]


def test_a_host_changes_the_number_of_people_of_a_guest_who_comes() -> None:
    assert changed(guest(answered(True, 2)), num_guests=3) == [GuestChanged(num_guests=3)]


@pytest.mark.parametrize(
    ("who", "num_guests"), [(guest(answered(True, 2)), 0), (guest(answered(False)), 1)]
)
def test_a_number_that_contradicts_the_answer_is_refused(who: Guest, num_guests: int) -> None:
    with pytest.raises(Invalid) as refused:
        changed(who, num_guests=num_guests)

    assert pointers(refused) == ["/num_guests"]


def test_sending_a_waiting_guest_back_as_it_was_records_nothing() -> None:
    ada = guest(waitlisted(3), email="ada@example.org")
    fields = msgspec.structs.asdict(ada)

    assert changed(ada, **{name: fields[name] for name in GuestPatch.__struct_fields__}) == []


def test_a_host_answers_for_a_guest_who_waits() -> None:
    ada = guest(waitlisted(3), expected_guests=5)

    assert changed(ada, attending=True) == []
    assert changed(ada, num_guests=2, first_name="A") == [
        submitted(True, 2),
        GuestChanged(first_name="A"),
    ]
    assert changed(ada, attending=False) == [submitted(False)]
    with pytest.raises(Invalid) as refused:
        changed(ada, num_guests=0)
    assert pointers(refused) == ["/num_guests"]


def test_a_host_names_no_more_children_than_people() -> None:
    ada = guest(answered(True, 4, children=3))

    assert changed(ada, num_guests=2) == [GuestChanged(num_guests=2, children=2)]
    assert changed(ada, children=4) == [GuestChanged(children=4)]
    for wrong in ({"children": 5}, {"children": 4, "num_guests": 3}):
        with pytest.raises(Invalid, match=r"^/children: should be at most \d, the number of"):
            changed(ada, **wrong)
    with pytest.raises(Invalid):
        changed(guest(), attending=True, children=2)


def test_a_co_host_is_made_once() -> None:
    made = CoHostChanged(is_co_host=True)

    assert make_co_host(guest(), True) == [made]
    assert make_co_host(guest(happened(made)), True) == []
    assert make_co_host(guest(happened(made)), False) == [CoHostChanged(is_co_host=False)]


@pytest.mark.parametrize("field", ["first_name", "last_name"])
def test_the_name_of_a_guest_is_never_null(field: str) -> None:
    cleared: Any = {field: None}

    with pytest.raises(Invalid) as refused:
        changed(guest(), **cleared)

    assert pointers(refused) == ["/" + field]


@pytest.mark.parametrize("blank", ["", " \t", "\u3164"])
def test_one_name_is_enough_so_the_last_name_may_be_blank(blank: str) -> None:
    assert changed(guest(), last_name=blank) == [GuestChanged(last_name="")]


def test_a_last_name_that_is_given_is_checked_as_the_first_one() -> None:
    with pytest.raises(Invalid) as refused:
        changed(guest(), last_name="x" * 101)

    assert pointers(refused) == ["/last_name"]


def test_the_event_of_a_removed_guest_names_the_household_and_the_link() -> None:
    ada = guest(happened(LinkIssued(link="h1", replaces=None)), group_id="Byron")

    assert remove_guest(ada, names_co_hosts=False) == [GuestRemoved(group_id="Byron", link="h1")]


def test_a_new_link_replaces_the_one_before() -> None:
    ada = guest(happened(LinkIssued(link="h1", replaces=None)))

    [issued] = issue_link(ada, "h2", names_co_hosts=True)
    assert issued == LinkIssued(link="h2", replaces="h1", may_manage=True)
    [by_co_host] = issue_link(ada, "h2", names_co_hosts=False)
    assert by_co_host == LinkIssued(link="h2", replaces="h1", may_manage=False)


def test_only_who_names_co_hosts_makes_their_links_or_removes_them() -> None:
    ida = guest(happened(CoHostChanged(is_co_host=True)))

    with pytest.raises(IsCoHost):
        issue_link(ida, "h1", names_co_hosts=False)
    with pytest.raises(IsCoHost):
        remove_guest(ida, names_co_hosts=False)

    assert issue_link(ida, "h1", names_co_hosts=True) == [LinkIssued(link="h1", replaces=None)]
    assert remove_guest(ida, names_co_hosts=True) == [GuestRemoved(group_id=None, link=None)]


# A change that guests get letters about.


NEW_PLACE = SettingsPatch(location="The mill", max_guests=9)
NOON = StandingClock("2026-05-01T12:00:00Z")()


def test_a_new_place_has_to_say_whether_guests_get_letters_if_there_are_any() -> None:
    with pytest.raises(NotifyUndecided) as undecided:
        change_settings(gathering(), NEW_PLACE, now=NOON, letters=3)

    assert undecided.value.letters == 3
    assert str(undecided.value).startswith("3 guests come or wait: those with an e-mail address")
    assert change_settings(gathering(), NEW_PLACE, now=NOON, letters=0) == [
        SettingsChanged(location="The mill", max_guests=9)
    ]


@pytest.mark.parametrize("notify", [True, False])
def test_the_event_says_what_was_chosen(notify: bool) -> None:
    patch = msgspec.structs.replace(NEW_PLACE, notify=notify)

    assert change_settings(gathering(), patch, now=NOON, letters=3) == [
        SettingsChanged(location="The mill", max_guests=9, notify=notify)
    ]


def test_other_changes_ask_nothing_and_record_no_choice() -> None:
    patch = SettingsPatch(event_name="Ball", notify=True)

    assert change_settings(gathering(), patch, now=NOON, letters=3) == [
        SettingsChanged(event_name="Ball")
    ]
    assert change_settings(gathering(), SettingsPatch(notify=True), now=NOON, letters=3) == []


def test_nothing_is_asked_once_a_day_has_passed_since_the_date() -> None:
    over = msgspec.structs.replace(gathering(), event_date="2026-04-29", time_zone="UTC")

    assert change_settings(over, NEW_PLACE, now=NOON, letters=3) == [
        SettingsChanged(location="The mill", max_guests=9)
    ]
    again = msgspec.structs.replace(NEW_PLACE, event_date="2026-06-01")
    with pytest.raises(NotifyUndecided):
        change_settings(over, again, now=NOON, letters=3)
