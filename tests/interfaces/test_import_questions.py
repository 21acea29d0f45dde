"""What an import asks over HTTP, and how the questions are answered."""

from typing import Any
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from gatherlog.core.texts import in_use
from tests.catalogue import PSEUDO
from tests.made_up import lettered

CSV = {"content-type": "text/csv"}
ADA = {"first_name": "Ada", "last_name": "Winter", "email": "family@example.org"}
SHEET = """\
Name,Email,Household
Ben Winter,family@example.org,
Ada Winter,new@example.org,
Cas Roth,,R
"""


async def imported(api: AsyncClient, sheet: str = SHEET, **query: Any) -> Any:
    path = f"/guests/import?{urlencode(query)}"
    answer = await api.post(path, content=sheet.encode(), headers=CSV)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def names(api: AsyncClient) -> list[str]:
    return [f"{g['first_name']} {g['email']}" for g in (await api.get("/guests")).json()]


async def with_ada(api: AsyncClient) -> str:
    """Ada's id; she has said yes."""
    id: str = (await api.post("/guests", json=ADA)).json()["id"]
    assert (await api.put(f"/guests/{id}", json={"attending": True})).status_code == 200
    return id


async def test_what_is_not_sure_is_asked_and_the_rest_is_imported(api: AsyncClient) -> None:
    ada = await with_ada(api)

    done = await imported(api)

    counts = {name: done[name] for name in ("new", "changed", "asked", "skipped", "refused")}
    assert counts == {"new": 1, "changed": 0, "asked": 2, "skipped": 0, "refused": 0}
    assert sorted(await names(api)) == ["Ada family@example.org", "Cas None"]
    ben, namesake = done["questions"]
    assert {**ben, "seen": len(ben["seen"])} == {
        "row": "2",
        "first_name": "Ben",
        "last_name": "Winter",
        "email": "family@example.org",
        "group_id": None,
        "doubts": [
            {
                "kind": "address",
                "reason": "Ada Winter has this address on the list, under another name.",
            }
        ],
        "people": [
            {
                **ADA,
                "id": ada,
                "group_id": None,
                "status": "coming",
                "changes": [{"field": "first_name", "old": "Ada", "new": "Ben"}],
            }
        ],
        "choices": ["same", "new", "leave"],
        "seen": 8,
        "refused": None,
    }
    assert (namesake["row"], [doubt["kind"] for doubt in namesake["doubts"]]) == ("3", ["name"])


async def test_questions_are_answered_by_parameters(api: AsyncClient) -> None:
    ada = await with_ada(api)
    [ben, namesake] = (await imported(api, preview=True))["questions"]

    done = await imported(
        api, new=f"2@{ben['seen']}", same=f"3={ada}@{namesake['seen']}", leave="4"
    )

    assert (done["new"], done["changed"], done["skipped"], done["asked"]) == (1, 1, 1, 0)
    assert sorted(await names(api)) == ["Ada new@example.org", "Ben family@example.org"]
    again = await imported(api, leave="4")
    assert (again["unchanged"], again["questions"]) == (2, [])


async def test_what_is_changed_is_told_with_what_was_answered(api: AsyncClient) -> None:
    ada = await with_ada(api)

    done = await imported(api, "Name,Email,Household\nAda Winter,family@example.org,W\n")

    assert done["changes"] == [
        {
            "row": "2",
            "guest": {
                **ADA,
                "id": ada,
                "group_id": None,
                "status": "coming",
                "changes": [{"field": "group_id", "old": None, "new": "W"}],
            },
        }
    ]


async def test_programs_are_told_in_english_whatever_the_language_of_the_site(
    api: AsyncClient,
) -> None:
    await with_ada(api)
    with in_use(PSEUDO):
        told = await imported(api, preview=True)

    reasons = [doubt["reason"] for one in told["questions"] for doubt in one["doubts"]]
    assert reasons != []
    assert [reason for reason in reasons if "⟦" in reason] == []


async def test_a_choice_that_does_not_fit_any_more_is_refused_for_its_row(api: AsyncClient) -> None:
    ada = await with_ada(api)
    [_, namesake] = (await imported(api, preview=True))["questions"]
    await api.put(f"/guests/{ada}", json={"attending": False})

    done = await imported(api, same=f"3={ada}@{namesake['seen']}", new="2")

    assert (done["new"], done["changed"], done["refused"]) == (2, 0, 1)
    assert [(one["row"], one["refused"]) for one in done["questions"]] == [
        ("3", "what was asked about this line has changed meanwhile: look at it again")
    ]
    assert sorted(await names(api)) == [
        *("Ada family@example.org", "Ben family@example.org", "Cas None")
    ]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"take": "x"}, "/take"),
        ({"same": "2"}, "/same"),
        ({"same": "2=" + "a" * 65}, "/same"),
        ({"take": "2", "leave": "2"}, "/leave"),
        ({"new": "99"}, "/lines/99"),
        ({"new": "2.7"}, "/lines/2"),
        ({"take": "1," * 4001}, "/take"),
        ({"after": "-1"}, "/after"),
    ],
)
async def test_choices_that_cannot_be_read_are_refused_before_anything_is_written(
    api: AsyncClient, query: dict[str, str], pointer: str
) -> None:
    path = f"/guests/import?{urlencode(query)}"

    refused = await api.post(path, content=SHEET.encode(), headers=CSV)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [pointer]
    assert await names(api) == []


async def test_long_lists_of_questions_are_told_in_parts(api: AsyncClient) -> None:
    await with_ada(api)
    sheet = "Name,Email\n" + "".join(f"{lettered(n)} Roth,family@example.org\n" for n in range(450))

    rows: list[str] = []
    while questions := (await imported(api, sheet, preview=True, after=rows[-1] if rows else 0))[
        "questions"
    ]:
        assert len(questions) <= 100
        rows += [question["row"] for question in questions]

    assert rows == [str(line) for line in range(2, 452)]
