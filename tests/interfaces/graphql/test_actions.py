"""The policy is asked before every field of a root type, about the action that stands here."""

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from graphql import GraphQLObjectType

from gatherlog.apps.people.policy import Action
from gatherlog.interfaces.graphql.apis import APIS, built_apis

ACTIONS = {
    "organiser": {
        Action.READ_OWN_THING: "thingToDoById figures",
        Action.LIST_OWN_THINGS: "thingsToDo thingsToDoByStatus",
        Action.KEEP_PROFILE: "profile saveProfile",
        Action.READ_ROSTER: "bookings",
        Action.CREATE_THING: "createThingToDo",
        Action.CHANGE_OWN_THING: "updateThingToDo publish newVersion removeThingToDo"
        " withdrawThingToDo cancelOccurrence moveOccurrence cancelBooking",
        Action.WRITE_TO_FAMILIES: "writeToFamilies",
        Action.WRITE_TO_SITE: "contactUs",
    },
    "user": {
        Action.READ_THING: "thingToDoById places placesLeft",
        Action.FIND_THINGS: "findThingsToDo",
        Action.KEEP_FAVOURITES: "myFavorites myFavoriteById addToMyFavorites removeFromMyFavorites",
        Action.KEEP_CHILDREN: "myChildren myChildById addChild updateChild removeChild",
        Action.BOOK_THING: "myBookings myBookingById book cancelBooking",
        Action.REPORT_THING: "reportThing",
        Action.WRITE_TO_SITE: "contactUs",
    },
    "guest": {
        Action.READ_THING: "thingToDoById places",
        Action.FIND_THINGS: "findThingsToDo",
        Action.WRITE_TO_SITE: "contactUs",
    },
    "audit": {
        Action.LIST_REVIEWS: "pending reports",
        Action.READ_REVIEW: "thingToDoById history",
        Action.DECIDE_REVIEW: "approve reject",
        Action.WITHDRAW_THING: "withdraw",
        Action.SETTLE_REPORTS: "settleReport",
    },
}


class Asked(Exception):
    """The policy was asked about an action."""


class Asks:
    """Stands for the context: says which action it was asked about, and allows nothing."""

    def permit(self, action: Action) -> NoReturn:
        raise Asked(action)


@pytest.mark.parametrize("name", APIS)
async def test_every_field_of_a_root_type_asks_the_policy_first(name: str) -> None:
    schema = built_apis()[f"/graphql/{name}"].schema
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    fields = {
        field: resolver.resolve
        for root in roots
        if isinstance(root, GraphQLObjectType)
        for field, resolver in root.fields.items()
    }
    info = SimpleNamespace(context=Asks())
    found: dict[Any, set[str]] = {}
    for field, resolve in fields.items():
        assert resolve is not None
        with pytest.raises(Asked) as asked:
            await resolve(None, info)
        found.setdefault(asked.value.args[0], set()).add(field)

    assert found == {action: set(names.split()) for action, names in ACTIONS[name].items()}
