"""An export is safe to open, and importing it changes no guest."""

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatherlog.apps.guests import (
    DEFAULT,
    DIETARY_TAGS,
    VIEWS,
    Guest,
    GuestPatch,
    GuestService,
    Imported,
    NewGuest,
)
from gatherlog.apps.guests.sheets import Sheet, read_sheet, write_sheet
from gatherlog.core.commands.cells import write_cells
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock, run_instantly


def guest(**fields: object) -> Guest:
    given = {"first_name": "Ada", "last_name": "Lovelace", "email": None, "group_id": None}
    times = {"created_at": 0, "updated_at": 0}
    return Guest(id="1", gathering_id="default", **(given | times | fields))  # type: ignore[arg-type]


HOSTILE = ["=1+1", "+49", "-1", "@SUM(A1)", "'=quoted", "''-twice", "'t Hooft", 'Q"uote;,', "＝1+1"]
HIDDEN = [
    " =1+1",
    "\u00a0+49",
    "\u3000@SUM(A1)",
    "\u200b-1",
    " ' =1",
    "\u200d=1",
    "\u200c\u200e\u200f@SUM(A1)",
    "\u00ad\u034f\u061c\u180e+49",
    "\u115f\u1160\u3164\uffa0\u2800-1",
    "\ufe0f=1",
    "\U000e0041\U000e007f=1",
    "\u2062\u206a＝1",
    "no; =1+1",
    "a,\u00a0\u3000=1",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_exported_name_is_no_formula_and_comes_back_as_it_was(name: str) -> None:
    data = write_sheet([guest(first_name=name, dietary=f"{name}\nand more")])

    first_cell = data.decode("utf-8-sig").splitlines()[1].lstrip('"')
    assert not first_cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))
    [read_back] = read_sheet(data).rows
    assert (read_back.first_name, read_back.dietary) == (name, f"{name}\nand more")


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("cut", [",", ";"])
def test_no_formula_is_behind_white_space_at_whichever_separator_a_spreadsheet_splits(
    text: str, cut: str
) -> None:
    data = write_sheet([guest(group_id=text, dietary=f"no;{text}")])

    cells = data.decode("utf-8-sig").splitlines()[1].split(cut)
    seen = [cell.lstrip('"\u200b').lstrip().lstrip("\u200b") for cell in cells]
    assert [cell for cell in seen if cell.startswith(("=", "+", "-", "@"))] == []
    [read_back] = read_sheet(data).rows
    assert (read_back.group_id, read_back.dietary) == (text, f"no;{text}")


FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
VARIATIONS = [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)]


def test_no_formula_is_behind_an_invisible_character_of_whichever_kind() -> None:
    everything = map(chr, range(0x110000))
    kinds = ("Cc", "Cf", "Zs", "Zl", "Zp")
    unseen = {character for character in everything if unicodedata.category(character) in kinds}
    unseen |= {*FILLERS, *map(chr, VARIATIONS)}

    written = {character: write_cells([[f"{character}=1"]]) for character in unseen}

    bare = [c for c, cell in written.items() if b"'" not in cell]
    assert (bare, len(unseen) > 4_200) == ([], True)


def test_an_export_is_read_back_completely_except_for_the_answers() -> None:
    exported = guest(
        first_name="Zoë",
        email="zoe@example.org",
        group_id="D, 1",
        expected_guests=1,
        children=1,
        attending=True,
        num_guests=1,
        rsvp_at=1,
        dietary_tags=("vegan", "gluten_free", "nut_allergy"),
        dietary="vegan, no celery",
    )
    sheet = read_sheet(write_sheet([exported]))

    assert (sheet.format, sheet.encoding, sheet.bad) == ("sheet", "UTF-8 with BOM", ())
    assert sheet.ignored == ("Status", "People", "Answered")
    [only] = sheet.rows
    assert (only.first_name, only.email, only.group_id) == ("Zoë", "zoe@example.org", "D, 1")
    assert (only.child, only.expected_guests, only.children) == (True, 1, 1)
    assert (only.dietary_tags, only.dietary) == (exported.dietary_tags, exported.dietary)


@pytest.mark.parametrize(("seats", "children"), [(5, 2), (1, 0), (1, 1), (0, 3)])
def test_the_children_of_an_export_are_read_back(seats: int, children: int) -> None:
    [only] = read_sheet(write_sheet([guest(expected_guests=seats, children=children)])).rows

    assert (only.expected_guests, only.children) == (seats, children)


