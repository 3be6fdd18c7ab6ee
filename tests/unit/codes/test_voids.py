"""A code that is withdrawn opens nothing, goes to nobody, and its owner may get another: the chain is kept."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.codes.backend.deliveries_jobs import Courier
from services.kit.ids import new_id, user_id
from services.kit.privacy import NOBODY
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.platform import Platform, sale

CODE = "id masked value state voidedAt voidReason supersededBy { id } supersedes { id }"
VOID = f"""... on CodeVoided {{ replayed accessCode {{ {CODE} }} }}
    ... on IllegalTransition {{ from to message }} ... on NotFound {{ message }}
    ... on ValidationFailed {{ issues {{ path }} }}"""
REISSUE = f"""... on CodeReissued {{ replayed accessCode {{ {CODE} }} }}
    ... on InsufficientCodes {{ path shortfalls {{ missing event {{ id }} }} }}
    ... on IllegalTransition {{ from to message }} ... on NotFound {{ message }}
    ... on ValidationFailed {{ issues {{ path }} }} ... on IdempotencyMismatch {{ message }}"""


async def void(codes: Codes, code: str, reason: str = "leaked") -> dict[str, Any]:
    return await codes.mutate("voidCode", VOID, codeId=code, reason=reason)


async def reissue(codes: Codes, code: str, key: str | None = None) -> dict[str, Any]:
    return await codes.mutate("reissueCode", REISSUE, codeId=code, reason="leaked", idempotencyKey=key)


async def code_of(codes: Codes, winner: Winner) -> str:
    [row] = await codes.sql(
        "SELECT code_id FROM assignment WHERE selection_id = $1 AND superseded_by IS NULL", winner.id
    )
    return row["code_id"]


async def look(codes: Codes, code: str, token: str | None = None) -> dict[str, Any]:
    """A code, as the code manager sees it unless asked for by `token`."""
    query = f"query ($id: ID!) {{ accessCode(id: $id) {{ {CODE} }} }}"
    return (await codes.ask(query, token, id=code))["accessCode"]


async def test_a_voided_code_is_void_for_good(codes: Codes) -> None:
    winner, _ = await codes.winner()
    code = await code_of(codes, winner)
    for replayed in (False, True):
        answer = await void(codes, code)
        assert (answer["__typename"], answer["replayed"]) == ("CodeVoided", replayed)
        shown = answer["accessCode"]
        assert (shown["state"], shown["voidReason"], shown["supersededBy"]) == ("VOIDED", "leaked", None)
        assert shown["voidedAt"]
    counts = await codes.counts(codes.events[0])
    assert (counts["assigned"], counts["voided"], counts["available"]) == (0, 1, 0)
    assert [event["action"] for event in codes.audit].count("voidCode") == 1
    assert codes.entries.told[-1] == {
        "selection_id": winner.id,
        "quantity": 0,
        "version": 1,
        "outcome": "VOIDED",
    }


async def test_the_owner_of_a_voided_code_sees_that_it_is_and_not_why(codes: Codes) -> None:
    await codes.pool(codes.events[0], 2)
    winner = Winner(codes.events[0], user=user_id(issuer.ISSUER, "winner"))
    await codes.assign(codes.entries.wave(codes.campaign, [winner]))
    await codes.work()
    hers = issuer.token("winner")
    code = await code_of(codes, winner)
    assert (await look(codes, code, hers))["value"]
    await void(codes, code)
    shown = await look(codes, code, hers)
    assert (shown["state"], shown["value"], shown["voidReason"]) == ("VOIDED", None, None)
    new = (await reissue(codes, code))["accessCode"]
    assert new["value"] is None, "staff see no code in clear"
    shown = await look(codes, code, hers)
    assert (shown["supersededBy"], shown["voidReason"]) == ({"id": new["id"]}, None)
    assert (await look(codes, new["id"], hers))["value"]


async def test_a_replaced_code_keeps_its_chain_and_the_latest_is_the_winners(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 3)
    chain = [await code_of(codes, winner)]
    for _ in range(3):
        answer = await reissue(codes, chain[-1])
        assert answer["__typename"] == "CodeReissued", answer
        assert answer["accessCode"]["supersedes"] == {"id": chain[-1]}
        chain.append(answer["accessCode"]["id"])
    assert len(set(chain)) == 4
    for code, successor in zip(chain, [*chain[1:], None], strict=True):
        shown = await look(codes, code)
        assert shown["supersededBy"] == (successor and {"id": successor})
        assert shown["state"] == ("VOIDED" if successor else "ASSIGNED")
    for kind, id_, field in (
        ("Selection", winner.id, "accessCode { id }"),
        ("Entry", winner.entry, "accessCodes { id }"),
    ):
        [found] = await codes.service.entities(
            f"... on {kind} {{ {field} }}", [{"__typename": kind, "id": id_}], token=codes.manager
        )
        assert list(found.values()) in ([{"id": chain[-1]}], [[{"id": chain[-1]}]])
    counts = await codes.counts(codes.events[0])
    assert (counts["assigned"], counts["voided"], counts["available"]) == (1, 3, 0)
    assert [each["version"] for each in codes.entries.told] == [1, 2, 3]
    assert {each["outcome"] for each in codes.entries.told} == {"ASSIGNED"}


async def test_a_code_is_replaced_once(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 3)
    code = await code_of(codes, winner)
    first = await reissue(codes, code, "key")
    assert await reissue(codes, code, "key") == first | {"replayed": True}
    again = await reissue(codes, code)
    assert (again["__typename"], again["from"]) == ("IllegalTransition", "VOIDED")
    assert "Reissue the one that replaced it" in again["message"]
    mismatch = await codes.mutate(
        "reissueCode", REISSUE, codeId=first["accessCode"]["id"], reason="leaked", idempotencyKey="key"
    )
    assert mismatch["__typename"] == "IdempotencyMismatch"
    assert (await codes.counts(codes.events[0]))["available"] == 2


async def test_without_a_code_in_the_pool_nothing_is_replaced_and_nothing_voided(codes: Codes) -> None:
    winner, _ = await codes.winner()
    code = await code_of(codes, winner)
    answer = await reissue(codes, code, "key")
    assert answer == {
        "__typename": "InsufficientCodes",
        "path": ["codeId"],
        "shortfalls": [{"missing": 1, "event": {"id": codes.events[0]}}],
    }
    assert (await look(codes, code))["state"] == "ASSIGNED"
    await codes.pool(codes.events[0], 1)
    assert (await reissue(codes, code, "key"))["replayed"] is False


async def test_what_is_used_or_over_is_not_withdrawn(codes: Codes) -> None:
    winners, clear = await codes.winners(2)
    await codes.pool(codes.events[0], 2)
    used, over = [await code_of(codes, winner) for winner in winners]
    assert await Platform(codes).outcomes(sale(clear[0])) == ["ACCEPTED"]
    await codes.publish(version=2, presale_closes_at="2026-01-01T00:00:00Z")
    for code, state in ((used, "REDEEMED"), (over, "EXPIRED")):
        for answer in (await void(codes, code), await reissue(codes, code)):
            assert (answer["__typename"], answer["from"], answer["to"]) == (
                "IllegalTransition",
                state,
                "VOIDED",
            )
    [free] = await codes.sql("SELECT id FROM code ORDER BY position DESC LIMIT 1")
    answer = await reissue(codes, free["id"])
    assert (answer["__typename"], answer["from"]) == ("IllegalTransition", "AVAILABLE")
    assert (await codes.counts(codes.events[0]))["voided"] == 0


async def test_reasons_and_ids_that_are_none_are_refused(codes: Codes) -> None:
    winner, _ = await codes.winner()
    code = await code_of(codes, winner)
    for reason in ("", " \n", "x" * 501, "a\0b"):
        answer = await void(codes, code, reason)
        assert answer == {"__typename": "ValidationFailed", "issues": [{"path": ["reason"]}]}
    answer = await codes.try_to("voidCode", VOID, codes.manager, codeId=new_id("cod"), reason="leaked")
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def withdraw(codes: Codes, event: str, places: Sequence[int]) -> set[str]:
    """Voids the codes at these places of the event's pool before anybody has them; answers their ids."""
    rows = await codes.sql(
        "SELECT c.id FROM code c JOIN code_pool p ON p.id = c.pool_id "
        "WHERE event_id = $1 AND position = ANY($2::bigint[])",
        event,
        list(places),
    )
    for row in rows:
        answer = await void(codes, row["id"])
        assert (answer["__typename"], answer["replayed"]) == ("CodeVoided", False)
        assert (await void(codes, row["id"]))["replayed"] is True
    return {row["id"] for row in rows}


