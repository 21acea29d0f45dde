"""Makes `store.db.xz`: a small store as the last release left it, for the tests of upgrades.

It is run with the code of that release, not with the present one:

    git archive RELEASE src | tar -x -C /tmp/release
    PYTHONPATH=/tmp/release/src .venv/bin/python tests/last_release/make.py
"""

import asyncio
import lzma
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import start
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings

TARGET = Path(__file__).with_name("store.db.xz")
NAMES = ("Ada Lovelace", "Grace Hopper", "Emmy Noether", "Élise Öz", "Mary Somerville")


async def fill(folder: Path) -> Path:
    """A store with guests of two gatherings, in one of which somebody waits."""
    file = folder / "store.db"
    platform = await start(Settings(store=f"sqlite:///{file}", rate_limits="off"))
    key = await platform.keys.create("operator", None, "", actor="test")
    transport = ASGITransport(app=build_app(platform))
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with (
        AsyncClient(transport=transport, base_url="http://test", headers=headers) as api,
        platform.serving(),
    ):
        for number, name in enumerate(NAMES):
            first, last = name.split()
            guest = {"first_name": first, "last_name": last, "email": f"g{number}@example.org"}
            (await api.post("/guests", json=guest)).raise_for_status()
        party = {"event_name": "Party", "event_date": "2027-06-01", "max_guests": 1}
        made = (await api.post("/gatherings", json=party)).raise_for_status().json()
        guests = f"/gatherings/{made['id']}/guests"
        for name in ("Alan", "Kurt"):
            guest = {"first_name": name, "last_name": "Turing"}
            made = (await api.post(guests, json=guest)).raise_for_status().json()
            yes = {"attending": True, "num_guests": 1}
            (await api.post(f"{guests}/{made['id']}/rsvp", json=yes)).raise_for_status()
        while not await _is_read(api):
            await asyncio.sleep(0.1)
    await platform.stop()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM")
    return file


async def _is_read(api: AsyncClient) -> bool:
    """Whether every subscription has read the log."""
    subscriptions = (await api.get("/subscriptions")).raise_for_status().json()
    return all(one["behind"] == 0 and one["state"] == "reading" for one in subscriptions)


def main() -> None:
    """Write the store beside this file."""
    with TemporaryDirectory() as folder:
        file = asyncio.run(fill(Path(folder)))
        TARGET.write_bytes(lzma.compress(file.read_bytes(), preset=9))


if __name__ == "__main__":
    main()