def test_every_diet_tag_is_read_back_from_an_export() -> None:
    [only] = read_sheet(write_sheet([guest(dietary_tags=DIETARY_TAGS)])).rows

    assert (only.dietary_tags, only.dietary) == (DIETARY_TAGS, None)


async def with_guests(guests: Sequence[NewGuest], url: str = "memory:") -> GuestService:
    store = await open_store(url, views=VIEWS)
    service = GuestService(store, clock=StandingClock(), ids=CountingIds())
    await service.ensure_default("test")
    for new in guests:
        await service.add_guest(DEFAULT, new, actor="test")
    return service


async def exported(service: GuestService) -> bytes:
    return write_sheet(await service.all_guests(DEFAULT))


async def preview(service: GuestService, sheet: Sheet) -> Imported:
    assert sheet.bad == ()
    return (await service.preview_import(DEFAULT, sheet.rows)).counts


TWIN = NewGuest(first_name="Ada", last_name="Lovelace")
AWKWARD = [
    NewGuest(first_name="=1+1", last_name="O'Neil", dietary='=1+1\nno eggs,\n\n"please"'),
    NewGuest(first_name="Ada & Ben", last_name="King & Byron", group_id=" with blanks "),
    NewGuest(first_name="Info Requested", last_name="Jr.", email="a@example.org"),
    NewGuest(first_name="x;=HYPERLINK(1)", last_name="a,-1", dietary="- nuts\n- '-eggs;''@"),
    NewGuest(first_name="so\u00adft", last_name="zero\u200bwidth", expected_guests=0),
    NewGuest(first_name="two  blanks", last_name="'", children=3, expected_guests=4),
    NewGuest(first_name="Jo", last_name="Smith", email="smiths@example.org", group_id="1"),
    NewGuest(first_name="Bo", last_name="Smith", email="SMITHS@example.org", group_id="1"),
    NewGuest(first_name="Jo", last_name="Smith", email="smiths@example.org", group_id="2"),
    NewGuest(first_name="a@b.c", last_name="-", dietary="vegan", dietary_tags=("vegan", "other")),
    TWIN,
    TWIN,
]


async def test_an_export_of_awkward_guests_changes_none_of_them() -> None:
    service = await with_guests(AWKWARD)

    sheet = read_sheet(await exported(service))

    assert await preview(service, sheet) == Imported(new=0, changed=0, unchanged=len(AWKWARD))
    assert (sheet.guessed, sheet.left_out) == (0, ())


async def test_a_changed_cell_of_an_export_changes_only_its_guest() -> None:
    service = await with_guests(AWKWARD)
    data = (await exported(service)).replace(b"two  blanks", b"One")

    sheet = read_sheet(data)
    assert await preview(service, sheet) == Imported(1, 0, len(AWKWARD) - 1)

    data = (await exported(service)).replace(b"a@example.org", b"b@example.org", 1)
    assert await preview(service, read_sheet(data)) == Imported(0, 0, len(AWKWARD) - 1, asked=1)


LETTERS = st.sampled_from("aB é\u00a0\u3000=+-@'\",;&\u00ad\u200bß.١山")
NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(
    lambda name: name.strip("\u00ad\u200b\u00a0\u3000 ")
)
NEW_GUESTS = st.builds(
    NewGuest,
    first_name=NAMES,
    last_name=NAMES,
    email=st.none() | st.sampled_from(["a@example.org", "A@example.org", "b@example.org"]),
    group_id=st.none() | NAMES,
    expected_guests=st.integers(0, 99),
    children=st.integers(0, 3),
    dietary=st.none() | st.text(st.sampled_from("aé=+-@'\",;\n\t \u00a0\u3000"), max_size=20),
    dietary_tags=st.lists(st.sampled_from(DIETARY_TAGS), unique=True).map(tuple),
)


@pytest.mark.parametrize("url", ["memory:", "hostile:1"])
@settings(max_examples=60)
@given(guests=st.lists(NEW_GUESTS, max_size=8), renamed=st.booleans())
def test_exported_guests_are_not_changed_by_an_import(
    url: str, guests: list[NewGuest], renamed: bool
) -> None:
    async def round_trip() -> None:
        service = await with_guests(guests, url)
        if guests and renamed:  # the export follows the list, also after a change
            [first, *_] = await service.all_guests(DEFAULT)
            patch = GuestPatch(last_name="zz")
            await service.change_guest(DEFAULT, first.id, patch, actor="test")
        sheet = read_sheet(await exported(service))
        assert await preview(service, sheet) == Imported(0, 0, len(guests))

    run_instantly(round_trip())