@pytest.mark.parametrize(
    "places", [[1], [1, 2, 3], [4], [3, 5, 7], [1, 2, 9, 10], [12], [11, 12, 13], [2, 3, 4, 5, 6, 13, 14]]
)
async def test_a_distribution_steps_over_codes_that_were_withdrawn(codes: Codes, places: list[int]) -> None:
    event = codes.events[0]
    await codes.pool(event, 20)
    gone = await withdraw(codes, event, places)
    codes.entries.page = 3
    waves = [[Winner(event) for _ in range(size)] for size in (4, 1, 5)]
    for winners in waves:
        await codes.assign(codes.entries.wave(codes.campaign, winners))
    await codes.work()
    ledger = await codes.ledger()
    assert {selection for selection, _ in ledger} == {winner.id for winners in waves for winner in winners}
    assert len({code for _, code in ledger}) == 10
    assert gone.isdisjoint(code for _, code in ledger)
    [row] = await codes.sql("SELECT max(c.position) AS last FROM assignment JOIN code c ON c.id = code_id")
    assert row["last"] == 10 + sum(place <= row["last"] for place in places), "no good code is left behind"
    counts = await codes.counts(event)
    assert (counts["assigned"], counts["reserved"]) == (10, 0)
    assert (counts["voided"], counts["available"]) == (len(places), 10 - len(places))
    rest = codes.entries.wave(codes.campaign, [Winner(event) for _ in range(11 - len(places))])
    assert (await codes.assign(rest))["__typename"] == "InsufficientCodes"


