"""The payment processor (the shape of Stripe's API): a token of its SDK for what may be known of a card."""

from dataclasses import dataclass
from typing import Any

from services.users.backend.proofs_provider import Answer, ProofSettings, Provider, our_fault
from services.users.backend.proofs_rules import BRANDS, ProofRefused, ProviderUnavailable

_NAME = "CARD_PROCESSOR"
_LONGEST_FINGERPRINT = 255


@dataclass(frozen=True, slots=True)
class Card:
    """A card as its processor describes it; it lasts to the end of `month` (1 to 12) of `year`."""

    brand: str
    last4: str
    fingerprint: str
    year: int
    month: int


class CardsProvider:
    """The processor, if one is configured."""

    def __init__(self, settings: ProofSettings, provider: Provider) -> None:
        self._provider = provider
        self.offered = settings.offers("card_processor")
        self._url = f"{settings.card_processor_url.rstrip('/')}/v1/payment_methods"
        self._key = settings.card_processor_key.get_secret_value()

    async def describe(self, token: str) -> Card:
        """What a payment method (`pm_…`) or a card token (`tok_…`) stands for.

        Raises ProofRefused, ProviderUnavailable.
        """
        answer = await self._ask(token)
        if answer.status in (401, 403):
            raise our_fault(_NAME, answer)
        if answer.status >= 300:
            raise _refusal(answer)
        card: Any = answer.members.get("card")
        if answer.members.get("type") != "card" or not isinstance(card, dict):
            raise ProofRefused("UNSUPPORTED", "This payment method is no card. Choose a card.")
        return _card(card)

    async def _ask(self, token: str) -> Answer:
        if token.startswith("pm_"):
            return await self._provider.call(_NAME, "GET", f"{self._url}/{token}", bearer=self._key)
        form = {"type": "card", "card[token]": token}
        return await self._provider.call(_NAME, "POST", self._url, form=form, bearer=self._key)


def _card(card: dict[str, Any]) -> Card:
    checks = card.get("checks")
    if isinstance(checks, dict) and "fail" in checks.values():
        raise ProofRefused(
            "DECLINED", "The card's bank does not confirm its details. Check them, or use another."
        )
    brand = BRANDS.get(str(card.get("brand")))
    if brand is None:
        names = ", ".join(BRANDS.values())
        raise ProofRefused("UNSUPPORTED", f"Cards of this brand do not count here. Use one of {names}.")
    last4, fingerprint = card.get("last4"), card.get("fingerprint")
    year, month = card.get("exp_year"), card.get("exp_month")
    if (
        not isinstance(last4, str)
        or not (len(last4) == 4 and last4.isascii() and last4.isdigit())
        or not isinstance(fingerprint, str)
        or not 0 < len(fingerprint) <= _LONGEST_FINGERPRINT
        or not isinstance(year, int)
        or not isinstance(month, int)
        or not (2000 <= year <= 2200 and 1 <= month <= 12)
    ):
        raise ProviderUnavailable
    return Card(brand, last4, fingerprint, year, month)


def _refusal(answer: Answer) -> ProofRefused:
    error: Any = answer.members.get("error")
    if isinstance(error, dict) and error.get("type") == "card_error":
        if error.get("code") == "expired_card":
            return ProofRefused("EXPIRED", "This card has expired. Use another.")
        return ProofRefused("DECLINED", "The card's bank declined it. Check its details, or use another.")
    return ProofRefused(
        "NOT_ACCEPTED",
        "The payment provider does not know this token, or it was used before. Enter the card again.",
    )
