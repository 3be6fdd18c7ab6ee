"""What the personas of the truth table look at: a team with its campaign, played from the draft to the codes.

`World.things` has the ids by the names that permissions.toml uses. A new kind of thing is made here and added there.
"""

import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from PIL import Image

from scripts.devtools.permissions import PERSONAS
from services.kit.ids import new_id, user_id
from services.users.backend import wire
from tests.support import issuer
from tests.support.house import House

ROLES: dict[str, wire.Role] = {
    "owner": "OWNER",
    "admin": "ADMIN",
    "editor": "CAMPAIGN_EDITOR",
    "selection-manager": "SELECTION_MANAGER",
    "code-manager": "CODE_MANAGER",
    "analyst": "ANALYST",
    "pii-viewer": "PII_VIEWER",
    "support": "SUPPORT",
    "viewer": "VIEWER",
    "service": "ANALYST",
    "expired": "ADMIN",
}
GATE = """{ anyOf: [
    { region: { countries: [US] } } { card: { brands: [VISA] } } { linkedAccount: { providers: [CITI] } }
    { identity: { tier: ASU } } { phone: true } { membership: true } { allOf: [{ phone: true } { membership: true }] }
] }"""


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 9), "navy").save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = _picture()

# No provider is asked here: tests/unit/users do that.
PROOFS = (
    "INSERT INTO linked_account (user_id, provider, subject_lookup, grant_lookup, expires_at) "
    "VALUES ($1, 'VERIZON', '', '', now() + interval '1 day')",
    "INSERT INTO verified_card (id, user_id, fingerprint_lookup, brand, last4, expires_at) "
    "VALUES ('crd_1', $1, '', 'VISA', '4242', now() + interval '1 day')",
)


def uid(persona: str) -> str:
    """The user id of a persona."""
    return user_id(issuer.ISSUER, persona)


def token(persona: str) -> str | None:
    """The persona's token; None for nobody."""
    if persona == "anonymous":
        return None
    claims: dict[str, Any] = {"client_id": persona, "email": None} if persona == "service" else {}
    return issuer.token(persona, **claims)


@dataclass
class World:
    """The house with everything in it."""

    house: House
    things: dict[str, str] = field(default_factory=dict[str, str])

    async def ask(self, service: str, persona: str, document: str, **variables: Any) -> dict[str, Any]:
        """The answer to a document, whatever it is."""
        return await self.house.service(service).graphql(document, variables, token=token(persona))

    async def do(self, service: str, persona: str, mutation: str, given: str, wanted: str = "") -> Any:
        """The result of a mutation that must succeed. `given` is its input, `wanted` its selection, in GraphQL."""
        selection = f"__typename {wanted} ... on Error {{ message }}"
        document = f"mutation {{ {mutation}(input: {given}) {{ {selection} }} }}"
        answer = await self.ask(service, persona, document)
        assert "errors" not in answer, (mutation, answer["errors"])
        result = answer["data"][mutation]
        assert "message" not in result, (mutation, result)
        return result


async def build(house: House) -> World:
    """The team, its people and its campaign, all the way through the graph as they would go it."""
    world = World(house)
    await _people(world)
    await _campaigns(world)
    await _uploads(world)
    await _entry(world)
    await _wave(world)
    await _webhooks(world)
    await _codes(world)
    return world


async def _people(world: World) -> None:
    service, things = world.house.users.resources, world.things
    things |= {"team": new_id("tea"), "other-team": new_id("tea")}
    sightings = [
        wire.Sighting(user_id=uid(p), issuer=issuer.ISSUER, subject=p, email=f"{p}@example.com", name=f"Name of {p}",
                      member_id=f"member-{p}", country="US", locale="en-US")
        for p in PERSONAS if p != "anonymous"
    ]  # fmt: skip
    await service.store.sight(sightings)
    roles = {uid(persona): role for persona, role in ROLES.items()}
    await service.teams.found(wire.Team(things["team"], "The team"), uid("owner"), roles)
    await service.teams.found(
        wire.Team(things["other-team"], "Another"), uid("outsider"), {uid("outsider"): "OWNER"}
    )
    pool = service.database.pool
    await pool.execute(
        "UPDATE role_binding SET expires_at = now() - interval '1 minute' WHERE user_id = $1", uid("expired")
    )
    for persona in PERSONAS:
        if persona != "anonymous":
            things[persona] = uid(persona)
    verification = await _start_verification(world)
    [message] = world.house.users.resources.settings.sms_outbox.read_text().splitlines()
    [code] = re.findall(r"\b\d{6}\b", json.loads(message)["body"])
    await world.do(
        "users", "fan", "confirmPhoneVerification", f'{{ verificationId: "{verification}", code: "{code}" }}'
    )
    things["verification"] = await _start_verification(world)
    for proof in PROOFS:
        await pool.execute(proof, uid("fan"))
    for persona in ("owner", "viewer"):
        things[f"role-of-{persona}"] = await pool.fetchval(
            "SELECT id FROM role_binding WHERE user_id = $1", uid(persona)
        )


