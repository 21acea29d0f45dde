"""Of the logs that the apps write, only accesses may expire: whatever else there is is needed."""

import pytest

from gatherlog.bootstrap import CATEGORIES, OWNED, projections
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.projections.folds import Category
from gatherlog.core.retention import BodiesNeeded, Expiring, RetentionChecks

CHECKS = RetentionChecks(CATEGORIES, projections(), OWNED)
LOGS = sorted(OWNED - {"access"})


@pytest.mark.parametrize("log", LOGS)
def test_no_log_of_an_app_may_expire_but_accesses(log: str) -> None:
    with pytest.raises((Invalid, BodiesNeeded)):
        CHECKS.check("rule", Expiring(log=log, days=1))


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)
def test_no_single_type_of_an_app_may_expire(category: Category) -> None:
    for type in map(event_type_of, category.codec.classes()):
        if type not in category.may_expire:
            with pytest.raises((Invalid, BodiesNeeded)):
                CHECKS.check("rule", Expiring(log=category.name, days=1, type=type))


def test_accesses_and_logs_of_others_may_expire() -> None:
    for log in ("access", "doors"):
        CHECKS.check("rule", Expiring(log=log, days=1))


def test_every_projection_says_what_it_needs() -> None:
    assert [one.name for one in projections() if one.needs is None] == []