async def test_a_replacement_steps_over_codes_that_were_withdrawn(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 4)
    gone = await withdraw(codes, codes.events[0], [2, 3, 5])
    answer = await reissue(codes, await code_of(codes, winner))
    assert answer["accessCode"]["id"] not in gone
    counts = await codes.counts(codes.events[0])
    assert (counts["assigned"], counts["voided"], counts["available"]) == (1, 4, 0)
    answer = await reissue(codes, answer["accessCode"]["id"])
    assert answer["__typename"] == "InsufficientCodes"


async def test_what_is_being_handed_out_waits(codes: Codes) -> None:
    await codes.pool(codes.events[0], 1)
    await codes.assign(codes.entries.wave(codes.campaign, [Winner(codes.events[0])]))
    [row] = await codes.sql("SELECT id FROM code")
    answer = await void(codes, row["id"])
    assert (answer["__typename"], answer["from"]) == ("IllegalTransition", "RESERVED")
    await codes.work()
    assert (await void(codes, row["id"]))["__typename"] == "CodeVoided"


async def test_platforms_are_told_to_refuse_a_voided_code(codes: Codes) -> None:
    winner, clear = await codes.winner()
    code = await code_of(codes, winner)
    pool = await codes.pool(codes.events[0])
    await codes.import_csv(pool, "NOBODYS-CODE")
    [unheld] = await codes.sql("SELECT id FROM code WHERE position = 2")
    axs = Platform(codes)
    early = sale("NOBODYS-CODE")
    assert await axs.outcomes(early) == ["EARLY"]
    await void(codes, code)
    await void(codes, unheld["id"])
    assert await axs.outcomes(sale(clear), sale("NOBODYS-CODE")) == ["VOIDED"] * 2
    assert await codes.resources.redemptions.settle_early() == 1
    assert await axs.outcomes(early) == ["VOIDED"]
    fields = "... on CodeIsVoid { code path message }"
    by_hand = await codes.mutate("reportRedemption", fields, code=clear, platform="axs", externalId="x")
    assert (by_hand["__typename"], by_hand["code"], by_hand["path"]) == ("CodeIsVoid", "VOIDED", ["code"])
    counts = await codes.counts(codes.events[0])
    assert (counts["voided"], counts["redeemed"]) == (2, 0)


