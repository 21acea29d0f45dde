"""`docs/engines.md` says of each engine what the contract suite proves of it."""

import re
from pathlib import Path

from gatherlog.core import Limits
from gatherlog.engines.dynamodb.engine import LIMITS
from tests.contracts.engines import DYNAMODB, ENGINES, MEMORY, POSTGRES, SQLITE, Engine

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text()
COLUMNS = (SQLITE, POSTGRES, DYNAMODB, MEMORY)


def row(title: str) -> list[str]:
    """The cells of a row of the table of engines."""
    found = re.search(rf"^\| {re.escape(title)} \|(.+)\|$", PAGE, re.MULTILINE)
    assert found, title
    return [cell.strip() for cell in found[1].split("|")]


def limits(engine: Engine) -> Limits:
    return LIMITS if engine is DYNAMODB else engine.limits or Limits()


def test_the_table_of_engines_agrees_with_the_suite() -> None:
    yes = {True: "yes", False: "no"}

    assert row("outlives its process") == [yes[engine.durable] for engine in COLUMNS]
    assert [cell != "no" for cell in row("used by several processes")] == [
        engine.shared for engine in COLUMNS
    ]
    assert row("index rows apart from documents (`KeepsIndexRows`)") == [
        yes[engine.index_rows] for engine in COLUMNS
    ]
    assert [cell.partition(",")[0] for cell in row("partitions of the log")] == [
        f"{limits(engine).partitions}" for engine in COLUMNS
    ]
    assert row("`query` may lag") == [yes[limits(engine).queries_lag] for engine in COLUMNS]
    assert ["Busy" in cell for cell in row("while a writing process is stopped")] == [
        engine.one_writer for engine in COLUMNS
    ]


def test_the_versions_of_postgresql_that_are_named_are_those_of_the_suite() -> None:
    named = re.search(r"PostgreSQL (\d+) and (\d+) .*? on PostgreSQL (\d+)\.", PAGE, re.DOTALL)
    assert named

    tested = [engine for engine in ENGINES if engine.postgres is not None]
    assert [int(version) for version in named.groups()] == [one.postgres for one in tested]
    assert [engine.on_demand for engine in tested] == [False, False, True]
    assert [engine.role is not None for engine in tested] == [False, True, False]
