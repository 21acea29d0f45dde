"""The demo: a site with made-up gatherings, and a city of things to do, in `.demo/`.

It is created once and then served.

The data is made in a directory beside its final one, which is renamed when it is complete: so an
interrupted start leaves nothing half made. The secrets that the demo prints are stored with it,
readable only by their owner, so that every start prints the same ones. If the data is to be in a
database, only these secrets and the site's key are in the directory.
"""

import asyncio
import fcntl
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from gatherlog.apps.guests.inputs import GatheringDetails, Rsvp, SettingsPatch
from gatherlog.apps.guests.sheets import read_sheet
from gatherlog.apps.guests.views import Guest
from gatherlog.bootstrap import start
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import open_store
from gatherlog.entrypoints.asgi import serve
from gatherlog.entrypoints.demo_city import make_city
from gatherlog.entrypoints.demo_people import DemoGathering, gatherings, sheet
from gatherlog.entrypoints.demo_personas import Persona, introduction
from gatherlog.interfaces.platform import Platform
from gatherlog.settings import Settings

__all__ = ["make_demo", "run_demo"]

ACTOR: Final = "demo"
SEED: Final = 20261121


def run_demo(settings: Settings, directory: Path, store: str | None = None) -> None:
    """Create the demo if it is missing, serve it, and print its personas once it listens.

    `store` is the address of a database; None: the data is in a file in the directory.
    """
    data, personas = make_demo(directory, store)
    own = _settings(data, store)
    serve(
        msgspec.structs.replace(
            settings,
            store=own.store,
            key_file=own.key_file,
            search_folder=settings.search_folder or own.search_folder,
            demo=True,
            currency=settings.currency or "EUR",
        ),
        ready=lambda url: print(introduction(url, personas, directory), flush=True),
    )


