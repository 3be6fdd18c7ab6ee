"""What the router asks: 50 representations, of any kind and mixed, are one backend request and one SQL statement."""

from typing import Any

import asyncpg

from tests.unit.campaigns.campaigns import Campaigns

PAGE = """
    id slug state locales countries registration { opensAt closesAt } phoneRequired identityKey createdAt updatedAt
    gate { __typename } content { title summary body terms isFallback locale } artists { name }
    markets { name capacity population location { latitude } venue { name } events { name } }
    events { name startsAt presale { opensAt closesAt } allocation market { name } campaign { slug } }
"""


async def cost(
    campaigns: Campaigns, fragment: str, representations: list[dict[str, Any]]
) -> tuple[list[Any], list[str], int]:
    """The entities, the requests that the backend got for them, and how many statements those took."""
    requests, statements = len(campaigns.service.requests), campaigns.resources.database.statements
    entities = await campaigns.service.entities(fragment, representations)
    return (
        entities,
        campaigns.service.requests[requests:],
        campaigns.resources.database.statements - statements,
    )


async def open_fifty(campaigns: Campaigns) -> None:
    """Fifty public campaigns with texts, a market and an event each, put in behind the service's back."""
    connection = await asyncpg.connect(campaigns.dsn)
    await connection.execute(
        """
        INSERT INTO campaign (id, slug, team_id, state, announced_at, default_locale, countries, opens_at, closes_at,
                              phone_required, identity_key)
        SELECT 'cmp_' || n, 'show-' || n, 'tea_1', 'OPEN', now(), 'en-US', '{US}', now() - interval '1 hour',
               now() + interval '1 hour', false, 'EMAIL'
        FROM generate_series(1, 50) AS n;
        INSERT INTO campaign_content (campaign_id, locale, title, search)
        SELECT id, 'en-US', slug, slug FROM campaign;
        INSERT INTO market (id, campaign_id, name, country)
        SELECT replace(id, 'cmp', 'mkt'), id, 'New York', 'US' FROM campaign;
        INSERT INTO event (id, campaign_id, market_id, name, starts_at, presale_opens_at, presale_closes_at, allocation,
                           code_mode, ticket_limit)
        SELECT replace(id, 'mkt', 'evt'), campaign_id, id, 'Night 1', now() + interval '2 days', now(),
               now() + interval '1 day', 100, 'SINGLE_USE', 4
        FROM market;
        """
    )
    await connection.close()


async def test_fifty_of_each_kind_are_one_request_and_one_statement(campaigns: Campaigns) -> None:
    await open_fifty(campaigns)
    query = "{ campaigns(first: 50) { nodes { id slug markets { id } events { id } } } }"
    listed = (await campaigns.service.graphql(query))["data"]["campaigns"]["nodes"]
    assert len(listed) == 50
    by_id = [{"__typename": "Campaign", "id": node["id"]} for node in listed]
    by_slug = [{"__typename": "Campaign", "slug": node["slug"]} for node in listed]
    markets = [{"__typename": "Market", "id": node["markets"][0]["id"]} for node in listed]
    events = [{"__typename": "Event", "id": node["events"][0]["id"]} for node in listed]
    wanted = [
        (by_id, f"... on Campaign {{ {PAGE} }}", "id"),
        (by_slug, f"... on Campaign {{ {PAGE} }}", "slug"),
        (markets, "... on Market { id name capacity events { name campaign { content { title } } } }", "id"),
        (events, "... on Event { id name market { name } campaign { content { title } } }", "id"),
        (by_id[:20] + by_slug[20:30] + markets[:10] + events[:10], "__typename", "__typename"),
    ]
    for representations, fragment, field in wanted:
        entities, requests, statements = await cost(campaigns, fragment, representations)
        assert [entity[field] for entity in entities] == [each[field] for each in representations]
        assert (requests, statements) == (["POST /campaigns/batch"], 1)


async def test_fifty_venues_and_artists_are_one_request_and_one_statement_each(campaigns: Campaigns) -> None:
    await campaigns.resources.seeds.load()
    query = (
        '{ venues(first: 50) { nodes { id name } } artists(search: "a", first: 50) { nodes { id name } } }'
    )
    data = (await campaigns.service.graphql(query))["data"]
    for kind, field in (("Venue", "venues"), ("Artist", "artists")):
        nodes = data[field]["nodes"]
        representations = [{"__typename": kind, "id": node["id"]} for node in nodes]
        representations = (representations * 50)[:50]
        entities, requests, statements = await cost(
            campaigns, f"... on {kind} {{ id name }}", representations
        )
        assert entities[: len(nodes)] == nodes
        assert (requests, statements) == ([f"POST /{field}/batch"], 1)


async def test_a_whole_page_is_one_request_and_one_statement(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened(markets=5)
    requests, statements = len(campaigns.service.requests), campaigns.resources.database.statements
    page = await campaigns.campaign(id_, PAGE)
    assert [market["capacity"] for market in page["markets"]] == [100] * 5
    assert campaigns.service.requests[requests:] == ["POST /campaigns/batch"]
    assert campaigns.resources.database.statements - statements == 1


async def test_a_page_of_a_list_is_one_request_and_one_statement(campaigns: Campaigns) -> None:
    for place in range(5):
        await campaigns.opened(slug=f"show-{place}")
    requests, statements = len(campaigns.service.requests), campaigns.resources.database.statements
    answer = await campaigns.service.graphql(f"{{ campaigns {{ nodes {{ {PAGE} }} }} }}")
    assert len(answer["data"]["campaigns"]["nodes"]) == 5
    assert campaigns.service.requests[requests:] == ["POST /campaigns/search"]
    assert campaigns.resources.database.statements - statements == 1


async def test_what_is_not_there_is_null_and_spoils_nothing_else(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    nothing = [
        {"__typename": kind, "id": id_}
        for kind in ("Market", "Event", "Venue", "Artist")
        for id_ in ("", "mkt_nothing", "ü", "x" * 5000)
    ]
    nothing += [
        {"__typename": "Campaign", "slug": "nothing"},
        {"__typename": "Campaign"},
        {"__typename": "Poem"},
    ]
    entities = await campaigns.service.entities(
        "__typename", [*nothing, {"__typename": "Campaign", "id": id_}]
    )
    assert entities == [*[None] * len(nothing), {"__typename": "Campaign"}]


async def test_an_id_and_a_slug_that_do_not_belong_together_are_nothing(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened(slug="one")
    await campaigns.opened(slug="two")
    representations = [{"__typename": "Campaign", "id": id_, "slug": slug} for slug in ("one", "two")]
    assert await campaigns.service.entities("... on Campaign { slug }", representations) == [
        {"slug": "one"},
        None,
    ]
