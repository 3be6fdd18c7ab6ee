"""verifyCard, removeCard: a token for what may be known of a card; a number never passes."""

import asyncio
from typing import Any

import pytest

from scripts.devtools.proofs import payment_method
from services.users.backend.proofs_rules import MOST_CARDS, holds_card_number
from tests.support.proof_providers import Providers, answer
from tests.support.service import ServiceUnderTest
from tests.unit.users.proving import ask, shown, verify_card
from tests.unit.users.world import EntriesPeer

PANS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "378282246310005",
    "6011.1111.1111.1117",
]


async def test_a_card_is_shown_published_at_once_and_counts_to_the_end_of_its_last_month(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    verified = await verify_card(users, brand="amex", expires="0240", last4="0005")
    assert verified["__typename"] == "CardVerified"
    card = {
        "id": verified["card"]["id"],
        "brand": "AMEX",
        "last4": "0005",
        "expiresAt": "2040-03-01T00:00:00.000Z",
    }
    assert verified["card"] == card
    [in_list] = verified["user"]["verifiedCards"]
    assert {name: in_list[name] for name in card} == card
    assert [each["value"] for each in entries.of("ada")[-1]["cards"]] == ["AMEX"]
    assert entries.of("ada")[-1]["cards"][0]["expires_at"].startswith("2040-03-01T00:00:00")


async def test_a_token_of_the_older_kind_is_exchanged_too(
    users: ServiceUnderTest, providers: Providers
) -> None:
    token = payment_method("visa", "4242", "1240", "ada").replace("pm_", "tok_")
    verified = await ask(users, "ada", "verifyCard", paymentToken=token)
    assert verified["card"]["brand"] == "VISA"
    assert providers.asked["/cards/v1/payment_methods"] == 1


async def test_the_same_card_again_is_the_same_card(users: ServiceUnderTest) -> None:
    first, again = [await verify_card(users) for _ in range(2)]
    assert first["card"]["id"] == again["card"]["id"]
    assert len((await shown(users))["verifiedCards"]) == 1
    assert (await verify_card(users, "eve"))["__typename"] == "CardVerified"


async def test_the_same_key_answers_the_same_without_asking(
    users: ServiceUnderTest, providers: Providers
) -> None:
    first, again = [await verify_card(users, idempotencyKey="k") for _ in range(2)]
    assert again == {**first, "replayed": True}
    assert sum(providers.asked.values()) == 1
    assert (await verify_card(users, brand="amex", idempotencyKey="k"))["__typename"] == "IdempotencyMismatch"


async def test_a_removed_card_counts_no_more(users: ServiceUnderTest, entries: EntriesPeer) -> None:
    card = (await verify_card(users))["card"]["id"]
    assert (await ask(users, "eve", "removeCard", id=card))["__typename"] == "NotFound"
    removed = await ask(users, "ada", "removeCard", id=card)
    assert removed["user"]["verifiedCards"] == []
    assert entries.of("ada")[-1]["cards"] == []
    again = await ask(users, "ada", "removeCard", id=card)
    assert (again["__typename"], again["path"]) == ("NotFound", ["id"])


async def test_of_two_cards_of_a_brand_the_one_that_lasts_counts(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    for expires in ("0130", "1240", "0631"):
        await verify_card(users, expires=expires)
    [told] = entries.of("ada")[-1]["cards"]
    assert told["expires_at"].startswith("2041-01-01")


async def test_cards_that_do_not_count(users: ServiceUnderTest) -> None:
    for card, reason in (
        ({"brand": "declined"}, "DECLINED"),
        ({"brand": "jcb"}, "UNSUPPORTED"),
        ({"expires": "0120"}, "EXPIRED"),
    ):
        refused = await verify_card(users, **card)
        assert (refused["__typename"], refused["reason"]) == ("ProofRefused", reason)
    assert (await shown(users))["verifiedCards"] == []


def described(**changes: Any) -> dict[str, Any]:
    card = {
        "brand": "visa",
        "last4": "4242",
        "fingerprint": "f",
        "exp_year": 2040,
        "exp_month": 1,
        "checks": None,
    }
    return {"type": "card", "card": {**card, **changes}}


TROUBLE: dict[str, tuple[Any, str]] = {
    "unknown": (
        answer(404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}),
        "ProofRefused",
    ),
    "expired": (answer(402, {"error": {"type": "card_error", "code": "expired_card"}}), "ProofRefused"),
    "checks fail": (answer(200, described(checks={"cvc_check": "fail"})), "ProofRefused"),
    "no card": (answer(200, {"type": "sepa_debit", "sepa_debit": {}}), "ProofRefused"),
    "our key": (answer(401, {"error": {"type": "invalid_request_error"}}), "ProviderUnavailable"),
    "5xx": (answer(500, b""), "ProviderUnavailable"),
    "no fingerprint": (answer(200, described(fingerprint=None)), "ProviderUnavailable"),
    "no digits": (answer(200, described(last4="4x42")), "ProviderUnavailable"),
    "month 13": (answer(200, described(exp_month=13)), "ProviderUnavailable"),
    "as built": (answer(200, described()), "CardVerified"),
}


async def test_what_a_processor_may_answer(users: ServiceUnderTest, providers: Providers) -> None:
    token = payment_method("visa", "4242", "1240", "ada")
    for name, (given, outcome) in TROUBLE.items():
        providers.answers[f"/cards/v1/payment_methods/{token}"] = [given]
        result = await ask(users, name.replace(" ", "-"), "verifyCard", paymentToken=token)
        assert result["__typename"] == outcome, (name, result)


async def test_a_card_number_goes_nowhere(
    users: ServiceUnderTest,
    providers: Providers,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for given in [*PANS, f"pm_{PANS[0]}", f"my card is {PANS[1]} ok?"]:
        refused = await ask(users, "ada", "verifyCard", paymentToken=given, idempotencyKey="k")
        assert refused["issues"][0]["code"] == "CARD_NUMBER"
        assert not any(pan in str(refused) for pan in PANS)
    for given in ("pm_", "pm_a/../b", "pm_visa?x=1", "src_12345", "", "pm_" + "x" * 300):
        assert (await ask(users, "ada", "verifyCard", paymentToken=given))["issues"][0]["code"] == "MALFORMED"
    assert not providers.asked
    out, err = capfd.readouterr()
    assert not any(pan in out + err + caplog.text for pan in PANS)
    pool = users.resources.database.pool
    assert await pool.fetchval("SELECT count(*) FROM idempotency") == 0


def test_what_looks_like_a_card_number() -> None:
    assert all(holds_card_number(pan) for pan in PANS)
    for harmless in ("4242424242424243", "123456789", "pm_visa_4242_1240_fan000001", "1" * 11, ""):
        assert not holds_card_number(harmless)


async def test_of_cards_verified_at_once_no_more_are_kept_than_may_be(users: ServiceUnderTest) -> None:
    await shown(users)
    results = await asyncio.gather(*(verify_card(users, last4=f"{n:04}") for n in range(MOST_CARDS + 3)))
    refused = [result for result in results if result["__typename"] == "ValidationFailed"]
    assert [result["issues"][0]["code"] for result in refused] == ["TOO_MANY"] * 3
    assert len((await shown(users))["verifiedCards"]) == MOST_CARDS
