"""Routes of promoters."""

from services.campaigns.backend import input_rules
from services.campaigns.backend import promoters_wire as p
from services.kit.paging import Page
from services.kit.rest import Api, Call

api = Api("Campaign Service: promoters", "1.0.0")


@api.post("/promoters", p.PromoterWrite, p.Promoter)
async def put_promoter(call: Call[p.PromoterWrite]) -> p.Promoter:
    """Adds a promoter to a team, or with `id` replaces one; its campaigns and the other services know at once."""
    input_rules.check_promoter(call.body)
    return await call.service.promoters.put(call.require_actor(), call.body)


@api.post("/promoters/batch", p.PromoterIds, p.Promoters)
async def get_promoters(call: Call[p.PromoterIds]) -> p.Promoters:
    """Reads promoters by id; unknown ids are left out."""
    return p.Promoters(await call.service.promoters.promoters(call.body.ids))


@api.post("/promoters/search", p.PromoterQuery, Page[p.Promoter])
async def search_promoters(call: Call[p.PromoterQuery]) -> Page[p.Promoter]:
    """Lists promoters by name: those of announced campaigns, and with `non_public` also the others of one team."""
    return await call.service.promoters.page(call.body)
