"""Step 7: a winner reads her page in one query; nobody else reads her entry or her code."""

import json
from collections.abc import Sequence
from typing import Any

import aiohttp
from pydantic import SecretStr

from scripts.devtools.fan_client.my_code import MyCodeCampaignViewerEntry
from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey import codes
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import JourneyStopped, Player
from scripts.devtools.journey.registration import TITLES, Campaign
from scripts.devtools.journey.selection import Wave
from services.kit.proof import RouterProof


async def read_pages(
    player: Player,
    ledger: Ledger,
    campaign: Campaign,
    wave: Wave,
    fans: Sequence[Fan],
    entries: dict[int, str],
) -> Fan:
    """One query across four subgraphs for a winner and a loser, and what a stranger sees of them; the winner."""
    ledger.begin("7 pages")
    won = wave.entries()
    winner = next(fan for fan in fans if entries[fan.number] in won)
    loser = next(fan for fan in fans if entries[fan.number] not in won)
    title, entry = await _page(player, campaign, winner, "fr-CA")
    [selection] = entry.selections
    ledger.expect("title in her locale", TITLES["fr-CA"], title)
    ledger.expect("her entry", entries[winner.number], entry.id)
    ledger.expect(
        "her event",
        True,
        selection.event.id in campaign.allocations and bool(selection.event.name),
    )
    code = selection.access_code
    if code is None or code.value is None:
        raise JourneyStopped(f"a winner does not see her code: {selection}")
    ledger.expect("her code, in clear", True, bool(code.value))
    ledger.expect("one code", [code.id], await _codes(player, winner, entry.id))
    await codes.told(player, ledger, wave, winner, code.value)
    title, entry = await _page(player, campaign, loser, "es-MX")
    ledger.expect("a loser's title", TITLES["es-MX"], title)
    held = (len(entry.selections), len(await _codes(player, loser, entry.id)))
    ledger.expect("a loser's selections and codes", (0, 0), held)
    for name, token in (("another fan", loser.token), ("an outsider", player.token("outsider"))):
        seen = await _what_a_stranger_sees(player, token, entries[winner.number], code.id)
        ledger.expect(
            f"{name} sees of her entry and code", "nothing", seen if code.value in seen else "nothing"
        )
        ledger.expect(
            f"{name} is answered", {"entry": "null", "code": "null", "entities": "null"}, json.loads(seen)
        )
    return winner


async def _page(
    player: Player, campaign: Campaign, fan: Fan, locale: str
) -> tuple[str, MyCodeCampaignViewerEntry]:
    """The campaign's title and her entry, as her page of codes has them."""
    page = (await player.fan(fan.token).my_code(campaign.slug, locale)).campaign
    if page is None or page.viewer_entry is None:
        raise JourneyStopped(f"a fan does not get her page: {page}")
    return page.content.title, page.viewer_entry


async def _codes(player: Player, fan: Fan, entry: str) -> list[str]:
    found = await player.client.query(d.CODES_OF_ENTRY, {"id": entry}, token=fan.token)
    return [code["id"] for code in found["entry"]["accessCodes"] or []]


async def _what_a_stranger_sees(player: Player, token: str, entry: str, code: str) -> str:
    """Her entry and her code, asked for through the router and, as if it were the router, in each subgraph."""
    seen = {
        "entry": await _field(player, d.CODES_OF_ENTRY, entry, token),
        "code": await _field(player, d.CODE_BY_ID, code, token),
    }
    entities = [
        await _entities(player, "entries", "{ ... on Entry { id state } }", "Entry", entry, token),
        await _entities(player, "codes", "{ ... on AccessCode { id value } }", "AccessCode", code, token),
        await _entities(player, "codes", "{ ... on Entry { accessCodes { value } } }", "Entry", entry, token),
    ]
    seen["entities"] = (
        "null" if not any(_says_something(found) for found in entities) else json.dumps(entities)
    )
    return json.dumps(seen)


async def _field(player: Player, document: str, id_: str, token: str) -> str:
    try:
        data = await player.client.query(document, {"id": id_}, token=token)
    except GraphQLErrors as error:
        data = error.data or {"nothing": None}
        if set(error.codes) != {"FORBIDDEN"}:
            return f"errors {error.codes}"
    return "null" if not _says_something(data) else json.dumps(data)


async def _entities(player: Player, service: str, selection: str, type_: str, id_: str, token: str) -> Any:
    query = (
        f"query ($representations: [_Any!]!) {{ _entities(representations: $representations) {selection} }}"
    )
    body = json.dumps(
        {"query": query, "variables": {"representations": [{"__typename": type_, "id": id_}]}}
    ).encode()
    authorization = f"Bearer {token}"
    secret = player.settings["ROUTER_SECRETS"].partition(",")[0]
    headers = {
        "authorization": authorization,
        "content-type": "application/json",
        "x-router-proof": RouterProof([SecretStr(secret)]).sign(body, authorization.encode()),
    }
    url = f"{player.settings.url(service)}/graphql"
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        return (await answer.json(content_type=None)).get("data")


def _says_something(value: Any) -> bool:
    """Whether there is anything but null, empty lists and empty objects in an answer."""
    if isinstance(value, dict):
        return any(_says_something(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_says_something(inner) for inner in value)
    return value is not None
