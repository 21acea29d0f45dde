"""Guests' tokens: for whom they are valid, what ends them, and every kind of forgery."""

import base64
import hmac
import json
from typing import Any, NamedTuple

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from gatherlog.apps.guests import (
    GatheringDetails,
    GuestPatch,
    GuestService,
    NewGuest,
    SettingsPatch,
)
from gatherlog.apps.people import Actor, GuestLoginService, Role
from gatherlog.apps.people.rsa_key import RsaKey
from gatherlog.between_apps import Invitees
from gatherlog.bootstrap import CATEGORIES, new_id
from gatherlog.core.eventstore.errors import Invalid, Unauthenticated
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.testing import StandingClock
from tests.apps.people.conftest import KEY, site_key
from tests.apps.people.signing_in import all_events

DAY = 24 * 3600


class Party(NamedTuple):
    """A gathering on 1 June in Berlin with one guest, and the services for it."""

    guests: GuestService
    logins: GuestLoginService
    store: Store
    gathering_id: str
    guest_id: str
    link: str

    async def login(self) -> str:
        return await self.logins.login(self.link, "Šlégl")


@pytest.fixture
async def party(store: Store, clock: StandingClock) -> Party:
    guests = GuestService(store, clock=clock, ids=new_id)
    logins = GuestLoginService(store, site_key, Invitees(guests), clock=clock, ids=new_id)
    details = GatheringDetails(
        event_name="Party", event_date="2026-06-01", time_zone="Europe/Berlin"
    )
    gathering_id = (await guests.create_gathering(details, actor="cli")).body.id
    new = NewGuest(first_name="Zoé", last_name="Šlégl")
    guest_id = (await guests.add_guest(gathering_id, new, actor="cli")).body.id
    link = await guests.issue_link(gathering_id, guest_id, actor="cli", names_co_hosts=True)
    return Party(guests, logins, store, gathering_id, guest_id, link)


async def holds(party: Party, token: str) -> bool:
    """Whether a token is valid; for one that is not, `actor` and `logout` must both refuse."""
    try:
        await party.logins.actor(token)
    except Unauthenticated:
        with pytest.raises(Unauthenticated):
            await party.logins.logout(token)
        return False
    return True


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


# What works.


async def test_the_link_and_the_last_name_give_a_token_for_the_guest(party: Party) -> None:
    actor = await party.logins.actor(await party.login())

    assert actor == Actor("guest", party.guest_id, Role.GUEST, party.gathering_id)


@pytest.mark.parametrize("name", ["Šlégl", "slegl", "SLEGL", " šLÉGL ", "S\u030cle\u0301gl"])
async def test_the_last_name_counts_without_case_and_accents(party: Party, name: str) -> None:
    assert await holds(party, await party.logins.login(f" {party.link}\n", name))


@pytest.mark.parametrize("name", ["Zoé", "zoe"])
async def test_a_guest_who_has_one_name_signs_in_with_it(party: Party, name: str) -> None:
    one = GuestPatch(last_name="")
    await party.guests.change_guest(party.gathering_id, party.guest_id, one, actor="cli")

    assert await holds(party, await party.logins.login(party.link, name))
    for other in ("Šlégl", "Zoé Šlégl"):
        with pytest.raises(Unauthenticated):
            await party.logins.login(party.link, other)
    with pytest.raises(Invalid):
        await party.logins.login(party.link, " ")


async def test_the_first_name_of_a_guest_who_has_two_opens_nothing(party: Party) -> None:
    with pytest.raises(Unauthenticated):
        await party.logins.login(party.link, "Zoé")


async def test_a_token_has_the_claims_that_clients_expect(
    party: Party, clock: StandingClock
) -> None:
    claims = claims_of(await party.login())

    now = clock() // 1_000_000
    assert claims == {
        "sub": party.guest_id,
        "firstName": "Zoé",
        "lastName": "Šlégl",
        "isAdmin": False,
        "gathering": party.gathering_id,
        "link": claims["link"],
        "iss": "gatherlog",
        "aud": party.store.id,
        "iat": now,
        "exp": now + 30 * DAY,
        "jti": claims["jti"],
    }


async def test_a_co_host_is_admin_from_the_next_request_on_and_until_then(party: Party) -> None:
    plain = await party.login()
    await make_co_host(party, True)
    token = await party.login()

    assert claims_of(token)["isAdmin"] is True
    assert [(await party.logins.actor(t)).co_host for t in (plain, token)] == [True, True]
    await make_co_host(party, False)
    assert (await party.logins.actor(plain)).co_host is False


async def test_the_login_of_a_co_host_ends_with_the_rights_for_good(party: Party) -> None:
    await make_co_host(party, True)
    token = await party.login()

    await make_co_host(party, False)

    assert not await holds(party, token)
    again = await party.login()  # the link still opens the invitation
    assert (await party.logins.actor(again)).co_host is False
    await make_co_host(party, True)
    assert not await holds(party, token)
    assert (await party.logins.actor(again)).co_host is False


