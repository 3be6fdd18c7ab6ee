"""A campaign's picture: a checked upload of its team, kept as long as a campaign shows it."""

from typing import Any

import pytest

from services.kit.ids import new_id
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.uploading import Uploads, picture


@pytest.fixture
def uploads(campaigns: Campaigns) -> Uploads:
    campaigns.grant("editor", "CODE_MANAGE")
    return Uploads(campaigns)


async def show(campaigns: Campaigns, id_: str, upload_id: str | None) -> dict[str, Any]:
    given = {"id": id_, "expectedVersion": await campaigns.version(id_), "heroUploadId": upload_id}
    return await campaigns.mutate(
        "updateCampaign", "... on CampaignUpdated { campaign { heroImage } }", given
    )


async def test_a_picture_is_shown_and_taken_off(uploads: Uploads) -> None:
    campaigns = uploads.campaigns
    upload = await uploads.checked(picture())
    id_ = (await campaigns.create(heroUploadId=upload["id"]))["campaign"]["id"]
    assert (await campaigns.campaign(id_, "heroImage"))["heroImage"] == upload["url"]
    assert (await uploads.send("GET", upload["url"])).status_code == 200
    assert (await show(campaigns, id_, None))["campaign"]["heroImage"] is None
    assert (await show(campaigns, id_, upload["id"]))["campaign"]["heroImage"] == upload["url"]


async def test_only_a_checked_picture_of_the_team_is(uploads: Uploads) -> None:
    campaigns = uploads.campaigns
    id_ = (await campaigns.create())["campaign"]["id"]
    campaigns.grant("editor", "CAMPAIGN_WRITE", scope="tea_other")
    table = {"purpose": "CODE_IMPORT", "contentType": "text/csv"}
    wrong = {
        "unknown": "upl_nothing",
        "pending": (await uploads.create())["id"],
        "unchecked": await uploads.sent(picture()),
        "rejected": (await uploads.checked(b"x"))["id"],
        "a table": (await uploads.checked(b"x", **table))["id"],
        "another team's": (await uploads.checked(picture(), teamId="tea_other"))["id"],
    }
    for what, upload_id in wrong.items():
        refused = await show(campaigns, id_, upload_id)
        assert [(i["path"], i["code"]) for i in refused["issues"]] == [(["heroUploadId"], "NOT_READY")], what
    refused = await campaigns.create(slug=f"a-{new_id('x')[-6:]}", heroUploadId=wrong["pending"])
    assert [issue["path"] for issue in refused["issues"]] == [["heroUploadId"]]


async def test_a_picture_stays_as_long_as_any_campaign_shows_it(uploads: Uploads) -> None:
    campaigns = uploads.campaigns
    pool, store = uploads.service.resources.database.pool, uploads.service.resources.uploads
    upload, other = await uploads.checked(picture()), await uploads.checked(picture("PNG"))
    id_ = (await campaigns.create(heroUploadId=upload["id"]))["campaign"]["id"]
    clone = await campaigns.mutate(
        "cloneCampaign", "... on CampaignCloned { campaign { id heroImage } }", {"id": id_, "slug": "again"}
    )
    assert clone["campaign"]["heroImage"] == upload["url"]

    async def a_long_time_passes() -> None:
        past = "UPDATE upload SET expires_at = now(), link_expires_at = now() WHERE expires_at IS NOT NULL"
        await pool.execute(past)
        while await store.expire():
            pass

    await show(campaigns, id_, other["id"])
    await a_long_time_passes()
    assert (await uploads.send("GET", upload["url"])).status_code == 200, "the clone shows it"
    await show(campaigns, clone["campaign"]["id"], None)
    await a_long_time_passes()
    assert (await uploads.send("GET", upload["url"])).status_code == 404
    assert (await uploads.send("GET", other["url"])).status_code == 200
