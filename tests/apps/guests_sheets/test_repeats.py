"""A guest who may stand in a sheet twice."""

from tests.apps.guests_sheets.sheets import read, reasons


def doubts(text: str) -> list[list[str]]:
    return [[doubt.kind for doubt in row.doubts] for row in read(text).rows]


def test_only_a_line_that_says_the_same_stands_there_already() -> None:
    sheet = read("Name,Seats\nJo Smith,2\nJO Smith,2\nJo Smith,3\n")

    assert reasons(sheet) == [(3, "JO Smith stands on line 2 already")]
    assert [(row.line, row.expected_guests) for row in sheet.rows] == [(2, 2), (4, 3)]
    assert [doubt.reason for doubt in sheet.rows[1].doubts] == [
        "'Jo Smith' may be the guest of line 2 once more"
    ]


def test_the_same_name_with_an_address_on_one_line_only_is_a_question() -> None:
    assert doubts("Name,Email\nJo Smith,\nJo Smith,jo@example.org\n") == [[], ["repeat"]]


def test_another_accent_at_the_same_address_is_a_question() -> None:
    assert doubts("Name,Email\nZoe Fox,z@example.org\nZoë Fox,z@example.org\n") == [[], ["repeat"]]


def test_a_couple_of_whom_one_stands_there_already_is_a_question() -> None:
    sheet = read("Name\nJo Smith\nJo Smith & Ann Roe\nJo Smith & Ann Roe\n")

    assert reasons(sheet) == [(4, "Jo Smith stands on line 2 already")]
    assert [(row.line, [doubt.kind for doubt in row.doubts]) for row in sheet.rows] == [
        (2, []),
        (3, ["repeat"]),
        (3, []),
    ]


def test_a_name_that_is_spelt_in_another_way_is_a_question() -> None:
    names = ["Jo O’Brien", "Jo O'Brien", "Ann St. Clair", "Ann St Clair", "Mia Roe-Fox"]

    assert doubts("Name\n" + "\n".join([*names, "Mia Roe Fox"])) == [[], ["repeat"]] * 3


def test_a_name_that_is_parted_elsewhere_is_a_question() -> None:
    sheet = "First name,Last name\nAnna Maria,Roe\nAnna,Maria Roe\n"

    assert doubts(sheet) == [[], ["repeat"]]
