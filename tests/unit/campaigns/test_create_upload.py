"""createUpload: each purpose with its own permission, bad input named, the link shown to who asked for it alone."""

from typing import Any

import pytest

from services.kit.ids import new_id
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.uploading import Uploads, picture

PERMISSIONS = {"HERO_IMAGE": "CAMPAIGN_WRITE", "CODE_IMPORT": "CODE_MANAGE", "SCORE_IMPORT": "ENTRY_REVIEW"}
TYPES = {"HERO_IMAGE": "image/png", "CODE_IMPORT": "text/csv", "SCORE_IMPORT": "text/csv"}


@pytest.fixture
def uploads(campaigns: Campaigns) -> Uploads:
    return Uploads(campaigns)


@pytest.mark.parametrize("purpose", PERMISSIONS)
@pytest.mark.parametrize("of", ["team", "campaign"])
async def test_each_purpose_needs_its_permission(uploads: Uploads, purpose: str, of: str) -> None:
    campaigns = uploads.campaigns
    given: dict[str, Any] = {"purpose": purpose, "contentType": TYPES[purpose]}
    if of == "campaign":
        given["campaignId"] = (await campaigns.create())["campaign"]["id"]
    sender = campaigns.grant("sender", PERMISSIONS[purpose])
    colleague = campaigns.grant("colleague", PERMISSIONS[purpose])
    others = campaigns.grant("others", *(set(PERMISSIONS.values()) - {PERMISSIONS[purpose]}), "CAMPAIGN_READ")
    elsewhere = campaigns.grant("elsewhere", PERMISSIONS[purpose], scope=new_id("tea"))
    upload = await uploads.create(token=sender, **given)
    assert (upload["state"], upload["purpose"]) == ("PENDING", purpose)
    for token in (others, elsewhere):
        refused = await uploads.ask(token=token, **given)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert await uploads.see(upload["id"], token=token) is None
    assert await uploads.see(upload["id"], token=colleague) is not None
    anonymous = await campaigns.service.graphql("{ upload(id: 1) { id } }")
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_link_is_shown_to_who_asked_for_it_alone(uploads: Uploads) -> None:
    colleague = uploads.campaigns.grant("colleague", "CAMPAIGN_WRITE")
    upload = await uploads.create()
    query = "query ($id: ID!) { upload(id: $id) { uploadUrl } }"
    answer = await uploads.service.graphql(query, {"id": upload["id"]}, token=uploads.campaigns.editor)
    assert answer["data"]["upload"]["uploadUrl"].startswith("http://127.0.0.1:4000/files/campaigns/")
    answer = await uploads.service.graphql(query, {"id": upload["id"]}, token=colleague)
    assert answer["data"]["upload"]["uploadUrl"] is None
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"filename": ""}, ["filename"], "MALFORMED"),
        ({"filename": "x" * 256}, ["filename"], "MALFORMED"),
        ({"filename": "../etc/passwd"}, ["filename"], "MALFORMED"),
        ({"filename": "a\nb"}, ["filename"], "MALFORMED"),
        ({"filename": "gpj.\u202eexe"}, ["filename"], "MALFORMED"),
        ({"contentType": "image/svg+xml"}, ["contentType"], "UNSUPPORTED"),
        ({"contentType": "text/csv"}, ["contentType"], "UNSUPPORTED"),
        ({"contentType": ""}, ["contentType"], "UNSUPPORTED"),
        ({"byteSize": 0}, ["byteSize"], "OUT_OF_RANGE"),
        ({"byteSize": -1}, ["byteSize"], "OUT_OF_RANGE"),
        ({"byteSize": 10 * 1024 * 1024 + 1}, ["byteSize"], "OUT_OF_RANGE"),
        ({"idempotencyKey": ""}, ["idempotency_key"], "MALFORMED"),
    ],
)
async def test_bad_input_is_named(
    uploads: Uploads, given: dict[str, Any], path: list[str], code: str
) -> None:
    answer = (await uploads.ask(**given))["data"]["createUpload"]
    assert answer["__typename"] == "ValidationFailed", answer
    assert [(issue["path"], issue["code"]) for issue in answer["issues"]] in (
        [(path, code)],
        [(["idempotencyKey"], code)],
    )
    assert await uploads.campaigns.count("upload") == 0


async def test_it_is_for_a_campaign_or_a_team_and_not_both(uploads: Uploads) -> None:
    id_ = (await uploads.campaigns.create())["campaign"]["id"]
    both = await uploads.ask(campaignId=id_, teamId=uploads.campaigns.team)
    assert both["data"]["createUpload"]["issues"] == [{"path": ["campaignId"], "code": "NOT_ONE"}]
    for nothing in ({"teamId": None}, {"campaignId": "cmp_nothing"}):
        answer = await uploads.ask(**nothing)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_the_same_key_is_the_same_upload(uploads: Uploads) -> None:
    first = await uploads.create(idempotencyKey="one")
    again = (await uploads.ask(idempotencyKey="one"))["data"]["createUpload"]
    assert (again["replayed"], again["upload"]["id"]) == (True, first["id"])
    other = (await uploads.ask(idempotencyKey="one", byteSize=101))["data"]["createUpload"]
    assert other["__typename"] == "IdempotencyMismatch"
    assert await uploads.campaigns.count("upload") == 1


async def test_it_is_audited(uploads: Uploads) -> None:
    id_ = (await uploads.campaigns.create())["campaign"]["id"]
    upload = await uploads.create(campaignId=id_)
    event = uploads.campaigns.receivers.audit[-1]
    assert (event["action"], event["target"], event["campaign_id"]) == ("createUpload", upload["id"], id_)
    assert (event["team_id"], event["before"]) == (uploads.campaigns.team, None)


async def test_fifty_uploads_are_one_request_and_one_statement(uploads: Uploads) -> None:
    ids = [(await uploads.create())["id"] for _ in range(50)]
    database = uploads.service.resources.database
    requests, statements = len(uploads.service.requests), database.statements
    found = await uploads.service.entities(
        "... on Upload { id state }",
        [{"__typename": "Upload", "id": id_} for id_ in ids],
        token=uploads.campaigns.editor,
    )
    assert [one["id"] for one in found] == ids
    assert uploads.service.requests[requests:] == ["POST /uploads/batch"]
    assert database.statements - statements == 1
    anonymous = await uploads.service.entities(
        "... on Upload { id }", [{"__typename": "Upload", "id": ids[0]}]
    )
    assert anonymous == [None]


async def test_what_other_services_are_told(uploads: Uploads) -> None:
    upload = await uploads.checked(picture("PNG"))
    told, data = await uploads.file(upload["id"])
    assert told["purpose"] == "HERO_IMAGE"
    assert told["team_id"] == uploads.campaigns.team
    assert told["owner_id"].startswith("usr_")
    assert (told["state"], told["content_type"], told["byte_size"]) == ("READY", "image/png", len(data))
    unknown = await uploads.service.rest("POST", "/uploads/batch", {"ids": ["upl_nothing", "ü", ""]})
    assert unknown.json() == {"uploads": []}
