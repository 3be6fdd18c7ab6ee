"""reportRedemption: by hand what platforms do by webhook, to the same effect, and audited."""

from typing import Any

import pytest

from services.kit.ids import new_id
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.platform import Platform, sale

FIELDS = """... on RedemptionReported { early replayed accessCode { state redeemedAt
    redemptions { platform externalId at quantity late } } }
    ... on Error { code message path } ... on ValidationFailed { issues { path } }"""


async def report(codes: Codes, code: str, token: str | None = None, **more: Any) -> dict[str, Any]:
    given = {"code": code, "platform": "seatly", "externalId": new_id("sale"), **more}
    return await codes.mutate("reportRedemption", FIELDS, token, **given)


async def test_a_report_by_hand_is_counted_and_audited_once(codes: Codes) -> None:
    _, code = await codes.winner()
    given: dict[str, Any] = {"externalId": "order-1", "quantity": 2, "redeemedAt": "2026-05-01T10:00:00.000Z"}
    first = await report(codes, code, **given)
    assert first == {
        "__typename": "RedemptionReported",
        "early": False,
        "replayed": False,
        "accessCode": {
            "state": "REDEEMED",
            "redeemedAt": "2026-05-01T10:00:00.000Z",
            "redemptions": [
                {
                    "platform": "seatly",
                    "externalId": "order-1",
                    "at": "2026-05-01T10:00:00.000Z",
                    "quantity": 2,
                    "late": False,
                }
            ],
        },
    }
    assert await report(codes, code, **given) == first | {"replayed": True}
    assert [each["action"] for each in codes.audit].count("reportRedemption") == 1
    assert (await codes.counts(codes.events[0]))["redeemed"] == 1


async def test_the_webhook_and_the_mutation_are_one_road(codes: Codes) -> None:
    _, code = await codes.winner()
    seatly = Platform(codes, "seatly", "the-secret-of-seatly")
    assert await seatly.outcomes(sale(code, 2, externalId="order-1")) == ["ACCEPTED"]
    again = await report(codes, code, externalId="order-1", quantity=2)
    assert (again["__typename"], again["replayed"]) == ("RedemptionReported", True)


async def test_what_is_refused_says_why(codes: Codes) -> None:
    await codes.publish(version=2, code_mode="ACCOUNT_BOUND")
    winner, code = await codes.winner()
    wrong = await report(codes, code)
    assert (wrong["__typename"], wrong["code"], wrong["path"]) == (
        "WrongAccount",
        "WRONG_ACCOUNT",
        ["account"],
    )
    over = await report(codes, code, quantity=5, account=winner.user)
    assert (over["__typename"], over["path"]) == ("OverRedeemed", ["quantity"])
    assert (await report(codes, code, externalId="1", account=winner.user))["early"] is False
    conflict = await report(codes, code, externalId="1", account=winner.user, quantity=2)
    assert (conflict["__typename"], conflict["path"]) == ("RedemptionConflict", ["externalId"])


async def test_a_code_that_is_not_assigned_yet(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0])
    await codes.import_csv(pool, "EARLY-BIRD-1")
    early = await report(codes, "early_bird_1")
    assert (early["early"], early["accessCode"]["state"]) == (True, "AVAILABLE")
    assert early["accessCode"]["redemptions"] == []


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"platform": "AXS"}, ["platform"]),
        ({"platform": ""}, ["platform"]),
        ({"platform": "x" * 41}, ["platform"]),
        ({"externalId": ""}, ["externalId"]),
        ({"quantity": 0}, ["quantity"]),
        ({"quantity": 2_000_000_000}, ["quantity"]),
        ({"account": ""}, ["account"]),
        ({"redeemedAt": "0001-01-01T00:00:00Z"}, []),
    ],
)
async def test_bad_input_is_named(codes: Codes, wrong: dict[str, Any], path: list[str]) -> None:
    _, code = await codes.winner()
    answer = await report(codes, code, **wrong)
    assert answer["__typename"] == "ValidationFailed"
    assert answer["issues"] == [{"path": path}]
    assert await codes.sql("SELECT FROM redemption_report") == []


async def test_who_manages_codes_elsewhere_cannot_report_or_occupy_an_id(codes: Codes) -> None:
    _, code = await codes.winner()
    tokens = [
        None,
        issuer.token("fan"),
        codes.service.grant("reader", "CODE_READ", codes.team),
        codes.service.grant("elsewhere", "CODE_MANAGE", new_id("tea")),
    ]
    for typed in (code, "NO-SUCH-CODE", "", "\0", "x" * 5000):
        for token in [*tokens, codes.manager] if typed != code else tokens:
            given = {"code": typed, "platform": "axs", "externalId": "order-1"}
            answer = await codes.try_to("reportRedemption", FIELDS, token, **given)
            code_of_error = answer["errors"][0]["extensions"]["code"]
            assert code_of_error == ("UNAUTHENTICATED" if token is None else "FORBIDDEN")
    assert await codes.sql("SELECT FROM redemption_report") == []


async def test_an_id_used_in_another_team_is_free_here(codes: Codes) -> None:
    """Else a team could keep a platform's reports of another team's codes from counting."""
    _, code = await codes.winner()
    await report(codes, code, externalId="order-1")
    other_team, codes.campaign = new_id("tea"), new_id("cmp")
    codes.events = [new_id("evt")]
    await codes.publish(team=other_team)
    codes.manager = codes.service.grant("other-manager", "CODE_MANAGE", other_team)
    _, other = await codes.winner()
    seatly = Platform(codes, "seatly", "the-secret-of-seatly")
    assert await seatly.outcomes(sale(other, 3, externalId="order-1")) == ["ACCEPTED"]


async def test_redemptions_of_fifty_codes_are_one_request_and_one_statement(codes: Codes) -> None:
    winners, clear = await codes.winners(50)
    await Platform(codes).report(*(sale(code) for code in clear))
    requests, statements = len(codes.service.requests), codes.resources.database.statements
    found = await codes.service.entities(
        "... on Selection { accessCode { redemptions { quantity } } }",
        [{"__typename": "Selection", "id": winner.id} for winner in winners],
        token=codes.manager,
    )
    assert [each["accessCode"]["redemptions"] for each in found] == [[{"quantity": 1}]] * 50
    assert codes.service.requests[requests:] == ["POST /codes/batch", "POST /redemptions/batch"]
    assert codes.resources.database.statements - statements == 2