def make_demo(directory: Path, store: str | None = None) -> tuple[Path, list[Persona]]:
    """The directory with the demo's store, or with what belongs to a store in a database, and its
    personas; both are created if missing.

    If two processes start at once, the second waits for the first. Raises NotAStore for a database
    with a store whose personas are not in the directory.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    name = "data" if store is None else f"data-{sha256(store.encode()).hexdigest()[:12]}"
    data, unfinished = directory.absolute() / name, directory.absolute() / "unfinished"
    with _locked(directory / "lock"):
        if not data.exists():
            print("Making the demo's data, once.", flush=True)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            asyncio.run(_fill(unfinished, store))
            unfinished.rename(data)
    return data, msgspec.json.decode((data / "personas.json").read_bytes(), type=list[Persona])


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _settings(directory: Path, store: str | None) -> Settings:
    if store is None:
        return Settings(store=f"sqlite:///{directory / 'gatherlog.db'}", demo=True)
    return Settings(
        store=store,
        key_file=str(directory / "site.key"),
        search_folder=str(directory / "site.search"),
        demo=True,
    )


async def _refuse_foreign(settings: Settings) -> None:
    """Raise NotAStore if there is a store in the database already."""
    try:
        there = await open_store(settings.store, create=False)
    except NotAStore:
        return
    await there.close()
    raise NotAStore(
        f"{settings.address.shown} holds a store that this demo has not made; name another schema,"
        " as in ?schema=demo, or another table"
    )


async def _fill(directory: Path, store: str | None) -> None:
    chance = random.Random(SEED)
    settings = _settings(directory, store)
    if store is not None:
        await _refuse_foreign(settings)
    platform = await start(settings)
    try:
        key = await platform.keys.create("operator", None, "demo operator", actor=ACTOR)
        personas = [
            Persona(
                who="Olga",
                address="olga@example.org",
                role="operator",
                secret=key.secret,
                kind="key",
            )
        ]
        today = to_datetime(platform.clock()).astimezone(UTC)
        for number, gathering in enumerate(gatherings()):
            personas += await _make_gathering(platform, gathering, number == 0, today, chance)
        personas += await make_city(platform, seed=SEED)
    finally:
        await platform.stop()
    _write_secret(directory / "personas.json", msgspec.json.encode(personas))


async def _make_gathering(
    platform: Platform,
    gathering: DemoGathering,
    is_default: bool,
    today: datetime,
    chance: random.Random,
) -> list[Persona]:
    """Create a gathering, import its guests, let some answer, and give its personas."""
    gathering_id = await _create(platform, gathering, is_default, today)
    data = sheet(gathering, chance)
    read = read_sheet(data)
    assert not read.bad, read.bad
    digest = sha256(data).hexdigest()
    await platform.guests.import_guests(gathering_id, read.rows, actor=ACTOR, file_hash=digest)
    await _answer(platform, gathering, gathering_id, chance)
    personas = await _personas(platform, gathering, gathering_id)
    if gathering.days_to_answer < 0:
        patch = SettingsPatch(rsvp_deadline=_day(today, gathering.days_to_answer))
        await platform.guests.change_settings(gathering_id, patch, actor=ACTOR)
    return personas


async def _create(
    platform: Platform, gathering: DemoGathering, is_default: bool, today: datetime
) -> str:
    """Create the gathering, or change `default` to it, with its host; answers are open still."""
    host = await platform.accounts.ensure(_address(gathering), actor=ACTOR)
    starts = datetime.fromisoformat(_day(today, gathering.days_ahead)).replace(hour=gathering.hour)
    lasts = None if gathering.lasts is None else timedelta(hours=gathering.lasts)
    fields = {
        "event_name": gathering.name,
        "event_date": starts.isoformat(),
        "event_end": None if lasts is None else (starts + lasts).isoformat(),
        "location": gathering.location,
        "rsvp_deadline": _day(today, max(gathering.days_to_answer, 1)),
        "max_guests": gathering.max_guests,
        "time_zone": gathering.time_zone,
    }
    if is_default:
        patch = msgspec.convert(fields, SettingsPatch)
        await platform.guests.change_settings("default", patch, actor=ACTOR)
        await platform.guests.change_host("default", host, actor=ACTOR)
        return "default"
    details = msgspec.convert(fields, GatheringDetails)
    made = await platform.guests.create_gathering(details, actor=ACTOR, host=host)
    return made.body.id


def _address(gathering: DemoGathering) -> str:
    """The host's e-mail address; its letters are in the demo's mailbox."""
    return f"{gathering.host.lower()}@example.org"


def _day(today: datetime, ahead: int) -> str:
    return (today + timedelta(days=ahead)).date().isoformat()


async def _answer(
    platform: Platform, gathering: DemoGathering, gathering_id: str, chance: random.Random
) -> None:
    """Let some guests answer; of one household, nobody does."""
    guests = await platform.guests.all_guests(gathering_id)
    silent = min((guest.group_id for guest in guests if guest.group_id), default="")
    for guest in guests:
        if guest.group_id == silent or chance.random() > gathering.answered:
            continue
        attending = chance.choices([True, False, None], weights=[7, 2, 1])[0]
        answer = Rsvp(attending=attending)
        await platform.guests.rsvp(gathering_id, guest.id, answer, actor=ACTOR)


async def _personas(
    platform: Platform, gathering: DemoGathering, gathering_id: str
) -> list[Persona]:
    """The host with a key, and guests of different households with links."""
    key = await platform.keys.create("host", gathering_id, f"demo {gathering.host}", actor=ACTOR)
    host = Persona(
        who=gathering.host,
        address=_address(gathering),
        role=f"host of {gathering.name}",
        secret=key.secret,
        kind="key",
        gathering_id=gathering_id,
    )
    guests = await platform.guests.all_guests(gathering_id)
    guests.sort(key=lambda guest: (guest.status != "pending", guest.group_id or "~"))
    first_of_household = {guest.group_id or guest.id: guest for guest in reversed(guests)}
    shown = [guest for guest in guests if guest in first_of_household.values()][: gathering.links]
    if gathering.links > 1:
        shown += [guest for guest in guests if guest.status == "coming"][:1]
    return [host, *[await _with_link(platform, gathering, guest) for guest in shown]]


async def _with_link(platform: Platform, gathering: DemoGathering, guest: Guest) -> Persona:
    return Persona(
        who=guest.name,
        address=guest.email,
        role=f"guest of {gathering.name}",
        secret=await platform.guests.issue_link(
            guest.gathering_id, guest.id, actor=ACTOR, names_co_hosts=True
        ),
        kind="link",
        gathering_id=guest.gathering_id,
    )


def _write_secret(file: Path, data: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
