"""Every change of a campaign takes an expected version, and of two made from the same one the second is refused."""

from typing import Any

import pytest

from tests.unit.campaigns.campaigns import Campaigns, moment, window
from tests.unit.campaigns.races import Step, checked_then_written, race
from tests.unit.campaigns.test_transition_campaign import HOUR

CHANGES = (
    "updateCampaign",
    "transitionCampaign",
    "setCampaignContent",
    "setGate",
    "upsertMarket",
    "upsertEvent",
    "removeMarket",
    "removeEvent",
)


async def inputs(campaigns: Campaigns, id_: str) -> dict[str, dict[str, Any]]:
    """An input for each change of a campaign with two markets."""
    first, second = (await campaigns.campaign(id_, "markets { id events { id } }"))["markets"]
    show = {"startsAt": moment(100 * HOUR), "presale": window(50 * HOUR, 60 * HOUR), "allocation": 7}
    return {
        "updateCampaign": {"id": id_, "countries": ["MX"]},
        "transitionCampaign": {"id": id_, "to": "CANCELLED"},
        "setCampaignContent": {"id": id_, "locale": "en-US", "title": "Another tour"},
        "setGate": {"id": id_, "gate": {"membership": True}},
        "upsertMarket": {"campaignId": id_, "name": "Boston", "country": "US"},
        "upsertEvent": {"campaignId": id_, "marketId": first["id"], "name": "Night 2", **show},
        "removeMarket": {"id": second["id"]},
        "removeEvent": {"id": second["events"][0]["id"]},
    }


def step(campaigns: Campaigns, name: str, given: dict[str, Any]) -> Step:
    return lambda version: campaigns.mutate(name, "", {**given, "expectedVersion": version})


async def against_a_gate(campaigns: Campaigns, name: str) -> list[str]:
    """What became of this change and of a new gate, both from the same version."""
    id_ = await campaigns.draft(markets=2)
    given = (await inputs(campaigns, id_))[name]
    gate = step(campaigns, "setGate", {"id": id_, "gate": {"phone": True}})
    return await race(campaigns, id_, step(campaigns, name, given), gate)


@pytest.mark.parametrize("name", CHANGES)
async def test_of_two_changes_from_one_version_one_is_made(campaigns: Campaigns, name: str) -> None:
    results = await against_a_gate(campaigns, name)
    assert results.count("Conflict") == 1


@pytest.mark.parametrize("name", CHANGES)
async def test_of_two_changes_from_one_version_one_is_made_negative_control(
    campaigns: Campaigns, name: str
) -> None:
    checked_then_written(campaigns)
    assert "Conflict" not in await against_a_gate(campaigns, name)


async def test_a_conflict_writes_nothing_and_names_the_version(campaigns: Campaigns) -> None:
    id_ = await campaigns.draft(markets=2)
    whole = "version gate { __typename } translations { title } markets { id name } events { id name }"
    before = await campaigns.campaign(id_, whole)
    audited = len(campaigns.receivers.audit)
    for name, given in (await inputs(campaigns, id_)).items():
        for expected in (before["version"] - 1, before["version"] + 1, 0):
            refused = await campaigns.mutate(name, "", {**given, "expectedVersion": expected})
            assert refused["__typename"] == "Conflict", name
            assert refused["currentVersion"] == before["version"], name
    assert await campaigns.campaign(id_, whole) == before
    assert len(campaigns.receivers.audit) == audited
