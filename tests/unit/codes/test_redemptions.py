"""What platforms report is counted once, never above what a code is good for, in whatever order it comes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from services.codes.backend.redemptions_store import Given, RedemptionStore
from services.codes.backend.redemptions_wire import Report
from services.kit.ids import user_id
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.platform import Platform, sale


@pytest.fixture
def axs(codes: Codes) -> Platform:
    return Platform(codes)


async def reports(codes: Codes) -> list[tuple[str, str]]:
    rows = await codes.sql("SELECT external_id, outcome FROM redemption_report ORDER BY external_id")
    return [(row["external_id"], row["outcome"]) for row in rows]


async def test_a_report_is_counted_and_told(codes: Codes, axs: Platform) -> None:
    winner, code = await codes.winner()
    [result] = await axs.report(sale(code, 2, externalId="order-1", redeemedAt="2026-05-01T10:00:00Z"))
    assert result == {
        "externalId": "order-1",
        "outcome": "ACCEPTED",
        "replayed": False,
        "message": "The redemption is counted.",
    }
    counts = await codes.counts(codes.events[0])
    assert (counts["assigned"], counts["redeemed"]) == (0, 1)
    [row] = await codes.sql("SELECT redeemed, redemptions, redeemed_at, revealed_at FROM assignment")
    assert (row["redeemed"], row["redemptions"]) == (2, 1)
    assert row["redeemed_at"] == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert row["revealed_at"] is not None
    assert codes.entries.told == [
        {"selection_id": winner.id, "quantity": 2, "version": 1, "outcome": "REDEEMED"}
    ]


async def test_spelling_does_not_tell_codes_apart(codes: Codes, axs: Platform) -> None:
    _, code = await codes.winner()
    assert await axs.outcomes(sale(code.lower().replace("-", " ").replace(" ", "_"))) == ["ACCEPTED"]


async def test_the_same_report_again_changes_nothing(codes: Codes, axs: Platform) -> None:
    _, code = await codes.winner()
    report = sale(code, 2)
    first = await axs.report(report)
    respelled = {**report, "code": code.lower()}
    for again in (report, respelled):
        assert await axs.report(again) == [first[0] | {"replayed": True}]
    [twice] = [await axs.report(report, report)]
    assert [each["replayed"] for each in twice] == [True, True]
    assert (await codes.sql("SELECT redeemed FROM assignment"))[0]["redeemed"] == 2
    assert len(codes.entries.told) == 1


async def test_another_report_under_the_same_id_is_a_conflict_and_the_first_stands(
    codes: Codes, axs: Platform
) -> None:
    _, [code, other] = await codes.winners(2)
    report = sale(code, 1, externalId="order-1")
    assert await axs.outcomes(report) == ["ACCEPTED"]
    changed = [{**report, "quantity": 2}, {**report, "code": other}, {**report, "account": "usr_x"}]
    assert await axs.outcomes(*changed, changed[0]) == ["CONFLICT"] * 4
    assert await reports(codes) == [("order-1", "ACCEPTED")]
    assert len(await codes.sql("SELECT FROM redemption_conflict")) == 3
    assert (await codes.counts(codes.events[0]))["redeemed"] == 1
    # Another platform has ids of its own.
    seatly = Platform(codes, "seatly", "the-secret-of-seatly")
    assert await seatly.outcomes({**report, "code": other}) == ["ACCEPTED"]


async def test_codes_that_nobody_knows_are_kept_and_count_for_nothing(codes: Codes, axs: Platform) -> None:
    await codes.winner()
    report = sale("NO-SUCH-CODE", externalId="order-1")
    assert await axs.outcomes(report, report) == ["UNKNOWN_CODE"] * 2
    assert await reports(codes) == [("order-1", "UNKNOWN_CODE")]
    assert (await codes.counts(codes.events[0]))["redeemed"] == 0


async def test_one_bad_report_spoils_no_other(codes: Codes, axs: Platform) -> None:
    _, [first, second] = await codes.winners(2)
    given = [sale(first), sale("NO-SUCH-CODE"), sale(first, 9), sale(second)]
    assert await axs.outcomes(*given) == ["ACCEPTED", "UNKNOWN_CODE", "OVER_REDEEMED", "ACCEPTED"]
    assert (await codes.counts(codes.events[0]))["redeemed"] == 2


@pytest.mark.parametrize(
    ("mode", "quantities", "expected"),
    [
        ("SINGLE_USE", [4], ["ACCEPTED"]),
        ("SINGLE_USE", [5], ["OVER_REDEEMED"]),
        ("SINGLE_USE", [5, 4], ["OVER_REDEEMED", "ACCEPTED"]),
        ("SINGLE_USE", [1, 1], ["ACCEPTED", "OVER_REDEEMED"]),
        ("ACCOUNT_BOUND", [1, 2, 1, 1], ["ACCEPTED", "ACCEPTED", "ACCEPTED", "OVER_REDEEMED"]),
        ("ACCOUNT_BOUND", [3, 2, 1], ["ACCEPTED", "OVER_REDEEMED", "ACCEPTED"]),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_a_code_is_good_for_its_limit(
    codes: Codes, axs: Platform, mode: str, quantities: list[int], expected: list[str], *, together: bool
) -> None:
    await codes.publish(version=2, code_mode=mode, ticket_limit=4)
    winner, code = await codes.winner()
    given = [sale(code, quantity, account=winner.user) for quantity in quantities]
    outcomes = await axs.outcomes(*given) if together else [(await axs.outcomes(one))[0] for one in given]
    assert outcomes == expected
    [row] = await codes.sql("SELECT redeemed, redemptions FROM assignment")
    accepted = [q for q, outcome in zip(quantities, expected, strict=True) if outcome == "ACCEPTED"]
    assert (row["redeemed"], row["redemptions"]) == (sum(accepted), len(accepted))
    assert len(await reports(codes)) == len(quantities)


async def test_the_limit_is_that_of_the_day_of_assignment(codes: Codes, axs: Platform) -> None:
    winner, code = await codes.winner()
    await codes.publish(version=2, ticket_limit=1)
    assert await axs.outcomes(sale(code, 4, account=winner.user)) == ["ACCEPTED"]


async def test_a_bound_code_is_for_the_account_that_won_it(codes: Codes, axs: Platform) -> None:
    await codes.publish(version=2, code_mode="ACCOUNT_BOUND")
    await codes.pool(codes.events[0], 1)
    winner = Winner(codes.events[0], user=user_id(issuer.ISSUER, "winner"))
    await codes.assign(codes.entries.wave(codes.campaign, [winner]))
    await codes.work()
    code = await codes.clear(winner)
    others = [None, "usr_somebody", "winner", f"{issuer.ISSUER}|another", "|winner"]
    given = [sale(code, 1, **({"account": account} if account else {})) for account in others]
    assert await axs.outcomes(*given) == ["WRONG_ACCOUNT"] * len(others)
    hers = [winner.user, f"{issuer.ISSUER}|winner"]
    assert await axs.outcomes(*(sale(code, 1, account=account) for account in hers)) == ["ACCEPTED"] * 2


async def test_a_report_that_comes_before_the_assignment_counts_once_it_is_there(
    codes: Codes, axs: Platform
) -> None:
    pool = await codes.pool(codes.events[0])
    await codes.import_csv(pool, "EARLY-BIRD-1")
    second = sale("EARLY-BIRD-1", 1, redeemedAt="2026-05-01T10:00:01Z")
    first = sale("EARLY-BIRD-1", 3, redeemedAt="2026-05-01T10:00:00Z")
    assert await axs.outcomes(second, first) == ["EARLY", "EARLY"]
    assert await codes.resources.redemptions.settle_early() == 0
    winner = Winner(codes.events[0])
    await codes.assign(codes.entries.wave(codes.campaign, [winner]))
    assert await codes.resources.redemptions.settle_early() == 0
    await codes.work()
    assert (await codes.counts(codes.events[0]))["redeemed"] == 0
    assert await codes.resources.redemptions.settle_early() == 2
    assert await codes.resources.redemptions.settle_early() == 0
    assert sorted(outcome for _, outcome in await reports(codes)) == ["ACCEPTED", "OVER_REDEEMED"]
    assert (await codes.counts(codes.events[0]))["redeemed"] == 1
    assert codes.entries.told == [
        {"selection_id": winner.id, "quantity": 3, "version": 1, "outcome": "REDEEMED"}
    ]


async def test_reports_in_the_wrong_order_and_after_the_presale(codes: Codes, axs: Platform) -> None:
    closes = datetime(2026, 6, 1, 18, tzinfo=UTC)
    await codes.publish(version=2, code_mode="ACCOUNT_BOUND", presale_closes_at=closes.isoformat())
    winner, code = await codes.winner()
    moments = [closes + timedelta(days=3), closes, closes - timedelta(seconds=1), closes - timedelta(days=2)]
    for moment in moments:
        given = sale(code, 1, redeemedAt=moment.isoformat(), account=winner.user)
        assert await axs.outcomes(given) == ["ACCEPTED"]
    rows = await codes.sql("SELECT late FROM redemption_report ORDER BY redeemed_at DESC")
    assert [row["late"] for row in rows] == [True, True, False, False]
    assert (await codes.sql("SELECT redeemed_at FROM assignment"))[0]["redeemed_at"] == moments[-1]
    assert [told["version"] for told in codes.entries.told] == [1, 2, 3, 4]


async def test_the_same_report_eight_times_at_once_counts_once(codes: Codes, axs: Platform) -> None:
    _, code = await codes.winner()
    report = sale(code, 1)
    stores = await several_processes(codes, 8)
    answers = await asyncio.gather(*(take(store, report) for store in stores))
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 7
    assert {answer.outcome for answer in answers} == {"ACCEPTED"}
    assert (await codes.sql("SELECT redeemed FROM assignment"))[0]["redeemed"] == 1
    assert (await codes.counts(codes.events[0]))["redeemed"] == 1


async def test_two_reports_that_would_together_be_too_many(codes: Codes) -> None:
    await codes.publish(version=2, code_mode=None, ticket_limit=4)
    _, code = await codes.winner()
    stores = await several_processes(codes, 8)
    answers = await asyncio.gather(*(take(store, sale(code, 3)) for store in stores))
    assert sorted(answer.outcome for answer in answers) == ["ACCEPTED"] + ["OVER_REDEEMED"] * 7
    assert await over_redeemed(codes) == 0


async def test_check_then_count_would_redeem_too_much(codes: Codes) -> None:
    """The negative control: without the lock and the constraint, the assertion above fails."""
    await codes.winner()
    owner = await asyncpg.connect(codes.database.owner_dsn)
    [constraint] = await owner.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'assignment'::regclass "
        "AND pg_get_constraintdef(oid) LIKE '%ticket_limit%'"
    )
    await owner.execute(f"ALTER TABLE assignment DROP CONSTRAINT {constraint['conname']}")
    await owner.close()
    everybody_has_checked = asyncio.Barrier(2)

    async def check_then_count() -> None:
        [row] = await codes.sql("SELECT redeemed, ticket_limit FROM assignment")
        assert row["redeemed"] + 3 <= row["ticket_limit"]
        await everybody_has_checked.wait()
        await codes.sql(
            "UPDATE assignment SET redeemed = redeemed + 3, redemptions = redemptions + 1, redeemed_at = now()"
        )

    await asyncio.gather(check_then_count(), check_then_count())
    assert await over_redeemed(codes) == 1


async def over_redeemed(codes: Codes) -> int:
    """How many codes were used for more tickets than they are good for."""
    [row] = await codes.sql("SELECT count(*) AS n FROM assignment WHERE redeemed > ticket_limit")
    return row["n"]


async def test_any_number_of_reports_takes_the_same_few_statements(codes: Codes, axs: Platform) -> None:
    _, clear = await codes.winners(50)
    await axs.report(sale(clear[0]))
    before = codes.resources.database.statements
    await axs.report(sale(clear[1]))
    one = codes.resources.database.statements - before
    assert await axs.outcomes(*(sale(code) for code in clear[2:])) == ["ACCEPTED"] * 48
    assert codes.resources.database.statements - before == 2 * one
    assert (await codes.counts(codes.events[0]))["redeemed"] == 50


async def several_processes(codes: Codes, count: int) -> list[RedemptionStore]:
    """Stores that do not share a batcher, as those of several processes do not."""
    resources = codes.resources
    return [
        RedemptionStore(resources.database, resources.lookup, resources.outbox, resources.webhooks)
        for _ in range(count)
    ]


async def take(store: RedemptionStore, report: dict[str, Any]) -> Any:
    [answer] = await store.take([Given("axs", msgspec.convert(report, Report))])
    return answer
