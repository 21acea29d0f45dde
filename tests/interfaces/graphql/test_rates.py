"""Rate limits of the GraphQL APIs: letters to the site, and credentials that are not valid."""

from tests.interfaces.graphql.asking import ON_SQLITE, Asking
from tests.interfaces.graphql.sample_town import DAY, Town

pytestmark = ON_SQLITE
LETTER = {"subject": "Opening hours", "body": "When?", "from": "ada@example.org"}
CONTACT = "mutation C($input: ContactUsInput!) { contactUs(input: $input) }"


async def test_letters_to_the_site_are_limited_over_all_apis(limited: Asking) -> None:
    taken = [
        await limited.guest(CONTACT, input=LETTER),
        await limited.user(CONTACT, input=LETTER),
    ]
    refused = await limited.organiser(CONTACT, input=LETTER)

    assert [answer.data for answer in taken] == [{"contactUs": True}] * 2
    assert (refused.status, refused.code) == (200, "RATE_LIMITED")
    assert 3500 < refused.errors[0]["extensions"]["retryAfter"] <= 3600


async def test_letters_to_the_families_of_one_thing_are_limited(
    limited: Asking, town: Town
) -> None:
    thing, other = await town.published(), await town.published()
    query = "mutation W($input: WriteToFamiliesInput!) { writeToFamilies(input: $input) { id } }"
    letter = {"date": DAY, "subject": "Rain", "body": "Bring boots."}

    taken = [await limited.organiser(query, input={"id": thing.id, **letter}) for _ in range(2)]
    refused = await limited.organiser(query, input={"id": thing.id, **letter})
    elsewhere = await limited.organiser(query, input={"id": other.id, **letter})

    written = [one.data["writeToFamilies"]["id"] for one in (*taken, elsewhere)]
    assert written == [thing.id, thing.id, other.id]
    assert (refused.status, refused.code) == (200, "RATE_LIMITED")


async def test_aliases_are_no_way_around_a_limit(limited: Asking) -> None:
    letter = 'contactUs(input: { subject: "a", body: "b", from: "ada@example.org" })'

    answer = await limited.guest(f"mutation {{ a: {letter} b: {letter} c: {letter} }}")

    assert answer.body["data"] == {"a": True, "b": True, "c": None}
    assert answer.code == "RATE_LIMITED"


async def test_credentials_that_are_not_valid_are_limited(limited: Asking) -> None:
    headers = {"authorization": "Bearer glk_" + "x" * 43}
    body = {"query": "{ __typename }"}

    wrong = [await limited.post("user", body, headers=headers) for _ in range(3)]
    right = await limited.user("{ __typename }")

    assert [answer.status_code for answer in wrong] == [401, 401, 429]
    assert int(wrong[2].headers["retry-after"]) > 0
    assert right.status == 200