async def _start_verification(world: World) -> str:
    wanted = "... on PhoneVerificationStarted { verificationId }"
    started = await world.do("users", "fan", "startPhoneVerification", '{ phone: "+12125550123" }', wanted)
    return started["verificationId"]


async def _campaigns(world: World) -> None:
    things = world.things
    await world.house.campaigns.resources.seeds.load()
    found = await world.ask(
        "campaigns",
        "owner",
        '{ venues(first: 1) { nodes { id } } artists(search: "taylor", first: 1) { nodes { id } } }',
    )
    things["venue"], things["artist"] = (
        found["data"][kind]["nodes"][0]["id"] for kind in ("venues", "artists")
    )
    given = (
        f'{{ teamId: "{things["team"]}", name: "Live", legalName: "Live Ltd", supportEmail: "help@live.example", '
        'privacyPolicyUrl: "https://live.example/privacy", defaultLocale: "en-US", sharesFanData: true }'
    )
    made = await world.do(
        "campaigns", "owner", "upsertPromoter", given, "... on PromoterUpserted { promoter { id } }"
    )
    things["promoter"] = made["promoter"]["id"]
    for name in ("campaign", "draft"):
        given = _new_campaign(things["team"], name, things["artist"], things["promoter"])
        made = await world.do(
            "campaigns", "owner", "createCampaign", given, "... on CampaignCreated { campaign { id } }"
        )
        things[name] = made["campaign"]["id"]
    given = f'{{ id: "{things["campaign"]}", gate: {GATE} }}'
    await world.do("campaigns", "owner", "setGate", given)
    given = (
        f'{{ userId: "{uid("support")}", role: SUPPORT, campaignId: "{things["campaign"]}", '
        f'expiresAt: "{_in(days=9)}" }}'
    )
    await world.do("users", "owner", "grantRole", given)
    given = (
        f'{{ campaignId: "{things["campaign"]}", name: "New York", country: US, radiusKm: 50, '
        f'venueId: "{things["venue"]}" }}'
    )
    market = await world.do(
        "campaigns", "owner", "upsertMarket", given, "... on MarketUpserted { market { id } }"
    )
    things["market"] = market["market"]["id"]
    given = (
        f'{{ campaignId: "{things["campaign"]}", marketId: "{things["market"]}", name: "Night 1", '
        f'startsAt: "{_in(days=90)}", presale: {_window(10, 12)}, allocation: 10 }}'
    )
    event = await world.do(
        "campaigns", "owner", "upsertEvent", given, "... on EventUpserted { event { id } }"
    )
    things["event"] = event["event"]["id"]
    await _transition(world, "OPEN")
    given = f'{{ campaignId: "{things["campaign"]}", purpose: SHARING, granted: true }}'
    await world.do("users", "fan", "recordConsent", given)
    wanted = "... on PersonalDataRequested { request { id } }"
    asked = await world.do("users", "fan", "requestPersonalData", "{ locale: null }", wanted)
    things["privacy-request"] = asked["request"]["id"]


