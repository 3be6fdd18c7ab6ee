"""Lists of campaigns: filters, search, orders, pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.kit.paging import encode_cursor
from tests.unit.campaigns.campaigns import Campaigns, moment, window

DAY = timedelta(days=1)


async def listed(campaigns: Campaigns, token: str | None = None, **arguments: Any) -> list[str]:
    """The slugs, in order."""
    query = """query ($filter: CampaignFilter, $orderBy: CampaignOrder! = NEWEST) {
        campaigns(filter: $filter, orderBy: $orderBy, first: 100) { nodes { slug } } }"""
    answer = await campaigns.service.graphql(query, arguments, token=token)
    assert "errors" not in answer, answer["errors"]
    return [node["slug"] for node in answer["data"]["campaigns"]["nodes"]]


async def test_filters(campaigns: Campaigns, subtests: pytest.Subtests) -> None:
    await campaigns.resources.catalogue.load()
    found = await campaigns.service.graphql('{ artists(search: "Beyonce") { nodes { id } } }')
    artist = found["data"]["artists"]["nodes"][0]["id"]
    await campaigns.opened(slug="now-us", countries=["US"], artistIds=[artist])
    texts = [{"locale": "en-US", "title": "Renaissance of the Opera"}]
    await campaigns.opened(slug="now-mx", countries=["MX", "US"], contents=texts)
    later = await campaigns.draft(slug="later", registration=window(DAY, 3 * DAY), countries=["IE"])
    await campaigns.transition(later, "SCHEDULED")
    await campaigns.draft(slug="draft")
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {"now-us", "now-mx", "later"}),
        ({"states": ["OPEN"]}, {"now-us", "now-mx"}),
        ({"states": ["SCHEDULED", "DRAFT"]}, {"later"}),
        ({"states": []}, set()),
        ({"country": "MX"}, {"now-mx"}),
        ({"artistId": artist}, {"now-us"}),
        ({"artistId": "art_nothing"}, set()),
        ({"search": "renaisance"}, {"now-mx"}),
        ({"search": "tournee"}, {"now-us", "later"}),
        ({"search": "Beyonce"}, {"now-us"}),
        ({"search": "zzzz"}, set()),
        ({"openAt": moment(timedelta())}, {"now-us", "now-mx"}),
        ({"openAt": moment(2 * DAY)}, {"later"}),
        ({"openAt": moment(9 * DAY)}, set()),
        ({"teamId": campaigns.team}, {"now-us", "now-mx", "later"}),
        ({"teamId": "tea_nothing"}, set()),
    ]
    for given, slugs in cases:
        with subtests.test(filter=given):
            assert set(await listed(campaigns, filter=given)) == slugs
    mine = await listed(campaigns, campaigns.editor, filter={"teamId": campaigns.team, "states": ["DRAFT"]})
    assert mine == ["draft"]


async def test_orders(campaigns: Campaigns) -> None:
    for slug, opens, closes in (("aaa", 3, 9), ("bbb", 1, 8), ("ccc", 2, 7)):
        id_ = await campaigns.draft(slug=slug, registration=window(opens * DAY, closes * DAY))
        await campaigns.transition(id_, "SCHEDULED")
    assert await listed(campaigns, orderBy="NEWEST") == ["ccc", "bbb", "aaa"]
    assert await listed(campaigns, orderBy="OPENS_SOONEST") == ["bbb", "ccc", "aaa"]
    assert await listed(campaigns, orderBy="CLOSES_SOONEST") == ["ccc", "bbb", "aaa"]


@pytest.mark.parametrize("order", ["NEWEST", "OPENS_SOONEST"])
async def test_pages_hold_each_campaign_once_even_where_the_order_ties(
    campaigns: Campaigns, order: str
) -> None:
    now = datetime.now(UTC)
    for place in range(7):
        id_ = await campaigns.draft(slug=f"show-{place}")
        await campaigns.put(id_, state="OPEN", opens_at=now - DAY, created_at=now - DAY)
    query = f"""query ($after: String) {{ campaigns(orderBy: {order}, first: 3, after: $after) {{
        nodes {{ slug }} edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"""
    pages: list[list[str]] = []
    after, more = None, True
    while more:
        page = (await campaigns.service.graphql(query, {"after": after}))["data"]["campaigns"]
        pages.append([node["slug"] for node in page["nodes"]])
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({slug for page in pages for slug in page}) == 7


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 0",
        "first: 101",
        "first: -1",
        'after: "nonsense"',
        'after: "YWJj"',
        f'after: "{encode_cursor("1e999999|cmp_1")}"',
        f'filter: {{ search: "{"a" * 201}" }}',
    ],
)
async def test_a_page_that_cannot_be_is_a_bad_request(campaigns: Campaigns, arguments: str) -> None:
    answer = await campaigns.service.graphql(f"{{ campaigns({arguments}) {{ nodes {{ id }} }} }}")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]


async def test_a_campaign_is_asked_for_by_id_or_by_slug(campaigns: Campaigns) -> None:
    for arguments in ("", '(id: "a", slug: "b")'):
        answer = await campaigns.service.graphql(f"{{ campaign{arguments} {{ id }} }}")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]
