"""A canary: what is unlike anything else is planted in every place that a fan can fill, and searched for everywhere.

While she lives, her email, phone, name, code and token are plain in no database, log, trace or file, and after her
erasure neither. One place is left out: the development outbox (`outbox/sms.ndjson`) stands in for the telephone
network and the mail server, which must know whom to reach with what. What it held for her is gone afterwards too.
"""

import asyncio
import base64
import gzip
import hashlib
import json
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from tests.federation.privacy.life import Life, Traced
from tests.federation.privacy.searching import Canary, databases, disk, files, found, logs
from tests.support.stack import RunningStack

SERVICES = ["campaigns", "codes", "entries", "users"]
PROCESSES = ["router", *SERVICES]


@dataclass(frozen=True)
class Played:
    """A life that was played, and what the searches found while she lived and after."""

    life: Life
    alive: list[str]
    erased: list[str]


async def play(stack: RunningStack) -> Played:
    async with Traced(stack.endpoint, timeout=30) as client:
        life = Life(stack, client)
        await life.live()
        alive = search(stack, life.fan.all)
        await life.end()
        return Played(life, alive, search(stack, life.fan.all))


def search(stack: RunningStack, canaries: list[Canary]) -> list[str]:
    """Every place where one of them is."""
    hits = [hit for places in (databases, logs, files) for hit in found(canaries, places(stack))]
    return hits + [
        f"{where}: {canary.kind}"
        for where, data in disk(stack)
        for canary in canaries
        if canary.plain() in data
    ]


@pytest.fixture(scope="module")
def played(stack: RunningStack) -> Played:
    return asyncio.run(play(stack))


def test_while_she_lives_she_is_plain_in_no_database_log_trace_or_file(played: Played) -> None:
    assert played.alive == []


def test_after_her_erasure_she_is_nowhere(played: Played) -> None:
    assert played.life.receipts == SERVICES
    assert played.erased == []


def test_the_outbox_that_stands_in_for_the_telephone_network_forgets_her_too(
    stack: RunningStack, played: Played
) -> None:
    outbox = (stack.data_dir / "outbox" / "sms.ndjson").read_bytes()
    assert found(played.life.fan.all, [("outbox", outbox)]) == []


def test_what_she_and_staff_were_shown_has_the_very_words_that_are_searched_for(played: Played) -> None:
    fan = played.life.fan
    hers = found([fan.email, fan.phone, fan.name, fan.code], [("", b"\n".join(played.life.archive.values()))])
    assert {hit.split()[1] for hit in hers} == {"email", "phone", "name", "code"}
    kinds = {record["kind"] for record in json.loads(played.life.archive["codes.json"])["records"]}
    assert kinds == {"code", "message", "purchase"}
    seen = found([fan.email, fan.phone, fan.name], [("", played.life.staff_saw)])
    assert {hit.split()[1] for hit in seen} == {"email", "phone", "name"}


def test_partners_are_told_of_codes_and_of_nobody(played: Played) -> None:
    assert b"code.redeemed" in played.life.heard
    assert found(played.life.fan.all, [("partner", played.life.heard)]) == []


def test_the_traces_that_were_searched_are_there(stack: RunningStack, played: Played) -> None:
    for process in PROCESSES:
        log = (stack.data_dir / "logs" / f"{process}.log").read_text(errors="replace")
        assert '"trace_id"' in log, process


LEAK = Canary("email", "Leak.77@Example.com")


def in_a_log(stack: RunningStack, ending: ExitStack) -> None:
    line = json.dumps({"event": "request failed", "error": f"no mailbox {LEAK.value}"})
    in_a_file(stack.data_dir / "logs" / "leaky.log", line.encode(), ending)


def in_a_trace(stack: RunningStack, ending: ExitStack) -> None:
    span = {"event": "span", "trace_id": "0" * 32, "url": f"/users?{urlencode({'email': LEAK.value})}"}
    in_a_file(stack.data_dir / "logs" / "leaky.log", json.dumps(span).encode(), ending)


def in_an_export(stack: RunningStack, ending: ExitStack) -> None:
    in_a_file(stack.data_dir / "files" / "exports" / "leak.csv", LEAK.value.upper().encode(), ending)


def in_a_packed_draw(stack: RunningStack, ending: ExitStack) -> None:
    data = gzip.compress(LEAK.value.encode() * 5)
    in_a_file(stack.data_dir / "files" / "draws" / "leak.gz", data, ending)


def in_an_archive(stack: RunningStack, ending: ExitStack) -> None:
    path = stack.data_dir / "files" / "leak.zip"
    ending.callback(path.unlink)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.json", LEAK.value * 5)


def in_a_column(stack: RunningStack, ending: ExitStack) -> None:
    in_a_table(stack, ending, "jsonb", json.dumps({"contact": [LEAK.value.lower()]}))


def in_bytes(stack: RunningStack, ending: ExitStack) -> None:
    in_a_table(stack, ending, "bytea", base64.b64encode(b"to: " + LEAK.value.encode()))


def as_a_hash_without_a_key(stack: RunningStack, ending: ExitStack) -> None:
    in_a_table(stack, ending, "bytea", hashlib.sha256(LEAK.value.encode()).digest())


def in_a_file(path: Path, data: bytes, ending: ExitStack) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    ending.callback(path.unlink)


def in_a_table(stack: RunningStack, ending: ExitStack, kind: str, value: str | bytes) -> None:
    with psycopg.connect(stack.database("entries"), autocommit=True) as connection:
        connection.execute(f"CREATE TABLE leak (found {kind})".encode())
        connection.execute("INSERT INTO leak VALUES (%s)", [value])
    ending.callback(drop, stack)


def drop(stack: RunningStack) -> None:
    with psycopg.connect(stack.database("entries"), autocommit=True) as connection:
        connection.execute("DROP TABLE leak")


@pytest.mark.parametrize(
    ("leak", "where"),
    [
        (in_a_log, "log leaky.log"),
        (in_a_trace, "log leaky.log"),
        (in_an_export, "file exports/leak.csv"),
        (in_a_packed_draw, "file draws/leak.gz"),
        (in_an_archive, "file leak.zip"),
        (in_a_column, "database entries, public.leak"),
        (in_bytes, "database entries, public.leak"),
        (as_a_hash_without_a_key, "database entries, public.leak"),
    ],
)
def test_negative_control_the_search_finds_a_leak(
    stack: RunningStack, leak: Callable[[RunningStack, ExitStack], None], where: str
) -> None:
    with ExitStack() as ending:
        leak(stack, ending)
        hits = search(stack, [LEAK])
    assert where in {hit.partition(": ")[0] for hit in hits}


def test_negative_control_what_a_table_held_is_still_on_the_disk(stack: RunningStack) -> None:
    with ExitStack() as ending:
        in_a_table(stack, ending, "text", LEAK.value)
    assert any(hit.startswith("disk") for hit in search(stack, [LEAK]))
