"""Step 10: a winner asks to be forgotten; what was counted and drawn stays as it was."""

from typing import Any

from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.codes import counts
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import Player
from scripts.devtools.journey.registration import Campaign, metrics
from scripts.devtools.journey.selection import STAFF, Wave, complaints_about_draw
from services.kit.privacy import NOBODY

_SERVICES = ["campaigns", "codes", "entries", "users"]


async def forget(
    player: Player, ledger: Ledger, campaign: Campaign, wave: Wave, winner: Fan, entry: str
) -> None:
    """She has herself erased: a receipt of each service, the same counts, a draw that still verifies, a dead token."""
    ledger.begin("10 erasure")
    entries, held = await metrics(player, campaign), await counts(player, campaign)
    asked = await player.do_with(winner.token, d.REQUEST_ERASURE, "ErasureRequested")
    done = await player.until_done("the erasure", lambda: _request(player, winner, asked["request"]["id"]))
    receipts = [receipt["service"] for receipt in done["receipts"] if receipt["digest"]]
    ledger.expect("services with a receipt", _SERVICES, sorted(receipts))
    one_erased = {**entries, "ACCEPTED": entries["ACCEPTED"] - 1, "ERASED": 1}
    ledger.expect("entries as before, one of them erased", one_erased, await metrics(player, campaign))
    ledger.expect("codes as counted before", held, await counts(player, campaign))
    ledger.expect("the draw's file still verifies", "", await complaints_about_draw(player, wave.id))
    entrant = (await player.ask(STAFF, d.ENTRANT_OF, id=entry))["entry"]["user"]
    ledger.expect("whose entry it was", {"id": NOBODY}, entrant)
    ledger.expect("her token is good for", "nothing", await _seen(player, winner))


async def _request(player: Player, winner: Fan, id_: str) -> dict[str, Any] | None:
    return (await player.client.query(d.PRIVACY_REQUEST, {"id": id_}, token=winner.token))["privacyRequest"]


async def _seen(player: Player, winner: Fan) -> str:
    try:
        data = await player.client.query("query Me { viewer { id } }", {}, token=winner.token)
    except GraphQLErrors as error:
        return "nothing" if not any((error.data or {}).values()) else str(error.data)
    return "nothing" if data["viewer"] is None else str(data)
