"""Which encoding a file is read in, and when the host is asked."""

import pytest

from gatherlog.apps.guests.names import full_name
from gatherlog.apps.guests.sheets import (
    ENCODING_LABELS,
    ENCODINGS,
    Sheet,
    SheetEncoding,
    known_encoding,
    read_sheet,
)
from gatherlog.core.eventstore.errors import Invalid
from tests.apps.guests_sheets.sheets import names, reasons

SURE = [
    ("Windows-1252", "cp1252", ["Jürgen Müller", "Zoë Großmann"]),
    ("Windows-1252", "cp1252", ["Hélène Lefèvre", "François Côté"]),
    ("Windows-1252", "cp1252", ["José Muñoz", "María Peña"]),
    ("Windows-1252", "cp1252", ["João Gonçalves", "Inês Simões"]),
    ("Windows-1252", "cp1252", ["Niccolò Cantù", "Nicolò Parà"]),
    ("Windows-1252", "cp1252", ["Åsa Öberg", "Björn Sjöström"]),
    ("Windows-1252", "cp1252", ["Conan O’Brien", "Ada Winter – 2 €"]),
    ("Windows-1252", "cp1252", ["JÜRGEN MÜLLER"]),
    ("Windows-1250", "cp1250", ["Łukasz Żółć", "Jiří Dvořák"]),
    ("Windows-1250", "cp1250", ["Jiří Dvořák"]),
    ("Windows-1250", "cp1250", ["Ödön Tőkés", "Ágnes Szűcs"]),
    ("Mac Roman", "mac_roman", ["Jürgen Müller", "Zoë Großmann"]),
    ("Mac Roman", "mac_roman", ["Hélène Lefèvre", "François Côté"]),
    ("Mac Roman", "mac_roman", ["José Muñoz", "María Peña"]),
    ("Windows-1254", "cp1254", ["Şule Yıldız", "Gökhan Çağlar"]),
    ("Windows-1251", "cp1251", ["Иван Петренко", "Пётр Ильин"]),
    ("Windows-1253", "cp1253", ["Νίκος Παπαδόπουλος"]),
    ("Windows-1257", "cp1257", ["Jānis Bērziņš"]),
    ("CP 850", "cp850", ["Jürgen Müller", "Zoë Großmann"]),
    ("ISO-8859-2", "iso8859_2", ["Zażółć Gęśla"]),
]


def data_of(encoding: str, people: list[str]) -> bytes:
    return "\r\n".join(["Name;Email", *(f"{name};x@example.org" for name in people)]).encode(
        encoding
    )


def full_names(sheet: Sheet) -> list[str]:
    return [full_name(first, last) for first, last in names(sheet)]


@pytest.mark.parametrize(("label", "encoding", "people"), SURE)
def test_the_encoding_in_which_all_words_are_of_one_language_is_taken(
    label: str, encoding: str, people: list[str]
) -> None:
    sheet = read_sheet(data_of(encoding, people))

    assert (sheet.encoding, sheet.encodings[0].label) == (label, label)
    assert sheet.encodings[0].samples[0] == people[0]
    first = people[0].split(" ")
    assert (sheet.rows[0].first_name, sheet.rows[0].last_name) == (first[0], " ".join(first[1:]))


@pytest.mark.parametrize(
    ("encoding", "person", "name"),
    [
        ("cp1255", "משה כהן", "windows-1255"),
        ("cp932", "山田 太郎", "shift-jis"),
        ("gb18030", "王 小明", "gb18030"),
        ("cp949", "김 민수", "euc-kr"),
        ("cp850", "Åsa Öberg", "cp850"),
    ],
)
def test_where_several_are_likely_they_are_offered_and_the_names_asked_about(
    encoding: str, person: str, name: SheetEncoding
) -> None:
    data = data_of(encoding, [person])
    sheet = read_sheet(data)

    assert not sheet.encoding_sure
    assert "encoding" in [doubt.kind for doubt in sheet.rows[0].doubts]
    assert {one.name: one.samples[0] for one in sheet.encodings}[name] == person
    chosen = read_sheet(data, encoding=name)
    assert (full_names(chosen), chosen.encoding_sure) == ([person], True)
    assert [row.doubts for row in chosen.rows] == [()]


