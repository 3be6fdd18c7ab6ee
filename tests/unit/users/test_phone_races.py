"""Guesses in parallel get no more attempts than there are."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.devtools.databases import ServiceDatabase
from services.kit.pg import Query
from services.users.backend import phone_store
from tests.support import issuer
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.users.test_phone import confirm, start
from tests.unit.users.world import EntriesPeer, code_in, meet_after, other_code, sent

# The same as `guess`, but what may be guessed is looked up first, and the attempt spent after.
_LOOK = Query(
    "look",
    "",
    "SELECT attempts_left FROM phone_verification WHERE user_id = $1 AND id = $2",
    ("user_id", "id"),
)
_SPEND = Query(
    "spend",
    "",
    "UPDATE phone_verification SET attempts_left = greatest(attempts_left - 1, 0), "
    "confirmed_at = CASE WHEN code_digest = $3 THEN now() END WHERE user_id = $1 AND id = $2 "
    "RETURNING attempts_left, confirmed_at IS NOT NULL AS correct, phone_sealed",
    ("user_id", "id", "code_digest"),
)


@pytest.mark.parametrize("atomic", [True, False], ids=["as built", "negative control"])
async def test_of_fifty_parallel_wrong_guesses_five_are_judged(
    users: ServiceUnderTest, sms_outbox: Path, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    started = await start(users)
    code = code_in(sent(sms_outbox)[0])
    database = users.resources.database
    fetchrow = database.fetchrow

    async def look_then_spend(query: Query, connection: Any = None, /, **parameters: Any) -> Any:
        if query.name != "guess":
            return await fetchrow(query, connection, **parameters)
        who = {name: parameters[name] for name in ("user_id", "id")}
        if await database.fetchval(_LOOK, connection, **who) < 1:
            return None
        return await fetchrow(_SPEND, connection, **parameters)

    if not atomic:
        monkeypatch.setattr(database, "fetchrow", look_then_spend)
        meet_after(monkeypatch, "look", parties=6)
    answers = await asyncio.gather(
        *(confirm(users, started["verificationId"], other_code(code)) for _ in range(50))
    )
    judged = [answer for answer in answers if answer["__typename"] == "CodeIncorrect"]
    if atomic:
        assert sorted(answer["attemptsLeft"] for answer in judged) == [0, 1, 2, 3, 4]
        assert {a["__typename"] for a in answers} == {"CodeIncorrect", "AttemptsExhausted"}
    else:
        assert len(judged) > 5


async def test_fifty_parallel_guesses_and_twenty_in_one_document_are_five_together(
    users: ServiceUnderTest, sms_outbox: Path
) -> None:
    started = await start(users)
    wrong = other_code(code_in(sent(sms_outbox)[0]))
    fields = " ".join(
        f"g{n}: confirmPhoneVerification(input: $input) {{ __typename ... on CodeIncorrect {{ attemptsLeft }} }}"
        for n in range(20)
    )
    document = f"mutation ($input: ConfirmPhoneVerificationInput!) {{ {fields} }}"
    variables = {"input": {"verificationId": started["verificationId"], "code": wrong}}
    aliased, *singles = await asyncio.gather(
        users.graphql(document, variables, token=issuer.token("ada")),
        *(confirm(users, started["verificationId"], wrong) for _ in range(50)),
    )
    answers = [*aliased["data"].values(), *singles]
    assert len(answers) == 70
    judged = [answer for answer in answers if answer["__typename"] == "CodeIncorrect"]
    assert sorted(answer["attemptsLeft"] for answer in judged) == [0, 1, 2, 3, 4]
    assert {answer["__typename"] for answer in answers} == {"CodeIncorrect", "AttemptsExhausted"}
    right = code_in(sent(sms_outbox)[0])
    assert (await confirm(users, started["verificationId"], right))["__typename"] == "AttemptsExhausted"


@pytest.mark.parametrize("locked", [True, False], ids=["as built", "negative control"])
async def test_accounts_that_confirm_one_number_at_once_stay_within_the_cap(
    database: Callable[[str], ServiceDatabase],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    locked: bool,
) -> None:
    outbox = tmp_path / "sms.ndjson"
    settings: dict[str, Any] = {
        "sms_outbox": outbox,
        "phone_accounts_per_number": 2,
        "phone_cap_per_number": 100,
        "phone_cap_per_ip": 100,
    }
    async with open_service("users", database("users").service_dsn, **settings) as users:
        fans = [f"fan-{n}" for n in range(6)]
        started = {fan: (await start(users, fan))["verificationId"] for fan in fans}
        codes = {message["reference"]: code_in(message) for message in sent(outbox)}
        if not locked:
            monkeypatch.setitem(
                phone_store.q.all, "lock_number", Query("lock_number", "", "SELECT $1::text", ("key",))
            )
            meet_after(monkeypatch, "lock_number", parties=6)
        answers = await asyncio.gather(
            *(confirm(users, started[fan], codes[started[fan]], fan) for fan in fans)
        )
        confirmed = [answer for answer in answers if answer["__typename"] == "PhoneConfirmed"]
        assert (len(confirmed) == 2) is locked
        for answer in answers:
            if answer not in confirmed:
                assert answer["issues"] == [{"path": ["verificationId"], "code": "TOO_MANY_ACCOUNTS"}]


async def test_the_right_code_in_parallel_confirms_once(
    users: ServiceUnderTest, sms_outbox: Path, entries: EntriesPeer
) -> None:
    started = await start(users)
    code = code_in(sent(sms_outbox)[0])
    answers = await asyncio.gather(*(confirm(users, started["verificationId"], code) for _ in range(10)))
    assert {answer["__typename"] for answer in answers} == {"PhoneConfirmed"}
    assert sum(snapshot["phone_verified"] for snapshot in entries.snapshots) == 1


async def test_parallel_starts_of_one_fan_leave_one_code_that_works(
    users: ServiceUnderTest, sms_outbox: Path
) -> None:
    started = await asyncio.gather(*(start(users) for _ in range(5)))
    codes = {message["reference"]: code_in(message) for message in sent(sms_outbox)}
    answers = [
        await confirm(users, each["verificationId"], codes[each["verificationId"]]) for each in started
    ]
    assert sorted(answer["__typename"] for answer in answers) == ["CodeExpired"] * 4 + ["PhoneConfirmed"]


def test_the_store_is_the_one_under_test() -> None:
    assert phone_store.q.guess.parameters == ("code_digest", "user_id", "id")
