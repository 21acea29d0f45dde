"""Accounts and their sessions: sign-in by a code sent to an address, and what it opens."""

import re
import secrets
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from gatherlog.apps.people import decisions
from gatherlog.apps.people.addresses import parsed
from gatherlog.apps.people.events import CODEC, CodeAccepted
from gatherlog.apps.people.folds import AccountFold, SignInFold
from gatherlog.apps.people.mail import Mailer, code_letter
from gatherlog.apps.people.policy import Actor, Role
from gatherlog.apps.people.signing import KeySource
from gatherlog.apps.people.views import (
    ACCOUNT_ADDRESSES,
    ACCOUNTS,
    SESSIONS,
    SIGN_INS,
    Account,
    AccountAddress,
    SignIn,
)
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import NotFound, Unauthenticated
from gatherlog.core.eventstore.store import Store

__all__ = ["AccountService"]

PREFIX: Final = "gls_"
TOKEN_BYTES: Final = 32
_TOKEN: Final = re.compile(r"gls_[A-Za-z0-9_-]{43}")
_CODE: Final = re.compile(r"[0-9]{6}")
_WRONG: Final = (
    "This code is wrong, was used, or is more than ten minutes old. "
    "The latest one works until it was mistyped five times."
)

Decide = Callable[[Account | None, int], list[msgspec.Struct]]
DecideCode = Callable[[SignIn | None, str, int], list[msgspec.Struct]]


