"""What other services know of a campaign, and when: before the mutation answers, or as soon as they are up again."""

import asyncio
from typing import Any

import asyncpg
import httpx

from services.kit.ids import user_id
from tests.support import issuer
from tests.unit.campaigns.campaigns import Campaigns

RECEIVERS = ("entries", "codes", "users")


async def test_a_snapshot_says_exactly_this(campaigns: Campaigns) -> None:
    registration = {"opensAt": "2030-01-01T00:00:00Z", "closesAt": "2030-01-02T00:00:00Z"}
    gate = {"allOf": [{"phone": True}, {"anyOf": [{"card": {"brands": ["VISA"]}}, {"membership": True}]}]}
    created = await campaigns.create(
        slug="tour-2030",
        registration=registration,
        phoneRequired=True,
        gate=gate,
        scoreRange={"min": 0.5, "max": None},
    )
    id_ = created["campaign"]["id"]
    market = (await campaigns.market(id_))["market"]["id"]
    presale = {"opensAt": "2030-02-01T00:00:00Z", "closesAt": "2030-02-02T00:00:00Z"}
    event = (await campaigns.event(id_, market, presale=presale, startsAt="2030-05-01T20:00:00Z"))["event"][
        "id"
    ]
    await campaigns.transition(id_, "SCHEDULED")
    assert campaigns.receivers.latest("entries", id_) == {
        "id": id_,
        "slug": "tour-2030",
        "team_id": campaigns.team,
        "version": 4,
        "state": "SCHEDULED",
        "default_locale": "en-US",
        "countries": ["US", "CA"],
        "opens_at": "2030-01-01T00:00:00Z",
        "closes_at": "2030-01-02T00:00:00Z",
        "phone_required": True,
        "identity_key": "EMAIL",
        "gate": {
            "all_of": [{"phone": True}, {"any_of": [{"card": {"brands": ["VISA"]}}, {"membership": True}]}]
        },
        "score_min": 0.5,
        "score_max": None,
        "titles": {"en-US": "The Tour", "fr-CA": "La tournée"},
        "sms_templates": {},
        "shares_fan_data": False,
        "markets": [{"id": market, "name": "New York", "country": "US"}],
        "events": [
            {
                "id": event,
                "market_id": market,
                "name": "Night 1",
                "starts_at": "2030-05-01T20:00:00Z",
                "presale_opens_at": "2030-02-01T00:00:00Z",
                "presale_closes_at": "2030-02-02T00:00:00Z",
                "allocation": 100,
                "code_mode": "SINGLE_USE",
                "ticket_limit": 4,
            }
        ],
    }