async def _uploads(world: World) -> None:
    given = (
        f'{{ purpose: HERO_IMAGE, campaignId: "{world.things["campaign"]}", filename: "hero.png", '
        f'contentType: "image/png", byteSize: {len(PICTURE)} }}'
    )
    wanted = "... on UploadCreated { upload { id uploadUrl } }"
    for name in ("promised", "picture"):
        created = (await world.do("campaigns", "owner", "createUpload", given, wanted))["upload"]
        world.things[name] = created["id"]
    await _send(world, created["uploadUrl"], PICTURE)
    found = await world.ask(
        "campaigns", "owner", f'{{ campaign(id: "{world.things["campaign"]}") {{ version }} }}'
    )
    given = (
        f'{{ id: "{world.things["campaign"]}", heroUploadId: "{world.things["picture"]}", '
        f"expectedVersion: {found['data']['campaign']['version']} }}"
    )
    await world.do("campaigns", "owner", "updateCampaign", given)


async def _send(world: World, upload_url: str, content: bytes) -> None:
    transport = httpx.ASGITransport(world.house.campaigns.backend)
    async with httpx.AsyncClient(transport=transport, base_url="http://files") as client:
        token = upload_url.rpartition("/")[2]
        assert (await client.put(f"/files/{token}", content=content)).status_code == 204
    await world.house.work("campaigns")


async def _transition(world: World, to: str) -> None:
    id_ = world.things["campaign"]
    found = await world.ask("campaigns", "owner", f'{{ campaign(id: "{id_}") {{ version }} }}')
    version = found["data"]["campaign"]["version"]
    await world.do(
        "campaigns", "owner", "transitionCampaign", f'{{ id: "{id_}", to: {to}, expectedVersion: {version} }}'
    )


async def _entry(world: World) -> None:
    things = world.things
    given = (
        f'{{ campaignId: "{things["campaign"]}", preferences: [{{ marketId: "{things["market"]}" }}], '
        "ticketQuantity: 2 }"
    )
    entered = await world.do("entries", "fan", "submitEntry", given, "... on EntrySubmitted { entry { id } }")
    things["entry"] = entered["entry"]["id"]
    entries = world.house.entries.resources
    await entries.scores.compute()
    await _scores(world)
    await _reviews(world)
    await entries.database.pool.execute(_WITHDRAWN)
    await entries.outbox.drain()
    await _transition(world, "CLOSED")


async def _scores(world: World) -> None:
    things = world.things
    table = f"entry_id,score,reasons\n{things['entry']},0.5,LOYAL\nent_none,0.5,\n".encode()
    given = (
        f'{{ purpose: SCORE_IMPORT, campaignId: "{things["campaign"]}", filename: "scores.csv", '
        f'contentType: "text/csv", byteSize: {len(table)} }}'
    )
    wanted = "... on UploadCreated { upload { id uploadUrl } }"
    created = (await world.do("campaigns", "owner", "createUpload", given, wanted))["upload"]
    things["scores"] = created["id"]
    await _send(world, created["uploadUrl"], table)
    given = f'{{ campaignId: "{things["campaign"]}", uploadId: "{things["scores"]}" }}'
    wanted = "... on ScoreImportStarted { import { id } }"
    started = await world.do("entries", "owner", "importScores", given, wanted)
    things["score-import"] = started["import"]["id"]
    await world.house.work("entries")


async def _reviews(world: World) -> None:
    things = world.things
    given = f'{{ campaignId: "{things["campaign"]}", belowScore: 0.01 }}'
    await world.do("entries", "owner", "setReviewThreshold", given)
    given = f'{{ id: "{things["entry"]}", decision: HOLD, note: "Odd." }}'
    await world.do("entries", "owner", "reviewEntry", given)
    given = f'{{ entryId: "{things["entry"]}", note: "It is me." }}'
    await world.do("entries", "fan", "appealEntry", given)
    given = f'{{ id: "{things["entry"]}", decision: ACCEPT, note: "Talked to her." }}'
    await world.do("entries", "owner", "reviewEntry", given)


_WITHDRAWN = """
INSERT INTO entry (id, campaign_id, user_id, identity, state, preferences, ticket_quantity, is_member, request_digest)
SELECT 'ent_withdrawn', campaign_id, 'usr_of_nobody_else', 'x', 'WITHDRAWN', preferences, 1, false, '' FROM entry
"""


