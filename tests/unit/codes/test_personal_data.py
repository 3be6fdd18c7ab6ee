"""What codes gives back of a fan, and how it lets her go, whatever is under way at that moment."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.codes.backend.personal_data_store import CodesPersonalData
from services.kit.ids import new_id
from services.kit.pg import Database
from services.kit.privacy import NOBODY, Erasure
from tests.unit.codes.conftest import SOMEBODY_WAITS, Codes
from tests.unit.codes.platform import Platform, sale
from tests.unit.codes.test_deliveries import Network, courier


@pytest.fixture
def axs(codes: Codes) -> Platform:
    return Platform(codes)


async def erase(codes: Codes, user: str) -> int:
    """How many records were erased."""
    wanted = Erasure(new_id("prv"), user, datetime.now(UTC), 7)
    answer = await codes.service.rest("POST", "/personal-data/erase", wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["record_count"]


async def records(codes: Codes, user: str, kind: str) -> list[dict[str, Any]]:
    body = {"user_id": user, "after": f"{kind}:"}
    page = (await codes.service.rest("POST", "/personal-data/collect", body)).json()
    return [record["data"] for record in page["records"]]


async def accounts(codes: Codes) -> list[str | None]:
    rows = await codes.sql("SELECT account FROM redemption_report ORDER BY received_at, external_id")
    return [row["account"] for row in rows]


async def test_a_purchase_is_hers_although_the_platform_does_not_say_whose(
    codes: Codes, axs: Platform
) -> None:
    winner, code = await codes.winner()
    assert await axs.outcomes(sale(code, 2, externalId="order-1")) == ["ACCEPTED"]
    [bought] = await records(codes, winner.user, "purchase")
    assert (bought["external_id"], bought["quantity"], bought["account"]) == ("order-1", 2, None)


async def test_an_account_that_is_no_user_is_not_kept(codes: Codes, axs: Platform) -> None:
    await codes.publish(version=2, code_mode="ACCOUNT_BOUND")
    winner, code = await codes.winner()
    strangers = ["ada@example.com", "Ada Lovelace", "usr_x"]
    given = [sale(code, account=account) for account in strangers]
    assert await axs.outcomes(*given) == ["WRONG_ACCOUNT"] * 3
    assert await accounts(codes) == [None] * 3
    assert await axs.outcomes(sale(code, account=winner.user)) == ["ACCEPTED"]
    assert (await accounts(codes))[-1] == winner.user


async def test_a_report_after_the_erasure_does_not_name_her(codes: Codes, axs: Platform) -> None:
    winner, code = await codes.winner()
    assert await axs.outcomes(sale(code, account=winner.user)) == ["ACCEPTED"]
    assert await erase(codes, winner.user) == 3  # the code, its message and the purchase
    assert await axs.outcomes(sale("NO-SUCH-CODE", account=winner.user)) == ["UNKNOWN_CODE"]
    assert await accounts(codes) == [None, None]


async def test_who_came_back_and_won_again_is_named(codes: Codes, axs: Platform) -> None:
    winner, _ = await codes.winner()
    await erase(codes, winner.user)
    _, code = await codes.winner(codes.events[1])
    await codes.sql("UPDATE assignment SET user_id = $1 WHERE user_id <> $2", winner.user, NOBODY)
    assert await axs.outcomes(sale(code, account=winner.user)) == ["ACCEPTED"]
    assert await accounts(codes) == [winner.user]


async def reported_meanwhile(
    codes: Codes, axs: Platform, monkeypatch: pytest.MonkeyPatch
) -> list[str | None]:
    """The accounts that are kept when a report was being kept while its fan was erased."""
    winner, code = await codes.winner()
    kept, erasing = asyncio.Event(), asyncio.Event()
    run = Database._run

    async def run_late(self: Database, method: str, query: Any, connection: Any, parameters: Any) -> Any:
        found = await run(self, method, query, connection, parameters)
        if query.name == "claim_reports":
            kept.set()
            await erasing.wait()
        return found

    monkeypatch.setattr(Database, "_run", run_late)
    report = asyncio.create_task(axs.outcomes(sale(code, account=winner.user)))
    await kept.wait()
    erased = asyncio.create_task(erase(codes, winner.user))
    async with asyncio.timeout(20):
        while not erased.done() and not await codes.sql(SOMEBODY_WAITS):
            await asyncio.sleep(0.01)
    erasing.set()
    await asyncio.gather(report, erased)
    return await accounts(codes)


async def test_a_report_under_way_does_not_outlive_the_erasure(
    codes: Codes, axs: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await reported_meanwhile(codes, axs, monkeypatch) == [None]


async def test_negative_control_an_erasure_that_does_not_wait_leaves_her_in_it(
    codes: Codes, axs: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(self: CodesPersonalData) -> None:
        """Waits for nobody."""

    monkeypatch.setattr(CodesPersonalData, "settle", at_once)
    assert None not in await reported_meanwhile(codes, axs, monkeypatch)


async def test_her_messages_are_hers_and_what_leads_to_her_address_is_forgotten(codes: Codes) -> None:
    winner, _ = await codes.winner()
    codes.reach(winner.user, phone="+12025550123")
    await courier(codes, sms=Network()).deliver()
    [message] = await records(codes, winner.user, "message")
    assert (message["channel"], message["state"], message["provider_id"]) == ("SMS", "SENT", "id-1")
    assert await erase(codes, winner.user) == 2  # the code and the message
    [row] = await codes.sql("SELECT state, provider_id FROM delivery")
    assert tuple(row) == ("SENT", None)


async def test_a_message_under_way_is_noted_without_the_network_s_id(codes: Codes) -> None:
    """She is erased between the message's going out and the note of it."""
    winner, _ = await codes.winner()
    codes.reach(winner.user, phone="+12025550123")

    class Slow(Network):
        async def send(self, message: Any) -> str:
            await erase(codes, winner.user)
            return await super().send(message)

    await courier(codes, sms=Slow()).deliver()
    [row] = await codes.sql("SELECT state, provider_id FROM delivery")
    assert tuple(row) == ("SENT", None)


async def test_what_waits_to_be_sent_reaches_nobody(codes: Codes) -> None:
    winner, _ = await codes.winner()
    codes.reach(winner.user, phone="+12025550123")
    await erase(codes, winner.user)
    network = Network()
    await courier(codes, sms=network).deliver()
    assert network.taken == []
    [row] = await codes.sql("SELECT state, failure FROM delivery")
    assert tuple(row) == ("FAILED", "NO_CONTACT")
