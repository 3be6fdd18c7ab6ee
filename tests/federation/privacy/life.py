"""The whole life of one fan through the router of the running system: she registers, wins, uses her code, asks for her
data, is erased. Every request is traced.
"""

import asyncio
import dataclasses
import hashlib
import hmac
import io
import json
import re
import secrets
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from scripts.devtools import campaign_setup
from scripts.devtools import settings as devsettings
from scripts.devtools.campaign_setup import Campaign, CampaignPlan
from scripts.devtools.fan_client.client import FanClient
from scripts.devtools.fan_client.enums import PhoneChannel
from scripts.devtools.fan_client.input_types import (
    ConfirmPhoneVerificationInput,
    PreferenceInput,
    StartPhoneVerificationInput,
    SubmitEntryInput,
)
from scripts.devtools.graphql_client import GraphQLClient, RawAnswer
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.player import Player
from tests.federation.privacy.searching import Canary
from tests.support.stack import RunningStack
from tests.unit.codes.partner import Partner

RENAME = """
mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename ... on Error { message } } }
"""
STAFF_VIEW = """
query ($id: ID!) { campaign(id: $id) { entries(first: 5) { nodes { user { email displayName phone } } } } }
"""
WEBHOOK = """
mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) { __typename ... on WebhookCreated { webhook { id } } }
}
"""
ARCHIVE = """
mutation ($input: RequestPersonalDataInput!) {
  requestPersonalData(input: $input) { __typename ... on PersonalDataRequested { request { id } } }
}
"""
ERASE = """
mutation ($input: RequestErasureInput!) {
  requestErasure(input: $input) { __typename ... on ErasureRequested { request { id } } }
}
"""
REQUEST = (
    "query ($id: ID!) { privacyRequest(id: $id) { state failure downloadUrl receipts { service state } } }"
)


