"""createCampaign, its idempotency, and inputs that break a rule."""

from tests.unit.campaigns.campaigns import Campaigns


async def test_a_new_campaign_is_a_draft(campaigns: Campaigns) -> None:
    created = await campaigns.create(slug="the-tour")
    assert created["__typename"] == "CampaignCreated", created
    assert created["campaign"]["slug"] == "the-tour"
    assert created["campaign"]["state"] == "DRAFT"
    id_ = await campaigns.opened(markets=2)
    page = await campaigns.campaign(
        id_,
        """id slug state version locales countries registration { opensAt } gate { __typename }
      content { locale title isFallback smsTemplate } translations { locale } artists { name } 
      markets { id capacity events { id market { id } campaign { slug } } } events { presale { opensAt } codeMode ticketLimit } createdAt updatedAt""",
    )
    print(page)
