"""Who may send in what, and see what became of it."""

from typing import Any

from services.campaigns.subgraph.loaders import CampaignsContext, Key
from services.campaigns.subgraph.uploads_backend import Upload
from services.kit.access import Permission, Scope
from services.kit.policy import PUBLIC, SIGNED_IN, Rule, owner

NEEDED = {
    "HERO_IMAGE": Permission.CAMPAIGN_WRITE,
    "CODE_IMPORT": Permission.CODE_MANAGE,
    "SCORE_IMPORT": Permission.ENTRY_REVIEW,
}
"""What each purpose takes, on the campaign that the upload is for, or else on its team."""


async def may_see_upload(context: CampaignsContext, upload: Upload) -> bool:
    """Whoever may use it: holders of the permission that its purpose takes."""
    scope = Scope(upload.team_id, upload.campaign_id)
    return await context.access.allows(NEEDED[upload.purpose], scope)


async def _may_send(source: Any, info: Any, arguments: dict[str, Any]) -> bool:
    given = arguments["input"]
    scope = Scope(given["teamId"]) if given.get("teamId") else None
    if given.get("campaignId"):
        campaign = await info.context.campaign_by_key.load(Key("id", given["campaignId"]))
        scope = campaign and Scope(campaign.team_id, campaign.id)
    if info.context.principal is None or scope is None:
        return False
    return await info.context.access.allows(NEEDED[given["purpose"].value], scope)


POLICY: dict[str, Rule] = {
    "Query.upload": SIGNED_IN,
    # A link lets anybody PUT who has it: it is for who asked for it alone.
    "Upload.uploadUrl": owner(lambda upload: upload.row.owner_id),
    "Upload.*": PUBLIC,
    "Mutation.createUpload": _may_send,
    "UploadCreated.*": PUBLIC,
}
