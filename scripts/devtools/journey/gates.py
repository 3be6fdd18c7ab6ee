"""Step 9: a gate that asks for a proof lets in who has one, each by another, and drops who took hers back."""

import secrets
from collections.abc import Sequence
from typing import Any

from scripts.devtools import campaign_setup, personas, proof_providers, proofs
from scripts.devtools.campaign_setup import CampaignPlan
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
from scripts.devtools.journey.registration import Campaign, metrics, submit
from scripts.devtools.journey.selection import STAFF

FANS = 4
GATE = {
    "anyOf": [
        {"linkedAccount": {"providers": ["VERIZON"]}},
        {"card": {"brands": ["VISA"]}},
        {"identity": {"tier": "ASU"}},
    ]
}
_REASONS = ["ACCOUNT_REQUIRED", "CARD_REQUIRED", "IDENTITY_REQUIRED"]


async def open_campaign(player: Player) -> Campaign:
    """A small campaign behind the gate."""
    plan = CampaignPlan(markets=1, allocation=10)
    made = await campaign_setup.draft_campaign(player.client, player.token("editor"), plan)
    await player.do("editor", d.SET_GATE, "GateSet", id=made.id, gate=GATE)
    await campaign_setup.transition(player.client, player.token("editor"), made.id, "OPEN")
    return Campaign(made.id, list(made.market_ids), dict.fromkeys(made.event_ids, plan.allocation))


async def pass_gates(player: Player, ledger: Ledger, campaign: Campaign, fans: Sequence[Fan]) -> None:
    """Four fans at the gate: by an account, by a card, by her identity, and with nothing."""
    ledger.begin("9 gates")
    by_account, by_card, by_identity, without = fans
    before = [await submit(player, campaign, fan) for fan in fans]
    ledger.expect("GateUnmet without a proof", FANS, sum(a["__typename"] == "GateUnmet" for a in before))
    ledger.expect("what would do", _REASONS, sorted(reason["code"] for reason in before[0]["reasons"]))
    code = proofs.authorization_code(proofs.Grant(_subject(by_account)))
    linked = {"provider": "VERIZON", "authorizationCode": code}
    await player.do_with(by_account.token, d.LINK_ACCOUNT, "AccountLinked", **linked)
    token = proofs.payment_method("visa", "4242", "1240", _subject(by_card))
    await player.do_with(by_card.token, d.VERIFY_CARD, "CardVerified", paymentToken=token)
    issuer = proof_providers.asu_issuer(player.mint.issuer)
    assertion = proofs.assertion(player.mint, _subject(by_identity), issuer)
    asserted: dict[str, Any] = {"tier": "ASU", "assertion": assertion}
    await player.do_with(by_identity.token, d.VERIFY_IDENTITY, "IdentityVerified", **asserted)
    replayed = await player.send(without.token, d.VERIFY_IDENTITY, **asserted)
    ledger.expect("her assertion in another's hands", "ProofRefused", replayed["__typename"])
    after = [(await submit(player, campaign, fan))["__typename"] for fan in fans]
    ledger.expect("at the gate now", ["EntrySubmitted"] * 3 + ["GateUnmet"], after)
    await player.do_with(by_account.token, d.UNLINK_ACCOUNT, "AccountUnlinked", provider="VERIZON")
    await campaign_setup.transition(player.client, player.token("editor"), campaign.id, "CLOSED")
    ledger.expect("entries", 3, (await metrics(player, campaign))["registrations"])
    ledger.expect("on the roster after one unlinked", 2, await _eligible(player, campaign))


async def _eligible(player: Player, campaign: Campaign) -> int:
    created = await player.do(
        STAFF,
        d.CREATE_WAVE,
        "WaveCreated",
        campaignId=campaign.id,
        name=f"Gates {secrets.token_hex(3)}",
        strategy="RANDOM_PRIORITY",
        reassignment="EXCLUDE_SELECTED",
    )
    preview = await player.do(STAFF, d.PREVIEW, "SelectionPreview", waveId=created["wave"]["id"])
    return preview["eligible"]


def _subject(fan: Fan) -> str:
    return personas.fan(fan.number).subject