async def test_closing_is_known_everywhere_when_the_mutation_answers(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    version = (await campaigns.transition(id_, "CLOSED"))["campaign"]["version"]
    for receiver in RECEIVERS:
        latest = campaigns.receivers.latest(receiver, id_)
        assert (latest["state"], latest["version"]) == ("CLOSED", version)


async def test_every_change_of_any_part_is_a_new_version_for_all(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    market = (await campaigns.campaign(id_, "markets { id }"))["markets"][0]["id"]
    event = (await campaigns.campaign(id_, "events { id }"))["events"][0]["id"]
    before = await campaigns.version(id_)
    update = {"id": id_, "expectedVersion": before, "countries": ["MX"]}
    changes: list[tuple[str, dict[str, Any]]] = [
        ("updateCampaign", update),
        ("setCampaignContent", {"id": id_, "locale": "es-MX", "title": "La gira"}),
        ("setGate", {"id": id_, "gate": {"phone": True}}),
        ("upsertMarket", {"campaignId": id_, "id": market, "name": "Boston", "country": "US"}),
        ("removeEvent", {"id": event}),
        ("removeMarket", {"id": market}),
    ]
    for place, (name, given) in enumerate(changes, 1):
        result = await campaigns.mutate(name, "", given)
        assert "Failed" not in result["__typename"], result
        for receiver in RECEIVERS:
            assert campaigns.receivers.latest(receiver, id_)["version"] == before + place


async def test_a_receiver_that_is_down_fails_nobody_and_learns_it_later(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    campaigns.receivers.down.add("entries")
    assert (await campaigns.transition(id_, "CLOSED"))["campaign"]["state"] == "CLOSED"
    assert campaigns.receivers.latest("codes", id_)["state"] == "CLOSED"
    assert campaigns.receivers.latest("entries", id_)["state"] == "OPEN"
    campaigns.receivers.down.clear()
    await make_due(campaigns)
    assert await campaigns.resources.outbox.drain() == 1
    assert campaigns.receivers.latest("entries", id_)["state"] == "CLOSED"
    assert await campaigns.count("outbox") == 0


async def test_a_receiver_that_dies_before_its_answer_is_told_again(campaigns: Campaigns) -> None:
    """It may have kept what came: it is sent the same version once more, which is what it ignores."""
    id_ = await campaigns.opened()
    entries = campaigns.receivers.transports["entries"]
    dying = DiesBeforeItsAnswer(entries)
    campaigns.resources.peers["entries"]._transport = dying
    version = (await campaigns.transition(id_, "CLOSED"))["campaign"]["version"]
    assert await campaigns.count("outbox") == 1
    campaigns.resources.peers["entries"]._transport = entries
    await make_due(campaigns)
    assert await campaigns.resources.outbox.drain() == 1
    told = [s for s in campaigns.receivers.snapshots["entries"] if s["version"] == version]
    assert len(told) == dying.deaths + 1
    assert {snapshot["state"] for snapshot in told} == {"CLOSED"}


class DiesBeforeItsAnswer(httpx.AsyncBaseTransport):
    """Entries, which does what it is told and is gone before it can say so."""

    def __init__(self, entries: httpx.AsyncBaseTransport) -> None:
        self.deaths = 0
        self._entries = entries

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._entries.handle_async_request(request)
        self.deaths += 1
        raise httpx.RemoteProtocolError("the peer closed the connection")


async def test_a_change_that_is_refused_tells_nobody(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    before = len(campaigns.receivers.snapshots["entries"])
    await campaigns.transition(id_, "FINISHED")
    await campaigns.market(id_, venueId="ven_nowhere")
    assert len(campaigns.receivers.snapshots["entries"]) == before
    assert await campaigns.count("outbox") == 0


class Held(httpx.AsyncBaseTransport):
    """Entries, reached only once `go_on` is set; `begun` says that a request has come."""

    def __init__(self, campaigns: Campaigns) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self._entries = campaigns.receivers.transports["entries"]
        campaigns.resources.peers["entries"]._transport = self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.begun.set()
        await self.go_on.wait()
        return await self._entries.handle_async_request(request)


async def closed_unknown_to_entries(campaigns: Campaigns) -> str:
    """The id of a campaign whose closing waits in the outbox for entries, due now."""
    id_ = await campaigns.opened()
    campaigns.receivers.down.add("entries")
    await campaigns.transition(id_, "CLOSED")
    campaigns.receivers.down.clear()
    await make_due(campaigns)
    return id_


async def test_a_delivery_that_the_worker_has_begun_is_waited_for(campaigns: Campaigns) -> None:
    """Between a commit and its own delivery the worker may take the message: the answer waits for it all the same."""
    id_ = await closed_unknown_to_entries(campaigns)
    outbox, entries = campaigns.resources.outbox, Held(campaigns)
    worker = asyncio.create_task(outbox.drain())
    await entries.begun.wait()
    delivery = asyncio.create_task(outbox.deliver(await outbox_ids(campaigns)))
    done, _ = await asyncio.wait([delivery], timeout=0.2)
    assert not done
    entries.go_on.set()
    await delivery
    assert campaigns.receivers.latest("entries", id_)["state"] == "CLOSED"
    assert await worker == 1


async def test_a_receiver_that_hangs_fails_nobody_and_learns_it_later(campaigns: Campaigns) -> None:
    id_ = await closed_unknown_to_entries(campaigns)
    outbox, entries = campaigns.resources.outbox, Held(campaigns)
    await outbox.deliver(await outbox_ids(campaigns), within=0.1)
    assert campaigns.receivers.latest("entries", id_)["state"] == "OPEN"
    entries.go_on.set()
    async with asyncio.timeout(10):
        while campaigns.receivers.latest("entries", id_)["state"] != "CLOSED":
            await outbox.drain()
            await asyncio.sleep(0.01)


async def test_every_mutation_leaves_an_audit_event(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft()
    await campaigns.mutate("setGate", "", {"id": id_, "gate": {"membership": True}})
    await campaigns.transition(id_, "OPEN")
    events = campaigns.receivers.audit
    assert [event["action"] for event in events] == [
        "createCampaign",
        "upsertMarket",
        "upsertEvent",
        "setGate",
        "transitionCampaign",
    ]
    assert {event["actor"] for event in events} == {user_id(issuer.ISSUER, "editor")}
    assert {event["campaign_id"] for event in events} == {id_}
    assert {event["team_id"] for event in events} == {campaigns.team}
    assert [event["target"].partition("_")[0] for event in events] == ["cmp", "mkt", "evt", "cmp", "cmp"]
    assert events[0]["before"] is None
    # What one change left is what the next one found.
    assert [event["after"] for event in events[:-1]] == [event["before"] for event in events[1:]]


async def make_due(campaigns: Campaigns) -> None:
    connection = await asyncpg.connect(campaigns.dsn)
    await connection.execute("UPDATE outbox SET next_attempt_at = now()")
    await connection.close()


async def outbox_ids(campaigns: Campaigns) -> list[str]:
    connection = await asyncpg.connect(campaigns.dsn)
    ids = [row["id"] for row in await connection.fetch("SELECT id FROM outbox")]
    await connection.close()
    return ids
