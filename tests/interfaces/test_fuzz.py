"""No request is answered with 500, and afterwards everything can still be read."""

import asyncio
import re
from json import dumps
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatherlog.apps.guests import DIETARY_TAGS
from gatherlog.bootstrap import start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.interfaces.rest.endpoint import Endpoint, field_names
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.settings import Settings

ADA = "«ada»"
"""In a drawn path, stands for the id of a guest who exists."""
FINITE = [row for row in ENDPOINTS if row.media != "text/event-stream"]
"""All but the streams, which go on until the client leaves."""
CHANGES = [row for row in FINITE if row.method in ("POST", "PUT")]
TEXT = st.text(max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "x" * 300, "default", "2026-06-01", "UTC", "vegan", "a@x.org", "💥" * 70]
)
NUMBERS = (
    st.integers(-2, 101)
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([10**400, 2**63, 2**64, -(2**63) - 1])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


DATES = st.sampled_from(["2099-06-01", "2099-06-01T18:00", "2099-06-01T18:00:00+02:00", None])
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "attending": st.sampled_from([True, False, None]),
    "num_guests": st.integers(0, 99),
    "expected_guests": st.integers(0, 99),
    "children": st.integers(0, 3),
    "dietary_tags": st.lists(st.sampled_from(DIETARY_TAGS), max_size=3, unique=True),
    "email": st.sampled_from(["a@x.org", None]),
    "group_id": st.sampled_from(["L", "M", None]),
    "event_date": DATES,
    "rsvp_deadline": DATES,
    "time_zone": st.sampled_from(["Europe/Berlin", "UTC", "America/St_Johns"]),
    "max_guests": st.integers(0, 50) | st.none(),
    "settings_data": st.dictionaries(st.text(max_size=5), VALUES, max_size=4),
}


@st.composite
def _bodies(draw: st.DrawFn, endpoint: Endpoint[Any, Any]) -> bytes:
    """Bodies of an endpoint; half of them are well-formed, so that the rules check them."""
    if endpoint.body is None:
        return b""
    if endpoint.body is bytes:
        return draw(st.binary(max_size=60) | st.just(b"first name,last name\nBo,Y\n"))
    names = sorted(field_names(endpoint.body))
    chosen = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    fields = {name: draw(PLAUSIBLE.get(name, st.text("abc", min_size=1))) for name in chosen}
    needed = {"first_name": "Bo", "last_name": "Y", "attending": True, "event_name": "P"}
    fields = {name: value for name, value in needed.items() if name in names} | fields
    if draw(st.booleans()):
        return _json(fields)
    odd = draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=3), VALUES, max_size=3))
    body = _json({**fields, **odd})
    return draw(st.sampled_from([body, body, body[:-1], body * 2]) | st.binary(max_size=60))


def _json(value: object) -> bytes:
    """JSON in which lone surrogates are escaped; msgspec cannot write them."""
    return dumps(value).encode()


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, str, bytes, dict[str, str]]:
    endpoint = draw(st.sampled_from([*FINITE, *CHANGES, *CHANGES]))
    template = draw(st.sampled_from(endpoint.paths()))
    path = template.replace("{gathering_id}", "default").replace("{guest_id}", ADA)
    path = path.replace("{group_id}", "L").replace("{account_id}", ADA)
    if draw(st.integers(0, 7)) == 0:
        path = re.sub(r"\{\w+\}", lambda _: _quoted(draw(st.text(max_size=5))), template)
    odd = st.sampled_from(["?limit=2", "?cursor=x", "?preview=1", "?a=%FF&b", "?" + "a" * 200])
    query = draw(odd) if draw(st.integers(0, 7)) == 0 else ""
    headers = {"content-type": endpoint.accepts}
    if draw(st.integers(0, 7)) == 0:
        headers["content-type"] = draw(st.sampled_from(["text/plain", "", "application/json;x"]))
    if draw(st.integers(0, 4)) == 0:
        headers["if-match"] = draw(st.sampled_from(['"1"', "*", "W/", '"', "\t", '"2", "3"']))
    return endpoint.method, path + query, draw(_bodies(endpoint)), headers


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode(errors="replace"))


@given(requests=st.lists(_requests(), min_size=4, max_size=16))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_no_request_gives_a_500(requests: list[tuple[str, str, bytes, dict[str, str]]]) -> None:
    asyncio.run(_replay(requests))


async def _replay(requests: list[tuple[str, str, bytes, dict[str, str]]]) -> None:
    platform = await start(Settings(store="memory:", rate_limits="off", work="off"))
    key = await platform.keys.create("operator", None, "", actor="test")
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key.secret}"},
    ) as api:
        made = await api.post(
            "/guests", json={"first_name": "A", "last_name": "L", "group_id": "L"}
        )
        for method, path, body, headers in requests:
            place = path.replace(ADA, made.json()["id"])
            answer = await api.request(method, place, content=body, headers=headers)
            assert answer.status_code < 500, (method, path, body, answer.text)
            if answer.status_code >= 400:
                assert answer.json()["status"] == answer.status_code
        for path in ("/gatherings", "/guests", "/groups", "/admin/stats", "/admin/settings"):
            assert (await api.get(path)).status_code in (200, 404)  # the gathering may be gone
    await platform.stop()
