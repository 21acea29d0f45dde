"""The intake over HTTP: what is answered for each record, in every form that records come in."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import Http
from tests.apps.intake.made_up import NOON, record
from tests.stores import eventually

JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/gateways/7",
    "type": "com.example.read",
    "subject": "m1",
    "data": {"litres": 12},
}


async def send(
    api: AsyncClient, body: bytes, headers: dict[str, str] = JSON, log: str = "meters"
) -> Response:
    return await api.post(f"/intake?log={log}", content=body, headers=headers)


def brief(answer: Response) -> list[tuple[str, str | None, int | None]]:
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["index"] for one in results] == [*range(len(results))]
    return [(one["status"], one["id"], one["version"]) for one in results]


def pointers(answer: Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_one_record_is_taken_once(api: AsyncClient) -> None:
    first = await send(api, record(EventID="a-1"))
    again = await send(api, record(EventID="a-1"))

    assert first.json() == {
        "accepted": 1,
        "repeated": 0,
        "rejected": 0,
        "results": [
            {
                "index": 0,
                "status": "accepted",
                "id": "a-1",
                "stream": "meters-m1",
                "version": 1,
                "errors": [],
            }
        ],
    }
    assert brief(again) == [("repeated", "a-1", 1)]


async def test_the_log_is_intake_unless_it_is_named(api: AsyncClient) -> None:
    sent = await api.post("/intake", content=record(), headers=JSON)

    assert sent.json()["results"][0]["stream"] == "intake-m1"


async def test_one_wrong_record_is_refused_with_pointers(api: AsyncClient) -> None:
    wrong = await send(api, record(Timestamp="soon", Data=[]))
    await send(api, record(EventID="a-1"))
    taken = await send(api, record(EventID="a-1", Data=None))

    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid")
    assert pointers(wrong) == ["/Timestamp", "/Data"]
    assert (taken.status_code, taken.json()["code"]) == (409, "event_id_taken")


NO_RECORDS: list[tuple[bytes, dict[str, str], int]] = [
    *[(body, JSON, 400) for body in (b"", b"null", b'"text"', b"7", b"{", b"[{]", b'[{"a": NaN}]')],
    (b'["\xff"]', JSON, 400),
    (b"[" * 100_000, JSON, 400),
    (b'{"Data":' + b'{"a":' * 150 + b"1" + b"}" * 151, JSON, 422),
    (b"a,b\n", {"content-type": "text/csv"}, 415),
    (b"[]", {"content-type": "application/cloudevents+json"}, 400),
    (b"{}", {"content-type": "application/cloudevents-batch+json"}, 400),
    (b"[" + b"1," * 10_000 + b"1]", JSON, 413),
    (b"{}\n" * 10_001, LINES, 413),
    (b" " * (16 * 1024 * 1024 + 1), JSON, 413),
]


async def test_a_body_that_holds_no_records_is_refused_whole(
    api: AsyncClient, platform: Platform
) -> None:
    before = await platform.store.heads()

    for body, headers, status in NO_RECORDS:
        refused = await send(api, body, headers)

        assert (refused.status_code, refused.json()["status"]) == (status, status), body[:40]
    assert await platform.store.heads() == before


async def test_each_element_and_each_line_is_answered_for_itself(api: AsyncClient) -> None:
    good, bad = record(EventID="a-1"), record(EventID="a-2", Timestamp=NOON * 1000)

    array = await send(api, b"[%b, 7, %b, {}]" % (good, bad))
    lines = await send(api, b"\n%b\r\n{\n\n%b\n\xff\n%b" % (good, bad, record(ID="m2")), LINES)

    assert brief(array) == [
        ("accepted", "a-1", 1),
        ("rejected", None, None),
        ("rejected", "a-2", None),
        ("rejected", None, None),
    ]
    assert [error["code"] for error in array.json()["results"][2]["errors"]] == ["out_of_range"]
    assert [one[0] for one in brief(lines)] == [
        *("repeated", "rejected", "rejected", "rejected", "accepted")
    ]
    assert [one["errors"][0]["code"] for one in lines.json()["results"][1:4]] == [
        *("not_json", "out_of_range", "not_json")
    ]
    empty = (await send(api, b"[]")).json(), (await send(api, b"\n", LINES)).json()
    assert empty == ({"accepted": 0, "repeated": 0, "rejected": 0, "results": []},) * 2


async def test_ten_thousand_records_of_which_one_in_a_hundred_is_bad(api: AsyncClient) -> None:
    texts = [
        b"{" if n % 100 == 7 else record(ID=f"m{n % 50}", EventID=f"{n}") for n in range(10_000)
    ]

    answer = (await send(api, b"\n".join(texts), LINES)).json()

    assert (answer["accepted"], answer["repeated"], answer["rejected"]) == (9_900, 0, 100)
    rejected = [one["index"] for one in answer["results"] if one["status"] == "rejected"]
    assert rejected == [n for n in range(10_000) if n % 100 == 7]


async def test_a_record_beyond_the_engines_limit_is_rejected_alone(api: AsyncClient) -> None:
    large = record(Data={"text": "x" * 1024 * 1024})

    lone, among = await send(api, large), await send(api, b"[%b,%b]" % (large, record()))

    assert (lone.status_code, pointers(lone)) == (422, [""])
    assert [one[0] for one in brief(among)] == ["rejected", "accepted"]


async def test_cloud_events_come_in_all_three_modes(api: AsyncClient) -> None:
    headers = {f"ce-{name}": str(value) for name, value in CLOUD_EVENT.items() if name != "data"}
    structured = {"content-type": "application/cloudevents+json; charset=utf-8"}
    batched = {"content-type": "application/cloudevents-batch+json"}
    one, two = (msgspec.json.encode({**CLOUD_EVENT, "id": id}) for id in ("e1", "e2"))

    first = await send(api, one, structured)
    batch = await send(api, b"[%b,%b,{}]" % (one, two), batched)
    binary = await send(api, b'{"litres":12}', {**headers, "ce-id": "e3", **JSON})

    assert brief(first) == [("accepted", "/gateways/7 e1", 1)]
    assert brief(batch) == [
        ("repeated", "/gateways/7 e1", 1),
        ("accepted", "/gateways/7 e2", 2),
        ("rejected", None, None),
    ]
    assert brief(binary) == [("accepted", "/gateways/7 e3", 3)]
    read = (await api.get("/intake?log=meters&id=m1")).json()
    assert [(one["id"], one["EventType"], one["EmitterId"]) for one in read] == [
        (id, "com.example.read", "/gateways/7") for id in ("e1", "e2", "e3")
    ]


async def test_a_wrong_cloud_event_is_refused(api: AsyncClient) -> None:
    structured = {"content-type": "application/cloudevents+json"}
    cases = [
        (b"{}", {"ce-specversion": "1.0", **JSON}, 422),
        (b"{", {"ce-specversion": "1.0", **JSON}, 400),
        (b'{"data_base64":"AA=="}', structured, 422),
    ]

    refused = [await send(api, body, headers) for body, headers, _ in cases]

    assert [answer.status_code for answer in refused] == [status for _, _, status in cases]
    assert pointers(refused[0]) == ["/id", "/source", "/type"]
    assert "/data_base64" in pointers(refused[2])


@pytest.fixture
async def sender(app: Http, platform: Platform) -> AsyncIterator[AsyncClient]:
    """A client whose key sends records to the logs `meters` and `doors`."""
    key = await platform.keys.create("intake", None, "", actor="test", logs=["meters", "doors"])
    async with AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key.secret}"},
    ) as client:
        yield client


async def test_a_key_of_the_intake_sends_to_its_logs_and_reads_nothing(
    sender: AsyncClient, platform: Platform
) -> None:
    assert [(await send(sender, record(), log=log)).status_code for log in ("meters", "doors")] == [
        200
    ] * 2
    before = await platform.store.heads()
    refused = [
        await send(sender, record(), log="intake"),
        await sender.get("/intake?log=meters"),
        await sender.get("/streams/meters-m1"),
        await sender.post("/logs/meters", json={"type": "a", "payload": {"id": "m1"}}),
        await sender.get("/guests"),
    ]
    assert [answer.status_code for answer in refused] == [403, 404, 404, 404, 404]
    assert await platform.store.heads() == before


async def test_a_log_that_takes_no_records_is_refused(api: AsyncClient) -> None:
    refused = [await send(api, record(), log=log) for log in ("gathering", "Meters", "", "a" * 64)]

    assert [(one.status_code, pointers(one)) for one in refused] == [(422, ["/log"])] * 4


async def test_operators_see_what_became_of_records(api: AsyncClient) -> None:
    await send(api, b"[%b,%b,1]" % (record(), record()))
    await send(api, record(), log="doors")

    lines = (await api.get("/metrics")).text.splitlines()
    assert [line for line in lines if line.startswith("gatherlog_intake_records_total")] == [
        'gatherlog_intake_records_total{log="meters",status="accepted"} 1.0',
        'gatherlog_intake_records_total{log="meters",status="repeated"} 1.0',
        'gatherlog_intake_records_total{log="meters",status="rejected"} 1.0',
        'gatherlog_intake_records_total{log="doors",status="accepted"} 1.0',
    ]


async def test_a_request_with_a_key_is_answered_as_at_first(api: AsyncClient) -> None:
    headers = {**JSON, "idempotency-key": "try-1"}

    first, again = [await send(api, record(), headers) for _ in range(2)]

    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")


async def test_a_key_is_not_that_of_another_cloud_event_with_the_same_data(
    api: AsyncClient,
) -> None:
    headers = {f"ce-{name}": str(value) for name, value in CLOUD_EVENT.items() if name != "data"}
    key = {**headers, **JSON, "idempotency-key": "try-1"}

    answers = [await send(api, b"{}", {**key, "ce-id": id}) for id in ("e1", "e2", "e1")]

    assert [answer.status_code for answer in answers] == [200, 422, 200]
    assert answers[1].json()["code"] == "key_reused"


async def test_records_are_read_back_in_parts(api: AsyncClient, working: None) -> None:
    texts = [record(EventID=f"{n}", Timestamp=NOON - n, Room="cellar") for n in range(5)]
    await send(api, b"\n".join(texts), LINES)

    async def ids(path: str) -> list[str]:
        found: list[str] = []
        while path:
            answer = await api.get(path)
            found += [one["EventID"] for one in answer.json()]
            link = answer.headers.get("link", "")
            path = link.partition(">")[0].removeprefix("<")
        return found

    by_time = ["4", "3", "2", "1", "0"]
    assert await ids("/intake?log=meters&id=m1&limit=2") == by_time
    await eventually(lambda: ids("/intake?log=meters&type=METER_READ&limit=2"), by_time)
    assert await ids("/intake?log=meters&emitter=gateway-7") == by_time
    since = "2026-09-21T14:13:18Z"  # two seconds before NOON
    assert await ids(f"/intake?log=meters&id=m1&since={since}") == ["2", "1", "0"]
    assert await ids(f"/intake?log=meters&until={since}&limit=1") == ["4", "3"]
    one = (await api.get("/intake?log=meters&id=m1&limit=1")).json()[0]
    assert {**one, "Position": 0, "RecordedAt": ""} == {
        "Timestamp": NOON - 4,
        "EventType": "METER_READ",
        "ID": "m1",
        "EmitterId": "gateway-7",
        "EmitterType": "SYSTEM",
        "Data": {"litres": 12},
        "EventID": "4",
        "Room": "cellar",
        "Position": 0,
        "RecordedAt": "",
    }


async def test_a_question_that_is_wrong_is_refused(api: AsyncClient) -> None:
    wrong = {
        "since=soon": "/since",
        "until=2026-05-01T12:00:00": "/until",
        "limit=0": "/limit",
        "id=" + "x" * 401: "/id",
        "room=1": "/room",
        "log=0.5": "/log",
    }

    for query, pointer in wrong.items():
        refused = await api.get(f"/intake?{query}")

        assert (refused.status_code, pointers(refused)) == (422, [pointer])
