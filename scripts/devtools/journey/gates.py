"""Step 9: a gate that asks for a proof lets in who has one, each by another, and drops who took hers back."""

import secrets
from collections.abc import Sequence

from scripts.devtools import campaign_setup, personas, proof_providers, proofs
from scripts.devtools.campaign_setup import CampaignPlan
from scripts.devtools.fan_client.enums import AccountProvider, IdentityTier
from scripts.devtools.fan_client.input_types import (
    LinkAccountInput,
    UnlinkAccountInput,
    VerifyCardInput,
    VerifyIdentityInput,
)
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
    return Campaign(made.id, made.slug, list(made.market_ids), dict.fromkeys(made.event_ids, plan.allocation))


async def pass_gates(player: Player, ledger: Ledger, campaign: Campaign, fans: Sequence[Fan]) -> None:
    """Four fans at the gate: by an account, by a card, by her identity, and with nothing."""
    ledger.begin("9 gates")
    by_account, by_card, by_identity, without = fans
    before = [(await submit(player, campaign, fan)).submit_entry for fan in fans]
    ledger.expect("GateUnmet without a proof", FANS, sum(a.typename__ == "GateUnmet" for a in before))
    reasons = [reason.code.value for a in before[:1] if a.typename__ == "GateUnmet" for reason in a.reasons]
    ledger.expect("what would do", _REASONS, sorted(reasons))
    code = proofs.authorization_code(proofs.Grant(_subject(by_account)))
    account = LinkAccountInput(provider=AccountProvider.VERIZON, authorization_code=code)
    linked = (await player.fan(by_account.token).link_account(account)).link_account
    card = VerifyCardInput(payment_token=proofs.payment_method("visa", "4242", "1240", _subject(by_card)))
    verified = (await player.fan(by_card.token).verify_card(card)).verify_card
    issuer = proof_providers.asu_issuer(player.mint.issuer)
    assertion = proofs.assertion(player.mint, _subject(by_identity), issuer)
    identity = VerifyIdentityInput(tier=IdentityTier.ASU, assertion=assertion)
    proven = (await player.fan(by_identity.token).verify_identity(identity)).verify_identity
    ledger.expect("her account", "AccountLinked", linked.typename__)
    ledger.expect("her card", "CardVerified", verified.typename__)
    ledger.expect("her identity", "IdentityVerified", proven.typename__)
    replayed = (await player.fan(without.token).verify_identity(identity)).verify_identity
    ledger.expect("her assertion in another's hands", "ProofRefused", replayed.typename__)
    after = [(await submit(player, campaign, fan)).submit_entry.typename__ for fan in fans]
    ledger.expect("at the gate now", ["EntrySubmitted"] * 3 + ["GateUnmet"], after)
    unlinked = await player.fan(by_account.token).unlink_account(
        UnlinkAccountInput(provider=AccountProvider.VERIZON)
    )
    ledger.expect("her account again", "AccountUnlinked", unlinked.unlink_account.typename__)
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