async def test_rights_that_are_given_again_take_a_new_link(party: Party) -> None:
    for is_co_host in (True, False, True):
        await make_co_host(party, is_co_host)
    old = await party.login()

    link = await party.guests.issue_link(
        party.gathering_id, party.guest_id, actor="cli", names_co_hosts=True
    )

    new = await party.logins.login(link, "Šlégl")
    assert not await holds(party, old)
    assert (await party.logins.actor(new)).co_host is True


async def test_a_link_that_a_co_host_made_gives_no_rights_when_its_guest_becomes_one(
    party: Party,
) -> None:
    link = await party.guests.issue_link(party.gathering_id, party.guest_id, actor="guest:eve")
    before = await party.logins.login(link, "Šlégl")

    await make_co_host(party, True)

    after = await party.logins.login(link, "Šlégl")
    assert [(await party.logins.actor(t)).co_host for t in (before, after)] == [False, False]
    assert claims_of(after)["isAdmin"] is False
    assert [diff async for diff in verify(party.store, CATEGORIES)] == []


async def make_co_host(party: Party, is_co_host: bool) -> None:
    await party.guests.make_co_host(party.gathering_id, party.guest_id, is_co_host, actor="cli")


# What does not.


@pytest.mark.parametrize(
    ("token", "name", "pointers"),
    [
        ("", "", ["/token", "/lastName"]),
        (" ", "Šlégl", ["/token"]),
        ("x", " \n", ["/lastName"]),
    ],
)
async def test_a_blank_field_is_invalid(
    party: Party, token: str, name: str, pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as invalid:
        await party.logins.login(token, name)

    assert [flaw.pointer for flaw in invalid.value.flaws] == pointers


async def test_the_refusal_does_not_say_which_of_the_two_was_wrong(party: Party) -> None:
    said = []
    for token, name in [("nonsense", "Šlégl"), (party.link, "Slegel"), ("\ud800", "\ud800")]:
        with pytest.raises(Unauthenticated) as refused:
            await party.logins.login(token, name)
        said.append(str(refused.value))

    assert said == ["Invalid token or last name"] * 3


async def test_a_token_ends_after_thirty_days_to_the_second(
    party: Party, clock: StandingClock
) -> None:
    patch = SettingsPatch(event_date="2026-12-24")
    await party.guests.change_settings(party.gathering_id, patch, actor="cli")
    token = await party.login()

    clock.advance(days=30, seconds=-1)
    assert await holds(party, token)

    clock.advance(seconds=1)
    assert not await holds(party, token)


async def test_a_token_ends_seven_days_after_the_gathering(
    party: Party, clock: StandingClock
) -> None:
    clock.set("2026-05-31T00:00:00Z")
    token = await party.login()

    clock.set("2026-06-08T21:59:59Z")  # in Berlin 2 June began at 22:00Z
    assert await holds(party, token)

    clock.set("2026-06-08T22:00:00Z")
    assert not await holds(party, token)
    with pytest.raises(Unauthenticated, match="over"):
        await party.login()


async def test_tokens_end_earlier_if_the_gathering_is_moved_to_an_earlier_day(
    party: Party, clock: StandingClock
) -> None:
    token = await party.login()
    patch = SettingsPatch(event_date="2026-04-01")

    await party.guests.change_settings(party.gathering_id, patch, actor="cli")

    assert not await holds(party, token)


async def test_a_token_for_a_gathering_without_a_date_is_valid_for_thirty_days(
    party: Party,
) -> None:
    patch = SettingsPatch(event_date=None)
    await party.guests.change_settings(party.gathering_id, patch, actor="cli")

    claims = claims_of(await party.login())

    assert claims["exp"] - claims["iat"] == 30 * DAY


async def test_logging_out_ends_this_token_and_no_other(party: Party) -> None:
    phone, laptop = await party.login(), await party.login()

    await party.logins.logout(phone)

    assert [await holds(party, token) for token in (phone, laptop)] == [False, True]
    assert [diff async for diff in verify(party.store, CATEGORIES)] == []


async def test_a_new_link_ends_the_tokens_of_the_old_one(party: Party) -> None:
    token = await party.login()

    new = await party.guests.issue_link(party.gathering_id, party.guest_id, actor="cli")

    assert not await holds(party, token)
    assert await holds(party, await party.logins.login(new, "Šlégl"))
    with pytest.raises(Unauthenticated):
        await party.login()


async def test_the_token_of_a_removed_guest_is_not_valid(party: Party) -> None:
    token = await party.login()

    await party.guests.remove_guest(party.gathering_id, party.guest_id, actor="cli")

    assert not await holds(party, token)


async def test_a_removed_gathering_ends_all_tokens(party: Party) -> None:
    token = await party.login()

    await party.guests.remove_gathering(party.gathering_id, actor="cli")

    assert not await holds(party, token)


async def test_a_guest_whose_name_changes_stays_signed_in(party: Party) -> None:
    token = await party.login()
    patch = GuestPatch(last_name="Nováková")

    await party.guests.change_guest(party.gathering_id, party.guest_id, patch, actor="cli")

    assert await holds(party, token)


async def test_neither_link_nor_token_is_stored(party: Party) -> None:
    token = await party.login()
    await party.logins.logout(token)

    stored = repr(await all_events(party.store))

    assert party.link not in stored
    assert token not in stored
    assert token.rpartition(".")[2] not in stored


# Forgeries: each is right in all but one thing.


def signed(claims: dict[str, Any], key: RSAKey, **header: Any) -> str:
    return jwt.encode({"alg": "RS256", **header}, claims, key, ["RS256", "RS384"])


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


OURS = RSAKey.import_key(KEY.pem())
KID = OURS.thumbprint()


async def test_a_token_signed_as_ours_is_valid(party: Party) -> None:
    """This shows that the forgeries below fail for the one thing that is wrong with them."""
    assert await holds(party, signed(claims_of(await party.login()), OURS, kid=KID))


async def test_a_token_without_signature_is_refused(party: Party) -> None:
    claims = claims_of(await party.login())

    for alg in ("none", "None", "NONE", ""):
        header = {"typ": "JWT", "alg": alg, "kid": KID}
        assert not await holds(party, f"{encoded(header)}.{encoded(claims)}.")


async def test_a_token_signed_with_the_public_key_as_password_is_refused(party: Party) -> None:
    claims = claims_of(await party.login())
    header = {"typ": "JWT", "alg": "HS256", "kid": KID}
    public = OURS.as_pem(private=False)
    text = f"{encoded(header)}.{encoded(claims)}"
    mac = base64.urlsafe_b64encode(hmac.digest(public, text.encode(), "sha256")).rstrip(b"=")

    assert not await holds(party, f"{text}.{mac.decode()}")
    assert not await holds(
        party, jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(b"k" * 32), ["HS256"])
    )


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kid": "another"},
        {"kid": KID, "alg": "RS384"},
        {"kid": KID, "typ": "at+jwt"},
        {"kid": KID, "jku": "https://evil.example/keys"},
        {"kid": KID, "jwk": OURS.as_dict(private=False)},
    ],
)
async def test_a_header_that_is_not_ours_is_refused(party: Party, header: dict[str, Any]) -> None:
    assert not await holds(party, signed(claims_of(await party.login()), OURS, **header))


