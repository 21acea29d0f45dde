"""A parent's favourites: the newest first, page by page, also what is not published any more."""

from tests.interfaces.graphql.asking import ON_SQLITE
from tests.interfaces.graphql.sample_town import Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing
from tests.stores import eventually


def names(page: Page) -> list[str]:
    links = [e for e in page.all("a") if (e.get("href") or "").startswith("/things/")]
    return [link.text.split(" ")[0] for link in links]


async def test_favourites_are_listed_with_their_next_date(pia: Browsing, town: Town) -> None:
    for name in ("Ants", "Bees"):
        await town.keep(await town.published(content(name=name, capacity=9)))
    await town.keep(await town.published(content(name="Cats")), parent="paul")

    async def listed() -> object:
        page = await pia.open("/favourites")
        return names(page), page.of_class("coming")

    await eventually(listed, (["Bees", "Ants"], ["9 places left", "9 places left"]))
    assert "in your favourites" not in (await pia.open("/favourites")).html


async def test_a_favourite_is_removed_also_where_it_is_not_published_any_more(
    pia: Browsing, town: Town
) -> None:
    gone, kept = await town.published(), await town.published(content(name="Bees"))
    for thing in (gone, kept):
        await town.keep(thing)
    await town.service.withdraw_thing(gone.id, "Ill.", town.people.olga.id, actor="cli")

    async def listed() -> object:
        page = await pia.open("/favourites")
        return names(page), "This is no longer available." in page.html

    await eventually(listed, (["Bees"], True))
    token = await pia.token("/favourites")
    for _ in range(2):
        sent = await pia.post("/favourites", form=token, thing=gone.id)
        assert sent.headers["location"] == "/favourites?done=dropped"
    await eventually(listed, (["Bees"], False))


@ON_SQLITE
async def test_a_long_list_is_read_in_both_directions(pia: Browsing, town: Town) -> None:
    for number in range(23):
        await town.keep(await town.published(content(name=f"T{number}")))

    first = await pia.open("/favourites")
    links = {e.text: e["href"] for e in first.all("a")}
    second = await pia.open(links["More"])
    back = {e.text: e["href"] for e in second.all("a")}["Back"]

    assert names(first) + names(second) == [f"T{number}" for number in range(22, -1, -1)]
    assert names(await pia.open(back)) == names(first)
    assert ("Back" in links, len(names(first))) == (False, 20)


@ON_SQLITE
async def test_a_form_of_another_site_removes_nothing(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    await town.keep(thing)

    refused = await pia.post("/favourites", form="x", thing=thing.id)

    kept = await town.service.are_favourites([thing.id], town.people.pia.id)
    assert (refused.status_code, kept) == (403, [True])


@ON_SQLITE
async def test_without_favourites_the_page_says_how_to_have_some(
    pia: Browsing, visitor: Browsing
) -> None:
    page = await pia.open("/favourites")

    assert "Add to my favourites" in page.text("main")
    assert (await visitor.get("/favourites")).headers["location"] == "/signin?next=/favourites"


@ON_SQLITE
async def test_what_is_no_id_is_no_favourite(pia: Browsing) -> None:
    sent = await pia.post("/favourites", form=await pia.token(), thing="<b>")

    assert sent.status_code == 404
