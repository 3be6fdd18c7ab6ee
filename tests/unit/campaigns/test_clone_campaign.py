"""cloneCampaign: all that was set up, nothing that happened."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.kit.ids import user_id
from tests.support import issuer
from tests.unit.campaigns.campaigns import Campaigns
from tests.unit.campaigns.races import wait_for_locks

CLONED = "... on CampaignCloned { campaign { id slug state version } }"
WHOLE = """
    state version defaultLocale countries phoneRequired identityKey scoreRange { min max } gate { __typename }
    translations { locale title summary body terms } artists { id } registration { opensAt closesAt }
    markets { name country radiusKm population location { latitude } venue { id } capacity events { name } }
    events { name startsAt presale { opensAt closesAt } allocation codeMode ticketLimit market { name } }
"""


async def clone(campaigns: Campaigns, id_: str, **given: Any) -> dict[str, Any]:
    return await campaigns.mutate("cloneCampaign", CLONED, {"id": id_, "slug": "next-tour", **given})


async def rich(campaigns: Campaigns) -> str:
    """The id of a campaign that has something of everything."""
    await campaigns.resources.seeds.load()
    query = """{ artists(search: "Beyonce", first: 2) { nodes { id } }
        venues(search: "Madison Square Garden", first: 1) { nodes { id } } }"""
    catalogue = (await campaigns.service.graphql(query))["data"]
    id_ = (
        await campaigns.create(
            registration={"opensAt": "2027-03-01T15:00:00Z", "closesAt": "2027-03-08T15:00:00Z"},
            gate={"anyOf": [{"phone": True}, {"region": {"countries": ["US"]}}]},
            scoreRange={"min": 0.25, "max": None},
            phoneRequired=True,
            identityKey="MEMBER_ID",
            artistIds=[artist["id"] for artist in catalogue["artists"]["nodes"]],
        )
    )["campaign"]["id"]
    venue = catalogue["venues"]["nodes"][0]["id"]
    market = (await campaigns.market(id_, venueId=venue, radiusKm=80))["market"]["id"]
    other = (await campaigns.market(id_, name="Toronto", country="CA"))["market"]["id"]
    for name, place, starts in (
        ("Night 1", market, "06-01"),
        ("Night 2", market, "06-02"),
        ("N", other, "06-03"),
    ):
        presale = {"opensAt": "2027-03-10T15:00:00Z", "closesAt": "2027-03-12T15:00:00Z"}
        await campaigns.event(id_, place, name=name, startsAt=f"2027-{starts}T00:00:00Z", presale=presale)
    return id_


async def test_a_clone_is_its_source_but_for_state_and_dates(campaigns: Campaigns) -> None:
    source = await rich(campaigns)
    await campaigns.put(source, state="CANCELLED")
    made = await clone(campaigns, source)
    copy = made["campaign"]
    assert (copy["slug"], copy["state"], copy["version"]) == ("next-tour", "DRAFT", 1)
    before, after = [await campaigns.campaign(id_, WHOLE) for id_ in (source, copy["id"])]
    assert {**after, "state": None, "version": None} == {**before, "state": None, "version": None}
    ids = "id markets { id events { id } } events { id market { id } }"
    old, new = [str(await campaigns.campaign(id_, ids)) for id_ in (source, copy["id"])]
    assert not {word for word in old.split("'") if "_" in word} & {
        word for word in new.split("'") if "_" in word
    }
    assert await campaigns.campaign(copy["id"], "id", token=issuer.token("fan")) is None


async def test_every_column_is_copied_or_is_one_of_these(campaigns: Campaigns) -> None:
    """Whoever adds a column finds it copied; what should not be is listed here and in `clones.sql`."""
    source = await rich(campaigns)
    copy = (await clone(campaigns, source))["campaign"]["id"]
    await campaigns.put(source, state="CLOSED")
    own = {
        "campaign": {"id", "slug", "version", "state", "announced_at", "created_at", "updated_at"},
        "campaign_content": {"campaign_id"},
        "campaign_artist": {"campaign_id"},
        "market": {"id", "campaign_id"},
        "event": {"id", "campaign_id", "market_id"},
    }
    connection = await asyncpg.connect(campaigns.dsn)
    for table, different in own.items():
        key = "id" if table == "campaign" else "campaign_id"
        rows = [
            [
                {name: value for name, value in dict(row).items() if name not in different}
                for row in await connection.fetch(f"SELECT * FROM {table} WHERE {key} = $1", id_)
            ]
            for id_ in (source, copy)
        ]
        assert rows[0]
        assert sorted(map(str, rows[0])) == sorted(map(str, rows[1])), table
    await connection.close()


async def test_dates_move_by_calendar_days(campaigns: Campaigns) -> None:
    source = await rich(campaigns)
    copy = (await clone(campaigns, source, shiftDays=20))["campaign"]["id"]
    moved = await campaigns.campaign(
        copy, "registration { opensAt } events { startsAt presale { opensAt closesAt } }"
    )
    # New York's clocks go forward on 14 March; Toronto has no venue, and keeps its time in UTC.
    assert moved["registration"] == {"opensAt": "2027-03-21T14:00:00.000Z"}
    assert [event["startsAt"] for event in moved["events"]] == [
        "2027-06-21T00:00:00.000Z",
        "2027-06-22T00:00:00.000Z",
        "2027-06-23T00:00:00.000Z",
    ]
    assert [event["presale"]["opensAt"] for event in moved["events"]] == [
        "2027-03-30T14:00:00.000Z",
        "2027-03-30T14:00:00.000Z",
        "2027-03-30T15:00:00.000Z",
    ]


async def test_what_cannot_be_cloned_says_why(campaigns: Campaigns) -> None:
    source = await campaigns.draft(slug="the-tour")
    for given, code, path in (
        ({"slug": "the-tour"}, "TAKEN", "slug"),
        ({"slug": "No Slug"}, "MALFORMED", "slug"),
        ({"shiftDays": 3651}, "OUT_OF_RANGE", "shiftDays"),
        ({"shiftDays": -3651}, "OUT_OF_RANGE", "shiftDays"),
    ):
        refused = await clone(campaigns, source, **given)
        assert [(i["code"], ".".join(i["path"])) for i in refused["issues"]] == [(code, path)], given
    await campaigns.put(source, closes_at=datetime(2099, 12, 1, tzinfo=UTC))
    refused = await clone(campaigns, source, shiftDays=60)
    assert [(i["code"], ".".join(i["path"])) for i in refused["issues"]] == [("OUT_OF_RANGE", "shiftDays")]
    assert await campaigns.count("campaign") == 1


async def test_the_same_key_clones_once(campaigns: Campaigns) -> None:
    source = await campaigns.draft()
    answers = await asyncio.gather(
        *(clone(campaigns, source, idempotencyKey="k", shiftDays=7) for _ in range(4))
    )
    assert len({str(answer) for answer in answers}) == 1
    assert answers[0]["__typename"] == "CampaignCloned"
    assert await campaigns.count("campaign") == 2
    other = await clone(campaigns, source, idempotencyKey="k", shiftDays=8)
    assert other["__typename"] == "IdempotencyMismatch"


async def test_a_clone_is_audited_and_published(campaigns: Campaigns) -> None:
    source = await campaigns.draft()
    copy = (await clone(campaigns, source))["campaign"]["id"]
    event = campaigns.receivers.audit[-1]
    assert (event["action"], event["target"], event["campaign_id"]) == ("cloneCampaign", copy, copy)
    assert (event["actor"], event["before"]) == (user_id(issuer.ISSUER, "editor"), None)
    known = campaigns.receivers.latest("entries", copy)
    assert (known["state"], known["version"], len(known["events"])) == ("DRAFT", 1, 1)


async def test_who_may_write_one_campaign_alone_makes_no_new_ones(campaigns: Campaigns) -> None:
    source = await campaigns.draft()
    guest = campaigns.grant("guest", "CAMPAIGN_READ", "CAMPAIGN_WRITE", scope=source)
    query = "mutation ($input: CloneCampaignInput!) { cloneCampaign(input: $input) { __typename } }"
    answer = await campaigns.service.graphql(query, {"input": {"id": source, "slug": "mine"}}, token=guest)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_a_source_that_changes_meanwhile_is_copied_whole(campaigns: Campaigns) -> None:
    """The copy waits for a change that is under way, and then has all of it."""
    source = await campaigns.draft()
    connection = await asyncpg.connect(campaigns.dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("UPDATE campaign SET version = version + 1 WHERE id = $1", source)
    cloning = asyncio.create_task(clone(campaigns, source))
    await wait_for_locks(connection, 1)
    await connection.execute(
        'INSERT INTO event SELECT (jsonb_populate_record(e, \'{"id": "evt_late", "name": "Late"}\')).* FROM event e'
    )
    await transaction.commit()
    await connection.close()
    copy = (await cloning)["campaign"]["id"]
    events = (await campaigns.campaign(copy, "events { name }"))["events"]
    assert {event["name"] for event in events} == {"Night 1", "Late"}
