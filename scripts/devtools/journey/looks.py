"""A part of step 1: the campaign gets a promoter, a picture and a description, as fans will see them."""

import io
import secrets
from typing import Any

import aiohttp
from PIL import Image

from scripts.devtools.journey import documents as d
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import JourneyStopped, Player

STAFF = "editor"
COMPANY = "Long Night Productions Ltd"


async def dress(player: Player, ledger: Ledger, campaign_id: str) -> None:
    """Adds a promoter, uploads a picture, sets both on a draft, and looks at it as a fan's browser does."""
    team = (await player.ask(STAFF, d.DESK))["viewer"]["teams"][0]["id"]
    promoter = await player.do(
        STAFF,
        d.UPSERT_PROMOTER,
        "PromoterUpserted",
        teamId=team,
        name=f"Long Night {secrets.token_hex(4)}",
        legalName=COMPANY,
        supportEmail="help@longnight.example",
        privacyPolicyUrl="https://longnight.example/privacy",
        defaultLocale="en-US",
        sharesFanData=True,
    )
    upload_id = await _upload(player, campaign_id)
    draft = (await player.ask(STAFF, d.CAMPAIGN_EDITOR, id=campaign_id))["campaign"]
    await player.do(
        STAFF,
        d.UPDATE_CAMPAIGN,
        "CampaignUpdated",
        id=campaign_id,
        expectedVersion=draft["version"],
        promoterId=promoter["promoter"]["id"],
        heroUploadId=upload_id,
    )
    await player.do(
        STAFF,
        d.SET_CONTENT,
        "CampaignContentSet",
        id=campaign_id,
        locale="en-US",
        title=next(text["title"] for text in draft["translations"] if text["locale"] == "en-US"),
        body="Three cities, **one night** each.",
        smsTemplate="Your code for {event}: {code}",
    )
    page = (await player.fan(player.token(STAFF)).campaign_page(draft["slug"], "en-US")).campaign
    if page is None:
        raise JourneyStopped("the editor does not see her draft as fans will")
    ledger.expect("who gets fan data", COMPANY, page.fan_data_shared_with)
    expected = "<p>Three cities, <strong>one night</strong> each.</p>"
    ledger.expect("description as HTML", expected, (page.content.body_html or "").strip())
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.get(page.hero_image or "") as answer,
    ):
        shown = (answer.status, answer.content_type, answer.headers.get("x-content-type-options"))
    ledger.expect("hero image", (200, "image/png", "nosniff"), shown)


async def _upload(player: Player, campaign_id: str) -> str:
    data = _picture()
    created = await player.do(
        STAFF,
        d.CREATE_UPLOAD,
        "UploadCreated",
        purpose="HERO_IMAGE",
        campaignId=campaign_id,
        filename="night.png",
        contentType="image/png",
        byteSize=len(data),
    )
    upload: dict[str, Any] = created["upload"]
    async with aiohttp.ClientSession(trust_env=False) as session:
        answer = await session.put(upload["uploadUrl"], data=data)
        answer.raise_for_status()
    upload = await player.until(
        "the picture is checked",
        lambda: _look(player, upload["id"]),
        lambda seen: seen["state"] not in ("PENDING", "PROCESSING"),
    )
    if upload["state"] != "READY":
        raise JourneyStopped(f"the picture was refused: {upload['failure']}")
    return upload["id"]


async def _look(player: Player, upload_id: str) -> dict[str, Any]:
    return (await player.ask(STAFF, d.UPLOAD, id=upload_id))["upload"]


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((1280, 720)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
