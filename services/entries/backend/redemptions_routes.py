"""Redemptions over REST."""

from services.entries.backend.redemptions_wire import RedemptionSnapshots
from services.kit.rest import Api, Call

api = Api("Entry Service: redemptions", "1.0.0")


@api.put("/snapshots/redemptions", RedemptionSnapshots)
async def keep_redemptions(call: Call[RedemptionSnapshots]) -> None:
    """Keeps what selections' codes were used for; versions not newer than the kept one change nothing."""
    await call.service.redemptions.keep(call.body.redemptions)
