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
    await campaigns.resources.seeds.load()
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


async def test_drafts_of_all_that_one_may_read(campaigns: Campaigns) -> None:
    await campaigns.draft(slug="mine")
    await campaigns.opened(slug="announced")
    shared = await campaigns.draft(slug="shared")
    await campaigns.put(shared, team_id="tea_other")
    hidden = await campaigns.draft(slug="hidden")
    await campaigns.put(hidden, team_id="tea_other")
    campaigns.grant("editor", "CAMPAIGN_READ", scope=shared)
    unpublished = {"states": ["DRAFT", "OPEN"]}
    asked = campaigns.receivers.access_requests
    assert set(await listed(campaigns, campaigns.editor, filter=unpublished)) == {
        "mine",
        "shared",
        "announced",
    }
    assert campaigns.receivers.access_requests == asked + 1
    # Nobody is asked for what every fan sees, and an anonymous viewer has no drafts.
    assert await listed(campaigns, campaigns.editor) == ["announced"]
    assert await listed(campaigns, filter=unpublished) == ["announced"]
    assert campaigns.receivers.access_requests == asked + 1


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


PAGE = """query ($first: Int, $after: String, $last: Int, $before: String) {
    campaigns(orderBy: %s, first: $first, after: $after, last: $last, before: $before) {
        nodes { slug } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def page(campaigns: Campaigns, order: str, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
    """The slugs of a page, and where it is."""
    answer = await campaigns.service.graphql(PAGE % order, arguments)
    assert "errors" not in answer, answer["errors"]
    return [node["slug"] for node in answer["data"]["campaigns"]["nodes"]], answer["data"]["campaigns"][
        "pageInfo"
    ]


async def tied(campaigns: Campaigns, *slugs: str) -> None:
    """Open campaigns that tie in every order, but for their ids."""
    now = datetime.now(UTC).replace(microsecond=0)
    for slug in slugs:
        id_ = await campaigns.draft(slug=slug)
        await campaigns.put(id_, state="OPEN", opens_at=now - DAY, closes_at=now + DAY, created_at=now - DAY)


@pytest.mark.parametrize("order", ["NEWEST", "OPENS_SOONEST", "CLOSES_SOONEST"])
async def test_a_list_reads_the_same_backward(campaigns: Campaigns, order: str) -> None:
    await tied(campaigns, *(f"show-{place}" for place in range(4)))
    for place in (4, 5, 6):
        await campaigns.opened(slug=f"show-{place}", registration=window(-place * DAY, place * DAY))
    whole, _ = await page(campaigns, order, first=100)
    assert len(whole) == 7
    pages: list[list[str]] = []
    before, more = None, True
    while more:
        slugs, info = await page(campaigns, order, last=3, before=before)
        assert info["hasNextPage"] == (before is not None)
        pages.insert(0, slugs)
        before, more = info["startCursor"], info["hasPreviousPage"]
    assert [len(each) for each in pages] == [1, 3, 3]
    assert [slug for each in pages for slug in each] == whole
    third = (await page(campaigns, order, first=3))[1]["endCursor"]
    sixth = (await page(campaigns, order, first=6))[1]["endCursor"]
    assert (await page(campaigns, order, last=9, after=third, before=sixth))[0] == whole[3:5]
    assert (await page(campaigns, order, first=9, after=third, before=sixth))[0] == whole[3:5]


@pytest.mark.parametrize("order", ["NEWEST", "OPENS_SOONEST", "CLOSES_SOONEST"])
async def test_what_comes_in_between_moves_no_page(campaigns: Campaigns, order: str) -> None:
    """Whoever was there when reading began is read once, whatever is added before, between and behind meanwhile."""
    await tied(campaigns, *(f"show-{place}" for place in range(6)))
    for forward in (True, False):
        read: list[str] = []
        cursor, more = None, True
        while more:
            asked = {"first": 2, "after": cursor} if forward else {"last": 2, "before": cursor}
            slugs, info = await page(campaigns, order, **asked)
            read += slugs if forward else slugs[::-1]
            name = f"late-{forward}-{len(read)}".lower()
            await tied(campaigns, f"{name}-tied")
            await campaigns.opened(slug=f"{name}-first", registration=window(-9 * DAY, DAY / 2))
            await campaigns.opened(slug=f"{name}-last", registration=window(-DAY / 2, 9 * DAY))
            cursor, more = (
                (info["endCursor"], info["hasNextPage"])
                if forward
                else (info["startCursor"], info["hasPreviousPage"])
            )
            if len(read) > 40:
                break
        there = [slug for slug in read if slug.startswith("show-")]
        assert sorted(there) == [f"show-{place}" for place in range(6)]
        assert len(set(read)) == len(read)


@pytest.mark.parametrize(
    "arguments",
    [
        "last: 0",
        "last: 101",
        "first: 1, last: 1",
        'before: "nonsense"',
        'before: "YWJj"',
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
