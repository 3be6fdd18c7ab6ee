"""Step 10: a winner asks to be forgotten; what was counted and drawn stays as it was."""

from scripts.devtools.fan_client.client import FanClient
from scripts.devtools.fan_client.enums import JobState
from scripts.devtools.fan_client.input_types import RequestErasureInput
from scripts.devtools.fan_client.privacy_request import PrivacyRequestPrivacyRequest
from scripts.devtools.graphql_client import GraphQLErrors
from scripts.devtools.journey import documents as d
from scripts.devtools.journey.codes import counts
from scripts.devtools.journey.fans import Fan
from scripts.devtools.journey.ledger import Ledger
from scripts.devtools.journey.player import JourneyStopped, Player
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
    fan = player.fan(winner.token)
    asked = (await fan.request_erasure(RequestErasureInput())).request_erasure
    if asked.typename__ != "ErasureRequested":
        raise JourneyStopped(f"a winner may not be erased: {asked}")
    done = await player.until(
        "the erasure is done",
        lambda: _request(fan, asked.request.id),
        lambda request: request.state not in (JobState.QUEUED, JobState.RUNNING),
    )
    receipts = [receipt.service for receipt in done.receipts if receipt.digest]
    ledger.expect("the erasure", JobState.SUCCEEDED, done.state)
    ledger.expect("services with a receipt", _SERVICES, sorted(receipts))
    one_erased = {**entries, "ACCEPTED": entries["ACCEPTED"] - 1, "ERASED": 1}
    ledger.expect("entries as before, one of them erased", one_erased, await metrics(player, campaign))
    ledger.expect("codes as counted before", held, await counts(player, campaign))
    ledger.expect("the draw's file still verifies", "", await complaints_about_draw(player, wave.id))
    entrant = (await player.ask(STAFF, d.ENTRANT_OF, id=entry))["entry"]["user"]
    ledger.expect("whose entry it was", {"id": NOBODY}, entrant)
    ledger.expect("her token is good for", "nothing", await _seen(player, winner))


async def _request(fan: FanClient, id_: str) -> PrivacyRequestPrivacyRequest:
    found = (await fan.privacy_request(id_)).privacy_request
    if found is None:
        raise JourneyStopped("a winner does not see her request")
    return found


async def _seen(player: Player, winner: Fan) -> str:
    try:
        viewer = (await player.fan(winner.token).viewer()).viewer
    except GraphQLErrors as error:
        return "nothing" if not any((error.data or {}).values()) else str(error.data)
    return "nothing" if viewer is None else str(viewer)
