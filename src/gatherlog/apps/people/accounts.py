"""Accounts and their sessions. People sign in with a code that is mailed to their address."""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from gatherlog.apps.people import decisions
from gatherlog.apps.people.addresses import earlier_forms, parsed
from gatherlog.apps.people.askers import NOBODY, Asker, Origin, asker_of, new_device
from gatherlog.apps.people.events import CODEC, CodeAccepted
from gatherlog.apps.people.folds import AccountFold, SignInFold
from gatherlog.apps.people.mail import Mailer, code_letter
from gatherlog.apps.people.policy import Actor, Role
from gatherlog.apps.people.signing import KeySource
from gatherlog.apps.people.tokens import SESSION, token_hash
from gatherlog.apps.people.views import (
    ACCOUNT_ADDRESSES,
    ACCOUNT_ROLES,
    ACCOUNTS,
    SESSIONS,
    SIGN_INS,
    Account,
    AccountAddress,
    SignIn,
)
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.service import about, changed_meanwhile, no_such, read, run
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Invalid, Unauthenticated
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.paging import bodies
from gatherlog.core.projections.views import View

__all__ = ["AccountService", "SignedIn"]

_CODE: Final = re.compile(r"[0-9]{6}")
_WRONG: Final = (
    "This code is wrong, was used, or is more than ten minutes old. "
    "The latest one works until it was mistyped five times."
)

Decide = Callable[[Account | None, int], list[msgspec.Struct]]
DecideCode = Callable[[SignIn | None, str, int], list[msgspec.Struct]]


class SignedIn(msgspec.Struct, frozen=True):
    """A new session."""

    token: str
    device: str
    """For this device to keep, and to show when it asks for a code again; see `askers`."""


