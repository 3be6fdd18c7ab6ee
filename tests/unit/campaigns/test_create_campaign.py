"""createCampaign: a draft, once per idempotency key; what breaks a rule is refused by path and writes nothing."""

import asyncio
from typing import Any

import pytest

from tests.unit.campaigns.campaigns import Campaigns

TABLES = ("campaign", "campaign_content", "campaign_artist", "outbox", "idempotency")


async def test_a_new_campaign_is_a_draft_with_what_was_given(campaigns: Campaigns) -> None:
    created = await campaigns.create(slug="the-tour", phoneRequired=True, identityKey="MEMBER_ID")
    assert created["__typename"] == "CampaignCreated", created
    fields = "state version slug phoneRequired identityKey countries locales gate { __typename } scoreRange { min }"
    assert await campaigns.campaign(created["campaign"]["id"], fields) == {
        "state": "DRAFT",
        "version": 1,
        "slug": "the-tour",
        "phoneRequired": True,
        "identityKey": "MEMBER_ID",
        "countries": ["US", "CA"],
        "locales": ["en-US", "fr-CA"],
        "gate": None,
        "scoreRange": None,
    }


async def test_the_same_key_creates_once(campaigns: Campaigns) -> None:
    given = campaigns.new(idempotencyKey="once")
    fields = "... on CampaignCreated { campaign { id version createdAt } }"
    first = await campaigns.mutate("createCampaign", fields, given)
    assert await campaigns.mutate("createCampaign", fields, given) == first
    assert await campaigns.count("campaign") == 1
    other = await campaigns.mutate("createCampaign", fields, {**given, "phoneRequired": True})
    assert other["__typename"] == "IdempotencyMismatch"
    assert len(campaigns.receivers.snapshots["entries"]) == 1


async def test_the_same_key_at_once_creates_once(campaigns: Campaigns) -> None:
    given = campaigns.new(idempotencyKey="once")
    fields = "... on CampaignCreated { campaign { id } }"
    results = await asyncio.gather(*(campaigns.mutate("createCampaign", fields, given) for _ in range(5)))
    assert len({result["campaign"]["id"] for result in results}) == 1
    assert await campaigns.count("campaign") == 1


async def test_a_slug_is_taken_once_however_many_want_it(campaigns: Campaigns) -> None:
    results = await asyncio.gather(*(campaigns.create(slug="wanted") for _ in range(4)))
    kinds = sorted(result["__typename"] for result in results)
    assert kinds == ["CampaignCreated", *["ValidationFailed"] * 3]
    taken = next(result for result in results if result["__typename"] == "ValidationFailed")
    assert [(issue["code"], issue["path"]) for issue in taken["issues"]] == [("TAKEN", ["slug"])]


LONG_AGO = {"opensAt": "1000-01-01T00:00:00Z", "closesAt": "1000-01-02T00:00:00Z"}
BACKWARDS = {"opensAt": "2030-01-02T00:00:00Z", "closesAt": "2030-01-01T00:00:00Z"}
TEXT = {"locale": "en-US", "title": "T"}
BROKEN: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"slug": "No Spaces"}, {("MALFORMED", "slug")}),
    ({"slug": "-a-"}, {("MALFORMED", "slug")}),
    ({"slug": "ab"}, {("MALFORMED", "slug")}),
    ({"slug": "a" * 81}, {("MALFORMED", "slug")}),
    ({"countries": []}, {("REQUIRED", "countries")}),
    ({"countries": ["US", "US"]}, {("DUPLICATE", "countries")}),
    ({"registration": BACKWARDS}, {("EMPTY", "registration.closesAt")}),
    (
        {"registration": LONG_AGO},
        {("OUT_OF_RANGE", "registration.opensAt"), ("OUT_OF_RANGE", "registration.closesAt")},
    ),
    ({"scoreRange": {"min": 2, "max": 1}}, {("EMPTY", "scoreRange")}),
    ({"artistIds": ["art_nobody"]}, {("UNKNOWN", "artistIds")}),
    ({"artistIds": ["a", "a"]}, {("DUPLICATE", "artistIds")}),
    ({"contents": [{**TEXT, "title": "  "}]}, {("REQUIRED", "contents.0.title")}),
    ({"contents": [TEXT, {"locale": "fr-CA", "title": "x" * 201}]}, {("TOO_LONG", "contents.1.title")}),
    ({"contents": [{**TEXT, "smsTemplate": "{code}\u0007"}]}, {("MALFORMED", "contents.0.smsTemplate")}),
    ({"contents": [{**TEXT, "body": "a\u0000b"}]}, {("NUL_CHARACTER", "contents.0.body")}),
    ({"contents": [TEXT, TEXT]}, {("DUPLICATE", "contents")}),
    (
        {"slug": "?", "countries": [], "contents": [{**TEXT, "title": ""}]},
        {("MALFORMED", "slug"), ("REQUIRED", "countries"), ("REQUIRED", "contents.0.title")},
    ),
    ({"idempotencyKey": ""}, {("MALFORMED", "idempotencyKey")}),
    ({"idempotencyKey": "x" * 201}, {("MALFORMED", "idempotencyKey")}),
]


async def test_what_breaks_a_rule_is_refused_by_path(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    for given, issues in BROKEN:
        with subtests.test(given=given):
            refused = await campaigns.create(**{"slug": "fine", "idempotencyKey": "key", **given})
            assert {(issue["code"], ".".join(issue["path"])) for issue in refused["issues"]} == issues
            assert [await campaigns.count(table) for table in TABLES] == [0] * len(TABLES)
    assert campaigns.receivers.audit == []


async def test_the_service_alone_refuses_what_is_not_its_wire_format(campaigns: Campaigns) -> None:
    rest = campaigns.service.rest
    as_editor = {"headers": {"x-actor": "usr_editor"}}
    broken: list[tuple[str, Any, int]] = [
        ("/campaigns", {}, 422),
        ("/campaigns", [], 422),
        ("/campaigns/cmp_x/transitions", {"to": "NOWHERE", "expected_version": 1}, 422),
        ("/campaigns/cmp_x/transitions", {"to": "OPEN", "expected_version": 1}, 404),
        ("/campaigns/cmp_x/gate", {"gate": {"phone": True, "poem": 1}}, 422),
        ("/campaigns/cmp_x/gate", {"gate": {}}, 422),
        ("/campaigns/search", {"after": "nonsense"}, 422),
        ("/venues/search", {"near": {"latitude": 91, "longitude": 0, "radius_km": 1}}, 422),
    ]
    for path, body, status in broken:
        assert (await rest("POST", path, body, **as_editor)).status_code == status, path
    anonymous = await rest("POST", "/campaigns/cmp_x/gate", {"gate": None})
    assert (anonymous.status_code, anonymous.json()["code"]) == (403, "FORBIDDEN")
