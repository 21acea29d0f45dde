"""What reviewers see and decide."""

import msgspec

from gatherlog.bootstrap import Platform
from tests.interfaces.graphql.asking import Asking
from tests.interfaces.graphql.sample_town import Town, content
from tests.stores import eventually

PENDING = """query P($first: Int, $after: String) { pending(first: $first, after: $after) {
  totalCount
  edges { node { name status organiser { name } live { name } } }
  pageInfo { hasNextPage endCursor }
} }"""
APPROVE = """mutation A($input: ApproveInput!) {
  approve(input: $input) { id status name version }
}"""


async def test_what_waits_is_listed_the_oldest_first_beside_what_it_would_replace(
    ask: Asking, town: Town
) -> None:
    live, own = await town.published(), ask.people.olga.id
    first = await town.pending(content(name="Zoo"), "otto")
    draft = (await town.service.make_new_version(live.id, own, actor="cli")).body
    written = msgspec.structs.replace(draft.content, name="Painting with newts")
    await town.service.change_thing(draft.id, written, own, actor="cli")
    await town.service.submit_thing(draft.id, own, actor="cli")

    async def pending() -> object:
        part = (await ask.audit(PENDING)).data["pending"]
        return part["totalCount"], [edge["node"] for edge in part["edges"]]

    otto, olga = {"name": "House of Otto"}, {"name": "House of Olga"}
    zoo = {"name": "Zoo", "status": "PENDING", "organiser": otto, "live": None}
    newts = {"name": "Painting with newts", "status": "PENDING", "organiser": olga}
    await eventually(pending, (2, [zoo, {**newts, "live": {"name": "Painting with frogs"}}]))
    assert first.status == "PENDING"


async def test_approving_a_new_version_shows_its_content_under_the_first_id(
    ask: Asking, town: Town
) -> None:
    live, own = await town.published(), ask.people.olga.id
    draft = (await town.service.make_new_version(live.id, own, actor="cli")).body
    written = msgspec.structs.replace(draft.content, name="Painting with newts")
    await town.service.change_thing(draft.id, written, own, actor="cli")
    await town.service.submit_thing(draft.id, own, actor="cli")

    approved = (await ask.audit(APPROVE, input={"id": draft.id})).data["approve"]
    again = await ask.audit(APPROVE, input={"id": draft.id})

    query = "query T($id: ID!) { thingToDoById(id: $id) { name } }"
    shown = [(await ask.guest(query, id=id)).data["thingToDoById"] for id in (live.id, draft.id)]
    assert (approved["id"], approved["status"]) == (live.id, "PUBLISHED")
    assert again.code == "CONFLICT"
    assert shown == [{"name": "Painting with newts"}, None]


async def test_a_thing_that_was_changed_since_it_was_read_is_not_approved(
    ask: Asking, town: Town
) -> None:
    thing, own = await town.pending(), ask.people.olga.id
    query = "query T($id: ID!) { thingToDoById(id: $id) { version } }"
    version = (await ask.audit(query, id=thing.id)).data["thingToDoById"]["version"]
    written = msgspec.structs.replace(thing.content, name="Free sweets")
    await town.service.change_thing(thing.id, written, own, actor="cli")

    stale = await ask.audit(APPROVE, input={"id": thing.id, "version": version})

    assert stale.code == "CONFLICT"


async def test_a_rejection_needs_a_reason(ask: Asking, town: Town) -> None:
    thing = await town.pending()
    reject = "mutation R($input: RejectInput!) { reject(input: $input) { status } }"

    without = await ask.audit(reject, input={"id": thing.id})
    wrong = await ask.audit(reject, input={"id": thing.id, "reasons": [{"text": " "}]})
    done = await ask.audit(reject, input={"id": thing.id, "reasons": [{"text": "Frogs?"}]})

    assert [list(without.flaws), list(wrong.flaws)] == [
        ["/input/reasons"],
        ["/input/reasons/0/text"],
    ]
    assert done.data == {"reject": {"status": "REJECTED"}}


async def test_nobody_decides_on_a_thing_of_their_own(
    ask: Asking, town: Town, platform: Platform
) -> None:
    thing = await town.pending()
    key = await platform.keys.create(
        "reviewer", None, "olga too", actor="test", account_id=ask.people.olga.id
    )
    headers = {"authorization": f"Bearer {key.secret}"}

    refused = await ask.api("audit", APPROVE, {"input": {"id": thing.id}}, headers=headers)

    assert (refused.status, refused.code) == (200, "FORBIDDEN")


async def test_the_history_tells_who_decided_what(ask: Asking, town: Town) -> None:
    thing = await town.published()
    withdraw = "mutation W($input: WithdrawInput!) { withdraw(input: $input) { status } }"
    withdrawn = await ask.audit(withdraw, input={"id": thing.id, "reason": "Fake"})

    query = "query H($id: ID!) { history(id: $id) { what accountId reasons { text } } }"
    history = (await ask.audit(query, id=thing.id)).data["history"]

    olga, rita = ask.people.olga.id, ask.people.rita.id
    assert withdrawn.data == {"withdraw": {"status": "REMOVED"}}
    assert [(entry["what"], entry["accountId"], entry["reasons"]) for entry in history] == [
        ("things.created", olga, []),
        ("things.submitted", None, []),
        ("things.approved", rita, []),
        ("things.withdrawn", rita, [{"text": "Fake"}]),
    ]


async def test_drafts_are_nobodys_business_but_their_organisers(ask: Asking, town: Town) -> None:
    draft = await town.draft()
    query = "query T($id: ID!) { thingToDoById(id: $id) { name } history(id: $id) { what } }"

    shown = await ask.audit(query, id=draft.id)

    assert shown.data == {"thingToDoById": None, "history": None}
