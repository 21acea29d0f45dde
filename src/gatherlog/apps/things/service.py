"""The service of the things app: all commands and questions about things to do."""

from gatherlog.apps.things.service_families import FamilyCommands
from gatherlog.apps.things.service_organisers import OrganiserCommands
from gatherlog.apps.things.service_reviewers import ReviewerCommands
from gatherlog.apps.things.service_visitors import VisitorCommands

__all__ = ["ThingService"]


class ThingService(OrganiserCommands, ReviewerCommands, FamilyCommands, VisitorCommands):
    """Commands and questions about things, bookings, families and reviews.

    People are named by the ids of their accounts. What belongs to another account is NotFound, as
    if it did not exist: `organiser_id`, `reviewer_id` and `account_id` say for whom a command or a
    question is; whether that person may do such a thing at all, the policy decides before. `actor`
    (`key:<id>`, `account:<id>`, `cli`) is named in the meta of every event. A command that changes
    nothing records nothing. `expects` is the version that the caller saw: Conflict if the document
    has another one by now. A command that is repeated with the key of `once` raises Repeated, which
    holds what was answered the first time.
    """
