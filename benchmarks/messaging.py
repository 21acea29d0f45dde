"""Sending messages over HTTP: POST /api/messages with a session, beside the RSVP, one worker."""

import shutil
from pathlib import Path

import msgspec

from benchmarks import servers, serving
from benchmarks.load import Load, generate
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from gatherlog.apps.people import ProfilePatch
from gatherlog.bootstrap import start
from gatherlog.interfaces.platform import Platform
from gatherlog.settings import Settings

CLIENTS = 32
PAIRS = 20


class Written(msgspec.Struct, frozen=True):
    """Conversations between two, each of which is listed twice, with the session of either."""

    conversations: list[str]
    sessions: list[str]


def sending(size: Size, file: Path, written: Written) -> Measure:
    async def measure(folder: Path) -> Figures:
        copy = Path(shutil.copy(file, folder))
        before = await serving.recorded(copy)
        async with servers.gatherlog(copy) as server:
            load = Load(
                server.port,
                CLIENTS,
                written.conversations,
                size.seconds,
                min(1.0, size.seconds / 2),
                path="/api/messages",
                keys=written.sessions,
            )
            begun = server.cpu()
            found = await generate(load)
            used = server.cpu() - begun
        serving.check_none_lost(found, await serving.recorded(copy) - before)
        return {**serving.figures(found), "cpu_us": used / found.answers * 1e6}

    return measure


async def write(file: Path) -> Written:
    """Let members sign in, and each pair of them begin a conversation."""
    platform = await start(Settings(store=f"sqlite:///{file}", work="off"))
    try:
        written = Written([], [])
        for number in range(PAIRS):
            one, own = await member(platform, f"one{number}")
            _, others = await member(platform, f"other{number}")
            first = await platform.messages.start(one, f"other{number}", "Hello")
            written.conversations.extend([first.conversation] * 2)
            written.sessions.extend([own, others])
        return written
    finally:
        await platform.stop()


async def member(platform: Platform, handle: str) -> tuple[str, str]:
    """The id of a new account, and a session of it."""
    address = f"{handle}@example.org"
    code = await platform.accounts.issue_code(address)
    session = await platform.accounts.start_session(address, code)
    actor = await platform.accounts.session(session)
    assert actor is not None
    await platform.profiles.change(actor.id, ProfilePatch(handle=handle), actor=actor.name)
    return actor.id, session


async def prepare(size: Size, folder: Path) -> Plan:
    filled = await serving.fill(folder, size.guests)
    written = await write(filled.file)
    return Plan(
        [
            Contender("RSVP", "the real RSVP", serving.gatherlog(size, CLIENTS, filled)),
            Contender("message", "to one other member", sending(size, filled.file, written)),
        ],
        [Target("message", "rate", "RSVP", at_least=0.8)],
    )


BENCHMARKS = [
    Benchmark("messages-32", "sending messages over HTTP, 32 clients, 20 conversations", prepare)
]
