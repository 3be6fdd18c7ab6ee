"""What is sealed is known to the rotation of keys: no value is left behind under a key that is taken away."""

import re
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from scripts.devtools.databases import ServiceDatabase
from services import SERVICES
from services.kit.rotation import rotate
from services.kit.sealing import SealedColumn, Sealer
from tests.contract.permissions.world import World, build
from tests.support.house import House, open_house
from tests.support.service import SETTINGS

OLD = SETTINGS["data_keys"][0]
NEW = "t2:" + "QkJC" * 10 + "QkI"
ROTATION = Sealer([SecretStr(NEW), SecretStr(OLD)])

NOT_SEALED = {
    "campaigns": {"erasure.digest", "idempotency.digest", "upload.sha256"},
    "codes": {
        "code.lookup",
        "erasure.digest",
        "idempotency.digest",
        "redemption_conflict.digest",
        "redemption_report.digest",
        "webhook_delivery.body",
    },
    "entries": {
        "entry.device",
        "entry.identity",
        "entry.network",
        "entry.request_digest",
        "erasure.digest",
        "export_job.sha256",
        "idempotency.digest",
        "signal.device",
        "signal.network",
        "user_fact.phone_key",
        "wave.outcome_hash",
        "wave.roster_root",
        "wave.seed",
        "wave.seed_commitment",
        "wave_entry.salt",
        "wave_tree.hashes",
    },
    "users": {
        "app_user.email_lookup",
        "app_user.phone_lookup",
        "audit_chain.hash",
        "audit_event.hash",
        "audit_event.previous_hash",
        "erasure.digest",
        "idempotency.digest",
        "identity_verification.assertion_lookup",
        "identity_verification.subject_lookup",
        "linked_account.grant_lookup",
        "linked_account.subject_lookup",
        "phone_verification.code_digest",
        "privacy_receipt.digest",
        "privacy_request.sha256",
        "spent_assertion.assertion_lookup",
        "verified_card.fingerprint_lookup",
    },
}
"""Columns of bytes that hold digests, salts, and what is published anyway. A new column of bytes is added here, or to
its service's `sealed_rules.py`.
"""


def sealed(service: str) -> tuple[SealedColumn, ...]:
    return import_module(f"services.{service}.backend.sealed_rules").SEALED


@pytest.fixture
async def house(database: Callable[[str], ServiceDatabase], tmp_path: Path) -> AsyncIterator[House]:
    """Processes that seal with the old key and know the new one: an operator's first step."""
    settings: dict[str, dict[str, Any]] = {
        name: {"data_keys": [OLD, NEW], "files_url": str(tmp_path / "files")} for name in SERVICES
    }
    settings["users"] |= {"sms_outbox": tmp_path / "sms.ndjson", "phone_resend_seconds": 0}
    async with open_house(database, settings=settings) as house:
        yield house


async def columns_of_bytes(house: House, service: str) -> set[str]:
    rows = await house.service(service).resources.database.pool.fetch(
        "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c JOIN pg_tables t "
        "ON t.tablename = c.table_name AND t.schemaname = c.table_schema "
        "WHERE c.table_schema = 'public' AND c.data_type = 'bytea'"
    )
    return {name for (name,) in rows}


async def sealed_with(house: House, service: str, header: bytes) -> set[str]:
    """The columns in which there is a value that begins like one of this key."""
    pool = house.service(service).resources.database.pool
    found: set[str] = set()
    for name in await columns_of_bytes(house, service):
        table, _, column = name.partition(".")
        if await pool.fetchval(f"SELECT count(*) FROM {table} WHERE substr({column}, 1, 3) = $1", header):
            found.add(name)
    return found


def rotate_all(house: House, columns: Callable[[str], tuple[SealedColumn, ...]] = sealed) -> dict[str, Any]:
    return {
        f"{service}.{outcome.column}": outcome
        for service in SERVICES
        for outcome in rotate(house.databases[service].owner_dsn, ROTATION, columns(service))
    }


async def play(house: House) -> World:
    """Everything of the truth table's world, with a written archive, and news that nobody has taken."""
    world = await build(house)
    assert await house.users.resources.privacy_jobs.archive_next() == 1
    for service in SERVICES:
        resources = house.service(service).resources
        body = resources.outbox.seal({"user_id": "usr_x"})
        await resources.database.pool.execute(
            "INSERT INTO outbox (id, topic, target, body) VALUES ('out_1', 'nothing', 'nobody', $1)", body
        )
    return world


@pytest.mark.parametrize("service", SERVICES)
async def test_every_column_of_bytes_is_known_for_what_it_is(house: House, service: str) -> None:
    assert await columns_of_bytes(house, service) == {str(c) for c in sealed(service)} | NOT_SEALED[service]


@pytest.mark.parametrize("service", SERVICES)
def test_a_columns_context_is_the_one_that_it_is_sealed_with(service: str) -> None:
    """Those too that the world of this test leaves empty, such as texts on their way."""
    folders = [Path("services/kit"), Path(f"services/{service}/backend")]
    source = "\n".join(
        path.read_text()
        for folder in folders
        for path in folder.glob("*.py")
        if path.name != "sealed_rules.py"
    )
    for column in sealed(service):
        assert re.search(rf'"{re.escape(column.context)}"', source), column


async def test_a_rotation_leaves_nothing_under_the_old_key_and_nobody_notices(house: House) -> None:
    world = await play(house)
    old, new = (Sealer([SecretStr(key)]).header for key in (OLD, NEW))
    held = {service: await sealed_with(house, service, old) for service in SERVICES}
    assert all(held[service] <= {str(column) for column in sealed(service)} for service in SERVICES)
    assert sum(map(len, held.values())) >= 12, "the world has something in most of them"

    outcomes = rotate_all(house)
    assert [name for name, outcome in outcomes.items() if outcome.broken] == []
    assert {name for name, outcome in outcomes.items() if outcome.resealed} == {
        f"{service}.{column}" for service in SERVICES for column in held[service]
    }
    for service in SERVICES:
        assert await sealed_with(house, service, old) == set()
        assert await sealed_with(house, service, new) == held[service]
    seen = await world.ask("users", "fan", "{ viewer { email phone } }")
    assert "errors" not in seen, seen["errors"]
    assert seen["data"]["viewer"]["email"] == "fan@example.com"


async def test_negative_control_a_column_that_nobody_declared(house: House) -> None:
    await play(house)
    rotate_all(house, lambda service: tuple(c for c in sealed(service) if c.table != "webhook"))
    header = Sealer([SecretStr(OLD)]).header
    left = {service: await sealed_with(house, service, header) for service in SERVICES}
    assert left["codes"] == {"webhook.url_sealed", "webhook.secret_sealed", "webhook.old_secret_sealed"}
