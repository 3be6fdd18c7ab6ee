"""Who sees which campaign, on every road there is; and who may see or do what with one she sees."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import issuer
from tests.unit.campaigns.campaigns import PERMISSIONS, Campaigns, window

PUBLIC = ("SCHEDULED", "OPEN", "PAUSED", "CLOSED", "SELECTING", "FINISHED")
PUT_AWAY = ("CANCELLED", "ARCHIVED")


async def seen_by(campaigns: Campaigns, id_: str, token: str | None, **filter: Any) -> dict[str, bool]:
    """On which roads a caller reaches the campaign."""
    service = campaigns.service
    whole = await campaigns.campaign(id_, "slug markets { id } events { id }", token=campaigns.reader)
    query = """query ($id: ID!, $slug: String!, $filter: CampaignFilter) {
        byId: campaign(id: $id) { id } bySlug: campaign(slug: $slug) { id }
        campaigns(filter: $filter, first: 100) { nodes { id } } }"""
    answer = await service.graphql(query, {"id": id_, "slug": whole["slug"], "filter": filter}, token=token)
    assert "errors" not in answer, answer["errors"]
    representations = [
        {"__typename": "Campaign", "id": id_},
        {"__typename": "Campaign", "slug": whole["slug"]},
        {"__typename": "Market", "id": whole["markets"][0]["id"]},
        {"__typename": "Event", "id": whole["events"][0]["id"]},
    ]
    entities = await service.entities("__typename", representations, token=token)
    return {
        "query by id": answer["data"]["byId"] is not None,
        "query by slug": answer["data"]["bySlug"] is not None,
        "list": {"id": id_} in answer["data"]["campaigns"]["nodes"],
        "entity by id": entities[0] is not None,
        "entity by slug": entities[1] is not None,
        "market": entities[2] is not None,
        "event": entities[3] is not None,
    }


async def test_a_campaign_is_seen_by(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    id_ = await campaigns.draft()
    others = {
        "nobody signed in": None,
        "a fan": issuer.token("fan"),
        "a reader of another team": campaigns.grant("outsider", "CAMPAIGN_READ", scope="tea_other"),
        "a writer who may not read": campaigns.grant("odd", "CAMPAIGN_WRITE"),
    }
    guest = campaigns.grant("guest", "CAMPAIGN_READ", scope=id_)
    team = {"teamId": campaigns.team}
    roads = await seen_by(campaigns, id_, None)
    unknown = [("DRAFT", None), *((state, None) for state in PUT_AWAY)]
    known = [(state, datetime.now(UTC)) for state in (*PUBLIC, *PUT_AWAY)]
    for state, announced_at in (*unknown, *known):
        await campaigns.put(id_, state=state, announced_at=announced_at)
        listed, reached = state in PUBLIC, announced_at is not None
        for other, token in others.items():
            for where in ({}, team):
                with subtests.test(state=state, announced=reached, caller=other, filter=where):
                    seen = await seen_by(campaigns, id_, token, **where)
                    assert seen == {**dict.fromkeys(roads, reached), "list": listed}
        with subtests.test(state=state, announced=reached, caller="a reader of the team"):
            assert all((await seen_by(campaigns, id_, campaigns.reader, **team)).values())
            # Without a team a list is what everybody sees, whoever asks.
            assert (await seen_by(campaigns, id_, campaigns.reader))["list"] == listed
        with subtests.test(state=state, announced=reached, caller="a reader of this campaign alone"):
            seen = await seen_by(campaigns, id_, guest, **team)
            assert seen == {**dict.fromkeys(roads, True), "list": listed}


@pytest.mark.parametrize(
    ("life", "known"),
    [
        ([], False),
        (["CANCELLED"], False),
        (["CANCELLED", "ARCHIVED"], False),
        (["SCHEDULED"], True),
        (["SCHEDULED", "DRAFT"], False),
        (["SCHEDULED", "DRAFT", "CANCELLED"], False),
        (["SCHEDULED", "CANCELLED"], True),
        (["OPEN", "CANCELLED", "ARCHIVED"], True),
        (["OPEN", "CLOSED", "SELECTING", "FINISHED", "ARCHIVED"], True),
    ],
)
async def test_what_was_announced_stays_known(campaigns: Campaigns, life: list[str], known: bool) -> None:
    """An entry points at its campaign for good; a plan that was dropped before anybody heard of it stays a secret."""
    opens = timedelta(hours=1 if "SCHEDULED" in life else -1)
    id_ = await campaigns.draft(registration=window(opens, timedelta(hours=2)))
    for state in life:
        assert (await campaigns.transition(id_, state))["__typename"] == "CampaignTransitioned"
    seen = await campaigns.campaign(id_, "state content { title }", token=issuer.token("fan"))
    assert seen == ({"state": life[-1], "content": {"title": "The Tour"}} if known else None)


ADMIN_FIELDS = ("scoreRange { min }", "content { smsTemplate }")


async def test_a_field_that_cannot_be_null_blanks_no_page_of_strangers(campaigns: Campaigns) -> None:
    """A dashboard asks for versions and translations of all that it lists, other teams' campaigns too."""
    await campaigns.opened()
    query = "{ campaigns(first: 5) { nodes { version translations { locale title } } } }"
    answer = await campaigns.service.graphql(query, token=issuer.token("fan"))
    assert "errors" not in answer
    assert answer["data"]["campaigns"]["nodes"][0]["translations"]