def test_a_row_that_no_likely_encoding_changes_is_not_asked_about() -> None:
    sheet = read_sheet(data_of("cp850", ["Åsa Öberg", "Ada Winter"]))

    assert [bool(row.doubts) for row in sheet.rows] == [True, False]


@pytest.mark.parametrize(
    ("data", "bad"),
    [
        ("Jürgen;Müller\n".encode() + "Zoë;Groß\n".encode("cp1252") + b"Ada;Winter\n", [3]),
        ("Jürgen;Müller\n".encode() + b"Ada;Winter\nZo\xc3", [4]),
        ("Jürgen;Müller\n".encode() + b"Ada;Winter\xff\n", [3]),
        ("Jürgen;Müller\n".encode() + "山田;太郎".encode()[:-1], [3]),
        ("Łukasz;Żółć\n".encode() + "Jiří;Dvořák\n".encode("cp1250"), [3]),
    ],
)
def test_almost_valid_utf_8_is_refused_by_line(data: bytes, bad: list[int]) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        sheet = read_sheet(mark + b"First;Last\n" + data)

        assert sheet.encoding.startswith("UTF-8")
        assert [line for line, _ in reasons(sheet)] == bad
        assert all(
            reason.startswith("has bytes that are not UTF-8") for _, reason in reasons(sheet)
        )


def test_a_header_with_broken_bytes_can_be_shown() -> None:
    sheet = read_sheet(b"Name;T\xfcr;\xc3\xbc\nAda Winter;1;2\n")

    assert sheet.ignored == ("T?r", "ü")


def test_samples_are_looked_for_in_the_first_cells_only() -> None:
    """Else a long sheet with the same cell everywhere would hold up all others."""
    people = ["Jürgen Müller"] * 400
    lines = [f"{name};{n}" for n, name in enumerate([*people, "Zoë Großmann"])]
    sheet = read_sheet("\n".join(["Name;Household", *lines]).encode())

    assert sheet.encodings[0].samples == ("Jürgen Müller",)


def test_utf_16_that_is_cut_is_asked_about() -> None:
    sheet = read_sheet("Name\nAda Winter\nJürgen Müller".encode("utf-16")[:-1])

    assert [[doubt.kind for doubt in row.doubts] for row in sheet.rows] == [[], ["encoding"]]


def test_a_chosen_encoding_is_used_whatever_the_file_looks_like() -> None:
    data = "Name\nJürgen Müller\n".encode()

    sheet = read_sheet(data, encoding="windows-1252")

    assert (sheet.encoding, sheet.encoding_sure) == ("Windows-1252", True)
    assert [[doubt.kind for doubt in row.doubts] for row in sheet.rows] == [["encoding"]]


def test_bytes_that_a_chosen_encoding_does_not_have_are_refused_by_line() -> None:
    sheet = read_sheet(b"Name\nAda Winter\nJ\x81rgen Roth\n", encoding="windows-1252")

    assert [line for line, _ in reasons(sheet)] == [3]


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name != "auto"])
def test_every_encoding_that_may_be_chosen_reads_a_plain_list(encoding: SheetEncoding) -> None:
    data = "Name\nAda Winter\n".encode("utf-16" if encoding == "utf-16" else "ascii")

    assert full_names(read_sheet(data, encoding=encoding)) == ["Ada Winter"]


def test_the_encodings_that_may_be_chosen_have_labels() -> None:
    assert ("auto", *ENCODING_LABELS) == ENCODINGS
    assert known_encoding("Windows-1250") == "windows-1250"
    with pytest.raises(Invalid, match="should be one of auto, utf-8"):
        known_encoding("ebcdic")