class Traced(GraphQLClient):
    """Asks for every request to be traced: each tier writes its spans down."""

    async def post_raw(
        self, body: bytes, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> RawAnswer:
        parent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        return await super().post_raw(body, token=token, headers={"traceparent": parent, **(headers or {})})


@dataclass
class Fan:
    """Somebody whose email, phone, name, code and token are like nothing else in the system."""

    email: Canary
    phone: Canary
    name: Canary
    code: Canary
    token: Canary

    @classmethod
    def unlike_anybody(cls, stack: RunningStack) -> "Fan":
        mark = secrets.token_hex(6)
        email = f"Canary.{mark}+Tour@Example.COM"
        name = f"Zoë Ñandú-{mark}"
        token = stack.token("fan", sub=f"canary-{mark}", email=email, name=name, country="IE")
        return cls(
            Canary("email", email),
            Canary("phone", f"+35385{secrets.randbelow(10**7):07}"),
            Canary("name", name),
            Canary("code", f"KAN-{mark.upper()}-RIEN"),
            Canary("token", token),
        )

    @property
    def all(self) -> list[Canary]:
        return [self.email, self.phone, self.name, self.code, self.token]


class Life:
    """Plays a fan's life. `heard` is what a partner was told meanwhile, `staff_saw` what a PII viewer saw of her."""

    def __init__(self, stack: RunningStack, client: GraphQLClient) -> None:
        ports = {name: process.port for name, process in stack.state.processes.items() if process.port}
        settings = dataclasses.replace(devsettings.load(), ports=ports, data_dir=stack.data_dir)
        self.stack = stack
        self.player = Player(settings, client)
        self.fan = Fan.unlike_anybody(stack)
        self.her = FanClient(client, self.fan.token.value)
        self.heard = b""
        self.staff_saw = b""
        self.archive: dict[str, bytes] = {}
        self.receipts: list[str] = []

    async def live(self) -> None:
        """From her registration to the copy of her data."""
        async with Partner() as partner:
            await self._tell(partner)
            campaign = await self._register()
            await self._confirm_phone()
            await self._stumble()
            wave = await self._draw(campaign)
            await self._assign(campaign, wave)
            await self._use_code(campaign)
            await self._look_at_her(campaign)
            async with asyncio.timeout(60):
                while sum(b"codeId" in received.body for received in partner.received) < 2:
                    await asyncio.sleep(0.1)
            self.heard = b"\n".join(received.body for received in partner.received)
        await self._copy_her_data()

    async def end(self) -> None:
        """She asks to be forgotten, and is."""
        asked = await self._do(ERASE, "ErasureRequested", idempotencyKey=secrets.token_hex(8))
        done = await self._request("the erasure", asked["request"]["id"])
        self.receipts = sorted(r["service"] for r in done["receipts"] if r["state"] == "SUCCEEDED")

    async def _do(self, document: str, wanted: str, **fields: Any) -> dict[str, Any]:
        result = await self.player.send(self.fan.token.value, document, **fields)
        assert result["__typename"] == wanted, result
        return result

    async def _tell(self, partner: Partner) -> None:
        teams = (await self.player.ask("code-manager", d.DESK))["viewer"]["teams"]
        told = {"teamId": teams[0]["id"], "url": partner.url, "events": ["CODE_ASSIGNED", "CODE_REDEEMED"]}
        await self.player.do("code-manager", WEBHOOK, "WebhookCreated", **told)

    async def _register(self) -> Campaign:
        plan = CampaignPlan(markets=1, allocation=4, phone_required=True)
        editor = self.player.token("editor")
        campaign = await campaign_setup.open_campaign(self.player.client, editor, plan)
        wishes = SubmitEntryInput(
            campaign_id=campaign.id,
            preferences=[PreferenceInput(market_id=campaign.market_ids[0])],
            ticket_quantity=1,
            idempotency_key=secrets.token_hex(8),
        )
        submitted = (await self.her.submit_entry(wishes)).submit_entry
        assert submitted.typename__ == "EntrySubmitted", submitted
        await self._do(RENAME, "ProfileUpdated", displayName=self.fan.name.value)
        return campaign

    async def _confirm_phone(self) -> None:
        phone = self.fan.phone.value
        asked = StartPhoneVerificationInput(
            phone=phone, channel=PhoneChannel.SMS, idempotency_key=secrets.token_hex(8)
        )
        started = (await self.her.start_phone_verification(asked)).start_phone_verification
        assert started.typename__ == "PhoneVerificationStarted", started
        [code] = re.findall(r"\d{6}", self.stack.messages(phone)[-1].body)
        given = ConfirmPhoneVerificationInput(verification_id=started.verification_id, code=code)
        confirmed = (await self.her.confirm_phone_verification(given)).confirm_phone_verification
        assert confirmed.typename__ == "PhoneConfirmed", confirmed

    async def _stumble(self) -> None:
        """Everything that goes wrong with her words in it: an error is where they leak first."""
        fan, client = self.fan, self.player.client
        her = {
            "email": fan.email.value,
            "phone": fan.phone.value,
            "name": fan.name.value,
            "code": fan.code.value,
        }
        literal = json.dumps(her, ensure_ascii=False)
        tampered = fan.token.value[:-4] + "AAAA"
        documents = [
            f"{{ viewer {{ id }} # {literal}",
            f'mutation {{ updateProfile(input: {{ displayName: "{fan.name.value}\\u0000" }}) {{ __typename }} }}',
            f'mutation {{ startPhoneVerification(input: {{ phone: "{fan.phone.value}0" }}) {{ __typename }} }}',
            f'{{ noSuchField(email: "{fan.email.value}") {{ id }} }}',
            f'{{ accessCode(id: "{fan.code.value}") {{ id }} entry(id: "{fan.email.value}") {{ id }} }}',
        ]
        for token in (fan.token.value, tampered):
            for document in documents:
                body = json.dumps({"query": document, "variables": her}).encode()
                await client.post_raw(body, token=token, headers={"user-agent": fan.email.value})
        base = self.stack.endpoint.removesuffix("/graphql")
        wrong = {
            "monoql-platform": "axs",
            "monoql-timestamp": "1",
            "monoql-signature": f"v1={fan.code.value}",
        }
        bearer = {"authorization": f"Bearer {tampered}"}
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.post(f"{base}/webhooks/redemptions", content=literal.encode(), headers=wrong)
            await http.get(f"{base}/files/users/{fan.token.value}", headers=bearer)
            await http.get(f"{base}/{fan.email.value}", params=her, headers=bearer)
            await http.get(f"{base}/graphql", params={"query": "{ viewer { id } }", "variables": literal})

    async def _draw(self, campaign: Campaign) -> str:
        staff, editor = "selection-manager", self.player.token("editor")
        await campaign_setup.transition(self.player.client, editor, campaign.id, "CLOSED")
        terms = {"name": "First wave", "strategy": "RANDOM_PRIORITY", "reassignment": "EXCLUDE_SELECTED"}
        created = await self.player.do(staff, d.CREATE_WAVE, "WaveCreated", campaignId=campaign.id, **terms)
        wave = created["wave"]["id"]
        await self.player.do(staff, d.COMMIT_WAVE, "WaveCommitted", waveId=wave)
        await self.player.send(self.player.token(staff), d.RUN_SELECTION, waveId=wave)

        async def job() -> dict[str, Any] | None:
            return (await self.player.ask(staff, d.WAVE, id=wave))["wave"]["job"]

        await self.player.until_done("the draw", job)
        await self.player.do(staff, d.FINALIZE_WAVE, "WaveFinalized", waveId=wave)
        return wave

    async def _assign(self, campaign: Campaign, wave: str) -> None:
        staff = "code-manager"
        made = await self.player.do(staff, d.CREATE_POOL, "CodePoolCreated", eventId=campaign.event_ids[0])
        lines = {"poolId": made["pool"]["id"], "csv": f"code\n{self.fan.code.value}"}
        imported = await self.player.do(staff, d.IMPORT_CODES, "CodeImportStarted", **lines)

        async def import_() -> dict[str, Any] | None:
            return (await self.player.ask(staff, d.CODE_IMPORT, id=imported["import"]["id"]))["codeImport"]

        await self.player.until_done("the import", import_)
        started = await self.player.do(staff, d.ASSIGN_CODES, "CodesAssignmentStarted", waveId=wave)

        async def distribution() -> dict[str, Any] | None:
            id_ = started["distribution"]["id"]
            return (await self.player.ask(staff, d.DISTRIBUTION, id=id_))["codeDistribution"]

        await self.player.until_done("the assignment", distribution)
        async with asyncio.timeout(60):
            while self.fan.code.value not in "".join(
                m.body for m in self.stack.messages(self.fan.phone.value)
            ):
                await asyncio.sleep(0.1)

    async def _use_code(self, campaign: Campaign) -> None:
        """She reads it on her page, and a platform sells to her, signed in with the same identity provider."""
        page = (await self.her.my_code(campaign.slug)).campaign
        assert page
        assert page.viewer_entry
        [code] = [selection.access_code for selection in page.viewer_entry.selections]
        assert code
        assert code.value == self.fan.code.value
        sale = {"externalId": secrets.token_hex(8), "code": code.value, "account": self.fan.email.value}
        body = json.dumps({"redemptions": [sale]}).encode()
        now, secret = str(int(time.time())), self.player.settings["PLATFORM_SECRETS"].split(",")[0]
        platform, _, key = secret.partition(":")
        mac = hmac.new(key.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
        signed = {"monoql-platform": platform, "monoql-timestamp": now, "monoql-signature": f"v1={mac}"}
        url = f"{self.stack.endpoint.removesuffix('/graphql')}/webhooks/redemptions"
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                url, content=body, headers={"content-type": "application/json", **signed}
            )
        assert answer.json()["results"][0]["outcome"] == "ACCEPTED", answer.text

    async def _look_at_her(self, campaign: Campaign) -> None:
        """Staff who may see her do, and an analyst exports everything there is."""
        seen = await self.player.ask("pii-viewer", STAFF_VIEW, id=campaign.id)
        self.staff_saw = json.dumps(seen, ensure_ascii=False).encode()
        for kind in ("ENTRIES", "SELECTIONS", "ELIGIBILITY"):
            wanted = {"campaignId": campaign.id, "kind": kind, "format": "NDJSON", "purpose": "INTERNAL"}
            started = await self.player.do("analyst", d.START_EXPORT, "ExportStarted", **wanted)
            export_id = started["job"]["id"]

            async def export(id_: str = export_id) -> dict[str, Any] | None:
                return (await self.player.ask("analyst", d.EXPORT_JOB, id=id_))["exportJob"]

            await self.player.until_done("the export", export)

    async def _copy_her_data(self) -> None:
        asked = await self._do(ARCHIVE, "PersonalDataRequested", idempotencyKey=secrets.token_hex(8))
        done = await self._request("the archive", asked["request"]["id"])
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(done["downloadUrl"])
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            self.archive = {name: archive.read(name) for name in archive.namelist()}

    async def _request(self, what: str, request_id: str) -> dict[str, Any]:
        async def request() -> dict[str, Any] | None:
            token = self.fan.token.value
            return (await self.player.client.query(REQUEST, {"id": request_id}, token=token))[
                "privacyRequest"
            ]

        return await self.player.until_done(what, request)
