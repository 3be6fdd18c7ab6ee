"""Promoters: a team's own, public with their campaigns, and told to every service the moment they change."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.unit.campaigns.campaigns import Campaigns

PUBLIC = "id name legalName supportEmail privacyPolicyUrl"
SET_UP = "defaultLocale sharesFanData version"
PAYLOAD = f"... on PromoterUpserted {{ promoter {{ {PUBLIC} {SET_UP} }} }}"
PAGE = f"supportEmail privacyPolicyUrl fanDataSharedWith promoter {{ {PUBLIC} }}"


async def put(campaigns: Campaigns, **given: Any) -> dict[str, Any]:
    asked = {
        "name": "Live",
        "legalName": "Live Ltd",
        "supportEmail": "help@live.example",
        "privacyPolicyUrl": "https://live.example/privacy",
        "defaultLocale": "fr-CA",
        **given,
    }
    if "id" not in given and "teamId" not in given:
        asked["teamId"] = campaigns.team
    return await campaigns.mutate("upsertPromoter", PAYLOAD, asked)


async def ask(campaigns: Campaigns, query: str, token: str | None = None, **variables: Any) -> Any:
    return await campaigns.service.graphql(query, variables, token=token)


async def test_a_promoter_is_added_and_replaced(campaigns: Campaigns) -> None:
    added = (await put(campaigns))["promoter"]
    assert added == {
        "id": added["id"],
        "name": "Live",
        "legalName": "Live Ltd",
        "supportEmail": "help@live.example",
        "privacyPolicyUrl": "https://live.example/privacy",
        "defaultLocale": "fr-CA",
        "sharesFanData": False,
        "version": 1,
    }
    assert added["id"].startswith("prm_")
    replaced = await put(campaigns, id=added["id"], name="Live!", supportEmail=None, expectedVersion=1)
    assert replaced["promoter"] == {**added, "name": "Live!", "supportEmail": None, "version": 2}
    late = await put(campaigns, id=added["id"], expectedVersion=1)
    assert (late["__typename"], late["currentVersion"]) == ("Conflict", 2)
    events = campaigns.receivers.audit[-2:]
    assert [(e["action"], e["target"], e["team_id"]) for e in events] == [
        ("upsertPromoter", added["id"], campaigns.team)
    ] * 2
    assert events[0]["before"] is None
    assert events[0]["after"] == events[1]["before"] != events[1]["after"]


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"name": " "}, ["name"], "REQUIRED"),
        ({"name": "x" * 121}, ["name"], "TOO_LONG"),
        ({"legalName": ""}, ["legalName"], "REQUIRED"),
        ({"legalName": "a\u0007b"}, ["legalName"], "MALFORMED"),
        ({"supportEmail": 'a"b@example.com'}, ["supportEmail"], "MALFORMED"),
        ({"privacyPolicyUrl": "http://live.example"}, ["privacyPolicyUrl"], "MALFORMED"),
        ({"privacyPolicyUrl": "https://live.example@evil.example"}, ["privacyPolicyUrl"], "MALFORMED"),
        ({"privacyPolicyUrl": None, "sharesFanData": True}, ["privacyPolicyUrl"], "REQUIRED"),
        ({"name": "Taken"}, ["name"], "TAKEN"),
    ],
)
async def test_bad_input_is_named(
    campaigns: Campaigns, given: dict[str, Any], path: list[str], code: str
) -> None:
    await put(campaigns, name="Taken")
    refused = await put(campaigns, **given)
    assert [(issue["path"], issue["code"]) for issue in refused["issues"]] == [(path, code)]
    assert await campaigns.count("promoter") == 1


async def test_only_editors_of_its_team_may(campaigns: Campaigns) -> None:
    promoter = (await put(campaigns))["promoter"]
    others = campaigns.grant("others", "CAMPAIGN_WRITE", "CAMPAIGN_READ", scope="tea_other")
    mutation = "mutation ($input: UpsertPromoterInput!) { upsertPromoter(input: $input) { __typename } }"
    base = {"name": "x", "legalName": "x", "defaultLocale": "en-US"}
    for given in ({"teamId": campaigns.team}, {"id": promoter["id"]}, {"id": "prm_nothing"}, {}):
        for token in (others, campaigns.reader):
            refused = await ask(campaigns, mutation, token, input={**base, **given})
            assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await put(campaigns, id=promoter["id"], teamId=campaigns.team))["issues"][0]["code"] == "NOT_ONE"


async def test_the_same_key_adds_one(campaigns: Campaigns) -> None:
    first = (await put(campaigns, idempotencyKey="one"))["promoter"]
    assert (await put(campaigns, idempotencyKey="one"))["promoter"] == first
    assert (await put(campaigns, idempotencyKey="one", name="x"))["__typename"] == "IdempotencyMismatch"


async def test_fans_see_who_it_is_and_its_team_how_it_is_set_up(campaigns: Campaigns) -> None:
    promoter = (await put(campaigns, sharesFanData=True))["promoter"]
    query = f"query ($id: ID!) {{ promoter(id: $id) {{ {PUBLIC} }} }}"
    assert (await ask(campaigns, query, id=promoter["id"]))["data"]["promoter"] is None, "nobody knows it yet"
    assert (await ask(campaigns, query, campaigns.reader, id=promoter["id"]))["data"]["promoter"] is not None
    id_ = await campaigns.opened(promoterId=promoter["id"])
    shown = {name: promoter[name] for name in PUBLIC.split()}
    assert (await ask(campaigns, query, id=promoter["id"]))["data"]["promoter"] == shown
    page = f"query ($id: ID!) {{ campaign(id: $id) {{ {PAGE} }} }}"
    assert (await ask(campaigns, page, id=id_))["data"]["campaign"] == {
        "supportEmail": "help@live.example",
        "privacyPolicyUrl": "https://live.example/privacy",
        "fanDataSharedWith": "Live Ltd",
        "promoter": shown,
    }
    for field in SET_UP.split():
        query = f"query ($id: ID!) {{ promoter(id: $id) {{ {field} }} }}"
        refused = await ask(campaigns, query, id=promoter["id"])
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "errors" not in await ask(campaigns, query, campaigns.reader, id=promoter["id"])


async def test_a_campaign_inherits(campaigns: Campaigns) -> None:
    promoter = (await put(campaigns))["promoter"]
    contents = [{"locale": "fr-CA", "title": "La tournée"}]
    id_ = (await campaigns.create(defaultLocale=None, promoterId=promoter["id"], contents=contents))[
        "campaign"
    ]["id"]
    assert (await campaigns.campaign(id_, "defaultLocale"))["defaultLocale"] == "fr-CA"
    refused = await campaigns.create(slug="no-locale", defaultLocale=None)
    assert [(i["path"], i["code"]) for i in refused["issues"]] == [(["defaultLocale"], "REQUIRED")]
    without = (await campaigns.create(slug="without"))["campaign"]["id"]
    assert await campaigns.campaign(without, PAGE) == {
        "supportEmail": None, "privacyPolicyUrl": None, "fanDataSharedWith": None, "promoter": None,
    }  # fmt: skip


async def test_a_campaign_takes_a_promoter_of_its_team_until_it_opens(campaigns: Campaigns) -> None:
    campaigns.grant("editor", "CAMPAIGN_WRITE", "CAMPAIGN_READ", scope="tea_other")
    theirs = (await put(campaigns, teamId="tea_other"))["promoter"]["id"]
    ours = (await put(campaigns))["promoter"]["id"]
    id_ = await campaigns.draft()

    async def choose(promoter_id: str | None) -> dict[str, Any]:
        given = {"id": id_, "expectedVersion": await campaigns.version(id_), "promoterId": promoter_id}
        return await campaigns.mutate(
            "updateCampaign", "... on CampaignUpdated { campaign { promoter { id } } }", given
        )

    for wrong in (theirs, "prm_nothing"):
        assert [i["path"] for i in (await choose(wrong))["issues"]] == [["promoterId"]]
    for refused in ({"promoterId": theirs}, {"promoterId": theirs, "defaultLocale": None}):
        created = await campaigns.create(slug="other", **refused)
        assert [i["path"] for i in created["issues"]] == [["promoterId"]]
    for _ in range(2):
        assert (await choose(ours))["campaign"]["promoter"] == {"id": ours}
    assert (await choose(None))["campaign"]["promoter"] is None
    await choose(ours)
    await campaigns.transition(id_, "OPEN")
    assert [i["code"] for i in (await choose(None))["issues"]] == ["LOCKED"]


async def test_a_change_reaches_its_campaigns_and_every_service_at_once(campaigns: Campaigns) -> None:
    promoter = (await put(campaigns, sharesFanData=True))["promoter"]
    id_ = await campaigns.opened(promoterId=promoter["id"])
    before = await campaigns.version(id_)
    assert campaigns.receivers.latest("entries", id_)["shares_fan_data"] is True
    await put(campaigns, id=promoter["id"], legalName="New Ltd")
    assert await campaigns.version(id_) == before + 1
    assert campaigns.receivers.latest("entries", id_)["shares_fan_data"] is False
    assert (await campaigns.campaign(id_, "promoter { legalName } fanDataSharedWith")) == {
        "promoter": {"legalName": "New Ltd"},
        "fanDataSharedWith": None,
    }


async def test_sharing_begins_before_registration_or_not_at_all(campaigns: Campaigns) -> None:
    promoter = (await put(campaigns))["promoter"]
    id_ = await campaigns.draft(promoterId=promoter["id"])
    assert (await put(campaigns, id=promoter["id"], sharesFanData=True))["__typename"] == "PromoterUpserted"
    await put(campaigns, id=promoter["id"], sharesFanData=False)
    await campaigns.transition(id_, "OPEN")
    refused = await put(campaigns, id=promoter["id"], sharesFanData=True, name="x")
    assert [(i["path"], i["code"]) for i in refused["issues"]] == [(["sharesFanData"], "LOCKED")]
    assert (await put(campaigns, id=promoter["id"]))["promoter"]["name"] == "Live"


async def test_who_chooses_a_promoter_while_it_changes_gets_the_change(campaigns: Campaigns) -> None:
    """The promoter stops sharing at the moment that a campaign takes it: the last that entries hear is the truth."""
    id_ = await campaigns.draft()
    promoter = (await put(campaigns, sharesFanData=True))["promoter"]
    for _ in range(5):
        version = await campaigns.version(id_)
        choose = {"id": id_, "expectedVersion": version, "promoterId": promoter["id"]}
        await asyncio.gather(
            campaigns.mutate("updateCampaign", "", choose),
            put(campaigns, id=promoter["id"], sharesFanData=False),
        )
        assert campaigns.receivers.latest("entries", id_)["shares_fan_data"] is False
        await campaigns.mutate(
            "updateCampaign",
            "",
            {**choose, "expectedVersion": await campaigns.version(id_), "promoterId": None},
        )
        await put(campaigns, id=promoter["id"], sharesFanData=True)


async def test_choosing_waits_for_a_change_under_way(campaigns: Campaigns) -> None:
    """The same, with the change held open: whoever did not wait for it would publish what is no longer so."""
    id_ = await campaigns.draft()
    promoter = (await put(campaigns, sharesFanData=True))["promoter"]
    changing = await asyncpg.connect(campaigns.dsn)
    transaction = changing.transaction()
    await transaction.start()
    sql = "UPDATE promoter SET shares_fan_data = false WHERE id = $1"
    await changing.execute(sql, promoter["id"])
    choose = {"id": id_, "expectedVersion": await campaigns.version(id_), "promoterId": promoter["id"]}
    choosing = asyncio.create_task(campaigns.mutate("updateCampaign", "", choose))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await changing.fetchval(waiting):
            await asyncio.sleep(0.01)
    assert not choosing.done()
    # The negative control: a look that does not wait sees what will not be so.
    stale = await campaigns.resources.database.pool.fetchval("SELECT shares_fan_data FROM promoter")
    assert stale is True
    await transaction.commit()
    await changing.close()
    assert (await choosing)["__typename"] == "CampaignUpdated"
    assert campaigns.receivers.latest("entries", id_)["shares_fan_data"] is False


async def test_lists(campaigns: Campaigns) -> None:
    for name in ("Cirque", "Arena", "Beacon"):
        await put(campaigns, name=name, legalName=name)
    query = """query ($team: ID, $search: String, $after: String) {
        promoters(teamId: $team, search: $search, first: 2, after: $after) {
            nodes { name } pageInfo { hasNextPage endCursor } } }"""

    async def names(token: str | None = None, **variables: Any) -> list[str]:
        answer = await ask(campaigns, query, token, **variables)
        return [node["name"] for node in answer["data"]["promoters"]["nodes"]]

    assert await names() == await names(team=campaigns.team) == await names(campaigns.reader) == []
    assert await names(campaigns.reader, team=campaigns.team) == ["Arena", "Beacon"]
    first = await ask(campaigns, query, campaigns.reader, team=campaigns.team)
    info = first["data"]["promoters"]["pageInfo"]
    assert info["hasNextPage"] is True
    await put(campaigns, name="Aardvark", legalName="Aardvark")
    assert await names(campaigns.reader, team=campaigns.team, after=info["endCursor"]) == ["Cirque"]
    assert await names(campaigns.reader, team=campaigns.team, search="arina") == ["Arena"]


async def test_its_campaigns_are_those_one_may_see(campaigns: Campaigns) -> None:
    promoter = (await put(campaigns))["promoter"]["id"]
    await campaigns.opened(promoterId=promoter, slug="opened")
    await campaigns.create(promoterId=promoter, slug="draft")
    await campaigns.opened(slug="someone-elses")
    query = "query ($id: ID!) { promoter(id: $id) { campaigns { nodes { slug } } } }"

    async def slugs(token: str | None) -> list[str]:
        answer = await ask(campaigns, query, token, id=promoter)
        return [node["slug"] for node in answer["data"]["promoter"]["campaigns"]["nodes"]]

    assert await slugs(None) == ["opened"]
    assert await slugs(campaigns.reader) == ["draft", "opened"]


async def test_fifty_are_one_request_and_one_statement(campaigns: Campaigns) -> None:
    ids = [(await put(campaigns, name=f"P{number}"))["promoter"]["id"] for number in range(50)]
    database = campaigns.resources.database
    requests, statements = len(campaigns.service.requests), database.statements
    representations = [{"__typename": "Promoter", "id": id_} for id_ in [*ids, "prm_nothing", "ü", ""]]
    found = await campaigns.service.entities(
        f"... on Promoter {{ {PUBLIC} {SET_UP} }}", representations, token=campaigns.reader
    )
    assert [one and one["id"] for one in found] == [*ids, None, None, None]
    assert campaigns.service.requests[requests:] == ["POST /promoters/batch"]
    assert database.statements - statements == 1
