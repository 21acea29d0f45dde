"""The sections on top of the pages, for whom they are, and the paths to which a page leads back."""

import pytest

from gatherlog.apps.people import Actor, Role
from gatherlog.interfaces.web.sections import safe_path, sections

FOR_PARENTS = ["/things", "/favourites", "/bookings", "/children", "/host", "/messages"]


def account(*roles: Role) -> Actor:
    return Actor("account", "a", Role.MEMBER, account_id="a", roles=frozenset(roles))


@pytest.mark.parametrize(
    ("actor", "paths"),
    [
        (None, ["/things"]),
        (account(), FOR_PARENTS),
        (account(Role.ORGANISER), [*FOR_PARENTS, "/desk"]),
        (account(Role.REVIEWER), [*FOR_PARENTS, "/review"]),
        (account(Role.ORGANISER, Role.REVIEWER), [*FOR_PARENTS, "/desk", "/review"]),
        (Actor("key", "k", Role.OPERATOR), ["/things", "/host", "/review"]),
        (Actor("key", "k", Role.HOST, gathering_id="default"), ["/things", "/host"]),
        (Actor("key", "k", Role.ORGANISER, account_id="a"), [*FOR_PARENTS, "/desk"]),
        (Actor("guest", "g", Role.GUEST, gathering_id="default", co_host=True), []),
    ],
)
def test_everybody_sees_the_sections_that_are_for_them(
    actor: Actor | None, paths: list[str]
) -> None:
    assert [section.path for section in sections(actor)] == paths


@pytest.mark.parametrize(
    "path",
    [
        "/things",
        "/things?q=a%26b&ages=5,8&near=52.5%2C+13.4&category=ARTS",
        "/things/0198a0b0-0000-7000-8000-000000000000/book?date=2027-05-01&from=10%3A00",
        "/host/default/guests/new",
        "/children/new",
    ],
)
def test_a_page_leads_back_into_a_section(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "things",
        "//evil.example",
        "//evil.example/things",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example/things",
        "javascript:alert(1)",
        "/signout",
        "/r/token",
        "/things/",
        "/things//x",
        "/things/../r/x",
        "/things/%2e%2e/r",
        "/things?q=<b>",
        "/things?a=1\r\nSet-Cookie: x",
        "/things#top",
        "/things@evil.example",
        "/things?q=" + "a" * 2_000,
        "/th\N{LATIN SMALL LETTER I WITH DIAERESIS}ngs",
    ],
)
def test_a_page_leads_nowhere_else(path: str) -> None:
    assert safe_path(path) == ""