async def test_a_token_signed_with_another_key_under_our_key_id_is_refused(party: Party) -> None:
    claims = claims_of(await party.login())
    other = RSAKey.import_key(RsaKey.generate().pem())

    assert not await holds(party, signed(claims, other, kid=KID))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "another"},
        {"aud": "another"},
        {"gathering": "another"},
        {"gathering": "default"},
        {"sub": "another"},
        {"link": "another"},
        {"link": None},
        {"exp": 0},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": True},
        {"jti": None},
        {"jti": 7},
        {"isAdmin": "yes"},
        {"iat": "now"},
        {"iat": None},
        {"nbf": "now"},
        {"nbf": True},
    ],
)
async def test_a_claim_that_is_wrong_is_refused(party: Party, changed: dict[str, Any]) -> None:
    await party.guests.ensure_default("system")
    claims = {**claims_of(await party.login()), **changed}

    assert not await holds(party, signed(claims, OURS, kid=KID))


@pytest.mark.parametrize(
    ("claim", "seconds", "valid"),
    [
        ("iat", 60, True),
        ("iat", 61, False),
        ("iat", 10**9, False),
        ("nbf", -10, True),
        ("nbf", 60, True),
        ("nbf", 61, False),
        ("nbf", 10**9, False),
    ],
)
async def test_a_token_of_the_future_is_not_valid_beyond_what_clocks_differ(
    party: Party, clock: StandingClock, claim: str, seconds: int, valid: bool
) -> None:
    claims = {**claims_of(await party.login()), claim: clock() // 1_000_000 + seconds}

    assert await holds(party, signed(claims, OURS, kid=KID)) is valid


@pytest.mark.parametrize("claim", ["sub", "gathering", "link", "iss", "aud", "iat", "exp", "jti"])
async def test_a_claim_that_is_missing_is_refused(party: Party, claim: str) -> None:
    claims = claims_of(await party.login())
    del claims[claim]

    assert not await holds(party, signed(claims, OURS, kid=KID))


async def test_the_claim_of_being_admin_gives_no_rights(party: Party) -> None:
    claims = {**claims_of(await party.login()), "isAdmin": True}

    assert not await holds(party, signed(claims, OURS, kid=KID))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "Bearer x", "\x00", "\ud800", "é" * 900])
async def test_text_that_is_no_token_is_refused(party: Party, text: str) -> None:
    assert not await holds(party, text)