async def _wave(world: World) -> None:
    things = world.things
    given = f'{{ campaignId: "{things["campaign"]}", name: "Wave 1", strategy: RANDOM_PRIORITY }}'
    wave = await world.do("entries", "owner", "createWave", given, "... on WaveCreated { wave { id } }")
    things["wave"] = wave["wave"]["id"]
    of_wave = f'{{ waveId: "{things["wave"]}" }}'
    await world.do("entries", "owner", "commitWave", of_wave)
    await world.do("entries", "owner", "runSelection", of_wave)
    await world.house.work("entries")
    await world.do("entries", "owner", "finalizeWave", of_wave)
    things["selection"] = await world.house.entries.resources.database.pool.fetchval(
        "SELECT id FROM selection WHERE wave_id = $1", things["wave"]
    )
    given = f'{{ campaignId: "{things["campaign"]}", kind: ENTRIES, format: CSV, purpose: INTERNAL }}'
    export = await world.do("entries", "owner", "startExport", given, "... on ExportStarted { job { id } }")
    things["export"] = export["job"]["id"]
    await world.house.work("entries")


async def _webhooks(world: World) -> None:
    for name in ("webhook", "deleted-webhook"):
        url = f"https://partner.example/{name}"
        given = f'{{ teamId: "{world.things["team"]}", url: "{url}", events: [CODE_ASSIGNED] }}'
        made = await world.do(
            "codes", "owner", "createWebhook", given, "... on WebhookCreated { webhook { id } }"
        )
        world.things[name] = made["webhook"]["id"]
    await world.do("codes", "owner", "rotateWebhookSecret", f'{{ id: "{world.things["webhook"]}" }}')
    await world.do("codes", "owner", "deleteWebhook", f'{{ id: "{world.things["deleted-webhook"]}" }}')


async def _codes(world: World) -> None:
    things = world.things
    given = f'{{ eventId: "{things["event"]}", lowWatermark: 1 }}'
    pool = await world.do("codes", "owner", "createCodePool", given, "... on CodePoolCreated { pool { id } }")
    things["pool"] = pool["pool"]["id"]
    await world.do("codes", "owner", "generateCodes", f'{{ poolId: "{things["pool"]}", count: 5 }}')
    given = f'{{ poolId: "{things["pool"]}", csv: "code\\nABCD2345EFGH\\n!\\n" }}'
    started = await world.do(
        "codes", "owner", "importCodes", given, "... on CodeImportStarted { import { id } }"
    )
    things["import"] = started["import"]["id"]
    given = f'{{ waveId: "{things["wave"]}" }}'
    assigned = await world.do(
        "codes", "owner", "assignCodes", given, "... on CodesAssignmentStarted { distribution { id } }"
    )
    things["distribution"] = assigned["distribution"]["id"]
    await world.house.work("codes")
    things["void-code"] = await world.house.codes.resources.database.pool.fetchval(
        "SELECT code_id FROM assignment WHERE selection_id = $1", things["selection"]
    )
    given = f'{{ codeId: "{things["void-code"]}", reason: "Lost" }}'
    reissued = await world.do(
        "codes", "owner", "reissueCode", given, "... on CodeReissued { accessCode { id } }"
    )
    things["code"] = reissued["accessCode"]["id"]
    found = await world.ask("codes", "fan", f'{{ accessCode(id: "{things["code"]}") {{ value }} }}')
    things["code-value"] = found["data"]["accessCode"]["value"]
    things["webhook-event"] = await world.house.codes.resources.database.pool.fetchval(
        "SELECT event_id FROM webhook_delivery"
    )
    given = f'{{ code: "{things["code-value"]}", platform: "shop", externalId: "1", quantity: 1 }}'
    await world.do("codes", "owner", "reportRedemption", given)


def _new_campaign(team: str, slug: str, artist: str, promoter: str) -> str:
    return f"""{{ teamId: "{team}", slug: "the-{slug}", promoterId: "{promoter}", defaultLocale: "en-US",
        countries: [US], artistIds: ["{artist}"], registration: {_window(-1, 1)},
        scoreRange: {{ min: 0, max: 1 }},
        contents: [{{ locale: "en-US", title: "The Tour", summary: "A tour.", body: "Long.", terms: "Terms.",
                     smsTemplate: "Your code: {{code}}" }}] }}"""


def _window(opens: int, closes: int) -> str:
    return f'{{ opensAt: "{_in(days=opens)}", closesAt: "{_in(days=closes)}" }}'


def _in(*, days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()
