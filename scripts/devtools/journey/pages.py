"""Step 7: a winner reads her page in one query; nobody else reads her entry or her code."""

import json
from collections.abc import Sequence
from typing import Any

import aiohttp
from pydantic import SecretStr

from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey import codes
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
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
    page = await _page(player, campaign, winner, "fr-CA")
    [selection] = page["viewerEntry"]["selections"]
    ledger.expect("title in her locale", TITLES["fr-CA"], page["content"]["title"])
    ledger.expect("her entry", entries[winner.number], page["viewerEntry"]["id"])
    ledger.expect(
        "her event",
        True,
        selection["event"]["id"] in campaign.allocations and bool(selection["event"]["name"]),
    )
    code = selection["accessCode"]
    ledger.expect("her code, in clear", True, bool(code["value"]))
    ledger.expect("one code", [code["id"]], [held["id"] for held in page["viewerEntry"]["accessCodes"]])
    await codes.told(player, ledger, wave, winner, code["value"])
    empty = await _page(player, campaign, loser, "es-MX")
    entry = empty["viewerEntry"]
    ledger.expect("a loser's title", TITLES["es-MX"], empty["content"]["title"])
    ledger.expect(
        "a loser's selections and codes", (0, 0), (len(entry["selections"]), len(entry["accessCodes"] or []))
    )
    for name, token in (("another fan", loser.token), ("an outsider", player.token("outsider"))):
        seen = await _what_a_stranger_sees(player, token, entries[winner.number], code["id"])
        ledger.expect(
            f"{name} sees of her entry and code", "nothing", seen if code["value"] in seen else "nothing"
        )
        ledger.expect(
            f"{name} is answered", {"entry": "null", "code": "null", "entities": "null"}, json.loads(seen)
        )
    return winner


async def _page(player: Player, campaign: Campaign, fan: Fan, locale: str) -> dict[str, Any]:
    data = await player.client.query(d.FAN_PAGE, {"id": campaign.id, "locale": locale}, token=fan.token)
    return data["campaign"]


async def _what_a_stranger_sees(player: Player, token: str, entry: str, code: str) -> str:
    """Her entry and her code, asked for through the router and, as if it were the router, in each subgraph."""
    seen = {
        "entry": await _field(player, d.ENTRY_BY_ID, entry, token),
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
