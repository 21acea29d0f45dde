"""The commit of an RSVP, with 1, 32 and 256 callers, compared with the same SQL by hand."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from benchmarks import ours
from benchmarks.measuring import Benchmark, Contender, Figures, Measure, Plan, Size, Target
from benchmarks.raw import rsvp as by_hand
from benchmarks.raw.group import GroupLoop
from benchmarks.workload import GATHERINGS, GUESTS, Answer, new_id, payload, to_event
from gatherlog.core import ANY, KEEP, Append, Commit, Store, Write

CAPACITY = 1_000_000_000
FINGERPRINT = b"f" * 32
GUESTS_PER_CALLER = 8

encode = msgspec.json.encode


class Gathering:
    """One gathering, the guests of each caller, and the version of each guest's document."""

    def __init__(self, callers: int) -> None:
        self.stream = f"gathering-{new_id()}"
        self.guests = [[new_id() for _ in range(GUESTS_PER_CALLER)] for _ in range(callers)]
        self.versions = {guest: 0 for guests in self.guests for guest in guests}
        self._turns = [0] * callers

    def next_guest(self, caller: int) -> tuple[str, int]:
        """The guest of this caller who answers next, and the number of the answer."""
        turn = self._turns[caller]
        self._turns[caller] = turn + 1
        return self.guests[caller][turn % GUESTS_PER_CALLER], turn

    def index_keys(self, guest: str) -> bytes:
        """The guest's key in the index of the view, as a store keeps it beside the document."""
        return encode({"by_gathering": (self.stream, "Lovelace", guest)})

    def answered(self, guest: str, turn: int) -> Answer:
        """The guest's document after the answer."""
        return Answer(guest, self.stream, "Lovelace", turn % 3 > 0, turn % 7, "no nuts", turn)


def raw_commit(gathering: Gathering, guest: str, turn: int) -> by_hand.Rsvp:
    return by_hand.Rsvp(
        gathering.stream,
        to_event(payload(turn)),
        guest,
        gathering.versions[guest],
        encode(gathering.answered(guest, turn)),
        1,
        CAPACITY,
        new_id(),
        FINGERPRINT,
        b'{"status":"coming"}',
    )


def our_commit(gathering: Gathering, guest: str, turn: int) -> Commit:
    stream, answered = gathering.stream, gathering.answered(guest, turn)
    return Commit(
        appends=[Append(stream, [to_event(payload(turn))], ANY)],
        writes=[
            GUESTS.write(guest, stream, answered, expects=gathering.versions[guest]),
            Write(
                view=GATHERINGS.name,
                id=stream,
                stream=stream,
                body=KEEP,
                adds={"seats": 1},
                at_most={"seats": CAPACITY, "queued": 0},
            ),
        ],
        key=new_id(),
        fingerprint=FINGERPRINT,
        answer=b'{"status":"coming"}',
    )


def raw(callers: int, commits: int) -> Measure:
    async def measure(folder: Path) -> Figures:
        gathering = Gathering(callers)
        db = by_hand.open_tables(folder / "raw.db", gathering.stream, list(gathering.versions))
        group: GroupLoop[by_hand.Rsvp] = GroupLoop(db, lambda rsvp: by_hand.write(db, rsvp))

        async def call(caller: int) -> None:
            guest, turn = gathering.next_guest(caller)
            gathering.versions[guest] = await group.submit(raw_commit(gathering, guest, turn))

        found = await ours.timed_calls(callers, commits, call)
        await group.close()
        db.close()
        return found

    return measure


def raw_inline(commits: int) -> Measure:
    """With one caller there is no group, so the fastest way is to commit at once on the loop."""

    async def measure(folder: Path) -> Figures:
        gathering = Gathering(1)
        db = by_hand.open_tables(folder / "raw.db", gathering.stream, list(gathering.versions))

        async def call(caller: int) -> None:
            guest, turn = gathering.next_guest(caller)
            rsvp = raw_commit(gathering, guest, turn)
            db.execute("BEGIN IMMEDIATE")
            gathering.versions[guest] = by_hand.write(db, rsvp)
            db.execute("COMMIT")

        found = await ours.timed_calls(1, commits, call)
        db.close()
        return found

    return measure


def gatherlog(callers: int, commits: int) -> Measure:
    async def measure(folder: Path) -> Figures:
        gathering = Gathering(callers)
        async with ours.opened(folder) as store:
            await create_guests(store, gathering)

            async def call(caller: int) -> None:
                guest, turn = gathering.next_guest(caller)
                committed = await store.commit(our_commit(gathering, guest, turn))
                gathering.versions[guest] = committed.documents[GUESTS.ref(guest)]

            return await ours.timed_calls(callers, commits, call)

    return measure


async def create_guests(store: Store, gathering: Gathering) -> None:
    """Create the documents of all guests, so that every answer changes an existing one."""
    guests = list(gathering.versions)
    together = min(500, store.limits.commit_actions // 4)
    for start in range(0, len(guests), together):
        some = guests[start : start + together]
        writes = [
            GUESTS.write(guest, gathering.stream, gathering.answered(guest, 0)) for guest in some
        ]
        append = Append(gathering.stream, [to_event(payload(0))], ANY)
        committed = await store.commit(Commit(appends=[append], writes=writes))
        gathering.versions.update({guest: committed.documents[GUESTS.ref(guest)] for guest in some})


def prepare(callers: int) -> Callable[[Size, Path], Awaitable[Plan]]:
    async def plan(size: Size, _: Path) -> Plan:
        lone = callers == 1
        commits = size.lone if lone else size.concurrent // 2
        limit = raw_inline(commits) if lone else raw(callers, commits)
        return Plan(
            [
                Contender("by hand", "8 SQL statements, the same group commit", limit),
                Contender(
                    "gatherlog", "one Commit through the planner", gatherlog(callers, commits)
                ),
            ],
            [Target("gatherlog", "rate", "by hand", at_least=0.8)],
        )

    return plan


BENCHMARKS = [
    Benchmark("rsvp-lone", "the RSVP commit, 1 caller", prepare(1)),
    Benchmark("rsvp-32", "the RSVP commit, 32 callers", prepare(32)),
    Benchmark("rsvp-256", "the RSVP commit, 256 callers", prepare(256)),
]
