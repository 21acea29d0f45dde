"""Keys are created, shown once, checked and revoked; neither log nor documents have a secret."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps import people
from gatherlog.apps.people import Actor, KeyService, Role
from gatherlog.apps.people.views import API_KEYS, KEY_SECRETS, ApiKey
from gatherlog.core.eventstore.errors import Invalid, NotFound
from gatherlog.core.eventstore.store import Store
from gatherlog.core.projections.rebuild import verify
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds
from tests.stores import events_of, scanned

NOW = 1_795_000_000_000_000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(f"sqlite:///{tmp_path}/keys.db", views=people.VIEWS)
    yield store
    await store.close()


@pytest.fixture
def keys(store: Store) -> KeyService:
    return KeyService(store, clock=lambda: NOW, ids=CountingIds())


async def test_a_secret_authenticates_its_key(keys: KeyService) -> None:
    created = await keys.create("operator", None, "laptop", actor="cli")

    actor = await keys.authenticate(created.secret)

    assert actor == Actor("key", created.id, Role.OPERATOR, None)


async def test_a_hosts_key_has_its_gathering(keys: KeyService) -> None:
    created = await keys.create("host", "default", "", actor="cli")

    actor = await keys.authenticate(created.secret)

    assert actor == Actor("key", created.id, Role.HOST, "default")


async def test_a_secret_that_differs_anywhere_is_not_valid(keys: KeyService) -> None:
    secret = (await keys.create("operator", None, "", actor="cli")).secret
    others = [secret[:-1] + "!", secret + "A", secret[:-1], " " + secret, secret.swapcase()]

    assert [await keys.authenticate(other) for other in others] == [None] * len(others)


async def test_text_that_never_was_a_secret_is_not_valid(keys: KeyService) -> None:
    never = ["", "glk_", "glk_" + "A" * 43, "ö" * 47, "\x00", "\ud800", "x" * 10_000]

    assert [await keys.authenticate(secret) for secret in never] == [None] * len(never)


async def test_secrets_have_256_bits_and_differ(keys: KeyService) -> None:
    secrets = {(await keys.create("operator", None, "", actor="cli")).secret for _ in range(20)}

    assert {len(secret) for secret in secrets} == {len("glk_") + 43}
    assert len(secrets) == 20


async def test_a_revoked_key_is_not_valid(keys: KeyService) -> None:
    created = await keys.create("operator", None, "lost", actor="cli")

    await keys.revoke(created.id, actor="cli")

    assert await keys.authenticate(created.secret) is None
    [key] = await keys.keys()
    assert key.revoked_at == NOW


async def test_revoking_again_records_nothing(keys: KeyService, store: Store) -> None:
    created = await keys.create("operator", None, "", actor="cli")
    await keys.revoke(created.id, actor="cli")

    await keys.revoke(created.id, actor="cli")

    events = await events_of(store, f"key-{created.id}")
    assert [event.type for event in events] == ["people.key_created", "people.key_revoked"]


async def test_revoking_a_key_does_not_revoke_another(keys: KeyService) -> None:
    lost = await keys.create("operator", None, "", actor="cli")
    kept = await keys.create("operator", None, "", actor="cli")

    await keys.revoke(lost.id, actor="cli")

    assert await keys.authenticate(kept.secret) == Actor("key", kept.id, Role.OPERATOR, None)


async def test_revoking_an_unknown_key_is_not_found(keys: KeyService) -> None:
    with pytest.raises(NotFound):
        await keys.revoke("nobody", actor="cli")


async def test_nothing_that_is_stored_holds_the_secret(keys: KeyService, store: Store) -> None:
    created = await keys.create("operator", None, "laptop", actor="cli")

    events = await events_of(store, f"key-{created.id}")
    documents = [*await scanned(store, API_KEYS.name), *await scanned(store, KEY_SECRETS.name)]
    stored = repr([events, documents])

    assert (len(events), len(documents)) == (1, 2)
    assert created.secret not in stored
    assert created.secret.removeprefix("glk_") not in stored


async def test_a_key_is_listed_without_its_secret(keys: KeyService) -> None:
    created = await keys.create("host", "default", "door", actor="cli")

    [key] = await keys.keys()

    assert key == ApiKey(created.id, "host", "default", "door", key.secret_hash, NOW)


async def test_the_event_of_a_new_key_names_its_actor(keys: KeyService, store: Store) -> None:
    created = await keys.create("operator", None, "", actor="cli")

    [event] = await events_of(store, f"key-{created.id}")

    assert event.meta == b'{"actor":"cli"}'


@pytest.mark.parametrize(
    ("role", "gathering_id", "name", "pointer"),
    [
        ("owner", None, "", "/role"),
        ("guest", "default", "", "/role"),
        ("host", None, "", "/gathering_id"),
        ("host", "", "", "/gathering_id"),
        ("operator", "default", "", "/gathering_id"),
        ("member", None, "", "/account_id"),
        ("organiser", None, "", "/account_id"),
        ("reviewer", None, "", "/account_id"),
        ("operator", None, "x" * 101, "/name"),
        ("operator", None, "a\x00b", "/name"),
        ("operator", None, "\ud800", "/name"),
    ],
)
async def test_a_key_whose_fields_do_not_match_is_refused(
    keys: KeyService, store: Store, role: str, gathering_id: str | None, name: str, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await keys.create(role, gathering_id, name, actor="cli")

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]
    assert await store.heads() == (0,)


async def test_a_rebuild_from_the_log_gives_the_same_documents(
    keys: KeyService, store: Store
) -> None:
    lost = await keys.create("operator", None, "lost", actor="cli")
    await keys.create("host", "default", "kept", actor="cli")
    await keys.revoke(lost.id, actor="cli")

    assert [difference async for difference in verify(store, people.CATEGORIES)] == []
    assert len(await scanned(store, API_KEYS.name)) == 2
    assert len(await scanned(store, KEY_SECRETS.name)) == 1


async def test_all_keys_are_listed_oldest_first_the_revoked_ones_too(store: Store) -> None:
    times = iter(range(NOW, NOW + 100))
    keys = KeyService(store, clock=lambda: next(times), ids=CountingIds())
    made = [await keys.create("operator", None, str(n), actor="cli") for n in range(5)]
    await keys.revoke(made[2].id, actor="cli")

    listed = await keys.keys()

    assert [(key.name, key.revoked_at is None) for key in listed] == [
        (str(n), n != 2) for n in range(5)
    ]