class AccountService:
    """Whoever reads the mail of an address is its account; the first sign-in makes it.

    So nothing before a right code depends on whether there is an account: neither an answer, nor
    the time it takes. A token has 256 random bits and is kept as its SHA-256; a code, which could
    be guessed, and its address are kept as digests with the site's key.
    """

    def __init__(
        self, store: Store, key: KeySource, mailer: Mailer, *, site: str, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._key = key
        self._mailer = mailer
        self._site = site
        self._clock = clock
        self._ids = ids
        self._accounts = CommandHandler(store, CODEC, AccountFold(), clock=clock, ids=ids)
        self._sign_ins = CommandHandler(store, CODEC, SignInFold(), clock=clock, ids=ids)

    # Signing in.

    async def request_code(self, email: str) -> None:
        """Send a new code to an address, unless too many were asked for; says nothing of either.

        Invalid for what is no address. The letter is only handed over: mail that is slow or down
        changes neither the answer nor its time.
        """
        address = parsed(email)
        code = _new_code()
        if await self._take_code(address, code, decisions.request_code):
            self._mailer.send(code_letter(address, code, self._site))

    async def issue_code(self, email: str) -> str:
        """A new code for whoever runs the site to pass on, however many were asked for before."""
        code = _new_code()
        await self._take_code(parsed(email), code, decisions.issue_code)
        return code

    async def start_session(self, email: str, code: str) -> str:
        """The token of a new session; Unauthenticated unless the code is the address's live one.

        A try counts before it is answered, so that no number of callers at once gets more tries
        than decisions.MOST_TRIES. Spaces in a code are ignored.
        """
        address = parsed(email)
        code = "".join(code.split())
        if not _CODE.fullmatch(code):
            raise Unauthenticated(_WRONG)
        tried = await self._take_code(address, code, decisions.try_code)
        if not any(isinstance(event.payload, CodeAccepted) for event in tried):
            raise Unauthenticated(_WRONG)
        token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        await self._of_address(
            address,
            lambda account, now: decisions.start_session(account, address, _hash(token), now=now),
        )
        return token

    # Sessions.

    async def session(self, token: str) -> Actor | None:
        """Whom a token stands for, at the price of one point read; None if it opens nothing."""
        if not _TOKEN.fullmatch(token):
            return None
        [document] = await self._store.get(SESSIONS.name, [_hash(token)])
        session = SESSIONS.read(document)
        if session is None or session.expires_at <= self._clock():
            return None
        id = session.account_id
        return Actor("account", id, Role.MEMBER, account_id=id)

    async def end_session(self, token: str) -> None:
        """The token opens nothing any more; what opened nothing before does nothing."""
        id = _hash(token)
        [document] = await self._store.get(SESSIONS.name, [id])
        session = SESSIONS.read(document)
        if session is None:
            return

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            live = await unit.get(SESSIONS, id)
            return _decided(decisions.end_sessions([] if live is None else [id]))

        actor = f"account:{session.account_id}"
        await self._accounts.handle(_stream(session.account_id), attempt, meta=_meta(actor))

    async def end_all(self, account_id: str, *, actor: str) -> None:
        """Every session of the account ends. NotFound if there is no such account."""

        def decide(account: Account) -> list[msgspec.Struct]:
            return decisions.end_sessions([live.id for live in account.sessions])

        await self._of_account(account_id, decide, actor)

    # Accounts.

    async def account(self, account_id: str) -> Account:
        """NotFound if there is none."""
        [document] = await self._store.get(ACCOUNTS.name, [account_id])
        account = ACCOUNTS.read(document)
        if account is None:
            raise _no_account(account_id)
        return account

    async def ensure(self, email: str, *, actor: str) -> str:
        """The id of the account of an address, made if need be; Invalid for what is no address."""
        address = parsed(email)
        return await self._of_address(
            address, lambda account, now: decisions.open_account(account, address), actor
        )

    async def remove(self, account_id: str, *, actor: str) -> None:
        """The account, its sessions and keys open nothing any more. Its events stay."""
        await self._of_account(account_id, decisions.remove_account, actor)

    async def _take_code(self, address: str, code: str, decide: DecideCode) -> Sequence[Decided]:
        """What `decide` comes to, given the state of sign-in at an address and a code's digest."""
        key = await self._key()
        id = key.digest("address", address)
        code_hash = key.digest("code", f"{address}\0{code}")

        async def attempt(unit: UnitOfWork) -> list[Decided]:
            return _decided(decide(await unit.get(SIGN_INS, id), code_hash, unit.now))

        handled = await self._sign_ins.handle(f"sign_in-{id}", attempt, meta=_meta("nobody"))
        return handled.events

    async def _of_address(self, address: str, decide: Decide, actor: str | None = None) -> str:
        """Change the account of an address, or make it; its id. By default the account itself acts.

        Which account it is stands fixed before the commit, so it starts again where another caller
        makes or removes the account meanwhile.
        """
        while True:
            [document] = await self._store.get(ACCOUNT_ADDRESSES.name, [address])
            owner = ACCOUNT_ADDRESSES.read(document)
            account_id = self._ids() if owner is None else owner.account_id

            async def attempt(
                unit: UnitOfWork, known: AccountAddress | None = owner, id: str = account_id
            ) -> list[Decided]:
                if await unit.get(ACCOUNT_ADDRESSES, address) != known:
                    raise _OwnerChanged
                return _decided(decide(await unit.get(ACCOUNTS, id), unit.now))

            meta = _meta(actor or f"account:{account_id}")
            try:
                await self._accounts.handle(_stream(account_id), attempt, meta=meta)
            except _OwnerChanged:
                continue
            return account_id

    async def _of_account(
        self, account_id: str, decide: Callable[[Account], list[msgspec.Struct]], actor: str
    ) -> None:
        async def attempt(unit: UnitOfWork) -> list[Decided]:
            account = await unit.get(ACCOUNTS, account_id)
            if account is None:
                raise _no_account(account_id)
            return _decided(decide(account))

        await self._accounts.handle(_stream(account_id), attempt, meta=_meta(actor))


class _OwnerChanged(Exception):
    """An address has come to, or lost, its account since it was looked up."""


def _new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


def _stream(account_id: str) -> str:
    return f"account-{account_id}"


def _hash(token: str) -> str:
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def _meta(actor: str) -> bytes:
    return msgspec.json.encode({"actor": actor})


def _decided(events: list[msgspec.Struct]) -> list[Decided]:
    return [Decided(event) for event in events]


def _no_account(account_id: str) -> NotFound:
    return NotFound(f"there is no account {account_id!r}")
