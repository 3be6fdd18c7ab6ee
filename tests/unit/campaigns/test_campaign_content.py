"""Texts through the graph: as HTML, as message parts, and how far they are translated."""

import asyncio
from typing import Any

import pytest

from services.campaigns.subgraph.markdown_loaders import Rendered
from tests.unit.campaigns.campaigns import Campaigns

SMS = "content { smsSegments smsEncoding }"


async def set_texts(campaigns: Campaigns, id_: str, **texts: Any) -> dict[str, Any]:
    given = {"id": id_, "locale": "en-US", "title": "The Tour", **texts}
    return await campaigns.mutate("setCampaignContent", "", given)


async def test_a_fan_gets_safe_html(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    await set_texts(campaigns, id_, body="**Hi** <script>x</script>", terms="[terms](https://e.org)")
    query = "query ($id: ID!) { campaign(id: $id) { content { body bodyHtml termsHtml } } }"
    content = (await campaigns.service.graphql(query, {"id": id_}))["data"]["campaign"]["content"]
    assert content == {
        "body": "**Hi** <script>x</script>",
        "bodyHtml": "<p><strong>Hi</strong> &lt;script&gt;x&lt;/script&gt;</p>\n",
        "termsHtml": '<p><a href="https://e.org" rel="noopener noreferrer nofollow">terms</a></p>\n',
    }
    await set_texts(campaigns, id_)
    content = (await campaigns.service.graphql(query, {"id": id_}))["data"]["campaign"]["content"]
    assert content == {"body": None, "bodyHtml": None, "termsHtml": None}


async def test_a_text_is_rendered_once_and_the_oldest_are_forgotten() -> None:
    rendered = Rendered()
    first, second = await asyncio.gather(rendered.html("*a*"), rendered.html("*a*"))
    assert first is second
    for number in range(256):
        await rendered.html(str(number))
    assert await rendered.html("*a*") is not first


async def test_the_size_of_the_message_at_its_longest(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    assert (await campaigns.campaign(id_, SMS))["content"] == {"smsSegments": None, "smsEncoding": None}
    await set_texts(campaigns, id_, smsTemplate="{code} {event}")
    assert (await campaigns.campaign(id_, SMS))["content"] == {"smsSegments": 1, "smsEncoding": "GSM_7"}
    market = (await campaigns.market(id_))["market"]["id"]
    await campaigns.event(id_, market, name="x" * 100)
    assert (await campaigns.campaign(id_, SMS))["content"] == {"smsSegments": 2, "smsEncoding": "GSM_7"}
    await campaigns.event(id_, market, name="Côte d’Azur")
    assert (await campaigns.campaign(id_, SMS))["content"] == {"smsSegments": 2, "smsEncoding": "UCS_2"}


@pytest.mark.parametrize("template", ["no code", "{code} {who}", "{code"])
async def test_a_template_that_could_not_be_filled_is_refused(campaigns: Campaigns, template: str) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    refused = await set_texts(campaigns, id_, smsTemplate=template)
    assert [issue["path"] for issue in refused["issues"]] == [["smsTemplate"]]
    new = {"locale": "en-US", "title": "x", "smsTemplate": template}
    refused = await campaigns.create(slug="other", contents=[new])
    assert [issue["path"] for issue in refused["issues"]] == [["contents", "0", "smsTemplate"]]


async def test_how_far_a_campaign_is_translated(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create(countries=["US", "CA"]))["campaign"]["id"]
    await set_texts(campaigns, id_, body="Body", smsTemplate="{code}", summary="Summary")
    await set_texts(campaigns, id_, locale="fr-CA", title="La tournée", body="Texte", terms="Conditions")
    await set_texts(campaigns, id_, locale="en-IE", title="Tour", body="b", smsTemplate="{code}", summary="s")
    fields = "translationCompleteness { locale isDefault missing share }"
    everything = ["title", "summary", "body", "smsTemplate"]
    assert (await campaigns.campaign(id_, fields))["translationCompleteness"] == [
        {"locale": "en-US", "isDefault": True, "missing": [], "share": 1.0},
        {"locale": "en-CA", "isDefault": False, "missing": everything, "share": 0.0},
        {"locale": "en-IE", "isDefault": False, "missing": [], "share": 1.0},
        {"locale": "es-US", "isDefault": False, "missing": everything, "share": 0.0},
        {"locale": "fr-CA", "isDefault": False, "missing": ["summary", "smsTemplate"], "share": 0.5},
    ]


async def test_templates_reach_the_other_services(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    await set_texts(campaigns, id_, smsTemplate="Code: {code}")
    assert campaigns.receivers.latest("codes", id_)["sms_templates"] == {"en-US": "Code: {code}"}
