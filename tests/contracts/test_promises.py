"""`docs/store.md` and the contract suite name the same promises, and no engine is left out."""

import re
from pathlib import Path

import msgspec

from gatherlog.core import Limits
from gatherlog.engines.dynamodb.engine import LIMITS as DYNAMODB
from gatherlog.engines.hostile import LIMITS as HOSTILE
from tests.contracts.engines import ENGINES

SUITE = Path(__file__).parent
DOCUMENT = SUITE.parents[1] / "docs" / "store.md"
PROMISE = re.compile(
    r"^## (\d+)\. [^#]*?^Proved by `tests/contracts/([^`]+)`:\n((?:- [^\n]+\n)+)", re.MULTILINE
)


def plain(sentence: str) -> str:
    """A sentence as the name of a test can say it: small letters, digits and spaces."""
    return re.sub("[^a-z0-9 ]", "", sentence.replace("_", " ").lower())


def promised() -> dict[str, list[str]]:
    """By the module that proves them, the sentences of the document."""
    return {
        module: [plain(line.removeprefix("- ")) for line in sentences.splitlines()]
        for _, module, sentences in PROMISE.findall(DOCUMENT.read_text())
    }


def proved() -> dict[str, list[str]]:
    """By module, the tests of the suite as sentences."""
    return {
        path.name: [
            plain(name)
            for name in re.findall(r"^(?:async )?def test_(\w+)\(", path.read_text(), re.M)
        ]
        for path in SUITE.glob("test_*_*.py")
        if path.name.split("_")[1].isdigit()
    }


def test_the_document_and_the_suite_name_the_same_promises() -> None:
    assert promised() == proved()


def test_the_promises_are_numbered_from_one_to_eleven_and_each_has_its_module() -> None:
    numbered = [
        (number, module.split("_")[1])
        for number, module, _ in PROMISE.findall(DOCUMENT.read_text())
    ]

    assert numbered == [(str(n), str(n)) for n in range(1, 12)]


BYTES = {"": 1, " KiB": 1024, " MiB": 1024 * 1024}


def value(cell: str) -> int | bool:
    """A number as the document writes it, maybe with a unit; or yes or no."""
    if cell in ("yes", "no"):
        return cell == "yes"
    number, unit = re.fullmatch(r"([\d,]+)(.*)", cell).groups()  # type: ignore[union-attr]
    return int(number.replace(",", "")) * BYTES[unit]


def test_the_table_of_limits_is_what_the_engines_have() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$",
        DOCUMENT.read_text(),
        re.MULTILINE,
    )

    assert [{name: value(cells[column]) for name, *cells in rows} for column in range(3)] == [
        msgspec.structs.asdict(one) for one in (Limits(), DYNAMODB, HOSTILE)
    ]


def test_no_two_tests_of_a_module_have_one_name() -> None:
    twice = {module: names for module, names in proved().items() if len(set(names)) < len(names)}

    assert twice == {}


def test_the_engines_under_contract() -> None:
    assert [(e.name, e.durable, e.shared, e.one_file) for e in ENGINES] == [
        ("memory", False, False, False),
        ("hostile", False, False, False),
        ("hostile-2", False, False, False),
        ("memory-4-partitions", False, False, False),
        ("sqlite", True, True, True),
        ("sqlite-like-dynamodb", True, True, True),
        ("postgres-18", True, True, False),
        ("postgres-16-least-rights", True, True, False),
        ("postgres-15", True, True, False),
        ("dynamodb", True, True, False),
        ("dynamodb-with-faults", True, True, False),
    ]
