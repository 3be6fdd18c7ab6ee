"""Who holds which code, over REST."""

from services.codes.backend import holders_wire as wire
from services.kit.rest import Api, Call

api = Api("Code Service: holders", "1.0.0")


@api.post("/codes/by-value", wire.Values, wire.Found)
async def find_codes_by_value(call: Call[wire.Values]) -> wire.Found:
    """Answers which codes somebody typed, in order, with who holds them."""
    return wire.Found(await call.service.holders.by_value(call.body.values, call.actor))


@api.post("/users/campaigns-of-codes", wire.Users, wire.CampaignsOfUsers)
async def get_campaigns_of_codes(call: Call[wire.Users]) -> wire.CampaignsOfUsers:
    """Answers of which campaigns users have or had codes."""
    return wire.CampaignsOfUsers(await call.service.holders.campaigns(call.body.ids))


@api.post("/users/codes", wire.PagesOfUsers, wire.CodePages)
async def get_codes_of_users(call: Call[wire.PagesOfUsers]) -> wire.CodePages:
    """Reads pages of the codes that users have or had."""
    return wire.CodePages(await call.service.holders.pages(call.body.pages, call.actor))


@api.post("/codes/export-page", wire.ExportQuestion, wire.ExportPage)
async def export_codes(call: Call[wire.ExportQuestion]) -> wire.ExportPage:
    """Reads all codes of a campaign, a page at a time, masked. The caller asks who may have them."""
    return await call.service.holders.export(call.body)