class AccountService:
    """An account belongs to an address, and the first sign-in with that address creates it.

    Until the right code is given, neither an answer nor the time it takes depends on whether there
    is an account. A code and its address, which could be guessed, are kept as digests that need the
    site's key; see `tokens` for the token of a session.
    """

    def __init__(
        self,
        store: Store,
        key: KeySource,
        mailer: Mailer,
        *,
        site: str,
        clock: Clock,
        ids: Ids,
        everybody_organises: bool = False,
        withheld: Callable[[], object] = lambda: None,
    ) -> None:
        """`withheld` is called for each code that is asked for and not mailed, because its origin
        has used its allowance up."""
        self._store = store
        self._key = key
        self._mailer = mailer
        self._site = site
        self._everybody = frozenset({Role.ORGANISER} if everybody_organises else ())
        self._withheld = withheld
        self._clock = clock
        self._ids = ids
        self._accounts = CommandHandler(store, CODEC, AccountFold(), clock=clock, ids=ids)
        self._sign_ins = CommandHandler(store, CODEC, SignInFold(), clock=clock, ids=ids)

    # Signing in.

    async def asker(self, email: str, origin: Origin) -> Asker:
        """Who asks for an address; of a text that is none, nobody is known."""
        return asker_of(await self._key(), _compared(email), origin, self._clock())

    async def request_code(self, email: str, origin: Origin = NOBODY) -> None:
        """Mail a new code to an address, unless its origin has used its allowance up.

        It is exact, however many processes serve the store. Devices that have signed in with the
        address have one each, networks have one each and one together: see `decisions`.

        The caller cannot tell these cases apart. The letter is put into the mailer's queue, so mail
        that is slow or down changes neither the answer nor its time. Raises Invalid for a text that
        is no address.
        """
        address, asker = parsed(email), await self.asker(email, origin)
        code = _new_code()

        def decide(sign_in: SignIn | None, code_hash: str, now: int) -> list[msgspec.Struct]:
            return decisions.request_code(sign_in, code_hash, asker, now)

        if await self._take_code(address, code, decide):
            self._mailer.send(code_letter(address, code, self._site))
        else:
            self._withheld()

    async def issue_code(self, email: str) -> str:
        """A new code for the operator to pass on, however many were requested before.

        It may be entered everywhere.
        """
        code = _new_code()
        await self._take_code(
            parsed(email), code, lambda sign_in, hash, now: decisions.issue_code(hash, now)
        )
        return code

    async def start_session(self, email: str, code: str, origin: Origin = NOBODY) -> str:
        """The token of `sign_in` alone."""
        return (await self.sign_in(email, code, origin)).token

    async def sign_in(self, email: str, code: str, origin: Origin = NOBODY) -> SignedIn:
        """A new session. Raises Unauthenticated unless the code is valid where it is entered.

        Every try is committed before it is answered, so concurrent callers together have no more
        than `decisions.MOST_TRIES`, and those of a stranger count only for codes that the stranger
        could enter. White space in a code is ignored.
        """
        address, asker = parsed(email), await self.asker(email, origin)
        code = "".join(code.split())
        if not _CODE.fullmatch(code):
            raise Unauthenticated(_WRONG)

        def decide(sign_in: SignIn | None, code_hash: str, now: int) -> list[msgspec.Struct]:
            return decisions.try_code(sign_in, code_hash, asker, now)

        tried = await self._take_code(address, code, decide)
        if not any(isinstance(event.payload, CodeAccepted) for event in tried):
            raise Unauthenticated(_WRONG)
        token = SESSION.new()
        session = token_hash(token)
        await self._of_address(
            address,
            lambda account, now: decisions.start_session(account, address, session, now=now),
            session=session,
        )
        return SignedIn(token, new_device(await self._key(), address, self._clock()))

    # Sessions.

    async def session(self, token: str) -> Actor | None:
        """The account that a token signs in, with its roles, by one point read.

        None if the token is not valid.
        """
        if not SESSION.is_well_formed(token):
            return None
        found = await self.session_of(token_hash(token))
        return None if found is None else found[0]

    async def session_of(self, session_id: str) -> tuple[Actor, int] | None:
        """The account of a session with this id, and when it expires; None if it is not valid."""
        session = await read(self._store, SESSIONS, session_id)
        if session is None or session.expires_at <= self._clock():
            return None
        id = session.account_id
        given = () if session.roles is UNSET else session.roles
        roles = self._everybody.union(map(Role, given))
        return Actor("account", id, Role.MEMBER, account_id=id, roles=roles), session.expires_at

    async def end_session(self, token: str) -> None:
        """Sign out: the token is not valid any more. A token that never was valid is ignored."""
        await self.end_session_of(token_hash(token))

    async def end_session_of(self, id: str) -> None:
        """As `end_session`, of the session with this id."""
        session = await read(self._store, SESSIONS, id)
        if session is None:
            return

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((SESSIONS, id), (ACCOUNTS, session.account_id))
            if await unit.get(SESSIONS, id) is None:
                return []
            if await unit.get(ACCOUNTS, session.account_id) is None:
                raise changed_meanwhile(ACCOUNTS, session.account_id)
            return about("", decisions.end_sessions([id]))

        actor = f"account:{session.account_id}"
        await run(self._accounts, _stream(session.account_id), attempt, actor=actor)

    async def end_all(self, account_id: str, *, actor: str) -> None:
        """End every session of an account. Raises NotFound if there is no such account."""

        def decide(account: Account) -> list[msgspec.Struct]:
            return decisions.end_sessions([live.id for live in account.sessions])

        while await self._of_account(account_id, decide, actor) == decisions.MOST_ENDED:
            pass

    # Accounts.

    async def account(self, account_id: str) -> Account:
        """Raises NotFound if there is none."""
        account = await read(self._store, ACCOUNTS, account_id)
        if account is None:
            raise no_such("account", account_id)
        return account

    async def is_confirmed(self, account_id: str) -> bool:
        """Whether somebody has signed in to the account; False where there is none."""
        account = await read(self._store, ACCOUNTS, account_id)
        return account is not None and account.unconfirmed is UNSET

    async def roles(self, account_id: str) -> tuple[str, ...]:
        """The roles of an account beside that of a member: `organiser`, `reviewer`."""
        given = await read(self._store, ACCOUNT_ROLES, account_id)
        return () if given is None else given.roles

    async def change_roles(
        self,
        account_id: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        actor: str,
    ) -> tuple[str, ...]:
        """Give roles to an account and take others back; those that it has then.

        It holds for sessions that have begun, too. Raises NotFound, and Invalid for another role
        than organiser and reviewer.
        """

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            await unit.load((ACCOUNTS, account_id), (ACCOUNT_ROLES, account_id))
            account = await unit.get(ACCOUNTS, account_id)
            if account is None:
                raise no_such("account", account_id)
            given = await unit.get(ACCOUNT_ROLES, account_id)
            before = () if given is None else given.roles
            return about("", decisions.change_roles(account, before, add, remove))

        handled = await run(self._accounts, _stream(account_id), attempt, actor=actor)
        given = handled.bodies[ACCOUNT_ROLES.ref(account_id)]
        return () if given is None else given.roles

    async def reviewers(self) -> list[str]:
        """The ids of all accounts with the role of a reviewer."""
        query = ACCOUNT_ROLES.query("by_reviewer", "all", limit=1000)
        return [one.account_id async for one in bodies(self._store, ACCOUNT_ROLES, query)]

    async def addresses(self, account_ids: Sequence[str]) -> list[str | None]:
        """The mail addresses of accounts, in their order; None where there is no such account."""
        found = await self._store.get([ACCOUNTS.ref(id) for id in account_ids])
        accounts = [ACCOUNTS.recall(document) for document in found]
        return [None if account is None else account.address for account in accounts]

    async def address(self, account_id: str) -> str | None:
        """As `addresses`, of one account."""
        return (await self.addresses([account_id]))[0]

    async def of_address(self, email: str) -> str:
        """The id of the account of an address. Raises Invalid, and NotFound if there is none."""
        address = await self._known_form(parsed(email))
        owner = await read(self._store, ACCOUNT_ADDRESSES, address)
        if owner is None:
            raise no_such("account", address)
        return owner.account_id

    async def ensure(self, email: str, *, actor: str) -> str:
        """The id of the account of an address; creates it if there is none. Raises Invalid."""
        address = parsed(email)
        return await self._of_address(
            address, lambda account, now: decisions.open_account(account, address), actor
        )

    async def remove(self, account_id: str, *, actor: str) -> None:
        """Remove an account: its sessions and keys are not valid any more. Its events stay."""
        await self._of_account(account_id, decisions.remove_account, actor)

    async def _take_code(self, address: str, code: str, decide: DecideCode) -> Sequence[Decided]:
        """Commit the events that `decide` gives for the address's sign-in and the code's digest."""
        key = await self._key()
        id = key.digest("address", address)
        code_hash = key.digest("code", f"{address}\0{code}")

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return about("", decide(await unit.get(SIGN_INS, id), code_hash, unit.now))

        handled = await run(self._sign_ins, f"sign_in-{id}", attempt, actor="nobody")
        return handled.events

    async def _of_address(
        self, address: str, decide: Decide, actor: str | None = None, session: str | None = None
    ) -> str:
        """Change the account of an address, or create it; the account's id.

        The actor is the account itself, unless `actor` names another. `session` is the id of a
        session that is to start. The stream of a commit is
        chosen before the commit, so all is done again if another caller creates or removes the
        account meanwhile.
        """
        backoff, address = Backoff(), await self._known_form(address)
        while True:
            owner = await read(self._store, ACCOUNT_ADDRESSES, address)
            account_id = self._ids() if owner is None else owner.account_id

            async def attempt(
                unit: UnitOfWork, known: AccountAddress | None = owner, id: str = account_id
            ) -> list[Decided]:
                new: list[tuple[View[Any], str]] = []
                if session is not None:
                    new = [(SESSIONS, session), (ACCOUNT_ROLES, id)]
                await unit.load((ACCOUNT_ADDRESSES, address), (ACCOUNTS, id), *new)
                if await unit.get(ACCOUNT_ADDRESSES, address) != known:
                    raise _OwnerChanged("the account of the address changed")
                return about("", decide(await unit.get(ACCOUNTS, id), unit.now))

            who = actor or f"account:{account_id}"
            try:
                await run(self._accounts, _stream(account_id), attempt, actor=who)
            except _OwnerChanged as changed:
                await backoff.pause(changed)
                continue
            return account_id

    async def _known_form(self, address: str) -> str:
        """The form under which an address has its account: the normal one, or, of an account that
        an earlier release has made, the one of that release."""
        for form in earlier_forms(address):
            if await read(self._store, ACCOUNT_ADDRESSES, address) is not None:
                return address
            if await read(self._store, ACCOUNT_ADDRESSES, form) is not None:
                return form
        return address

    async def _of_account(
        self, account_id: str, decide: Callable[[Account], list[msgspec.Struct]], actor: str
    ) -> int:
        """Commit the events that `decide` gives for an account; how many there were."""

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            account = await unit.get(ACCOUNTS, account_id)
            if account is None:
                raise no_such("account", account_id)
            return about("", decide(account))

        handled = await run(self._accounts, _stream(account_id), attempt, actor=actor)
        return len(handled.events)


class _OwnerChanged(Exception):
    """The account of an address was created or removed since the address was looked up."""


def _compared(email: str) -> str:
    try:
        return parsed(email)
    except Invalid:
        return ""


def _new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


def _stream(account_id: str) -> str:
    return f"account-{account_id}"
