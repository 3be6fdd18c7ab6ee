"""updateCampaign and setCampaignContent: what is given changes, what is not stays, and each part as long as it can."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.campaigns.campaigns import Campaigns, window

STAYS = """slug defaultLocale countries registration { opensAt closesAt } phoneRequired identityKey
    scoreRange { min max } artists { name }"""


async def update(campaigns: Campaigns, id_: str, **given: Any) -> dict[str, Any]:
    expected = given.pop("expectedVersion", None) or await campaigns.version(id_)
    fields = f"... on CampaignUpdated {{ campaign {{ version {STAYS} }} }}"
    return await campaigns.mutate("updateCampaign", fields, {"id": id_, "expectedVersion": expected, **given})


async def test_what_is_not_given_stays(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    await campaigns.resources.seeds.load()
    found = await campaigns.service.graphql('{ artists(search: "adele", first: 1) { nodes { id } } }')
    artist = found["data"]["artists"]["nodes"][0]["id"]
    id_ = (await campaigns.create(scoreRange={"min": 1, "max": 2}))["campaign"]["id"]
    new_window = {"opensAt": "2030-01-01T00:00:00.000Z", "closesAt": "2030-01-02T00:00:00.000Z"}
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"slug": "renamed"}, {}),
        ({"defaultLocale": "fr-CA"}, {}),
        ({"countries": ["GB", "IE"]}, {}),
        ({"registration": new_window}, {}),
        ({"phoneRequired": True}, {}),
        ({"identityKey": "GLOBAL_USER_ID"}, {}),
        ({"scoreRange": {"min": None, "max": 5}}, {}),
        ({"scoreRange": None}, {}),
        ({"artistIds": [artist]}, {"artists": [{"name": "Adele"}]}),
        ({"artistIds": []}, {"artists": []}),
        ({}, {}),
    ]
    before = await campaigns.campaign(id_, STAYS)
    for place, (given, shown) in enumerate(steps, 2):
        with subtests.test(given=given):
            after = (await update(campaigns, id_, **given))["campaign"]
            kept = {name: value for name, value in before.items() if name not in given}
            changed = {name: value for name, value in given.items() if name != "artistIds"}
            assert after == {**kept, "version": place, **changed, **shown}
            before = {name: value for name, value in after.items() if name != "version"}


async def test_a_change_from_an_old_version_is_a_conflict(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    assert (await update(campaigns, id_, expectedVersion=1, countries=["MX"]))[
        "__typename"
    ] == "CampaignUpdated"
    late = await update(campaigns, id_, expectedVersion=1, countries=["GB"])
    assert (late["__typename"], late["currentVersion"]) == ("Conflict", 2)
    assert (await campaigns.campaign(id_, "countries"))["countries"] == ["MX"]


async def test_each_part_can_be_changed_until_its_time_is_over(
    campaigns: Campaigns, subtests: pytest.Subtests
) -> None:
    hours = window(timedelta(hours=-2), timedelta(hours=2))
    last_states: dict[str, tuple[dict[str, Any], str, str]] = {
        "slug": ({"slug": "other"}, "SCHEDULED", "OPEN"),
        "identityKey": ({"identityKey": "MEMBER_ID"}, "SCHEDULED", "OPEN"),
        "registration": ({"registration": hours}, "PAUSED", "CLOSED"),
        # Entries that wait for a phone would else go on waiting for nothing, and be invalidated at the close.
        "phoneRequired": ({"phoneRequired": True}, "SCHEDULED", "OPEN"),
        "countries": ({"countries": ["CA"]}, "SELECTING", "FINISHED"),
        "scoreRange": ({"scoreRange": {"min": 1}}, "SELECTING", "CANCELLED"),
        "both": ({"countries": ["US"], "slug": "third"}, "DRAFT", "CLOSED"),
    }
    id_ = await campaigns.draft()
    future = window(timedelta(hours=1), timedelta(hours=2))
    for part, (given, last, too_late) in last_states.items():
        with subtests.test(part=part):
            await update_window(campaigns, id_, future if last == "SCHEDULED" else hours)
            await campaigns.put(id_, state=last)
            assert (await update(campaigns, id_, **given))["__typename"] == "CampaignUpdated"
            await update_window(campaigns, id_, hours)
            await campaigns.put(id_, state=too_late)
            refused = await update(campaigns, id_, **given)
            assert [issue["code"] for issue in refused["issues"]] == ["LOCKED"]


async def update_window(campaigns: Campaigns, id_: str, hours: dict[str, str]) -> None:
    await campaigns.put(id_, state="DRAFT")
    await update(campaigns, id_, registration=hours)


@pytest.mark.parametrize("state", ["OPEN", "PAUSED"])
async def test_what_has_opened_is_never_scheduled_again(campaigns: Campaigns, state: str) -> None:
    id_ = await campaigns.draft()
    await update_window(campaigns, id_, window(timedelta(hours=-2), timedelta(hours=2)))
    await campaigns.put(id_, state=state)
    later = await update(campaigns, id_, registration=window(timedelta(hours=1), timedelta(hours=2)))
    assert [issue["path"] for issue in later["issues"]] == [["registration", "opensAt"]]
    longer = await update(campaigns, id_, registration=window(timedelta(hours=-3), timedelta(hours=3)))
    assert longer["__typename"] == "CampaignUpdated"


async def test_an_open_campaign_keeps_texts_for_its_default_locale(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    refused = await update(campaigns, id_, defaultLocale="es-MX")
    assert [issue["code"] for issue in refused["issues"]] == ["CONTENT_MISSING"]
    texts = {"id": id_, "locale": "es-MX", "title": "La gira"}
    await campaigns.mutate("setCampaignContent", "", texts)
    assert (await update(campaigns, id_, defaultLocale="es-MX"))["__typename"] == "CampaignUpdated"


async def test_content_replaces_all_texts_of_its_locale_and_no_others(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    fields = "... on CampaignContentSet { campaign { translations { locale title summary body terms smsTemplate } } }"
    given = {
        "id": id_,
        "locale": "fr-CA",
        "title": "Un",
        "summary": "s",
        "body": "b",
        "terms": "t",
        "smsTemplate": "{code}",
    }
    texts = (await campaigns.mutate("setCampaignContent", fields, given))["campaign"]["translations"]
    assert texts[1] == {name: value for name, value in given.items() if name != "id"}
    given = {"id": id_, "locale": "fr-CA", "title": "Deux"}
    texts = (await campaigns.mutate("setCampaignContent", fields, given))["campaign"]["translations"]
    assert [(text["locale"], text["title"], text["body"]) for text in texts] == [
        ("en-US", "The Tour", None),
        ("fr-CA", "Deux", None),
    ]
    late = await campaigns.mutate("setCampaignContent", "", {**given, "expectedVersion": 1})
    assert (late["__typename"], late["currentVersion"]) == ("Conflict", 3)
    wrong = await campaigns.mutate("setCampaignContent", "", {**given, "title": " ", "body": "x" * 50_001})
    assert {(i["code"], ".".join(i["path"])) for i in wrong["issues"]} == {
        ("REQUIRED", "title"),
        ("TOO_LONG", "body"),
    }