async def test_partners_are_told_what_was_withdrawn_and_what_replaces_it(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 1)
    made = await codes.mutate(
        "createWebhook",
        "... on WebhookCreated { webhook { id } }",
        teamId=codes.team,
        url="http://127.0.0.1:9/",
        events=["CODE_VOIDED", "CODE_ASSIGNED"],
    )
    assert made["__typename"] == "WebhookCreated", made
    code = await code_of(codes, winner)
    await void(codes, code)
    await void(codes, code)
    new = (await reissue(codes, code))["accessCode"]["id"]
    rows = await codes.sql(
        "SELECT event, convert_from(body, 'UTF8')::jsonb -> 'data' AS data FROM webhook_delivery"
    )
    found = {row["event"]: row["data"] for row in rows}
    assert len(rows) == 2
    assert found["code.voided"]["codeId"] == found["code.assigned"]["supersedes"] == code
    assert found["code.assigned"]["codeId"] == new


async def test_a_message_that_would_bring_a_voided_code_is_called_back(codes: Codes) -> None:
    winners, _ = await codes.winners(2)
    for place, winner in enumerate(winners):
        codes.reach(winner.user, phone=f"+1202555{place:04}")
    courier: Courier = codes.resources.courier
    [voided, late] = [await code_of(codes, winner) for winner in winners]
    jobs = {job.code_id: job for job in await courier.store.lease(10)}
    await void(codes, voided)
    await codes.sql("UPDATE assignment SET voided_at = now() WHERE code_id = $1", late)
    for code in (voided, late):
        assert await courier.store.begin(jobs[code], "SMS") is False
    [row] = await codes.sql("SELECT state, failure FROM delivery WHERE code_id = $1", voided)
    assert (row["state"], row["failure"]) == ("FAILED", "VOIDED")
    assert codes.messages == []


async def test_a_replacement_is_sent_as_the_first_code_was(codes: Codes) -> None:
    winner, _ = await codes.winner()
    codes.reach(winner.user, phone="+12025550000")
    await codes.pool(codes.events[0], 1)
    await codes.resources.courier.deliver()
    await reissue(codes, await code_of(codes, winner))
    await codes.resources.courier.deliver()
    await codes.resources.courier.deliver()
    assert len(codes.messages) == 2
    assert await codes.clear(winner) in codes.messages[1]["body"]


async def test_nobody_gets_the_code_of_a_fan_who_was_erased(codes: Codes) -> None:
    winner, _ = await codes.winner()
    await codes.pool(codes.events[0], 1)
    code = await code_of(codes, winner)
    await void(codes, code, "her friend Ann posted it")
    erasure = {
        "request_id": new_id("prv"),
        "user_id": winner.user,
        "until": "2030-01-01T00:00:00Z",
        "version": 1,
    }
    assert (await codes.service.rest("POST", "/personal-data/erase", erasure)).status_code == 200
    [row] = await codes.sql("SELECT user_id, void_reason FROM assignment")
    assert (row["user_id"], row["void_reason"]) == (NOBODY, None)
    assert (await reissue(codes, code))["__typename"] == "NotFound"
    manager = await codes.sql("SELECT voided_by FROM assignment")
    erasure |= {"request_id": new_id("prv"), "user_id": manager[0]["voided_by"]}
    receipt = (await codes.service.rest("POST", "/personal-data/erase", erasure)).json()
    assert receipt["record_count"] >= 1
    assert (await codes.sql("SELECT voided_by FROM assignment"))[0]["voided_by"] == NOBODY
