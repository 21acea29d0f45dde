"""What nginx does by itself: it leads to HTTPS, logs no secrets, and may be started again."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from httpx2 import AsyncClient

from tests.deploy.guests import answer_often, invite, recorded
from tests.deploy.proxied import Nginx, Site, site_behind


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site[Nginx]]:
    with site_behind(Nginx, tmp_path_factory.mktemp("site")) as started:
        yield started


async def test_plain_http_leads_to_https(site: Site[Nginx]) -> None:
    async with AsyncClient() as browser:
        answer = await browser.get(f"http://localhost:{site.proxy.plain_port}/find?age=7")

    assert (answer.status_code, answer.headers["location"]) == (
        308,
        "https://localhost/find?age=7",
    )


async def test_no_log_has_the_secret_of_a_link(site: Site[Nginx]) -> None:
    async with site.client() as api:
        guest_id = await invite(api, "Bea")
        link = (await api.post(f"/guests/{guest_id}/link")).json()
        await api.get(link["url"])
        await api.get(f"http://localhost:{site.proxy.plain_port}/r/{link['token']}")

    logs = {file.name: file.read_text() for file in site.folder.glob("*.log")}
    assert logs.keys() >= {"access.log", "error.log"}
    assert [name for name, text in logs.items() if link["token"] in text] == []


async def test_a_body_that_the_site_never_takes_is_refused(site: Site[Nginx]) -> None:
    async with site.client() as api:
        answer = await api.post("/logs/uploads", content=b" " * (18 * 1024 * 1024))

    assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html")


async def test_each_answer_is_given_once_while_nginx_is_started_again(site: Site[Nginx]) -> None:
    async with site.client() as api:
        guests = [await invite(api, name) for name in ("Cem", "Dan", "Eve")]
    seen: Counter[int] = Counter()
    answering = [asyncio.create_task(answer_often(site, guest, 15, seen)) for guest in guests]
    site.proxy.reload()
    await asyncio.to_thread(site.proxy.stop)
    await asyncio.to_thread(site.proxy.start)
    await asyncio.gather(*answering)

    assert {status: count for status, count in seen.items() if status} == {200: 45}
    assert [await recorded(site, guest) for guest in guests] == [15, 15, 15]