async def test_what_only_the_team_needs_is_refused_to_others(
    campaigns: Campaigns, subtests: pytest.Subtests
) -> None:
    id_ = await campaigns.opened()
    for field in ADMIN_FIELDS:
        query = f"query ($id: ID!) {{ campaign(id: $id) {{ {field} }} }}"
        with subtests.test(field=field):
            for token, code in ((None, "UNAUTHENTICATED"), (issuer.token("fan"), "FORBIDDEN")):
                answer = await campaigns.service.graphql(query, {"id": id_}, token=token)
                assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
            assert "errors" not in await campaigns.service.graphql(query, {"id": id_}, token=campaigns.reader)


async def test_only_who_may_changes_a_campaign(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    market = (await campaigns.campaign(id_, "markets { id }"))["markets"][0]["id"]
    event = (await campaigns.campaign(id_, "events { id }"))["events"][0]["id"]
    version = await campaigns.version(id_)
    mutations: dict[str, tuple[str, dict[str, Any]]] = {
        "createCampaign": ("CAMPAIGN_WRITE", campaigns.new()),
        "cloneCampaign": ("CAMPAIGN_WRITE", {"id": id_, "slug": "another-tour"}),
        "updateCampaign": ("CAMPAIGN_WRITE", {"id": id_, "expectedVersion": version}),
        "transitionCampaign": ("CAMPAIGN_PUBLISH", {"id": id_, "to": "PAUSED", "expectedVersion": version}),
        "setCampaignContent": ("CAMPAIGN_WRITE", {"id": id_, "locale": "en-US", "title": "T"}),
        "setGate": ("CAMPAIGN_WRITE", {"id": id_, "gate": None}),
        "upsertMarket": ("CAMPAIGN_WRITE", {"campaignId": id_, "name": "M", "country": "US"}),
        "removeMarket": ("CAMPAIGN_WRITE", {"id": market}),
        "upsertEvent": ("CAMPAIGN_WRITE", {"campaignId": id_, "marketId": market, **SHOW}),
        "removeEvent": ("CAMPAIGN_WRITE", {"id": event}),
    }
    for name, (needed, given) in mutations.items():
        others = {"CAMPAIGN_READ", "CAMPAIGN_WRITE", "CAMPAIGN_PUBLISH"} - {needed}
        callers = {
            "UNAUTHENTICATED": [None],
            "FORBIDDEN": [
                issuer.token("fan"),
                campaigns.grant(f"not-{needed}", *others),
                campaigns.grant("stranger", needed, scope="tea_other"),
            ],
        }
        for code, tokens in callers.items():
            for token in tokens:
                assert await refusal(campaigns, name, given, token) == code, name
    assert await campaigns.version(id_) == version
    assert len(campaigns.receivers.audit) == version


async def test_what_is_not_there_looks_like_what_is_not_hers(campaigns: Campaigns) -> None:
    theirs = await campaigns.draft()
    whole = await campaigns.campaign(theirs, "markets { id } events { id }")
    market, event = whole["markets"][0]["id"], whole["events"][0]["id"]
    outsider = campaigns.grant("outsider", *PERMISSIONS, scope="tea_other")
    for name, of_campaign in ON_CAMPAIGN.items():
        for here, caller in (
            (theirs, outsider),
            ("cmp_nothing", outsider),
            ("cmp_nothing", campaigns.editor),
        ):
            assert await refusal(campaigns, name, of_campaign(here), caller) == "FORBIDDEN", name
    for name, mine, nothing in (
        ("removeMarket", market, "mkt_nothing"),
        ("removeEvent", event, "evt_nothing"),
    ):
        for here, caller in ((mine, outsider), (nothing, outsider), (nothing, campaigns.editor)):
            assert await refusal(campaigns, name, {"id": here}, caller) == "FORBIDDEN", name


SPAN = {"opensAt": "2030-01-01T00:00:00Z", "closesAt": "2030-01-02T00:00:00Z"}
SHOW = {"name": "N", "startsAt": "2030-01-01T00:00:00Z", "presale": SPAN, "allocation": 1}
ON_CAMPAIGN: dict[str, Callable[[str], dict[str, Any]]] = {
    "cloneCampaign": lambda id_: {"id": id_, "slug": "another-tour"},
    "updateCampaign": lambda id_: {"id": id_, "expectedVersion": 1},
    "transitionCampaign": lambda id_: {"id": id_, "to": "OPEN", "expectedVersion": 1},
    "setCampaignContent": lambda id_: {"id": id_, "locale": "en-US", "title": "T"},
    "setGate": lambda id_: {"id": id_, "gate": None},
    "upsertMarket": lambda id_: {"campaignId": id_, "name": "M", "country": "US"},
    "upsertEvent": lambda id_: {"campaignId": id_, "marketId": "mkt_nothing", **SHOW},
}


async def refusal(campaigns: Campaigns, name: str, given: dict[str, Any], token: str | None) -> str:
    """The code of the top-level error."""
    kind = name[0].upper() + name[1:]
    query = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    answer = await campaigns.service.graphql(query, {"input": given}, token=token)
    [error] = answer["errors"]
    assert answer["data"] is None
    return error["extensions"]["code"]


async def test_a_revoked_role_is_refused_on_the_next_request(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    assert await campaigns.campaign(id_, "id", token=campaigns.reader)
    campaigns.receivers.granted.clear()
    assert await campaigns.campaign(id_, "id", token=campaigns.reader) is None


async def test_permission_questions_of_a_list_are_asked_together(campaigns: Campaigns) -> None:
    for _ in range(10):
        await campaigns.draft()
    before = campaigns.receivers.access_requests
    query = (
        "query ($team: ID!) { campaigns(filter: { teamId: $team }) { nodes { version scoreRange { min } } } }"
    )
    answer = await campaigns.service.graphql(query, {"team": campaigns.team}, token=campaigns.editor)
    assert len(answer["data"]["campaigns"]["nodes"]) == 10
    assert campaigns.receivers.access_requests - before == 2
